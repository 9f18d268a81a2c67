// Blobs as files: DIR/ab/cdef... by SHA-256. Written to DIR/tmp, synced, renamed, and the
// directory synced, so a blob that is named is whole. What a crash left in tmp is removed at
// open. The age that gc() looks at is the file's modification time by the wall clock.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "store/blob.hpp"

namespace lapwing::store {

Result<std::unique_ptr<BlobStore>> open_blob_files(const std::string& dir, const Clock& clock);
// The same without removing what is in tmp, for reading beside the process that owns DIR.
std::unique_ptr<BlobStore> view_blob_files(const std::string& dir, const Clock& clock);

}  // namespace lapwing::store
