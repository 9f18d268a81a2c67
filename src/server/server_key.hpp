// The server's own secret: 32 bytes in <data_dir>/server.key, made at the first start,
// readable by the server's user only. Session credentials, and what services
// seal and sign, have keys derived from it (hosting/keys.hpp).
#pragma once

#include <string>

#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/aes_gcm.hpp"

namespace lapwing::server {

// Reads the key, making it first in a data directory that is new. Errors say what is wrong with the
// file; one is that it is missing where there is data already, which was sealed with it: the
// secrets of IAM's access keys, and sessions, would be lost without a word. Before the store is
// opened, which makes its files.
Result<crypto::AesKey> load_server_key(const std::string& data_dir, Random& random);

}  // namespace lapwing::server
