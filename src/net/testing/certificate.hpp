// A self-signed certificate for "localhost" and 127.0.0.1, made anew for a test.
#pragma once

#include <string>

namespace lapwing::net::testing {

struct TestCertificate {
  std::string certificate_pem;
  std::string key_pem;
};
TestCertificate make_certificate();

}  // namespace lapwing::net::testing
