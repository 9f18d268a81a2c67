// Who owns an access key: keys known from configuration, those that IAM keeps for users, and
// session credentials that Lapwing mints itself and recognises again without remembering them.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "aws/caller.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/aes_gcm.hpp"

namespace lapwing::aws {

// off: any credentials, none too; verify: signatures must be good; enforce: and policies
// allow. Authentication is the same in the last two.
enum class AuthMode { kOff, kVerify, kEnforce };
// "off", "verify", "enforce"; absent for anything else.
std::optional<AuthMode> parse_auth_mode(std::string_view text);

// What a client signs with.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty for long-lived keys
};

struct Principal {
  AccountId account{kDefaultAccount};
  std::string arn;      // "arn:aws:iam::000000000000:user/name"
  std::string user_id;  // "AIDA..." or "AROA...:session"
  // The user or role of IAM that it stands and falls with, by its unique id; empty where IAM has
  // none: an account's root, a role that nobody made.
  std::string identity = {};

  friend bool operator==(const Principal&, const Principal&) = default;
};

// A key as the verifier needs it.
struct KnownKey {
  std::string secret_access_key;
  Principal principal;
  bool gone = false;  // a session whose user or role was deleted: it signs nothing any more
};

// What a request that a key signed was for, by its credential scope.
struct KeyUse {
  std::string_view service;  // "lambda"
  std::string_view region;
};

class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  // Errors: UnrecognizedClientException for a key or token that is not known,
  // ExpiredTokenException for a session that is over. Any thread; may be called for every
  // request, so it must not block.
  virtual Result<KnownKey> find(std::string_view access_key_id, std::string_view session_token,
                                WallTime now) const = 0;
  // Whether a user or role of IAM is there still, by its unique id. Any thread; must not block.
  virtual bool has_identity(std::string_view /*id*/) const { return true; }
  // How many keys sign requests now.
  virtual std::size_t signing_keys() const { return 0; }
  // A request was signed with this key: for who tells when and where it was used. Any thread; must
  // not block.
  virtual void used(std::string_view /*access_key_id*/, const KeyUse& /*use*/) const {}
};

// Session credentials that carry everything in the token, sealed with the server's key: they
// survive a restart, and every node that has the key knows them. The secret is derived from
// the access key id and the server's key.
class SessionMint {
 public:
  // `server_key`: 32 secret bytes, kept with the server's data. `random` outlives the mint.
  SessionMint(const crypto::AesKey& server_key, Random& random);

  Credentials mint(const Principal& principal, WallTime expires) const;
  // Errors as CredentialStore::find; the token must be the one minted with this key id.
  Result<KnownKey> open(std::string_view access_key_id, std::string_view session_token,
                        WallTime now) const;

 private:
  std::string secret_for(std::string_view access_key_id) const;

  crypto::AesKey token_key_;
  std::string secret_key_;
  Random& random_;
};

// Keys of the configuration, then sessions of the mint, then what another store knows.
// Thread-safe.
class MemoryCredentialStore final : public CredentialStore {
 public:
  // `mint` may be null: then no session is known. It outlives the store.
  explicit MemoryCredentialStore(const SessionMint* mint) : mint_(mint) {}

  // Replaces a key of the same id. An empty principal ARN becomes the account's root.
  void add(std::string_view access_key_id, std::string_view secret_access_key, Principal principal);
  void remove(std::string_view access_key_id);
  // Whether the caller's key is one of those added, or of a session of who has one.
  bool added(const Caller& caller) const;
  // Before the first request; it outlives them.
  void ask_further(const CredentialStore& further) { further_ = &further; }

  Result<KnownKey> find(std::string_view access_key_id, std::string_view session_token,
                        WallTime now) const override;
  void used(std::string_view access_key_id, const KeyUse& use) const override {
    if (further_ != nullptr) further_->used(access_key_id, use);
  }

 private:
  const SessionMint* mint_;
  const CredentialStore* further_ = nullptr;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, KnownKey> keys_;
};

// UnrecognizedClientException: a key or token that is not known, or not valid any more.
Error unrecognized_key();

// The principal that unverified credentials stand for (mode off): an access key id of 12
// digits is the account itself; every other one means the default account's root.
Principal assumed_principal(std::string_view access_key_id);
Principal root_of(const AccountId& account);

}  // namespace lapwing::aws
