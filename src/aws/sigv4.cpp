#include "aws/sigv4.hpp"

#include <array>
#include <chrono>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "aws/arn.hpp"
#include "aws/sigv4_canonical.hpp"
#include "crypto/constant_time.hpp"
#include "crypto/sha256.hpp"
#include "text/time_format.hpp"

namespace lapwing::aws {
namespace {

Error invalid_signature(std::string message) {
  return Error(ErrorKind::kDenied, "InvalidSignatureException", std::move(message))
      .with_status(403);
}

Error missing_token() {
  return Error(ErrorKind::kDenied, "MissingAuthenticationTokenException",
               "Missing Authentication Token")
      .with_status(403);
}

Error mismatch(std::string_view canonical, std::string_view to_sign) {
  std::string message =
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method. Consult the service documentation for details."
      "\n\nThe Canonical String for this request should have been\n'";
  message += canonical;
  message += "'\n\nThe String-to-Sign should have been\n'";
  message += to_sign;
  message += "'\n";
  return invalid_signature(std::move(message));
}

bool names_header(std::string_view signed_headers, std::string_view name) {
  while (!signed_headers.empty()) {
    const std::size_t end = signed_headers.find(';');
    if (signed_headers.substr(0, end) == name) return true;
    if (end == std::string_view::npos) break;
    signed_headers.remove_prefix(end + 1);
  }
  return false;
}

Status check_signed_headers(const SignatureHead& head) {
  std::size_t count = 1;
  for (const char c : head.signed_headers) {
    if (c == ';') ++count;
    if ((c >= 'A' && c <= 'Z') || c == '\n' || c == ':') {
      return fail(invalid_signature("'SignedHeaders' must be lower-case header names."));
    }
  }
  if (count > kMaxSignedHeaders) return fail(invalid_signature("Too many 'SignedHeaders'."));
  if (!names_header(head.signed_headers, "host")) {
    return fail(invalid_signature(
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
  }
  if (head.form == SignatureForm::kHeader && !names_header(head.signed_headers, "x-amz-date")) {
    return fail(
        invalid_signature("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."));
  }
  return {};
}

Status check_scope(const SignatureHead& head, std::string_view service) {
  if (!is_region_name(head.region)) {
    return fail(invalid_signature("Credential should be scoped to a valid region."));
  }
  if (!service.empty() && head.service != service) {
    return fail(invalid_signature("Credential should be scoped to correct service: '" +
                                  std::string(service) + "'."));
  }
  const std::string_view day = std::string_view(head.timestamp).substr(0, 8);
  if (head.date != day) {
    return fail(invalid_signature(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        "HTTP: '" +
        head.date + "' != '" + std::string(day) + "', from '" + head.timestamp + "'."));
  }
  return {};
}

Status check_time(const SignatureHead& head, WallTime now) {
  const auto signed_at = text::parse_basic(head.timestamp);
  if (!signed_at) {
    return fail(Error(ErrorKind::kDenied, "IncompleteSignatureException",
                      "Date must be in ISO-8601 'basic format'. Got '" + head.timestamp +
                          "'. See http://en.wikipedia.org/wiki/ISO_8601")
                    .with_status(403));
  }
  const bool presigned = head.form == SignatureForm::kPresigned;
  const std::chrono::seconds skew(kMaxClockSkewSeconds);
  const std::chrono::seconds life(presigned ? head.expires_seconds : kMaxClockSkewSeconds);
  if (*signed_at - skew <= now && *signed_at + life >= now) return {};
  const std::string now_text = text::format_basic(now);
  if (*signed_at - skew > now) {
    return fail(invalid_signature("Signature not yet current: " + head.timestamp +
                                  " is still later than " + text::format_basic(now + skew) + " (" +
                                  now_text + " + 5 min.)"));
  }
  if (presigned) {
    return fail(invalid_signature("Signature expired: " + head.timestamp + " was valid for " +
                                  std::to_string(head.expires_seconds) + " seconds and it is now " +
                                  now_text));
  }
  return fail(invalid_signature("Signature expired: " + head.timestamp + " is now earlier than " +
                                text::format_basic(now - skew) + " (" + now_text + " - 5 min.)"));
}

// What stands in the canonical request for the body.
Result<std::string> payload_hash(const Request& request, const SignatureHead& head) {
  const bool s3 = signs_raw_path(head.service);
  const auto announced = request.header("x-amz-content-sha256");
  if (announced && announced->starts_with("STREAMING-")) {
    return fail(Error(ErrorKind::kUnsupported, "NotImplemented",
                      "Chunk-signed bodies (" + std::string(*announced) + ") are not supported")
                    .with_status(501));
  }
  if (announced == kUnsignedPayload) return std::string(kUnsignedPayload);
  if (!announced && s3 && head.form == SignatureForm::kPresigned) {
    return std::string(kUnsignedPayload);
  }
  if (request.body_follows) {
    if (announced) return std::string(*announced);
    return fail(Error(ErrorKind::kInvalid, "InvalidRequest",
                      "Missing required header for this request: x-amz-content-sha256")
                    .with_status(400));
  }
  std::string computed = crypto::sha256_hex(request.body);
  if (announced && *announced != computed) {
    if (s3) {
      return fail(Error(ErrorKind::kInvalid, "XAmzContentSHA256Mismatch",
                        "The provided 'x-amz-content-sha256' header does not match what was "
                        "computed.")
                      .with_status(400));
    }
    return fail(invalid_signature(
        "The provided 'x-amz-content-sha256' header does not match what was computed."));
  }
  return computed;
}

}  // namespace

// Signing keys cost four HMACs and change once a day for a key, region and service.
class SigningKeyCache {
 public:
  crypto::Sha256Digest get(const KnownKey& key, const SignatureHead& head) {
    std::string name;
    name.reserve(96);
    for (const std::string_view part :
         {std::string_view(head.access_key_id), std::string_view(head.date),
          std::string_view(head.region), std::string_view(head.service)}) {
      name += part;
      name += '/';
    }
    {
      const std::lock_guard lock(mutex_);
      const auto found = keys_.find(name);
      if (found != keys_.end() && found->second.secret == key.secret_access_key) {
        return found->second.digest;
      }
    }
    const Entry made{key.secret_access_key,
                     signing_key(key.secret_access_key, head.date, head.region, head.service)};
    const std::lock_guard lock(mutex_);
    // Full means many keys or a new day: starting again is as good as any eviction.
    if (keys_.size() >= kMaxCachedSigningKeys) keys_.clear();
    keys_.insert_or_assign(std::move(name), made);
    return made.digest;
  }

 private:
  struct Entry {
    std::string secret;
    crypto::Sha256Digest digest;
  };

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> keys_;
};

Authenticator::Authenticator(AuthMode mode, const CredentialStore& store, const Clock& clock)
    : mode_(mode), store_(store), clock_(clock), cache_(std::make_unique<SigningKeyCache>()) {}

Authenticator::~Authenticator() = default;

Result<SignatureHead> Authenticator::read(const Request& request) const {
  auto head = parse_signature(request);
  if (!head && mode_ == AuthMode::kOff) return SignatureHead();
  return head;
}

Status Authenticator::check_head(const SignatureHead& head, std::string_view service) const {
  if (mode_ != AuthMode::kOff) {
    LAPWING_CHECK(known_key(head, service, clock_.wall()));
    return {};
  }
  if (head.form == SignatureForm::kNone || is_region_name(head.region)) return {};
  return fail(invalid_signature("Credential should be scoped to a valid region."));
}

// Everything that the head decides.
Result<KnownKey> Authenticator::known_key(const SignatureHead& head, std::string_view service,
                                          WallTime now) const {
  if (head.form == SignatureForm::kNone) return fail(missing_token());
  LAPWING_TRY(KnownKey key, store_.find(head.access_key_id, head.session_token, now));
  if (key.gone) return fail(unrecognized_key());
  LAPWING_CHECK(check_scope(head, service));
  LAPWING_CHECK(check_time(head, now));
  LAPWING_CHECK(check_signed_headers(head));
  return key;
}

Result<Caller> Authenticator::authenticate(const Request& request, const SignatureHead& head,
                                           std::string_view service) const {
  if (mode_ == AuthMode::kOff) return accept_unverified(request, head);
  LAPWING_TRY(KnownKey key, known_key(head, service, clock_.wall()));
  LAPWING_CHECK(verify(request, head, key));
  store_.used(head.access_key_id, {head.service, head.region});
  Caller caller;
  caller.account = std::move(key.principal.account);
  caller.region = Region(head.region);
  caller.access_key_id = head.access_key_id;
  caller.principal_arn = std::move(key.principal.arn);
  caller.user_id = std::move(key.principal.user_id);
  caller.identity = std::move(key.principal.identity);
  caller.host = request.header("host").value_or("");
  caller.authenticated = true;
  return caller;
}

Caller Authenticator::nobody(const Request& request) {
  Caller caller;
  caller.host = request.header("host").value_or("");
  return caller;
}

// Credentials that Lapwing minted are recognised even here, so that a function calling back
// acts in its own account.
Result<Caller> Authenticator::accept_unverified(const Request& request,
                                                const SignatureHead& head) const {
  Principal principal = assumed_principal(head.access_key_id);
  if (head.form != SignatureForm::kNone) {
    if (auto known = store_.find(head.access_key_id, head.session_token, clock_.wall())) {
      principal = std::move(known->principal);
      store_.used(head.access_key_id, {head.service, head.region});
    }
    if (!is_region_name(head.region)) {
      return fail(invalid_signature("Credential should be scoped to a valid region."));
    }
  }
  Caller caller;
  caller.account = std::move(principal.account);
  if (!head.region.empty()) caller.region = Region(head.region);
  caller.access_key_id = head.access_key_id;
  caller.principal_arn = std::move(principal.arn);
  caller.user_id = std::move(principal.user_id);
  caller.identity = std::move(principal.identity);
  caller.host = request.header("host").value_or("");
  return caller;
}

Status Authenticator::verify(const Request& request, const SignatureHead& head,
                             const KnownKey& key) const {
  LAPWING_TRY(const std::string hash, payload_hash(request, head));
  const std::string canonical =
      canonical_request(request, head.signed_headers, hash, signs_raw_path(head.service));
  const std::string to_sign =
      string_to_sign(head.timestamp, scope_text(head.date, head.region, head.service), canonical);
  const std::string expected = crypto::to_hex(crypto::hmac_sha256(cache_->get(key, head), to_sign));
  if (crypto::equal_constant_time(expected, head.signature)) return {};
  return fail(mismatch(canonical, to_sign));
}

namespace {

struct AuthErrorName {
  std::string_view json;
  std::string_view query;
  int query_status;
};
constexpr std::array kAuthErrors = {
    AuthErrorName{"InvalidSignatureException", "SignatureDoesNotMatch", 403},
    AuthErrorName{"UnrecognizedClientException", "InvalidClientTokenId", 403},
    AuthErrorName{"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
    AuthErrorName{"IncompleteSignatureException", "IncompleteSignature", 400},
    AuthErrorName{"ExpiredTokenException", "ExpiredToken", 403},
    AuthErrorName{"AccessDeniedException", "AccessDenied", 403},
};

Error renamed(const Error& error, std::string_view code, int status) {
  return Error(error.kind(), std::string(code), error.message())
      .with_status(status)
      .with_detail(error.detail());
}

}  // namespace

Error render_auth_error(Error error, Protocol protocol) {
  for (const AuthErrorName& name : kAuthErrors) {
    if (error.code() != name.json) continue;
    switch (protocol) {
      case Protocol::kQuery:
      case Protocol::kEc2:
      case Protocol::kRestXml:
        return renamed(error, name.query, name.query_status);
      case Protocol::kJson10:
      case Protocol::kJson11:
      case Protocol::kCbor:
        return renamed(error, name.json, 400);
      case Protocol::kRestJson:
        return error;
    }
  }
  return error;
}

}  // namespace lapwing::aws
