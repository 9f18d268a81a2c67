#include "store/blob.hpp"

#include <fmt/core.h>

namespace lapwing::store {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string BlobId::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(64);
  for (const std::byte b : sha256) {
    const auto value = std::to_integer<unsigned>(b);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

Result<BlobId> BlobId::from_hex(std::string_view hex) {
  BlobId id;
  bool good = hex.size() == 64;
  for (std::size_t i = 0; good && i < id.sha256.size(); ++i) {
    const int high = hex_digit(hex[2 * i]);
    const int low = hex_digit(hex[2 * i + 1]);
    good = high >= 0 && low >= 0;
    id.sha256[i] = static_cast<std::byte>(high * 16 + low);
  }
  if (!good) {
    return fail(make_error(ErrorKind::kInvalid, "A blob is named by 64 lower-case hex digits."));
  }
  return id;
}

Result<BlobInfo> BlobStore::put(ByteView bytes) {
  LAPWING_TRY(const auto writer, begin());
  LAPWING_CHECK(writer->write(bytes));
  return writer->finish();
}

Result<bool> BlobStore::exists(const BlobId& id) {
  const auto found = stat(id);
  if (found) return true;
  if (found.error().kind() == ErrorKind::kNotFound) return false;
  return fail(found.error());
}

Result<std::string> BlobStore::read_all(const BlobId& id, std::uint64_t limit) {
  LAPWING_TRY(const BlobInfo info, stat(id));
  if (info.size > limit) {
    return fail(
        make_error(ErrorKind::kTooLarge,
                   fmt::format("The blob has {} bytes; {} is the limit here.", info.size, limit)));
  }
  LAPWING_TRY(const auto reader, open(id));
  std::string out(info.size, '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    LAPWING_TRY(
        const std::size_t got,
        reader->read(std::as_writable_bytes(std::span(out.data() + have, out.size() - have))));
    if (got == 0)
      return fail(internal_error("blob " + id.hex() + " is shorter than its file says"));
    have += got;
  }
  return out;
}

}  // namespace lapwing::store
