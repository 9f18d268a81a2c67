// Whole requests through routing, the protocol's reader and validation, over all real
// models. The input: one byte that picks the signature scope, then a request as text:
//
//   METHOD path?query
//   header: value
//
//   body
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "aws/engine.hpp"
#include "aws/route.hpp"
#include "aws/service.hpp"
#include "aws/validator.hpp"
#include "gen/models.hpp"
#include "text/pattern.hpp"

namespace lapwing::aws {
namespace {

constexpr std::array<std::string_view, 10> kScopes = {"",    "lambda", "logs", "sts",    "sqs",
                                                      "sns", "iam",    "s3",   "events", "nope"};

// Cuts up to the separator, which is dropped.
std::string_view take(std::string_view& text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  const std::string_view out = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + separator.size());
  return out;
}

void run(std::string_view text) {
  static text::PatternCache patterns;
  const std::string_view scope = kScopes[static_cast<unsigned char>(text.front()) % kScopes.size()];
  text.remove_prefix(1);
  std::string_view line = take(text, "\n");
  const std::string_view method = take(line, " ");
  const std::string_view path = take(line, "?");
  std::vector<HeaderView> headers;
  while (!text.empty()) {
    std::string_view header = take(text, "\n");
    if (header.empty()) break;
    const std::string_view name = take(header, ": ");
    headers.push_back({name, header});
  }
  const Request request{
      .method = method, .raw_path = path, .raw_query = line, .headers = headers, .body = text};
  const auto route = Router(gen::all_models()).route(request, scope);
  if (!route) {
    error_response(route.error().protocol, route.error().error, RequestId("r"));
    return;
  }
  const ProtocolEngine* engine = find_engine(route->protocol);
  if (engine == nullptr) return;
  Arena arena;
  const auto input = engine->read_input(*route->service, *route->operation, request, arena);
  const Status status =
      input ? validate(*route->service, *route->operation, *input, patterns) : Status();
  if (!input) error_response(*route->service, route->protocol, input.error(), RequestId("r"));
  if (!status) error_response(*route->service, route->protocol, status.error(), RequestId("r"));
}

}  // namespace
}  // namespace lapwing::aws

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias the bytes; the view lives as long as this call.
  if (size > 0) lapwing::aws::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
