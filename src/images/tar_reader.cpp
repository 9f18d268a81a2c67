#include "images/tar_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <fmt/core.h>

#include "images/errors.hpp"
#include "images/limits.hpp"

namespace lapwing::images {
namespace {

constexpr std::size_t kBlock = 512;
using Block = std::array<char, kBlock>;

struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kSize{124, 12}, kModified{136, 12}, kChecksum{148, 8},
    kLink{157, 100}, kMagic{257, 6}, kPrefix{345, 155};
constexpr std::size_t kKind = 156;

Error refuse(std::string why) {
  return errors::invalid("the archive is damaged: " + std::move(why));
}

std::string_view raw(const Block& block, Field field) {
  return {block.data() + field.at, field.size};
}

std::string_view text(const Block& block, Field field) {
  const std::string_view all = raw(block, field);
  return all.substr(0, all.find('\0'));
}

// Octal with blanks around it, or GNU's base 256 (first bit set).
Result<std::uint64_t> number(const Block& block, Field field) {
  const std::string_view all = raw(block, field);
  if ((static_cast<unsigned char>(all.front()) & 0x80) != 0) {
    std::uint64_t value = static_cast<unsigned char>(all.front()) & 0x7f;
    for (const char c : all.substr(1)) {
      if (value >> 55 != 0) return fail(refuse("a number is too large"));
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  std::uint64_t value = 0;
  bool digits = false;
  for (const char c : all) {
    if (c == ' ' && !digits) continue;
    if (c == ' ' || c == '\0') break;
    if (c < '0' || c > '7') return fail(refuse("a number is none"));
    digits = true;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// Of the unsigned bytes, as the standard has it, or of signed ones, as some old archivers did.
bool checksum_fits(const Block& block) {
  const auto stored = number(block, kChecksum);
  if (!stored) return false;
  std::int64_t plain = 0;
  std::int64_t with_sign = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    plain += own ? ' ' : static_cast<unsigned char>(block[i]);
    with_sign += own ? ' ' : static_cast<signed char>(block[i]);
  }
  const auto sum = static_cast<std::int64_t>(*stored);
  return sum == plain || sum == with_sign;
}

bool is_zero(const Block& block) {
  return std::ranges::all_of(block, [](char c) { return c == '\0'; });
}

Result<std::optional<TarKind>> kind_of(char kind) {
  switch (kind) {
    case '0':
    case '\0':
    case '7':  // contiguous, which nobody makes: an ordinary file
      return TarKind::kFile;
    case '1':
      return TarKind::kHardLink;
    case '2':
      return TarKind::kSymlink;
    case '3':
    case '4':
    case '6':
      return TarKind::kDevice;
    case '5':
      return TarKind::kDirectory;
    case 'x':
    case 'g':
    case 'L':
    case 'K':
      return std::optional<TarKind>();  // says something about the next one
    case 'S':
      return fail(errors::unsupported("sparse files in a layer"));
    default:
      return fail(errors::unsupported(
          fmt::format("entries of kind {:#04x} in a layer",
                      static_cast<unsigned>(static_cast<unsigned char>(kind)))));
  }
}

Result<std::uint64_t> pax_number(std::string_view value) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error != std::errc() || end != value.data() + value.size()) {
    return fail(refuse("a number is none"));
  }
  return out;
}

std::string_view without_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

}  // namespace

Result<bool> TarReader::read_block(char* block) {
  for (std::size_t at = 0; at < kBlock;) {
    LAPWING_TRY(const std::size_t got, source_.read(block + at, kBlock - at));
    if (got == 0 && at == 0) return false;
    if (got == 0) return fail(refuse("it ends in the middle of a header"));
    at += got;
  }
  position_ += kBlock;
  return true;
}

Status TarReader::skip(std::uint64_t bytes) {
  std::vector<char> piece(std::min<std::uint64_t>(bytes, 64 * kKiB));
  position_ += bytes;
  while (bytes > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, piece.size()));
    LAPWING_TRY(const std::size_t got, source_.read(piece.data(), want));
    if (got == 0) return fail(refuse("it ends in the middle of a file"));
    bytes -= got;
  }
  return {};
}

Status TarReader::end_entry() {
  const std::uint64_t rest = left_ + padding_;
  left_ = padding_ = 0;
  return skip(rest);
}

Result<std::size_t> TarReader::read(char* into, std::size_t size) {
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
  if (want == 0) return std::size_t{0};
  LAPWING_TRY(const std::size_t got, source_.read(into, want));
  if (got == 0) return fail(refuse("it ends in the middle of a file"));
  left_ -= got;
  position_ += got;
  return got;
}

// What an entry that extends the next one holds.
Result<std::string> TarReader::read_extension(std::uint64_t size) {
  if (size > kPaxBytesMax) {
    return fail(
        errors::too_large(fmt::format("an extended header of more than {} bytes", kPaxBytesMax)));
  }
  std::string out(static_cast<std::size_t>(size), '\0');
  for (std::size_t at = 0; at < out.size();) {
    LAPWING_TRY(const std::size_t got, read(out.data() + at, out.size() - at));
    at += got;
  }
  LAPWING_CHECK(end_entry());
  return out;
}

// Records "LENGTH KEYWORD=VALUE\n".
Status TarReader::read_pax(std::uint64_t size, Extended& into) {
  LAPWING_TRY(const std::string all, read_extension(size));
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return fail(refuse("an extended header is none"));
    LAPWING_TRY(const std::uint64_t length, pax_number(rest.substr(0, blank)));
    if (length > rest.size() || length < blank + 3 || rest[length - 1] != '\n') {
      return fail(refuse("an extended header is none"));
    }
    const std::string_view record = rest.substr(blank + 1, length - blank - 2);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos) return fail(refuse("an extended header is none"));
    const std::string_view keyword = record.substr(0, equals);
    if (keyword.starts_with("GNU.sparse.")) {
      return fail(errors::unsupported("sparse files in a layer"));
    }
    // The others (owners, extended attributes, times of access) are not kept.
    if (keyword == "path" || keyword == "linkpath" || keyword == "size" || keyword == "mtime") {
      into[std::string(keyword)] = record.substr(equals + 1);
    }
    rest.remove_prefix(static_cast<std::size_t>(length));
  }
  return {};
}

Result<std::optional<TarEntry>> TarReader::next() {
  LAPWING_CHECK(end_entry());
  Extended extended = global_;
  Block block;
  while (true) {
    if (position_ > kArchiveBytesMax) return fail(errors::too_large("the archive is too large"));
    LAPWING_TRY(const bool more, read_block(block.data()));
    // Two blocks of zeros end an archive; one, or none, is taken for the same.
    if (!more || is_zero(block)) return std::optional<TarEntry>();
    if (!checksum_fits(block)) return fail(refuse("a checksum does not fit"));
    LAPWING_TRY(const std::optional<TarKind> kind, kind_of(block[kKind]));
    LAPWING_TRY(std::uint64_t size, number(block, kSize));
    if (!kind) {
      left_ = size;
      padding_ = (kBlock - size % kBlock) % kBlock;
      if (block[kKind] == 'x' || block[kKind] == 'g') {
        LAPWING_CHECK(read_pax(size, block[kKind] == 'g' ? global_ : extended));
        continue;
      }
      LAPWING_TRY(const std::string name, read_extension(size));
      extended[block[kKind] == 'L' ? "path" : "linkpath"] = without_nul(name);
      continue;
    }
    TarEntry out;
    out.kind = *kind;
    if (const auto own = extended.find("size"); own != extended.end() && !own->second.empty()) {
      LAPWING_TRY(size, pax_number(own->second));
    }
    // Only files have content; what others announce is nothing.
    out.size = *kind == TarKind::kFile ? size : 0;
    if (out.size > kUnpackedBytesMax) return fail(errors::too_large("a file is too large"));
    left_ = out.size;
    padding_ = (kBlock - out.size % kBlock) % kBlock;
    LAPWING_TRY(const std::uint64_t mode, number(block, kMode));
    out.mode = static_cast<unsigned>(mode & 07777);
    if (const auto modified = number(block, kModified)) {
      out.modified_s = static_cast<std::int64_t>(std::min<std::uint64_t>(*modified, 1ull << 40));
    }
    out.path = text(block, kName);
    if (text(block, kMagic).starts_with("ustar") && raw(block, kMagic)[5] == '\0') {
      const std::string_view prefix = text(block, kPrefix);
      if (!prefix.empty()) out.path = fmt::format("{}/{}", prefix, out.path);
    }
    out.link = text(block, kLink);
    if (const auto own = extended.find("path"); own != extended.end()) out.path = own->second;
    if (const auto own = extended.find("linkpath"); own != extended.end()) out.link = own->second;
    // Before POSIX a directory was a file whose name ends in a slash.
    if (out.kind == TarKind::kFile && out.path.ends_with('/')) out.kind = TarKind::kDirectory;
    if (const auto own = extended.find("mtime"); own != extended.end()) {
      const std::string_view seconds = std::string_view(own->second);
      if (const auto value = pax_number(seconds.substr(0, seconds.find('.')))) {
        out.modified_s = static_cast<std::int64_t>(std::min<std::uint64_t>(*value, 1ull << 40));
      }
    }
    return out;
  }
}

}  // namespace lapwing::images
