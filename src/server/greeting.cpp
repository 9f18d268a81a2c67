#include "server/greeting.hpp"

#include <string_view>

#include <fmt/core.h>

#include "aws/message.hpp"
#include "server/instance.hpp"

namespace lapwing::server {

bool is_of_a_person(const http::Request& request) {
  if (request.target != "/") return false;
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) return false;
  const std::string_view agent = request.headers.get_or("User-Agent");
  if (agent.starts_with("aws-") || agent.starts_with("Boto")) return false;
  for (const http::Headers::Field field : request.headers) {
    if (aws::equals_ignoring_case(field.name, "authorization")) return false;
    if (aws::equals_ignoring_case(field.name, "smithy-protocol")) return false;
    for (const std::string_view start : {"x-amz-", "amz-sdk-"}) {
      if (aws::equals_ignoring_case(field.name.substr(0, start.size()), start)) return false;
    }
  }
  return true;
}

net::Task<void> greet(http::RequestContext& context, std::string services) {
  const std::string_view host = context.request().headers.get_or("Host", "127.0.0.1:4566");
  co_await context.respond(
      http::Response(200, "text/plain; charset=utf-8",
                     fmt::format("This is Lapwing {}: AWS on this machine ({}).\n"
                                 "It is for the AWS CLI and SDKs: AWS_ENDPOINT_URL=http://{}\n"
                                 "How it is:  http://{}/_lapwing/health\n",
                                 kVersion, services, host, host)));
}

}  // namespace lapwing::server
