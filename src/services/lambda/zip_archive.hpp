// Reading a zip that anybody may have made. The central directory is the only truth: it is
// walked, checked as a whole, and each entry's local header must agree with it; so what is
// checked is what is unpacked, whatever other readers would see.
//
// open() refuses: damaged or missing structures, several disks, encryption, methods other
// than stored and deflated, entries whose data overlap or lie outside the file (overlap and
// quine bombs), impossible sizes, absolute paths, "..", drive letters, NUL, names too long or
// too deep, the same name twice, entries below a file or link, devices, links that leave the
// tree, more than kMaxZipEntries, more than kMaxUnzippedBytes in total.
// extract() never yields more than the declared size and checks size and CRC.
//
// Errors are AWS's: "Could not unzip uploaded file..." with our reason in detail(), or
// "Unzipped size must be smaller than...".
//
// Format: PKWARE APPNOTE 6.3. Thread-safety: const methods from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"

namespace lapwing::lambda {

struct ZipEntry {
  enum class Kind { kFile, kDirectory, kLink };

  std::string path;  // normal form: "a/b/c", no leading or trailing '/'
  Kind kind = Kind::kFile;
  unsigned mode = 0644;  // permission bits only
  std::uint64_t size = 0;
  std::string target;  // links: where to

  // Inside the file.
  std::uint64_t data_at = 0;
  std::uint64_t data_size = 0;
  std::uint32_t crc = 0;
  bool deflated = false;
};

class ZipArchive {
 public:
  // `bytes` outlives the archive.
  static Result<ZipArchive> open(std::string_view bytes);

  // In the order of the directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  std::uint64_t unpacked_bytes() const { return unpacked_bytes_; }

  // The entry's content, piece by piece. Stops at the sink's first error.
  Status extract(const ZipEntry& entry, FunctionRef<Status(std::string_view)> sink) const;

 private:
  explicit ZipArchive(std::string_view bytes) : bytes_(bytes) {}
  Status read_links();
  Status check_tree() const;

  std::string_view bytes_;
  std::vector<ZipEntry> entries_;
  std::uint64_t unpacked_bytes_ = 0;
};

}  // namespace lapwing::lambda
