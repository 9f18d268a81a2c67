// Layers as they are sent: plain, gzip or zstd, told apart by their first bytes.
//
// Thread-safety: one thread.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "images/byte_source.hpp"

namespace lapwing::images {

// What `compressed` holds, decompressed; it must outlive the answer. Memory stays bounded
// whatever the data claim. kInvalid (from reading, too) for damaged data.
Result<std::unique_ptr<ByteSource>> decompress(ByteSource& compressed);

}  // namespace lapwing::images
