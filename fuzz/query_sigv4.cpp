// Query strings and the SigV4 canonicaliser. Input: path, query, header value and body,
// separated by newlines. Whatever they are, a request that we sign must verify, and the
// canonical forms must be stable under being canonicalised again.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "aws/sigv4.hpp"
#include "aws/sigv4_canonical.hpp"
#include "aws/sigv4_signer.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"

namespace {

namespace aws = lapwing::aws;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

void check_text_functions(std::string_view text) {
  static_cast<void>(lapwing::text::QueryString::parse(text));
  const std::string encoded = lapwing::text::uri_encode(text);
  require(lapwing::text::percent_decode(encoded).value() == text);
  require(lapwing::text::percent_decode_lenient(encoded) == text);
  const std::string canonical = aws::canonical_query(text);
  require(aws::canonical_query(canonical) == canonical);
  const std::string path = aws::canonical_path(text, true);
  require(aws::canonical_path(path, true) == path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view path = take_line(rest);
  const std::string_view query = take_line(rest);
  const std::string_view value = take_line(rest);
  check_text_functions(path);
  check_text_functions(query);

  lapwing::ManualClock clock;
  aws::MemoryCredentialStore store(nullptr);
  store.add("AKIDEXAMPLE", "secret", {});
  const aws::Authenticator verifier(aws::AuthMode::kVerify, store, clock);

  // The input as it would come from outside: nothing may break.
  const std::array<aws::HeaderView, 3> hostile = {
      {{"Host", "h"}, {"Authorization", value}, {"X-Amz-Date", "20231114T221320Z"}}};
  const aws::Request outside{"GET", path, query, hostile, rest};
  if (const auto head = verifier.read(outside)) {
    static_cast<void>(verifier.authenticate(outside, *head));
  }

  // The same content signed by us. A query that looks presigned is another story.
  std::vector<aws::HeaderView> headers = {{"Host", "h"}, {"X-Value", value}};
  aws::Request request{"POST", path, query, headers, rest};
  const auto added =
      aws::sign(request, {"AKIDEXAMPLE", "secret", ""}, {"us-east-1", "lambda"}, clock.wall());
  for (const aws::HeaderField& header : added) headers.push_back({header.name, header.value});
  request.headers = headers;
  const auto head = verifier.read(request);
  require(head.has_value());
  require(verifier.authenticate(request, *head, "lambda").has_value());
  return 0;
}
