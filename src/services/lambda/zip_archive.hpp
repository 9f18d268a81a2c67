// Reading a zip that anybody may have made. The central directory is the only truth: it is
// walked, checked as a whole, and each entry's local header must agree with it; so what is
// checked is what is unpacked, whatever other readers would see.
//
// open() refuses: damaged or missing structures, several disks, encryption, methods other
// than stored and deflated, entries whose data overlap or lie outside the file (overlap and
// quine bombs), impossible sizes, absolute paths, "..", drive letters, NUL, names too long or
// too deep, one name for a directory and something else, entries below a file or link, devices,
// more than kMaxZipEntries, more than kMaxUnzippedBytes in total.
// Taken as AWS takes it: the same name twice (the last one is it), a name that ends in '/' (a
// directory, whatever its type bits say), bytes before and behind the archive, and links to
// anywhere: where they lead is decided inside the sandbox, nobody follows them outside.
// extract() never yields more than the declared size and checks size and CRC.
//
// Errors are AWS's: "Could not unzip uploaded file...", with the entry and the reason behind it
// unless it is no zip at all, or "Unzipped size must be smaller than...".
//
// Format: PKWARE APPNOTE 6.3. Thread-safety: const methods from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"

namespace lapwing::lambda {

struct ZipRecord;

struct ZipEntry {
  enum class Kind { kFile, kDirectory, kLink };

  std::string path;  // normal form: "a/b/c", no leading or trailing '/'
  Kind kind = Kind::kFile;
  unsigned mode = 0644;  // permission bits only
  std::uint64_t size = 0;
  std::string target;           // links: where to, anywhere
  std::int64_t modified_s = 0;  // Unix time

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
  Status take(const ZipRecord& record, std::unordered_map<std::string, std::size_t>& known);
  Status check_tree() const;
  Status read_links();

  std::string_view bytes_;
  std::vector<ZipEntry> entries_;
  std::uint64_t unpacked_bytes_ = 0;
};

}  // namespace lapwing::lambda
