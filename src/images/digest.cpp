#include "images/digest.hpp"

#include "crypto/sha256.hpp"

namespace lapwing::images {

Result<Digest> Digest::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  const bool known = text.starts_with(kPrefix);
  const std::string_view hex = known ? text.substr(kPrefix.size()) : std::string_view();
  if (hex.size() != 2 * crypto::kSha256Bytes ||
      hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return fail(make_error(ErrorKind::kInvalid,
                           "not a SHA-256 digest: " + std::string(text.substr(0, 100))));
  }
  return from_hex(std::string(hex));
}

Digest Digest::of(std::string_view content) { return from_hex(crypto::sha256_hex(content)); }

Digest Digest::from_hex(std::string hex) {
  Digest out;
  out.hex_ = std::move(hex);
  return out;
}

}  // namespace lapwing::images
