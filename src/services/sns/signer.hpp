// What messages are signed with: one RSA key, made when it is first needed and kept sealed, so that
// its certificate stays the same over restarts.
//
// Source: the developer guide, "Verifying the signatures of Amazon SNS messages".
//
// Thread-safety: any thread. prepare() may block; the rest does not, but a signature takes as long
// as RSA does (a millisecond).
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/aes_gcm.hpp"
#include "crypto/rsa.hpp"
#include "store/store.hpp"

namespace lapwing::sns {

class Signer {
 public:
  // All outlive it.
  Signer(store::Store& store, const crypto::AesKey& seal, Random& random, const Clock& clock);

  // What an earlier run has made.
  Status load();
  // Makes the key where there is none.
  Status prepare();

  // Base64, version 1 (SHA-1) or 2 (SHA-256). What was signed a moment ago is not signed again:
  // subscribers of one message share a signature. Empty before prepare().
  std::string sign(int version, std::string_view text);
  // "SimpleNotificationService-<32 hex>.pem"; empty before prepare().
  std::string certificate_name() const;
  // PEM; empty for names of others.
  std::string certificate(std::string_view name) const;

 private:
  struct Key {
    crypto::RsaKey rsa;
    std::string certificate;
    std::string name;
  };
  std::shared_ptr<const Key> key() const;
  void take(crypto::RsaKey rsa, std::string certificate);

  store::Store& store_;
  crypto::AesKey seal_;
  Random& random_;
  const Clock& clock_;
  std::mutex making_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Key> key_;
  std::map<std::string, std::string> signed_;  // by version and hash
  std::list<std::string> order_;               // the oldest first
};

}  // namespace lapwing::sns
