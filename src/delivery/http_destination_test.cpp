#include "delivery/http_destination.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "delivery/limits.hpp"
#include "http/server.hpp"
#include "net/testing/run.hpp"

namespace lapwing::delivery {
namespace {

using ports::Delivered;
using ports::Parcel;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

struct Seen {
  std::string line;
  http::Headers headers;
  std::string body;
};

// "/503" answers 503; "/slow" nothing.
struct Site {
  explicit Site(net::Loop& loop)
      : shared(
            {},
            [this](http::RequestContext& context) -> net::Task<void> { return answer(context); }),
        connections(loop, shared) {
    auto listener = net::Listener::listen(loop, net::Address::parse("127.0.0.1:0").value());
    port = listener->address().port();
    connections.accept_from(*std::move(listener));
  }
  net::Task<void> answer(http::RequestContext& context) {
    auto body = co_await context.body().read_all(1000);
    if (!body) co_return;
    const std::string path(context.request().path());
    seen.push_back(
        {fmt::format("{} {}", to_string(context.request().method), context.request().target),
         context.request().headers, *std::move(body)});
    if (path == "/slow") co_await context.loop().sleep(1s);
    const int status = path.size() == 4 ? std::stoi(path.substr(1)) : 200;
    http::Response response(status, "text/plain", "said");
    if (path == "/503") response.headers.add("Retry-After", "90");
    if (path == "/429") response.headers.add("Retry-After", "Sun, 28 Nov 2100 09:02:00 GMT");
    if (path == "/404") response.headers.add("Retry-After", "90");
    (void)co_await context.respond(std::move(response));
  }
  std::string url(std::string_view path) const {
    return fmt::format("http://localhost:{}{}", port, path);
  }

  std::uint16_t port = 0;
  std::vector<Seen> seen;
  http::ServiceShared shared;
  http::Connections connections;
};

TEST(HttpDestination, CutsAnswersBetweenCharacters) {
  std::string body = "a";
  for (int i = 0; i < 1000; ++i) body += "\u00e4";
  const Delivered told = delivered_by(http::Response(200, "text/plain", std::string(body)));
  EXPECT_EQ(told.answer, body.substr(0, kFailureTextMax - 1));
}

TEST(HttpDestination, SendsEachParcelAndTellsWhatCameOfIt) {
  net::testing::TestLoop loop;
  auto main = [](net::Loop& l) -> net::Task<void> {
    Site site(l);
    net::WorkerPool workers(1);
    const HttpReach reach(true);
    HttpCaller caller(workers, reach);
    HttpDestination destination(caller, 100ms);
    EXPECT_FALSE(destination.quick());
    std::vector<Parcel> parcels;
    for (const char* path : {"/a?b=c", "/503", "/429", "/404", "/302", "/slow"}) {
      Parcel& parcel = parcels.emplace_back();
      parcel.target = site.url(path);
      parcel.body = "text";
      parcel.headers = {{"X-Own", "1"}};
    }
    parcels[0].method = "PUT";
    parcels.emplace_back().target = "http://127.0.0.1:1/";  // nobody there
    parcels.emplace_back().target = "http://";
    parcels.emplace_back().target = site.url("/");
    parcels.back().method = "BREW";
    const std::vector<Delivered> got = co_await destination.deliver(l, parcels);
    std::string told;
    for (const Delivered& each : got) {
      told += fmt::format("{}:{} ", static_cast<int>(each.kind), each.code);
    }
    EXPECT_EQ(told,
              "0: 1:503 1:429 2:404 2:302 1:Timeout 1:ConnectionFailed 2:InvalidAnswer "
              "2:InvalidMethod ");
    EXPECT_EQ(got[0].answer, "said");
    EXPECT_EQ(got[1].not_before, 90s);
    EXPECT_EQ(got[2].not_before, 3600s);  // a date, and not later than a number may be
    EXPECT_EQ(got[3].not_before, 0s);
    EXPECT_EQ(got[3].message, "The endpoint answered 404 Not Found.");
    EXPECT_EQ(site.seen.at(0).line, "PUT /a?b=c");
    EXPECT_EQ(site.seen[0].body, "text");
    EXPECT_EQ(site.seen[0].headers.get_or("X-Own"), "1");
    EXPECT_EQ(site.seen[0].headers.get_or("Host"), fmt::format("localhost:{}", site.port));
    EXPECT_EQ(site.seen.at(1).line, "POST /503");
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::delivery
