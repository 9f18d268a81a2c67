#include "aws/credentials.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "aws/arn.hpp"
#include "crypto/sha256.hpp"
#include "text/base64.hpp"

namespace lapwing::aws {
namespace {

constexpr char kTokenVersion[] = "2";
constexpr char kSeparator = '\x1f';
constexpr std::size_t kTokenFields = 7;
// Of those that do not say whose they are; they end within a day and a half.
constexpr char kFirstTokenVersion[] = "1";
constexpr std::size_t kFirstTokenFields = 6;

Error expired() {
  return Error(ErrorKind::kDenied, "ExpiredTokenException",
               "The security token included in the request is expired")
      .with_status(403);
}

// "ASIA" and 16 characters of base32, as AWS's temporary keys look.
std::string make_session_key_id(Random& random) {
  constexpr char kBase32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  std::string id = "ASIA";
  for (const std::byte byte : bytes) id += kBase32[std::to_integer<unsigned>(byte) & 31];
  return id;
}

std::vector<std::string_view> split_fields(std::string_view text) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t end = text.find(kSeparator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Error unrecognized_key() {
  return Error(ErrorKind::kDenied, "UnrecognizedClientException",
               "The security token included in the request is invalid.")
      .with_status(403);
}

std::optional<AuthMode> parse_auth_mode(std::string_view text) {
  if (text == "off") return AuthMode::kOff;
  if (text == "verify") return AuthMode::kVerify;
  if (text == "enforce") return AuthMode::kEnforce;
  return std::nullopt;
}

// Two keys of different use come from the server's one, so that neither says anything about
// the other.
SessionMint::SessionMint(const crypto::AesKey& server_key, Random& random) : random_(random) {
  const std::string_view root = as_text(server_key);
  const crypto::Sha256Digest token_key = crypto::hmac_sha256(root, "lapwing session token");
  static_assert(sizeof(token_key) == sizeof(token_key_));
  std::ranges::copy(token_key, token_key_.begin());
  secret_key_ = as_text(crypto::hmac_sha256(root, "lapwing session secret"));
}

std::string SessionMint::secret_for(std::string_view access_key_id) const {
  // 40 characters, as AWS's secrets have.
  return crypto::to_base64(crypto::hmac_sha256(secret_key_, access_key_id)).substr(0, 40);
}

Credentials SessionMint::mint(const Principal& principal, WallTime expires) const {
  Credentials made;
  made.access_key_id = make_session_key_id(random_);
  made.secret_access_key = secret_for(made.access_key_id);
  std::string plain = kTokenVersion;
  for (const std::string& field :
       {made.access_key_id, principal.account.str(), principal.arn, principal.user_id,
        std::to_string(unix_ms(expires)), principal.identity}) {
    plain += kSeparator;
    plain += field;
  }
  made.session_token = text::base64_encode(
      std::string_view(crypto::aes_gcm_seal(token_key_, random_, plain, made.access_key_id)));
  return made;
}

Result<KnownKey> SessionMint::open(std::string_view access_key_id, std::string_view session_token,
                                   WallTime now) const {
  const auto sealed = text::base64_decode(session_token);
  if (!sealed) return fail(unrecognized_key());
  const auto plain = crypto::aes_gcm_open(token_key_, *sealed, access_key_id);
  if (!plain) return fail(unrecognized_key());
  const std::vector<std::string_view> fields = split_fields(*plain);
  const bool whole = fields.size() == kTokenFields && fields[0] == kTokenVersion;
  const bool first = fields.size() == kFirstTokenFields && fields[0] == kFirstTokenVersion;
  if (!(whole || first) || fields[1] != access_key_id) return fail(unrecognized_key());
  std::int64_t expires_ms = 0;
  std::from_chars(fields[5].data(), fields[5].data() + fields[5].size(), expires_ms);
  if (unix_ms(now) >= expires_ms) return fail(expired());
  KnownKey key;
  key.secret_access_key = secret_for(access_key_id);
  key.principal = {AccountId(fields[2]), std::string(fields[3]), std::string(fields[4]),
                   std::string(whole ? fields[6] : std::string_view())};
  return key;
}

void MemoryCredentialStore::add(std::string_view access_key_id, std::string_view secret_access_key,
                                Principal principal) {
  if (principal.arn.empty()) principal = root_of(principal.account);
  const std::lock_guard lock(mutex_);
  keys_.insert_or_assign(std::string(access_key_id),
                         KnownKey{std::string(secret_access_key), std::move(principal)});
}

void MemoryCredentialStore::remove(std::string_view access_key_id) {
  const std::lock_guard lock(mutex_);
  keys_.erase(std::string(access_key_id));
}

Result<KnownKey> MemoryCredentialStore::find(std::string_view access_key_id,
                                             std::string_view session_token, WallTime now) const {
  if (!session_token.empty()) {
    if (mint_ == nullptr) return fail(unrecognized_key());
    LAPWING_TRY(KnownKey session, mint_->open(access_key_id, session_token, now));
    const std::string& identity = session.principal.identity;
    session.gone = further_ != nullptr && !identity.empty() && !further_->has_identity(identity);
    return session;
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(std::string(access_key_id));
    if (found != keys_.end()) return found->second;
  }
  if (further_ != nullptr) return further_->find(access_key_id, session_token, now);
  return fail(unrecognized_key());
}

// Who has no identity in IAM has its ARN of what was added, or is a session of a role that nobody
// made, whose ARN is another.
bool MemoryCredentialStore::added(const Caller& caller) const {
  const std::lock_guard lock(mutex_);
  if (keys_.contains(caller.access_key_id)) return true;
  return caller.identity.empty() && std::ranges::any_of(keys_, [&](const auto& key) {
           return key.second.principal.arn == caller.principal_arn;
         });
}

Principal root_of(const AccountId& account) {
  return {account, "arn:aws:iam::" + account.str() + ":root", account.str()};
}

Principal assumed_principal(std::string_view access_key_id) {
  return root_of(AccountId(is_account_id(access_key_id) ? access_key_id : kDefaultAccount));
}

}  // namespace lapwing::aws
