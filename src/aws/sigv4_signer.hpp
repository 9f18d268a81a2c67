// The client's half of Signature Version 4: used by tests, benchmarks and by Lapwing where it
// calls AWS-shaped endpoints itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/message.hpp"
#include "base/clock.hpp"

namespace lapwing::aws {

struct SigningScope {
  std::string_view region;
  std::string_view service;
};

struct SigningOptions {
  bool unsigned_payload = false;     // signs UNSIGNED-PAYLOAD and sends X-Amz-Content-Sha256
  bool content_hash_header = false;  // sends X-Amz-Content-Sha256; always for S3
};

// The headers to add: X-Amz-Date, X-Amz-Security-Token, X-Amz-Content-Sha256 as needed, and
// Authorization. Every header of the request is signed; Host must be among them.
std::vector<HeaderField> sign(const Request& request, const Credentials& credentials,
                              const SigningScope& scope, WallTime time,
                              const SigningOptions& options = {});

// The whole query of the presigned URL, signature last. Only Host is signed.
std::string presign(const Request& request, const Credentials& credentials,
                    const SigningScope& scope, WallTime time, std::int64_t expires_seconds);

}  // namespace lapwing::aws
