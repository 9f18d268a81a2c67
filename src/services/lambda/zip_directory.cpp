#include "services/lambda/zip_directory.hpp"

#include <algorithm>
#include <ctime>
#include <optional>

#include <fmt/core.h>

#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEnd64Bytes = 56;
constexpr std::size_t kLocatorBytes = 20;
constexpr std::uint16_t kZip64Extra = 0x0001;
constexpr std::uint16_t kTimestampExtra = 0x5455;  // "UT"
constexpr unsigned char kTimestampHasModified = 1;
constexpr std::uint16_t kFlagEncrypted = 0x0001;
constexpr std::uint16_t kFlagStrongEncryption = 0x0040;
constexpr std::uint16_t kFlagMaskedHeaders = 0x2000;

// Little-endian fields; the caller has checked that they are inside.
std::uint64_t read_uint(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}
std::uint16_t read16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(read_uint(bytes, at, 2));
}
std::uint32_t read32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(read_uint(bytes, at, 4));
}
std::uint64_t read64(std::string_view bytes, std::size_t at) { return read_uint(bytes, at, 8); }

std::unexpected<Error> bad(std::string_view why) { return fail(errors::not_unzippable(why)); }
std::unexpected<Error> bad(const ZipRecord& record, std::string_view why) {
  return fail(errors::entry_not_unzippable(record.name, why));
}

struct Directory {
  std::uint64_t at = 0;  // from the file's start
  std::uint64_t size = 0;
  std::uint64_t count = 0;
  std::uint64_t shift = 0;  // bytes before the archive: a self-extractor's stub
};

// Is there a central directory where an end record at `at` says it is?
bool has_directory(std::string_view bytes, std::size_t at) {
  if (at >= kLocatorBytes && read32(bytes, at - kLocatorBytes) == kEnd64Locator) return true;
  const std::size_t size = read32(bytes, at + 12);
  if (size == 0) return read16(bytes, at + 10) == 0;
  return size >= kCentralBytes && size <= at && read32(bytes, at - size) == kCentralHeader;
}

// The end record whose comment reaches exactly to the end of the file; else the last one that
// something else follows, as other readers take it.
std::optional<std::size_t> find_end(std::string_view bytes) {
  if (bytes.size() < kEndBytes) return std::nullopt;
  const std::size_t last = bytes.size() - kEndBytes;
  const std::size_t first = last > kMaxTrailingBytes ? last - kMaxTrailingBytes : 0;
  std::optional<std::size_t> followed;
  for (std::size_t at = last + 1; at-- > first;) {
    if (read32(bytes, at) != kEnd) continue;
    const std::size_t end = at + kEndBytes + read16(bytes, at + 20);
    if (end == bytes.size()) return at;
    if (end < bytes.size() && !followed && has_directory(bytes, at)) followed = at;
  }
  return followed;
}

Result<Directory> place(std::uint64_t directory_end, std::uint64_t offset, std::uint64_t size,
                        std::uint64_t count) {
  if (size > directory_end || offset > directory_end - size) {
    return bad("the central directory lies outside the file");
  }
  if (count > kMaxZipEntries) return bad("more entries than are allowed");
  const std::uint64_t at = directory_end - size;
  return Directory{at, size, count, at - offset};
}

Result<Directory> find_directory64(std::string_view bytes, std::size_t end_at) {
  if (end_at < kLocatorBytes + kEnd64Bytes) return bad("no room for a zip64 end record");
  const std::size_t locator = end_at - kLocatorBytes;
  if (read32(bytes, locator) != kEnd64Locator) return bad("no zip64 locator");
  if (read32(bytes, locator + 4) != 0 || read32(bytes, locator + 16) > 1) {
    return bad("several disks");
  }
  // The record is expected right before its locator, without extensible data: what every
  // writer of packages makes, and immune to a lying offset.
  const std::size_t at = locator - kEnd64Bytes;
  if (read32(bytes, at) != kEnd64 || read64(bytes, at + 4) != kEnd64Bytes - 12) {
    return bad("no zip64 end record before its locator");
  }
  if (read32(bytes, at + 16) != 0 || read32(bytes, at + 20) != 0) return bad("several disks");
  if (read64(bytes, at + 24) != read64(bytes, at + 32)) return bad("several disks");
  return place(at, read64(bytes, at + 48), read64(bytes, at + 40), read64(bytes, at + 32));
}

Result<Directory> find_directory(std::string_view bytes) {
  const std::optional<std::size_t> found = find_end(bytes);
  if (!found) return fail(errors::not_a_zip("no end of central directory"));
  const std::size_t end = *found;
  const std::uint16_t count = read16(bytes, end + 10);
  const std::uint32_t size = read32(bytes, end + 12);
  const std::uint32_t offset = read32(bytes, end + 16);
  const bool has_locator =
      end >= kLocatorBytes && read32(bytes, end - kLocatorBytes) == kEnd64Locator;
  if (has_locator || count == 0xffff || size == 0xffffffff || offset == 0xffffffff) {
    if (has_locator) return find_directory64(bytes, end);
    if (size == 0xffffffff || offset == 0xffffffff) return bad("no zip64 locator");
  }
  if (read16(bytes, end + 4) != 0 || read16(bytes, end + 6) != 0 ||
      read16(bytes, end + 8) != count) {
    return bad("several disks");
  }
  return place(end, offset, size, count);
}

// The extra field of this kind; nothing where there is none, or where the fields before it are
// damaged.
std::optional<std::string_view> find_extra(std::string_view extra, std::uint16_t wanted) {
  while (extra.size() >= 4) {
    const std::uint16_t id = read16(extra, 0);
    const std::size_t length = read16(extra, 2);
    extra.remove_prefix(4);
    if (length > extra.size()) return std::nullopt;
    if (id == wanted) return extra.substr(0, length);
    extra.remove_prefix(length);
  }
  return std::nullopt;
}

// Sizes and offset that do not fit in 32 bits stand in an extra field, in this order, each
// only if its 32-bit field is saturated.
Status apply_zip64(std::string_view extra, ZipRecord& record) {
  const bool wants_size = record.size == 0xffffffff;
  const bool wants_compressed = record.compressed_size == 0xffffffff;
  const bool wants_offset = record.header_at == 0xffffffff;
  if (!wants_size && !wants_compressed && !wants_offset) return {};
  std::optional<std::string_view> field = find_extra(extra, kZip64Extra);
  if (!field) return bad(record, "the zip64 extra field is missing");
  const auto take = [&](bool wanted, std::uint64_t& into) {
    if (!wanted) return true;
    if (field->size() < 8) return false;
    into = read64(*field, 0);
    field->remove_prefix(8);
    return true;
  };
  if (take(wants_size, record.size) && take(wants_compressed, record.compressed_size) &&
      take(wants_offset, record.header_at)) {
    return {};
  }
  return bad(record, "the zip64 extra field is too short");
}

// MS-DOS counts from 1980, in steps of two seconds and in local time, whose zone nobody records:
// taken as UTC. Fields out of range carry over, but for a month or day of 0.
std::int64_t from_dos_time(std::uint16_t date, std::uint16_t time) {
  std::tm parts{};
  parts.tm_year = 80 + (date >> 9);
  parts.tm_mon = std::max((date >> 5 & 0xf) - 1, 0);
  parts.tm_mday = std::max(date & 0x1f, 1);
  parts.tm_hour = time >> 11;
  parts.tm_min = time >> 5 & 0x3f;
  parts.tm_sec = (time & 0x1f) * 2;
  return timegm(&parts);
}

std::int64_t read_modified(std::uint16_t date, std::uint16_t time, std::string_view extra) {
  const std::optional<std::string_view> field = find_extra(extra, kTimestampExtra);
  if (!field || field->size() < 5 ||
      (static_cast<unsigned char>(field->front()) & kTimestampHasModified) == 0) {
    return from_dos_time(date, time);
  }
  return static_cast<std::int32_t>(read32(*field, 1));
}

Status check_local(std::string_view bytes, std::uint64_t limit, ZipRecord& record) {
  if (limit < kLocalBytes || record.header_at > limit - kLocalBytes) {
    return bad(record, "a local header lies outside the file");
  }
  const auto at = static_cast<std::size_t>(record.header_at);
  if (read32(bytes, at) != kLocalHeader) return bad(record, "no local header where one is named");
  if (read16(bytes, at + 8) != record.method) return bad(record, "local header: another method");
  if ((read16(bytes, at + 6) & (kFlagEncrypted | kFlagMaskedHeaders)) != 0) {
    return bad(record, "encryption");
  }
  const std::size_t name_size = read16(bytes, at + 26);
  const std::uint64_t data_at = record.header_at + kLocalBytes + name_size + read16(bytes, at + 28);
  if (data_at > limit || record.compressed_size > limit - data_at) {
    return bad(record, "an entry's data lie outside the file");
  }
  if (bytes.substr(at + kLocalBytes, name_size) != record.name) {
    return bad(record, "local header: another name");
  }
  record.data_at = data_at;
  return {};
}

Status check_record(const ZipRecord& record) {
  if ((record.flags & (kFlagEncrypted | kFlagStrongEncryption | kFlagMaskedHeaders)) != 0) {
    return bad(record, "encryption");
  }
  if (record.method != 0 && record.method != 8)
    return bad(record, "a compression method beyond deflate");
  if (record.method == 0 && record.size != record.compressed_size) {
    return bad(record, "a stored entry with two sizes");
  }
  if (record.size / kMaxDeflateRatio > record.compressed_size) {
    return bad(record, "more is declared than the data can hold");
  }
  return {};
}

Status check_overlaps(const std::vector<ZipRecord>& records) {
  std::vector<const ZipRecord*> ordered;
  ordered.reserve(records.size());
  for (const ZipRecord& record : records) ordered.push_back(&record);
  std::ranges::sort(ordered, {}, &ZipRecord::header_at);
  for (std::size_t i = 1; i < ordered.size(); ++i) {
    const ZipRecord& before = *ordered[i - 1];
    if (ordered[i]->header_at < before.data_at + before.compressed_size) {
      return bad(*ordered[i], fmt::format("its data overlap those of '{}'", before.name));
    }
  }
  return {};
}

// `rest` begins with the record, which is `total` bytes long.
Result<ZipRecord> read_record(std::string_view rest, std::size_t& total) {
  if (rest.size() < kCentralBytes || read32(rest, 0) != kCentralHeader) {
    return bad("the central directory is damaged");
  }
  const std::size_t name_size = read16(rest, 28);
  const std::size_t extra_size = read16(rest, 30);
  total = kCentralBytes + name_size + extra_size + read16(rest, 32);
  if (total > rest.size()) return bad("a directory record reaches beyond the directory");
  if (read16(rest, 34) != 0) return bad("several disks");
  ZipRecord record;
  record.made_by = read16(rest, 4);
  record.flags = read16(rest, 8);
  record.method = read16(rest, 10);
  record.crc = read32(rest, 16);
  record.compressed_size = read32(rest, 20);
  record.size = read32(rest, 24);
  record.external_attributes = read32(rest, 38);
  record.header_at = read32(rest, 42);
  record.name = rest.substr(kCentralBytes, name_size);
  const std::string_view extra = rest.substr(kCentralBytes + name_size, extra_size);
  record.modified_s = read_modified(read16(rest, 14), read16(rest, 12), extra);
  LAPWING_CHECK(apply_zip64(extra, record));
  return record;
}

}  // namespace

Result<std::vector<ZipRecord>> read_zip_directory(std::string_view bytes) {
  LAPWING_TRY(const Directory directory, find_directory(bytes));
  std::string_view rest = bytes.substr(static_cast<std::size_t>(directory.at),
                                       static_cast<std::size_t>(directory.size));
  if (directory.count > rest.size() / kCentralBytes) return bad("more entries than fit");
  std::vector<ZipRecord> records;
  records.reserve(static_cast<std::size_t>(directory.count));
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    std::size_t total = 0;
    LAPWING_TRY(ZipRecord record, read_record(rest, total));
    LAPWING_CHECK(check_record(record));
    if (record.header_at > directory.at) {
      return bad(record, "a local header lies outside the file");
    }
    record.header_at += directory.shift;
    LAPWING_CHECK(check_local(bytes, directory.at, record));
    records.push_back(record);
    rest.remove_prefix(total);
  }
  if (!rest.empty()) return bad("something follows the central directory's last record");
  LAPWING_CHECK(check_overlaps(records));
  return records;
}

}  // namespace lapwing::lambda
