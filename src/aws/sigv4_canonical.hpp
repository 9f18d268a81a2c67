// The texts that are hashed and signed, the same for signer and verifier. Internal to aws/.
#pragma once

#include <string>
#include <string_view>

#include "aws/message.hpp"
#include "crypto/sha256.hpp"

namespace lapwing::aws {

inline constexpr std::string_view kSigV4Algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kScopeTerminator = "aws4_request";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// S3 and its relatives sign the path as it is sent.
bool signs_raw_path(std::string_view service);

std::string canonical_path(std::string_view raw_path, bool raw);
// Sorted; X-Amz-Signature left out.
std::string canonical_query(std::string_view raw_query);
// One line a name of `signed_headers` ("host;x-amz-date"), in its order.
void append_canonical_headers(std::string& out, const Request& request,
                              std::string_view signed_headers);
std::string canonical_request(const Request& request, std::string_view signed_headers,
                              std::string_view payload_hash, bool raw_path);

// "20150830/us-east-1/iam/aws4_request"
std::string scope_text(std::string_view date, std::string_view region, std::string_view service);
std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical);
crypto::Sha256Digest signing_key(std::string_view secret, std::string_view date,
                                 std::string_view region, std::string_view service);

}  // namespace lapwing::aws
