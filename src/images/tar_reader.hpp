// Reads a tar archive that anybody may have made, front to back: POSIX ustar and pax, GNU's long
// names and large numbers. Everything else is refused by name: sparse files, multi-volume
// archives, unknown kinds of entry.
//
//   TarReader tar(source);
//   while (entry = tar.next()) tar.read(...) until 0;     // unread content is skipped
//
// Sources: POSIX.1-2008 pax, "ustar interchange format" and "pax extended header"; GNU tar manual,
// "Basic Tar Format". Nothing is interpreted here: paths are as the archive has them.
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "images/byte_source.hpp"

namespace lapwing::images {

enum class TarKind { kFile, kDirectory, kSymlink, kHardLink, kDevice };  // kDevice: fifos, too

struct TarEntry {
  TarKind kind = TarKind::kFile;
  std::string path;
  std::string link;   // of links
  unsigned mode = 0;  // 07777
  std::uint64_t size = 0;
  std::int64_t modified_s = 0;
};

class TarReader {
 public:
  explicit TarReader(ByteSource& source) : source_(source) {}

  // The next entry, nothing at the end of the archive.
  Result<std::optional<TarEntry>> next();
  // Content of the entry: at least one byte, 0 at its end.
  Result<std::size_t> read(char* into, std::size_t size);
  // Bytes of the archive before the content of the current entry.
  std::uint64_t position() const { return position_; }

 private:
  // Values of pax headers by keyword; an empty one takes back.
  using Extended = std::map<std::string, std::string, std::less<>>;

  Result<bool> read_block(char* block);
  Status skip(std::uint64_t bytes);
  Status end_entry();
  Result<std::string> read_extension(std::uint64_t size);
  Status read_pax(std::uint64_t size, Extended& into);

  ByteSource& source_;
  std::uint64_t position_ = 0;
  std::uint64_t left_ = 0;     // of the current entry's content
  std::uint64_t padding_ = 0;  // behind it
  Extended global_;
};

}  // namespace lapwing::images
