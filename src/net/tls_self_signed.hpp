// A self-signed certificate made on the spot: for a server that is to speak TLS and was
// given no certificate, and for tests. P-256, valid from an hour ago for `days`.
//
// Thread-safety: any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace lapwing::net {

struct SelfSigned {
  std::string certificate_pem;  // also what a client has to trust
  std::string key_pem;          // secret
};

// `names`: DNS names and IP addresses it is to be good for; the first is its common name.
Result<SelfSigned> make_self_signed(const std::vector<std::string>& names, int days = 365);

}  // namespace lapwing::net
