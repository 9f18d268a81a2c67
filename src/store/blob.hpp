// Blob: immutable bytes, named by their SHA-256. Putting the same bytes again is free and
// counts as fresh use. Removal is mark and sweep only: the services say what they still
// name, everything else older than a safe age goes.
//
// Thread-safety: BlobStore from any thread; a writer or reader by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "store/blob_id.hpp"
#include "store/limits.hpp"

namespace lapwing::store {

struct BlobInfo {
  BlobId id;
  std::uint64_t size = 0;
};

// Dropped before finish(): nothing is kept.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  // kTooLarge beyond kMaxBlobBytes, kUnavailable when the disk is full.
  virtual Status write(ByteView bytes) = 0;
  // Durable when this answers. Once only.
  virtual Result<BlobInfo> finish() = 0;
};

class BlobReader {
 public:
  virtual ~BlobReader() = default;
  // Fills the front of `out`; 0 at the end of the range.
  virtual Result<std::size_t> read(MutableBytes out) = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  virtual Result<std::unique_ptr<BlobWriter>> begin() = 0;
  virtual Result<BlobInfo> put(ByteView bytes);

  // kNotFound. A range beyond the end is cut; the reader keeps working while gc() removes.
  virtual Result<std::unique_ptr<BlobReader>> open(const BlobId& id, std::uint64_t offset = 0,
                                                   std::uint64_t length = UINT64_MAX) = 0;
  virtual Result<BlobInfo> stat(const BlobId& id) = 0;  // kNotFound
  Result<bool> exists(const BlobId& id);
  // The whole of it; kTooLarge when above `limit`.
  Result<std::string> read_all(const BlobId& id, std::uint64_t limit = 256 * kMiB);

  struct Swept {
    std::uint64_t removed = 0;
    std::uint64_t bytes = 0;
  };
  // Removes every blob not in `marked` (any order) that was last put longer than `older_than` ago.
  // The age must exceed the longest time between a put and the record that names it.
  virtual Result<Swept> gc(std::vector<BlobId> marked, std::chrono::nanoseconds older_than) = 0;
};

}  // namespace lapwing::store
