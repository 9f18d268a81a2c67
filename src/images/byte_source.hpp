// Bytes that are pulled: a blob on disk, what it decompresses to, and the hash of what went by.
//
// Thread-safety: one thread a source; reading blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "crypto/sha256.hpp"
#include "images/digest.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::images {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At least one byte, or 0 at the end.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

// A blob as it lies on disk: part of a file.
struct BlobFile {
  os::UniqueFd file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const BlobFile& blob)
      : fd_(blob.file.get()), at_(blob.offset), end_(blob.offset + blob.size) {}
  Result<std::size_t> read(char* into, std::size_t size) override;

 private:
  int fd_;
  std::uint64_t at_;
  std::uint64_t end_;
};

// Passes on what `inner` gives.
class HashingSource final : public ByteSource {
 public:
  explicit HashingSource(ByteSource& inner) : inner_(inner) {}
  Result<std::size_t> read(char* into, std::size_t size) override;
  // Reads the rest; at most `limit` bytes of it.
  Status drain(std::uint64_t limit);
  Digest digest();  // of everything read; once

 private:
  ByteSource& inner_;
  crypto::Sha256 hash_;
};

// kInvalid unless the blob has this digest.
Status verify_blob(const BlobFile& blob, const Digest& digest);

// The whole of a blob of up to `limit` bytes.
Result<std::string> read_blob(const BlobFile& blob, std::size_t limit);

}  // namespace lapwing::images
