#include "services/lambda/zip_archive.hpp"

#include <memory>
#include <zlib.h>

#include <fmt/core.h>

#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/zip_directory.hpp"

namespace lapwing::lambda {

namespace {

constexpr unsigned kTypeMask = 0170000;
constexpr unsigned kTypeDirectory = 0040000;
constexpr unsigned kTypeFile = 0100000;
constexpr unsigned kTypeLink = 0120000;
constexpr std::uint32_t kDosDirectory = 0x10;
// High byte of "version made by": systems whose external attributes hold a Unix mode.
constexpr unsigned kMadeOnUnix = 3;
constexpr unsigned kMadeOnDarwin = 19;
constexpr unsigned kTypePipe = 0010000;
constexpr unsigned kTypeCharacters = 0020000;
constexpr unsigned kTypeBlocks = 0060000;
constexpr unsigned kTypeSocket = 0140000;

std::unexpected<Error> bad(std::string_view entry, std::string_view why) {
  return fail(errors::entry_not_unzippable(entry, why));
}

bool has_drive_letter(std::string_view path) {
  if (path.size() < 2 || path[1] != ':') return false;
  return (path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z');
}

// "./a//b/" becomes "a/b".
Result<std::string> normal_path(std::string_view raw) {
  const std::string_view name = raw;
  if (raw.empty()) return bad(name, "it has no name");
  if (raw.size() > kMaxEntryPathBytes) return bad(name, "a path too long");
  if (raw.find('\0') != std::string_view::npos) return bad(name, "NUL in a path");
  if (raw.front() == '/' || raw.front() == '\\' || has_drive_letter(raw)) {
    return bad(name, "an absolute path");
  }
  std::string out;
  std::size_t depth = 0;
  while (!raw.empty()) {
    const std::size_t slash = raw.find('/');
    const std::string_view part = raw.substr(0, slash);
    raw = slash == std::string_view::npos ? std::string_view() : raw.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    // "..\" would be a harmless name here, but nobody means it as one.
    if (part == ".." || part.find("..\\") != std::string_view::npos) {
      return bad(name, "'..' in a path");
    }
    if (part.size() > kMaxEntryNameBytes) return bad(name, "a name too long");
    if (++depth > kMaxEntryDepth) return bad(name, "nested too deep");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

bool is_special(unsigned type) {
  return type == kTypePipe || type == kTypeCharacters || type == kTypeBlocks || type == kTypeSocket;
}

// A name that ends in '/' is a directory, whatever its type bits say: Maven writes 0177777 for
// those whose mode it does not know. Bits that are no type at all say nothing.
Result<ZipEntry::Kind> kind_of(const ZipRecord& record, unsigned type, bool has_mode) {
  if (record.name.back() == '/') return ZipEntry::Kind::kDirectory;
  if (is_special(type)) return bad(record.name, "a device, pipe or socket");
  if (type == kTypeLink) return ZipEntry::Kind::kLink;
  if (type == kTypeDirectory) return ZipEntry::Kind::kDirectory;
  const bool dos_directory = (record.external_attributes & kDosDirectory) != 0;
  return !has_mode && dos_directory ? ZipEntry::Kind::kDirectory : ZipEntry::Kind::kFile;
}

// The permission bits where they are those of such an entry, else what AWS gives.
unsigned mode_of(ZipEntry::Kind kind, unsigned mode) {
  const unsigned type = mode & kTypeMask;
  const bool directory = kind == ZipEntry::Kind::kDirectory;
  const bool fits = type == 0 || type == (directory ? kTypeDirectory : kTypeFile);
  const unsigned permissions = fits ? mode & 0777 : 0;
  return permissions != 0 ? permissions : directory ? 0755 : 0644;
}

Result<ZipEntry> make_entry(const ZipRecord& record) {
  ZipEntry entry;
  LAPWING_TRY(entry.path, normal_path(record.name));
  entry.size = record.size;
  entry.data_at = record.data_at;
  entry.data_size = record.compressed_size;
  entry.crc = record.crc;
  entry.deflated = record.method == 8;
  entry.modified_s = record.modified_s;

  const unsigned system = record.made_by >> 8;
  const bool has_mode = system == kMadeOnUnix || system == kMadeOnDarwin;
  const unsigned mode = has_mode ? record.external_attributes >> 16 : 0;
  LAPWING_TRY(entry.kind, kind_of(record, mode & kTypeMask, has_mode));
  if (entry.path.empty() && entry.kind != ZipEntry::Kind::kDirectory) {
    return bad(record.name, "a file without a name");
  }
  if (entry.kind == ZipEntry::Kind::kDirectory && entry.size != 0) {
    return bad(record.name, "a directory with content");
  }
  entry.mode = mode_of(entry.kind, mode);
  return entry;
}

// Raw DEFLATE; ended whatever happens.
class Inflater {
 public:
  Inflater() : ready_(inflateInit2(&stream_, -MAX_WBITS) == Z_OK) {}
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_;
};

constexpr std::size_t kPieceBytes = 64 * 1024;

// Gives out pieces while counting and summing them.
class CheckedSink {
 public:
  CheckedSink(const ZipEntry& entry, FunctionRef<Status(std::string_view)> sink)
      : entry_(entry), sink_(sink) {}

  std::unexpected<Error> refuse(std::string_view why) const { return bad(entry_.path, why); }

  Status put(std::string_view piece) {
    if (piece.size() > entry_.size - seen_) return refuse("it holds more than it declares");
    seen_ += piece.size();
    crc_ = ::crc32(crc_, reinterpret_cast<const Bytef*>(piece.data()),
                   static_cast<uInt>(piece.size()));  // safe: bytes are bytes
    return piece.empty() ? Status() : sink_(piece);
  }
  Status finish() const {
    if (seen_ != entry_.size) return refuse("it holds less than it declares");
    if (crc_ != entry_.crc) return refuse("its checksum is wrong");
    return {};
  }

 private:
  const ZipEntry& entry_;
  FunctionRef<Status(std::string_view)> sink_;
  std::uint64_t seen_ = 0;
  uLong crc_ = 0;
};

Status inflate_into(std::string_view data, CheckedSink& sink) {
  Inflater inflater;
  if (!inflater.ready()) return fail(internal_error("inflateInit2"));
  z_stream& stream = inflater.stream();
  // zlib reads through a pointer to non-const but never writes there. Sizes fit: a zip has at
  // most kMaxZippedBytes.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPieceBytes);
  int outcome = Z_OK;
  while (outcome != Z_STREAM_END) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.get());
    stream.avail_out = static_cast<uInt>(kPieceBytes);
    outcome = inflate(&stream, Z_NO_FLUSH);
    if (outcome != Z_OK && outcome != Z_STREAM_END) return sink.refuse("damaged compressed data");
    const std::size_t got = kPieceBytes - stream.avail_out;
    if (got == 0 && outcome != Z_STREAM_END) return sink.refuse("truncated compressed data");
    LAPWING_CHECK(sink.put({buffer.get(), got}));
  }
  if (stream.avail_in != 0) return sink.refuse("something follows the compressed data");
  return {};
}

}  // namespace

Result<ZipArchive> ZipArchive::open(std::string_view bytes) {
  if (bytes.size() > kMaxZippedBytes) return fail(errors::zipped_too_large());
  if (bytes.empty()) return fail(errors::empty_zip());
  LAPWING_TRY(const std::vector<ZipRecord> records, read_zip_directory(bytes));
  if (records.empty()) return fail(errors::empty_zip());
  ZipArchive archive(bytes);
  archive.entries_.reserve(records.size());
  std::unordered_map<std::string, std::size_t> known;
  known.reserve(records.size());
  for (const ZipRecord& record : records) LAPWING_CHECK(archive.take(record, known));
  if (archive.unpacked_bytes_ >= kMaxUnzippedBytes) return fail(errors::unzipped_too_large());
  LAPWING_CHECK(archive.check_tree());
  LAPWING_CHECK(archive.read_links());
  return archive;
}

// The last one of a name is it, as for other readers: Gradle's and other makers' archives have
// some twice.
Status ZipArchive::take(const ZipRecord& record,
                        std::unordered_map<std::string, std::size_t>& known) {
  LAPWING_TRY(ZipEntry entry, make_entry(record));
  if (entry.path.empty()) return {};  // the package's own directory
  const auto [at, fresh] = known.try_emplace(entry.path, entries_.size());
  unpacked_bytes_ += entry.size;  // no overflow: size <= 1032 * 50 MiB each, 1e5 entries
  if (fresh) {
    entries_.push_back(std::move(entry));
    return {};
  }
  ZipEntry& before = entries_[at->second];
  constexpr auto kDirectory = ZipEntry::Kind::kDirectory;
  if ((before.kind == kDirectory) != (entry.kind == kDirectory)) {
    return bad(record.name, "a directory and something else of the same name");
  }
  unpacked_bytes_ -= before.size;
  before = std::move(entry);
  return {};
}

// Nothing below anything that is not a directory.
Status ZipArchive::check_tree() const {
  using Kind = ZipEntry::Kind;
  std::unordered_map<std::string_view, Kind> seen;
  seen.reserve(entries_.size() * 2);
  const auto below = [](std::string_view path, std::string_view parent) {
    return bad(path, fmt::format("it lies below '{}', which is no directory", parent));
  };
  for (const ZipEntry& entry : entries_) {
    const std::string_view path = entry.path;
    const auto [at, fresh] = seen.try_emplace(path, entry.kind);
    // Known as a parent of entries before it.
    if (!fresh && entry.kind != Kind::kDirectory) {
      return bad(path, "other entries lie below it, and it is no directory");
    }
    // Upwards until a directory known already: its own parents are known too.
    for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos;
         slash = path.rfind('/', slash - 1)) {
      const auto [parent, made] = seen.try_emplace(path.substr(0, slash), Kind::kDirectory);
      if (parent->second != Kind::kDirectory) return below(path, parent->first);
      if (!made) break;
    }
  }
  return {};
}

Status ZipArchive::read_links() {
  for (ZipEntry& entry : entries_) {
    if (entry.kind != ZipEntry::Kind::kLink) continue;
    if (entry.size > kMaxLinkTargetBytes) return bad(entry.path, "a link's target too long");
    std::string target;
    LAPWING_CHECK(extract(entry, [&](std::string_view piece) -> Status {
      target += piece;
      return {};
    }));
    if (target.empty()) return bad(entry.path, "a link without a target");
    if (target.find('\0') != std::string::npos) return bad(entry.path, "NUL in a link");
    entry.target = std::move(target);
  }
  return {};
}

Status ZipArchive::extract(const ZipEntry& entry,
                           FunctionRef<Status(std::string_view)> sink) const {
  const std::string_view data = bytes_.substr(static_cast<std::size_t>(entry.data_at),
                                              static_cast<std::size_t>(entry.data_size));
  CheckedSink checked(entry, sink);
  if (entry.deflated) {
    LAPWING_CHECK(inflate_into(data, checked));
  } else {
    LAPWING_CHECK(checked.put(data));
  }
  return checked.finish();
}

}  // namespace lapwing::lambda
