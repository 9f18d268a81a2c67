#include "aws/sigv4_signer.hpp"

#include <algorithm>
#include <utility>

#include "aws/sigv4_canonical.hpp"
#include "crypto/sha256.hpp"
#include "text/percent.hpp"
#include "text/time_format.hpp"

namespace lapwing::aws {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string sorted_names(std::span<const HeaderView> headers) {
  std::vector<std::string> names;
  for (const HeaderView& header : headers) names.push_back(lower(header.name));
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

std::string signature_of(const Credentials& credentials, const SigningScope& scope,
                         std::string_view timestamp, std::string_view canonical) {
  const std::string_view date = timestamp.substr(0, 8);
  const std::string to_sign =
      string_to_sign(timestamp, scope_text(date, scope.region, scope.service), canonical);
  return crypto::to_hex(crypto::hmac_sha256(
      signing_key(credentials.secret_access_key, date, scope.region, scope.service), to_sign));
}

}  // namespace

std::vector<HeaderField> sign(const Request& request, const Credentials& credentials,
                              const SigningScope& scope, WallTime time,
                              const SigningOptions& options) {
  const std::string timestamp = text::format_basic(time);
  const bool raw_path = signs_raw_path(scope.service);
  const std::string hash =
      options.unsigned_payload ? std::string(kUnsignedPayload) : crypto::sha256_hex(request.body);
  std::vector<HeaderField> added = {{"X-Amz-Date", timestamp}};
  if (!credentials.session_token.empty()) {
    added.push_back({"X-Amz-Security-Token", credentials.session_token});
  }
  if (options.unsigned_payload || options.content_hash_header || raw_path) {
    added.push_back({"X-Amz-Content-Sha256", hash});
  }
  std::vector<HeaderView> all(request.headers.begin(), request.headers.end());
  for (const HeaderField& header : added) all.push_back({header.name, header.value});
  Request complete = request;
  complete.headers = all;
  const std::string names = sorted_names(all);
  const std::string signature = signature_of(credentials, scope, timestamp,
                                             canonical_request(complete, names, hash, raw_path));
  const std::string_view date = std::string_view(timestamp).substr(0, 8);
  added.push_back({"Authorization", std::string(kSigV4Algorithm) +
                                        " Credential=" + credentials.access_key_id + "/" +
                                        scope_text(date, scope.region, scope.service) +
                                        ", SignedHeaders=" + names + ", Signature=" + signature});
  return added;
}

std::string presign(const Request& request, const Credentials& credentials,
                    const SigningScope& scope, WallTime time, std::int64_t expires_seconds) {
  const std::string timestamp = text::format_basic(time);
  const std::string_view date = std::string_view(timestamp).substr(0, 8);
  const bool raw_path = signs_raw_path(scope.service);
  std::string query(request.raw_query);
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += name;
    query += '=';
    text::append_uri_encoded(query, value);
  };
  add("X-Amz-Algorithm", kSigV4Algorithm);
  add("X-Amz-Credential",
      credentials.access_key_id + "/" + scope_text(date, scope.region, scope.service));
  add("X-Amz-Date", timestamp);
  add("X-Amz-Expires", std::to_string(expires_seconds));
  add("X-Amz-SignedHeaders", "host");
  if (!credentials.session_token.empty()) {
    add("X-Amz-Security-Token", credentials.session_token);
  }
  Request complete = request;
  complete.raw_query = query;
  const std::string hash =
      raw_path ? std::string(kUnsignedPayload) : crypto::sha256_hex(request.body);
  const std::string signature = signature_of(credentials, scope, timestamp,
                                             canonical_request(complete, "host", hash, raw_path));
  return query + "&X-Amz-Signature=" + signature;
}

}  // namespace lapwing::aws
