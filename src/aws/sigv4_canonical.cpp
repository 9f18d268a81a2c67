#include "aws/sigv4_canonical.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "text/hex.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"

namespace lapwing::aws {
namespace {

// Without empty and dot segments, ".." taking one back. A trailing slash stays.
std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> kept;
  std::string_view rest = path;
  bool trailing = path.empty() || path.ends_with('/');
  while (!rest.empty()) {
    const std::size_t end = rest.find('/');
    const std::string_view segment = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
      continue;
    }
    if (rest.empty() && (segment == "." || segment == "..")) trailing = true;
  }
  std::string out;
  for (const std::string_view segment : kept) {
    out += '/';
    out += segment;
  }
  if (trailing || out.empty()) out += '/';
  return out;
}

bool needs_normalizing(std::string_view path) {
  return !path.starts_with('/') || path.contains("//") || path.contains("/.");
}

// Percent-encodes what is not encoded yet and brings what is to capital digits. In a query
// '+' means a space.
void append_encoded_once(std::string& out, std::string_view raw, bool keep_slash,
                         bool plus_is_space) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    const bool encoded = c == '%' && i + 2 < raw.size() && text::hex_digit(raw[i + 1]) >= 0 &&
                         text::hex_digit(raw[i + 2]) >= 0;
    if (encoded) {
      const char byte =
          static_cast<char>(text::hex_digit(raw[i + 1]) * 16 + text::hex_digit(raw[i + 2]));
      i += 2;
      if (text::is_unreserved(byte)) {
        out += byte;
      } else {
        out += '%';
        out += kDigits[static_cast<unsigned char>(byte) >> 4];
        out += kDigits[static_cast<unsigned char>(byte) & 0xF];
      }
    } else if (c == '+' && plus_is_space) {
      out += "%20";
    } else {
      text::append_uri_encoded(out, raw.substr(i, 1), !keep_slash);
    }
  }
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Ends trimmed, runs of white space become one space.
void append_trimmed(std::string& out, std::string_view value) {
  bool pending = false;
  bool any = false;
  for (const char c : value) {
    if (is_space(c)) {
      pending = any;
      continue;
    }
    if (pending) out += ' ';
    pending = false;
    any = true;
    out += c;
  }
}

}  // namespace

bool signs_raw_path(std::string_view service) {
  return service == "s3" || service == "s3-outposts" || service == "s3-object-lambda" ||
         service == "s3express";
}

std::string canonical_path(std::string_view raw_path, bool raw) {
  std::string out;
  out.reserve(raw_path.size() + 32);
  if (raw) {
    append_encoded_once(out, raw_path, true, false);
    if (out.empty()) out = "/";
  } else if (needs_normalizing(raw_path)) {
    text::append_uri_encoded(out, normalize_path(raw_path), false);
  } else {
    text::append_uri_encoded(out, raw_path, false);
  }
  return out;
}

std::string canonical_query(std::string_view raw_query) {
  if (raw_query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> pairs;
  text::for_each_raw_pair(raw_query, [&](std::string_view name, std::string_view value, bool) {
    std::pair<std::string, std::string> pair;
    append_encoded_once(pair.first, name, false, true);
    if (pair.first == "X-Amz-Signature") return;
    append_encoded_once(pair.second, value, false, true);
    pairs.push_back(std::move(pair));
  });
  std::ranges::sort(pairs);
  std::string out;
  out.reserve(raw_query.size() + 16);
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

void append_canonical_headers(std::string& out, const Request& request,
                              std::string_view signed_headers) {
  while (!signed_headers.empty()) {
    const std::size_t end = signed_headers.find(';');
    const std::string_view name = signed_headers.substr(0, end);
    signed_headers =
        end == std::string_view::npos ? std::string_view() : signed_headers.substr(end + 1);
    out += name;
    out += ':';
    bool first = true;
    for (const HeaderView& header : request.headers) {
      if (!equals_ignoring_case(header.name, name)) continue;
      if (!first) out += ',';
      first = false;
      append_trimmed(out, header.value);
    }
    out += '\n';
  }
}

std::string canonical_request(const Request& request, std::string_view signed_headers,
                              std::string_view payload_hash, bool raw_path) {
  std::string out;
  out.reserve(1024);
  out += request.method;
  out += '\n';
  out += canonical_path(request.raw_path, raw_path);
  out += '\n';
  out += canonical_query(request.raw_query);
  out += '\n';
  append_canonical_headers(out, request, signed_headers);
  out += '\n';
  out += signed_headers;
  out += '\n';
  out += payload_hash;
  return out;
}

std::string scope_text(std::string_view date, std::string_view region, std::string_view service) {
  std::string out;
  out.reserve(date.size() + region.size() + service.size() + kScopeTerminator.size() + 3);
  for (const std::string_view part : {date, region, service}) {
    out += part;
    out += '/';
  }
  out += kScopeTerminator;
  return out;
}

std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical) {
  const std::string digest = crypto::sha256_hex(canonical);
  std::string out;
  out.reserve(kSigV4Algorithm.size() + timestamp.size() + scope.size() + digest.size() + 3);
  out += kSigV4Algorithm;
  for (const std::string_view line : {timestamp, scope}) {
    out += '\n';
    out += line;
  }
  out += '\n';
  out += digest;
  return out;
}

crypto::Sha256Digest signing_key(std::string_view secret, std::string_view date,
                                 std::string_view region, std::string_view service) {
  std::string key = "AWS4";
  key += secret;
  const crypto::Sha256Digest for_date = crypto::hmac_sha256(key, date);
  const crypto::Sha256Digest for_region = crypto::hmac_sha256(for_date, region);
  const crypto::Sha256Digest for_service = crypto::hmac_sha256(for_region, service);
  return crypto::hmac_sha256(for_service, kScopeTerminator);
}

}  // namespace lapwing::aws
