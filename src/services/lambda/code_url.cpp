#include "services/lambda/code_url.hpp"

#include <charconv>

#include <fmt/core.h>

#include "crypto/constant_time.hpp"
#include "crypto/sha256.hpp"
#include "services/lambda/limits.hpp"
#include "text/query_string.hpp"

namespace lapwing::lambda {

namespace {

Error refused(std::string message) {
  return Error(ErrorKind::kDenied, "AccessDeniedException", std::move(message)).with_status(403);
}

std::int64_t to_seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

}  // namespace

CodeUrls::CodeUrls(std::string secret, std::string scheme, const Clock& clock)
    : secret_(std::move(secret)), scheme_(std::move(scheme)), clock_(clock) {}

std::string CodeUrls::sign(std::string_view path, std::string_view expires) const {
  return crypto::to_hex(crypto::hmac_sha256(secret_, fmt::format("{}\n{}", path, expires)));
}

std::string CodeUrls::make(std::string_view host, const AccountId& account, const Region& region,
                           std::string_view name, const CodeRef& code) const {
  // Ids hold no character that a path would have to escape.
  const std::string path =
      fmt::format("{}{}/{}/{}/{}", kCodePath, account.view(), region.view(), name, code.sha256);
  const std::string expires = std::to_string(unix_ms(clock_.wall()) / 1000 + kCodeUrlSeconds);
  return fmt::format("{}://{}{}?Expires={}&Signature={}", scheme_, host, path, expires,
                     sign(path, expires));
}

Result<CodeUrlTarget> CodeUrls::verify(std::string_view raw_path,
                                       std::string_view raw_query) const {
  const auto query = text::QueryString::parse(raw_query);
  if (!query) return fail(refused("The query string is malformed."));
  const std::string_view expires = query->get("Expires").value_or("");
  const std::string_view signature = query->get("Signature").value_or("");
  if (!crypto::equal_constant_time(sign(raw_path, expires), signature)) {
    return fail(refused("The signature of this code location is wrong."));
  }
  if (to_seconds(expires) <= unix_ms(clock_.wall()) / 1000) {
    return fail(refused("Request has expired"));
  }
  // Signed by us, so it has the shape make() gives.
  const std::size_t last = raw_path.rfind('/');
  const std::size_t before = raw_path.rfind('/', last - 1);
  return CodeUrlTarget{std::string(raw_path.substr(before + 1, last - before - 1)),
                       std::string(raw_path.substr(last + 1))};
}

}  // namespace lapwing::lambda
