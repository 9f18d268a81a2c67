#include "server/clock_command.hpp"

#include <cstdint>
#include <cstdio>
#include <stdlib.h>
#include <utility>

#include <fmt/core.h>

#include "http/client.hpp"
#include "net/address.hpp"
#include "net/loop.hpp"
#include "server/limits.hpp"
#include "text/json.hpp"

namespace lapwing::server {
namespace {

constexpr int kMisused = 2;  // exit status
// What falls due in a long time may take a while.
constexpr auto kAnswerTime = std::chrono::minutes(10);

std::optional<Duration> unit_of(char letter) {
  switch (letter) {
    case 's':
      return std::chrono::seconds(1);
    case 'm':
      return std::chrono::minutes(1);
    case 'h':
      return std::chrono::hours(1);
    case 'd':
      return std::chrono::hours(24);
    case 'w':
      return std::chrono::hours(24 * 7);
    default:
      return std::nullopt;
  }
}

net::Task<void> ask(net::Loop& loop, http::Endpoint endpoint, std::string body,
                    Result<http::Response>& answer) {
  http::Client client(loop, {});
  http::Request request;
  request.method = body.empty() ? http::Method::kGet : http::Method::kPost;
  request.target = "/_lapwing/clock";
  request.headers.add("Content-Type", "application/json");
  answer =
      co_await client.send(endpoint, std::move(request), std::move(body), loop.now() + kAnswerTime);
  loop.stop();
}

// What the server said of why, if it is one of ours.
std::string reason_in(const http::Response& answer) {
  const auto document = text::parse_json(answer.body);
  const text::JsonValue* message = document ? document->root().find("message") : nullptr;
  if (message != nullptr && message->is_string()) return std::string(message->as_string());
  return fmt::format(
      "it answers HTTP {}, and is no Lapwing with a clock: say --listen HOST:PORT "
      "of the server",
      answer.status);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(kClockAdvanceMax).count();
  std::int64_t seconds = 0;
  std::int64_t number = -1;
  std::optional<Duration> last;  // unit
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = (number < 0 ? 0 : number) * 10 + (c - '0');
      if (number > most) return std::nullopt;
      continue;
    }
    const auto unit = unit_of(c);
    if (number < 0 || !unit || (last && *unit >= *last)) return std::nullopt;
    last = unit;
    seconds += number * std::chrono::duration_cast<std::chrono::seconds>(*unit).count();
    if (seconds > most) return std::nullopt;
    number = -1;
  }
  if (text.empty() || number >= 0) return std::nullopt;  // a number without its unit
  return std::chrono::seconds(seconds);
}

Result<std::string> clock_address(const std::string& said, const char* endpoint_url) {
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

int run_clock(const std::string& listen, const std::optional<std::string>& advance) {
  std::string body;
  if (advance) {
    const auto by = parse_duration(*advance);
    if (!by) {
      fmt::print(
          stderr,
          "lapwing: '{}' is no time to move the clock by: say 90s, 2m, 1h30m, 7d or 2w, each "
          "unit once, up to ten years\n",
          *advance);
      return kMisused;
    }
    body = fmt::format(R"({{"advance_seconds":{}}})",
                       std::chrono::duration_cast<std::chrono::seconds>(*by).count());
  }
  const Result<std::string> said = clock_address(listen, getenv("AWS_ENDPOINT_URL"));
  if (!said) {
    fmt::print(stderr, "lapwing: {}\n", said.error().message());
    return kMisused;
  }
  const std::string& where = *said;
  const auto parsed = parse_listen(where);
  const auto address =
      parsed ? net::Address::ip(parsed->first == "localhost" ? "127.0.0.1" : parsed->first,
                                parsed->second)
             : Result<net::Address>(fail(parsed.error()));
  if (!address) {
    fmt::print(stderr,
               "lapwing: {} is no address of a server: say --listen with an IP address or "
               "localhost, and a port, as in {}\n",
               where, kDefaultListen);
    return kMisused;
  }
  const SystemClock clock;
  net::Loop loop(clock, null_logger());
  Result<http::Response> answer = fail(internal_error("not asked"));
  loop.spawn(ask(loop, {.address = *address, .host = where}, std::move(body), answer));
  loop.run();
  if (!answer) {
    fmt::print(stderr, "lapwing: no answer from {}: {} (say --listen HOST:PORT of the server)\n",
               where, answer.error().message());
    return 1;
  }
  if (answer->status != 200) {
    fmt::print(stderr, "lapwing: {} does not tell: {}\n", where, reason_in(*answer));
    return 1;
  }
  fmt::print("{}\n", answer->body);
  return 0;
}

}  // namespace lapwing::server
