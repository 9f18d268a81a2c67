#include "images/byte_source.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "images/errors.hpp"

namespace lapwing::images {

namespace {
constexpr std::size_t kPieceBytes = 128 * 1024;
}

Result<std::size_t> FileSource::read(char* into, std::size_t size) {
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_ - at_));
  if (want == 0) return std::size_t{0};
  while (true) {
    const ssize_t got = ::pread(fd_, into, want, static_cast<off_t>(at_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno_error("read a blob"));
    if (got == 0) return fail(errors::invalid("a blob ends early"));
    at_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

Result<std::size_t> HashingSource::read(char* into, std::size_t size) {
  LAPWING_TRY(const std::size_t got, inner_.read(into, size));
  hash_.update(std::string_view(into, got));
  return got;
}

Status HashingSource::drain(std::uint64_t limit) {
  std::vector<char> piece(kPieceBytes);
  std::uint64_t total = 0;
  while (true) {
    LAPWING_TRY(const std::size_t got, read(piece.data(), piece.size()));
    if (got == 0) return {};
    total += got;
    if (total > limit) return fail(errors::invalid("too much behind the end of a layer"));
  }
}

Digest HashingSource::digest() { return Digest::from_hex(crypto::to_hex(hash_.finish())); }

Status verify_blob(const BlobFile& blob, const Digest& digest) {
  FileSource file(blob);
  HashingSource hashing(file);
  LAPWING_CHECK(hashing.drain(blob.size));
  if (hashing.digest() != digest) return fail(errors::damaged("blob", digest.text()));
  return {};
}

Result<std::string> read_blob(const BlobFile& blob, std::size_t limit) {
  if (blob.size > limit) {
    return fail(errors::too_large(fmt::format("a document of more than {} bytes", limit)));
  }
  std::string out(static_cast<std::size_t>(blob.size), '\0');
  FileSource file(blob);
  for (std::size_t at = 0; at < out.size();) {
    LAPWING_TRY(const std::size_t got, file.read(out.data() + at, out.size() - at));
    at += got;
  }
  return out;
}

}  // namespace lapwing::images
