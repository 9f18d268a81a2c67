#include "services/lambda/zip_archive.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_map>
#include <zlib.h>

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
// Where a function sees its package: absolute links may lead there.
constexpr std::string_view kTaskRoot = "/var/task/";

std::unexpected<Error> bad(std::string_view why) { return fail(errors::not_unzippable(why)); }

bool has_drive_letter(std::string_view path) {
  if (path.size() < 2 || path[1] != ':') return false;
  return (path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z');
}

// "./a//b/" becomes "a/b".
Result<std::string> normal_path(std::string_view raw) {
  if (raw.empty()) return bad("an entry without a name");
  if (raw.size() > kMaxEntryPathBytes) return bad("a path too long");
  if (raw.find('\0') != std::string_view::npos) return bad("NUL in a path");
  if (raw.front() == '/' || raw.front() == '\\' || has_drive_letter(raw)) {
    return bad("an absolute path");
  }
  std::string out;
  std::size_t depth = 0;
  while (!raw.empty()) {
    const std::size_t slash = raw.find('/');
    const std::string_view part = raw.substr(0, slash);
    raw = slash == std::string_view::npos ? std::string_view() : raw.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    // "..\" would be a harmless name here, but nobody means it as one.
    if (part == ".." || part.find("..\\") != std::string_view::npos) return bad("'..' in a path");
    if (part.size() > kMaxEntryNameBytes) return bad("a name too long");
    if (++depth > kMaxEntryDepth) return bad("nested too deep");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

// Only leading "..": the link's own directories are real ones (check_tree), so climbing is
// exact, and what it goes down through afterwards is in the tree or a link that stays in it.
Status check_target(std::string_view path, std::string_view target) {
  if (target.empty() || target.size() > kMaxLinkTargetBytes) return bad("a link without a target");
  if (target.find('\0') != std::string_view::npos) return bad("NUL in a link");
  std::size_t height = static_cast<std::size_t>(std::ranges::count(path, '/'));
  if (target.front() == '/') {
    if (!target.starts_with(kTaskRoot)) return bad("a link that leaves the package");
    target.remove_prefix(kTaskRoot.size());
    height = 0;
  }
  bool descended = false;
  while (!target.empty()) {
    const std::size_t slash = target.find('/');
    const std::string_view part = target.substr(0, slash);
    target = slash == std::string_view::npos ? std::string_view() : target.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      descended = true;
    } else if (descended || height-- == 0) {
      return bad("a link that leaves the package");
    }
  }
  return {};
}

Result<ZipEntry> make_entry(const ZipRecord& record) {
  ZipEntry entry;
  LAPWING_TRY(entry.path, normal_path(record.name));
  entry.size = record.size;
  entry.data_at = record.data_at;
  entry.data_size = record.compressed_size;
  entry.crc = record.crc;
  entry.deflated = record.method == 8;

  const unsigned system = record.made_by >> 8;
  const bool has_mode = system == kMadeOnUnix || system == kMadeOnDarwin;
  const unsigned mode = has_mode ? record.external_attributes >> 16 : 0;
  const unsigned type = mode & kTypeMask;
  const bool slash = record.name.back() == '/';
  if (type != 0 && type != kTypeFile && type != kTypeDirectory && type != kTypeLink) {
    return bad("a device, pipe or socket");
  }
  if (type == kTypeLink && !slash) {
    entry.kind = ZipEntry::Kind::kLink;
  } else if (slash || type == kTypeDirectory ||
             (!has_mode && (record.external_attributes & kDosDirectory) != 0)) {
    entry.kind = ZipEntry::Kind::kDirectory;
  }
  if (entry.path.empty() && entry.kind != ZipEntry::Kind::kDirectory) {
    return bad("a file without a name");
  }
  if (entry.kind == ZipEntry::Kind::kDirectory && entry.size != 0) {
    return bad("a directory with content");
  }
  const unsigned permissions = mode & 0777;
  const bool directory = entry.kind == ZipEntry::Kind::kDirectory;
  entry.mode = permissions != 0 ? permissions : directory ? 0755 : 0644;
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

  Status put(std::string_view piece) {
    if (piece.size() > entry_.size - seen_) return bad("an entry holds more than it declares");
    seen_ += piece.size();
    crc_ = ::crc32(crc_, reinterpret_cast<const Bytef*>(piece.data()),
                   static_cast<uInt>(piece.size()));  // safe: bytes are bytes
    return piece.empty() ? Status() : sink_(piece);
  }
  Status finish() const {
    if (seen_ != entry_.size) return bad("an entry holds less than it declares");
    if (crc_ != entry_.crc) return bad("an entry's checksum is wrong");
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
    if (outcome != Z_OK && outcome != Z_STREAM_END) return bad("damaged compressed data");
    const std::size_t got = kPieceBytes - stream.avail_out;
    if (got == 0 && outcome != Z_STREAM_END) return bad("truncated compressed data");
    LAPWING_CHECK(sink.put({buffer.get(), got}));
  }
  if (stream.avail_in != 0) return bad("something follows the compressed data");
  return {};
}

}  // namespace

Result<ZipArchive> ZipArchive::open(std::string_view bytes) {
  if (bytes.size() > kMaxZippedBytes) return fail(errors::zipped_too_large());
  LAPWING_TRY(const std::vector<ZipRecord> records, read_zip_directory(bytes));
  if (records.empty()) return bad("an empty archive");
  ZipArchive archive(bytes);
  archive.entries_.reserve(records.size());
  for (const ZipRecord& record : records) {
    LAPWING_TRY(ZipEntry entry, make_entry(record));
    archive.unpacked_bytes_ += entry.size;  // no overflow: size <= 1032 * 50 MiB each, 1e5 entries
    if (archive.unpacked_bytes_ >= kMaxUnzippedBytes) return fail(errors::unzipped_too_large());
    if (!entry.path.empty()) archive.entries_.push_back(std::move(entry));
  }
  LAPWING_CHECK(archive.check_tree());
  LAPWING_CHECK(archive.read_links());
  return archive;
}

// Every name once, nothing below anything that is not a directory.
Status ZipArchive::check_tree() const {
  using Kind = ZipEntry::Kind;
  std::unordered_map<std::string_view, Kind> seen;
  seen.reserve(entries_.size() * 2);
  for (const ZipEntry& entry : entries_) {
    const std::string_view path = entry.path;
    const auto [at, fresh] = seen.try_emplace(path, entry.kind);
    if (!fresh && (at->second != Kind::kDirectory || entry.kind != Kind::kDirectory)) {
      return bad("the same name twice");
    }
    // Upwards until a directory known already: its own parents are known too.
    for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos;
         slash = path.rfind('/', slash - 1)) {
      const auto [parent, made] = seen.try_emplace(path.substr(0, slash), Kind::kDirectory);
      if (parent->second != Kind::kDirectory) return bad("an entry below a file");
      if (!made) break;
    }
  }
  return {};
}

Status ZipArchive::read_links() {
  for (ZipEntry& entry : entries_) {
    if (entry.kind != ZipEntry::Kind::kLink) continue;
    if (entry.size > kMaxLinkTargetBytes) return bad("a link's target too long");
    std::string target;
    LAPWING_CHECK(extract(entry, [&](std::string_view piece) -> Status {
      target += piece;
      return {};
    }));
    LAPWING_CHECK(check_target(entry.path, target));
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
