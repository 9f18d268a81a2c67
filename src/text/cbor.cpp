#include "text/cbor.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "text/limits.hpp"

namespace lapwing::text {
namespace {

constexpr std::uint8_t kIndefinite = 31;
constexpr std::uint8_t kMajorBytes = 2;
constexpr std::uint8_t kMajorText = 3;
constexpr std::uint8_t kMajorArray = 4;
constexpr std::uint8_t kMajorMap = 5;

double from_half(std::uint64_t bits) {
  const auto exponent = static_cast<int>((bits >> 10) & 0x1f);
  const auto fraction = static_cast<double>(bits & 0x3ff);
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else if (exponent != 31) {
    value = std::ldexp(fraction + 1024, exponent - 25);
  } else {
    value = fraction == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

bool is_string(CborKind kind) { return kind == CborKind::kBytes || kind == CborKind::kText; }

}  // namespace

Error CborReader::malformed(std::string_view what) const {
  return Error(ErrorKind::kInvalid, "MalformedCbor",
               "Malformed CBOR: " + std::string(what) + " at byte " + std::to_string(at_));
}

Result<std::uint64_t> CborReader::argument(std::uint8_t info) {
  if (info < 24) return info;
  if (info > 27) return fail(malformed("reserved length"));
  const std::size_t bytes = std::size_t{1} << (info - 24);
  if (left() < bytes) return fail(malformed("unexpected end"));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
  }
  return value;
}

Result<CborItem> CborReader::simple(std::uint8_t info) {
  CborItem item;
  switch (info) {
    case 20:
    case 21:
      item.kind = CborKind::kBool;
      item.boolean = info == 21;
      return item;
    case 22:
    case 23:
      return item;
    case kIndefinite:
      item.kind = CborKind::kBreak;
      return item;
    default:
      break;
  }
  if (info < 25 || info > 27) return fail(malformed("unknown simple value"));
  LAPWING_TRY(const std::uint64_t bits, argument(info));
  item.kind = CborKind::kDouble;
  if (info == 25) item.real = from_half(bits);
  if (info == 26) item.real = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  if (info == 27) item.real = std::bit_cast<double>(bits);
  return item;
}

Result<CborItem> CborReader::next() {
  if (at_end()) return fail(malformed("unexpected end"));
  const auto first = static_cast<std::uint8_t>(bytes_[at_++]);
  const std::uint8_t major = first >> 5;
  const std::uint8_t info = first & 0x1f;
  if (major == 7) return simple(info);
  CborItem item;
  constexpr CborKind kKinds[] = {CborKind::kInteger, CborKind::kInteger, CborKind::kBytes,
                                 CborKind::kText,    CborKind::kArray,   CborKind::kMap,
                                 CborKind::kTag};
  item.kind = kKinds[major];
  item.negative = major == 1;
  if (info == kIndefinite && major >= kMajorBytes && major <= kMajorMap) {
    item.indefinite = true;
    return item;
  }
  LAPWING_TRY(item.number, argument(info));
  if (is_string(item.kind)) {
    if (item.number > left()) return fail(malformed("a string longer than what is left"));
    item.bytes = bytes_.substr(at_, item.number);
    at_ += item.number;
  }
  const std::uint64_t room = major == kMajorMap ? left() / 2 : left();
  if ((major == kMajorArray || major == kMajorMap) && item.number > room) {
    return fail(malformed("more items than what is left can hold"));
  }
  return item;
}

Result<std::string_view> CborReader::string(const CborItem& item, std::string& pieces) {
  if (!item.indefinite) return item.bytes;
  for (;;) {
    LAPWING_TRY(const CborItem piece, next());
    if (piece.kind == CborKind::kBreak) return std::string_view(pieces);
    if (piece.kind != item.kind || piece.indefinite) {
      return fail(malformed("a piece of another kind in a string"));
    }
    pieces += piece.bytes;
  }
}

Status CborReader::skip(const CborItem& item) {
  // What is open, by the items that are still to come; kNever where a break ends it.
  constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> open;
  CborItem at = item;
  for (;;) {
    const bool container = at.kind == CborKind::kArray || at.kind == CborKind::kMap;
    if (at.kind == CborKind::kBreak) {
      if (open.empty() || open.back() != kNever) return fail(malformed("unexpected break"));
      open.pop_back();
    } else if (container || at.kind == CborKind::kTag || at.indefinite) {
      if (open.size() == kCborMaxDepth) return fail(malformed("nested too deep"));
      const std::uint64_t items = at.kind == CborKind::kTag   ? 1
                                  : at.kind == CborKind::kMap ? at.number * 2
                                                              : at.number;
      open.push_back(at.indefinite ? kNever : items);
    }
    while (!open.empty() && open.back() == 0) open.pop_back();
    if (open.empty()) return {};
    if (open.back() != kNever) --open.back();
    LAPWING_TRY(at, next());
  }
}

void CborWriter::big_endian(std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out_->push_back(static_cast<char>(value >> shift & 0xff));
  }
}

void CborWriter::head(std::uint8_t major, std::uint64_t argument) {
  const auto first = static_cast<std::uint8_t>(major << 5);
  if (argument < 24) {
    out_->push_back(static_cast<char>(first | argument));
    return;
  }
  int power = 0;  // of two: how many bytes hold it
  while (power < 3 && argument >> (8 << power) != 0) ++power;
  out_->push_back(static_cast<char>(first | (24 + power)));
  big_endian(argument, 1 << power);
}

void CborWriter::text(std::string_view value) {
  head(kMajorText, value.size());
  *out_ += value;
}

void CborWriter::bytes(std::string_view value) {
  head(kMajorBytes, value.size());
  *out_ += value;
}

void CborWriter::integer(std::int64_t value) {
  value < 0 ? head(1, ~static_cast<std::uint64_t>(value))
            : head(0, static_cast<std::uint64_t>(value));
}

void CborWriter::number(double value) {
  const bool fits = !std::isfinite(value) || std::abs(value) <= std::numeric_limits<float>::max();
  const float single = fits ? static_cast<float>(value) : 0.0F;
  if (static_cast<double>(single) == value || std::isnan(value)) {
    out_->push_back('\xfa');
    return big_endian(std::bit_cast<std::uint32_t>(single), 4);
  }
  out_->push_back('\xfb');
  big_endian(std::bit_cast<std::uint64_t>(value), 8);
}

}  // namespace lapwing::text
