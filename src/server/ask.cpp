#include "server/ask.hpp"

#include <stdlib.h>
#include <utility>

#include <fmt/core.h>

#include "aws/sigv4_signer.hpp"
#include "http/client.hpp"
#include "net/address.hpp"
#include "net/loop.hpp"
#include "server/config.hpp"
#include "server/request_view.hpp"
#include "text/json.hpp"

namespace lapwing::server {
namespace {

constexpr int kMisused = 2;  // exit status

std::string environment(const char* name) {
  const char* const value = getenv(name);
  return value != nullptr ? value : "";
}

// With the keys of the environment, as the AWS CLI does.
void sign_request(http::Request& request, const std::string& body, const Clock& clock) {
  const aws::Credentials keys{environment("AWS_ACCESS_KEY_ID"),
                              environment("AWS_SECRET_ACCESS_KEY"),
                              environment("AWS_SESSION_TOKEN")};
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) return;
  std::string region = environment("AWS_REGION");
  if (region.empty()) region = environment("AWS_DEFAULT_REGION");
  if (region.empty()) region = "us-east-1";
  std::vector<aws::HeaderField> more;
  {
    RequestView view(request);
    more = aws::sign(view.with_body(body), keys, {.region = region, .service = "lapwing"},
                     clock.wall());
  }
  for (const aws::HeaderField& each : more) request.headers.add(each.name, each.value);
}

net::Task<void> send(net::Loop& loop, http::Endpoint endpoint, http::Request request,
                     std::string body, Duration patience, Result<http::Response>& answer) {
  http::Client client(loop, {});
  answer =
      co_await client.send(endpoint, std::move(request), std::move(body), loop.now() + patience);
  loop.stop();
}

// What the server said of why, if it is one of ours.
std::string reason_in(const std::string& where, const http::Response& answer) {
  const auto document = text::parse_json(answer.body);
  const text::JsonValue* message = document ? document->root().find("message") : nullptr;
  if (message != nullptr && message->is_string()) return std::string(message->as_string());
  return fmt::format(
      "{} answers HTTP {}, and is no Lapwing that knows this: say --listen HOST:PORT of the server",
      where, answer.status);
}

}  // namespace

Result<std::string> server_address(const std::string& said, const char* endpoint_url) {
  if (!said.empty()) return said;
  constexpr std::string_view kScheme = "http://";
  std::string_view url = endpoint_url != nullptr ? endpoint_url : "";
  if (url.empty()) return std::string(kDefaultListen);
  const auto bad = [&](std::string_view why) {
    return fail(make_error(ErrorKind::kInvalid,
                           fmt::format("AWS_ENDPOINT_URL={} {}: set it to http://HOST:PORT of the "
                                       "server, or say --listen HOST:PORT",
                                       endpoint_url, why)));
  };
  if (!url.starts_with(kScheme)) return bad("does not begin with http://");
  url.remove_prefix(kScheme.size());
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.empty()) return bad("names no host");
  const bool has_port = url.rfind(':') != std::string_view::npos && !url.ends_with(']');
  std::string address = has_port ? std::string(url) : fmt::format("{}:80", url);
  if (!parse_listen(address)) return bad("has a port that is none");
  return address;
}

std::optional<NoAnswer> ask_server(const Question& question, std::string& text) {
  const Result<std::string> said = server_address(question.listen, getenv("AWS_ENDPOINT_URL"));
  if (!said) return NoAnswer{kMisused, said.error().message()};
  const std::string& where = *said;
  const auto parsed = parse_listen(where);
  const auto address =
      parsed ? net::Address::ip(parsed->first == "localhost" ? "127.0.0.1" : parsed->first,
                                parsed->second)
             : Result<net::Address>(fail(parsed.error()));
  if (!address) {
    return NoAnswer{kMisused,
                    fmt::format("{} is no address of a server: say --listen with an IP address or "
                                "localhost, and a port, as in {}",
                                where, kDefaultListen)};
  }
  const SystemClock clock;
  http::Request request;
  request.method = question.body.empty() ? http::Method::kGet : http::Method::kPost;
  request.target = question.target;
  request.headers.add("Host", where);
  request.headers.add("Content-Type", "application/json");
  sign_request(request, question.body, clock);
  net::Loop loop(clock, null_logger());
  Result<http::Response> answer = fail(internal_error("not asked"));
  loop.spawn(send(loop, {.address = *address, .host = where}, std::move(request), question.body,
                  question.patience, answer));
  loop.run();
  if (!answer) {
    return NoAnswer{1, fmt::format("no answer from {}: {} (say --listen HOST:PORT of the server)",
                                   where, answer.error().message())};
  }
  if (answer->status != 200) return NoAnswer{1, reason_in(where, *answer)};
  text = std::move(answer->body);
  return std::nullopt;
}

}  // namespace lapwing::server
