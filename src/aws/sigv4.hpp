// Authentication of requests: AWS Signature Version 4, in the Authorization header or in the
// query (presigned). Two stages, so that the credential scope can be used for routing before
// the body is there:
//
//   LAPWING_TRY(const aws::SignatureHead head, authenticator.read(request));
//   ... route by head.service ...
//   LAPWING_TRY(aws::Caller caller, authenticator.authenticate(request, head, "lambda"));
//   caller.request_id = ...;
//
// In mode off nothing is verified: the account and region are taken from what the
// credentials say, malformed ones count as none. Errors carry the names of the JSON
// protocols; render_auth_error() turns them into the query protocol's.
//
// From AWS's manual "Signature Version 4 signing process". Dot segments and repeated slashes
// of the path are removed and the path is encoded a second time for every service but S3.
// Chunk-signed bodies (STREAMING-...) and Signature Version 4A are refused by name.
//
// Thread-safety: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aws/caller.hpp"
#include "aws/credentials.hpp"
#include "aws/message.hpp"
#include "aws/model.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

inline constexpr std::int64_t kMaxClockSkewSeconds = 5 * 60;
inline constexpr std::int64_t kMaxPresignedSeconds = 7 * 24 * 3600;
inline constexpr std::size_t kMaxSignedHeaders = 100;
inline constexpr std::size_t kMaxCachedSigningKeys = 1024;

enum class SignatureForm : std::uint8_t { kNone, kHeader, kPresigned };

// What a request says about its signature. Nothing is verified yet. Views into the request
// where the text stands there as it is, copies where it had to be decoded.
struct SignatureHead {
  SignatureForm form = SignatureForm::kNone;
  std::string access_key_id;
  std::string date;     // "20150830", of the credential scope
  std::string region;   // empty when unsigned
  std::string service;  // "lambda"; empty when unsigned
  std::string signed_headers;
  std::string signature;
  std::string timestamp;  // "20150830T123600Z"
  std::string session_token;
  std::int64_t expires_seconds = 0;  // presigned
};

// Form kNone when the request carries no AWS signature at all; an error when it carries one
// that cannot be read: IncompleteSignatureException, or NotImplemented for version 4A.
Result<SignatureHead> parse_signature(const Request& request);

class SigningKeyCache;

class Authenticator {
 public:
  // `store` and `clock` outlive it.
  Authenticator(AuthMode mode, const CredentialStore& store, const Clock& clock);
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  AuthMode mode() const { return mode_; }
  // parse_signature(); in mode off what cannot be read counts as unsigned.
  Result<SignatureHead> read(const Request& request) const;
  // What can be refused before the body is there, in authenticate()'s words and order: no
  // signature, an unknown key, another region's or service's scope, a date that has passed.
  Status check_head(const SignatureHead& head, std::string_view service = {}) const;
  // `request` with its whole body; of one that follows, what x-amz-content-sha256 says of it is
  // signed, and the one who reads it holds it to that. `service`: the signing name of the service
  // the request was routed to, empty to accept the one in the scope. Sets everything in Caller but
  // the request id.
  Result<Caller> authenticate(const Request& request, const SignatureHead& head,
                              std::string_view service = {}) const;
  // Of a request without a signature, for operations that everybody may ask for.
  static Caller nobody(const Request& request);

 private:
  Result<Caller> accept_unverified(const Request& request, const SignatureHead& head) const;
  Result<KnownKey> known_key(const SignatureHead& head, std::string_view service,
                             WallTime now) const;
  Status verify(const Request& request, const SignatureHead& head, const KnownKey& key) const;

  AuthMode mode_;
  const CredentialStore& store_;
  const Clock& clock_;
  std::unique_ptr<SigningKeyCache> cache_;
};

// The error as this protocol names it and with its status: query and XML protocols say
// SignatureDoesNotMatch where JSON ones say InvalidSignatureException. Other errors pass.
Error render_auth_error(Error error, Protocol protocol);

}  // namespace lapwing::aws
