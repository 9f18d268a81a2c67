// Keys with which services seal or sign, each derived from the server's own (server.key), so that
// none says anything about another, and all are there again after a restart.
//
//   Sealer sealer(given.key("iam secrets"), given.random);
//
// Thread-safety: immutable.
#pragma once

#include <string_view>

#include "crypto/aes_gcm.hpp"

namespace lapwing::hosting {

class Keys {
 public:
  explicit Keys(const crypto::AesKey& server_key) : root_(server_key) {}

  // The same for the same name, "SERVICE USE". A name that was used once stays: what was sealed
  // with another one cannot be opened.
  crypto::AesKey derive(std::string_view name) const;

 private:
  crypto::AesKey root_;
};

}  // namespace lapwing::hosting
