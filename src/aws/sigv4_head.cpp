// Reading a request's signature: the Authorization header or the query of a presigned URL.
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "aws/sigv4.hpp"
#include "aws/sigv4_canonical.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"

namespace lapwing::aws {
namespace {

Error incomplete(std::string message) {
  return Error(ErrorKind::kDenied, "IncompleteSignatureException", std::move(message))
      .with_status(403);
}

Error version_4a() {
  return Error(ErrorKind::kUnsupported, "NotImplemented",
               "Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported; use Signature "
               "Version 4")
      .with_status(501);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "keyid/date/region/service/aws4_request"; the key id itself may hold slashes.
Status read_credential(std::string_view text, SignatureHead& head) {
  std::array<std::string_view, 4> parts;  // from behind: terminator, service, region, date
  std::string_view rest = text;
  for (std::string_view& part : parts) {
    const std::size_t slash = rest.rfind('/');
    if (slash == std::string_view::npos) {
      return fail(
          incomplete("Credential must have exactly 5 slash-delimited elements, e.g. "
                     "keyid/date/region/service/term, got '" +
                     std::string(text) + "'"));
    }
    part = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (parts[0] != kScopeTerminator) {
    return fail(
        incomplete("Credential should be scoped with a valid terminator: 'aws4_request', "
                   "not '" +
                   std::string(parts[0]) + "'."));
  }
  head.access_key_id = rest;
  head.date = parts[3];
  head.region = parts[2];
  head.service = parts[1];
  return {};
}

// What of Credential, SignedHeaders and Signature an Authorization header carries.
struct AuthorizationParts {
  std::optional<std::string_view> credential;
  std::optional<std::string_view> signed_headers;
  std::optional<std::string_view> signature;
};

Result<AuthorizationParts> split_authorization(std::string_view header, std::string_view rest) {
  AuthorizationParts parts;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view piece = trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (piece.empty()) continue;
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) {
      return fail(incomplete("'" + std::string(piece) +
                             "' not a valid key=value pair (missing equal-sign) in Authorization "
                             "header: '" +
                             std::string(header) + "'."));
    }
    const std::string_view name = piece.substr(0, equals);
    const std::string_view value = piece.substr(equals + 1);
    if (name == "Credential") parts.credential = value;
    if (name == "SignedHeaders") parts.signed_headers = value;
    if (name == "Signature") parts.signature = value;
  }
  return parts;
}

Result<SignatureHead> read_header(const Request& request, std::string_view header) {
  const std::size_t space = header.find(' ');
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : header.substr(space + 1);
  LAPWING_TRY(const AuthorizationParts parts, split_authorization(header, rest));
  const auto timestamp = request.header("x-amz-date");
  const bool has_date = timestamp || request.header("date");
  std::string missing;
  const auto require = [&](bool there, std::string_view what) {
    if (!there) missing += std::string(what) + " ";
  };
  require(parts.credential.has_value(), "Authorization header requires 'Credential' parameter.");
  require(parts.signature.has_value(), "Authorization header requires 'Signature' parameter.");
  require(parts.signed_headers.has_value(),
          "Authorization header requires 'SignedHeaders' parameter.");
  require(has_date,
          "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  if (!missing.empty()) {
    return fail(incomplete(missing + "Authorization=" + std::string(header.substr(0, space))));
  }
  if (!timestamp) {
    return fail(incomplete("Signing with the 'Date' header is not supported; send 'X-Amz-Date'."));
  }
  SignatureHead head;
  head.form = SignatureForm::kHeader;
  LAPWING_CHECK(read_credential(*parts.credential, head));
  head.signed_headers = *parts.signed_headers;
  head.signature = *parts.signature;
  head.timestamp = trim(*timestamp);
  head.session_token = trim(request.header("x-amz-security-token").value_or(""));
  return head;
}

Result<SignatureHead> read_query(const Request& request) {
  SignatureHead head;
  head.form = SignatureForm::kPresigned;
  std::optional<std::string> credential;
  std::string expires;
  std::string algorithm;
  const std::array<std::pair<std::string_view, std::string*>, 6> wanted = {{
      {"X-Amz-Algorithm", &algorithm},
      {"X-Amz-Date", &head.timestamp},
      {"X-Amz-Expires", &expires},
      {"X-Amz-SignedHeaders", &head.signed_headers},
      {"X-Amz-Signature", &head.signature},
      {"X-Amz-Security-Token", &head.session_token},
  }};
  text::for_each_raw_pair(request.raw_query,
                          [&](std::string_view name, std::string_view value, bool) {
                            if (!name.starts_with("X-Amz-")) return;
                            if (name == "X-Amz-Credential")
                              credential = text::percent_decode_lenient(value);
                            for (const auto& [key, target] : wanted) {
                              if (key == name) *target = text::percent_decode_lenient(value);
                            }
                          });
  if (algorithm.starts_with("AWS4-ECDSA")) return fail(version_4a());
  std::string missing;
  const auto require = [&](bool there, std::string_view name) {
    if (there) return;
    missing += missing.empty() ? "" : " ";
    missing += "AWS query-string parameters must include '" + std::string(name) + "'.";
  };
  require(algorithm == kSigV4Algorithm, "X-Amz-Algorithm");
  require(credential.has_value(), "X-Amz-Credential");
  require(!head.signature.empty(), "X-Amz-Signature");
  require(!head.signed_headers.empty(), "X-Amz-SignedHeaders");
  require(!head.timestamp.empty(), "X-Amz-Date");
  require(!expires.empty(), "X-Amz-Expires");
  if (!missing.empty()) {
    return fail(incomplete(missing + " Re-examine the query-string parameters."));
  }
  const char* end = expires.data() + expires.size();
  const auto [stopped, error] = std::from_chars(expires.data(), end, head.expires_seconds);
  if (error != std::errc() || stopped != end || head.expires_seconds < 0 ||
      head.expires_seconds > kMaxPresignedSeconds) {
    return fail(incomplete("X-Amz-Expires must be a number of seconds from 0 to 604800"));
  }
  LAPWING_CHECK(read_credential(*credential, head));
  return head;
}

bool is_presigned(std::string_view raw_query) {
  return raw_query.contains("X-Amz-Algorithm=") || raw_query.contains("X-Amz-Signature=") ||
         raw_query.contains("X-Amz-Credential=");
}

}  // namespace

Result<SignatureHead> parse_signature(const Request& request) {
  if (const auto header = request.header("authorization")) {
    const std::string_view value = trim(*header);
    const std::string_view scheme = value.substr(0, value.find(' '));
    if (scheme.starts_with("AWS4-ECDSA")) return fail(version_4a());
    if (scheme == kSigV4Algorithm) return read_header(request, value);
    if (scheme == "AWS") {
      return fail(incomplete("Signature Version 2 is not supported; use Signature Version 4."));
    }
    // Another scheme (Bearer, Basic) is the business of those who want it.
    if (!is_presigned(request.raw_query)) return SignatureHead();
  }
  if (is_presigned(request.raw_query)) return read_query(request);
  return SignatureHead();
}

}  // namespace lapwing::aws
