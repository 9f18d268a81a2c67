// What spares a wait: bodies that have arrived with their head (take_arrived()), answers held back
// for the next one (respond_with_next()).
#include <chrono>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "http/server.hpp"
#include "net/sync.hpp"
#include "net/testing/run.hpp"

namespace lapwing::http {
namespace {

using net::Loop;
using net::Stream;
using net::Task;
using net::testing::TestLoop;

// Until `text` ends with `end`.
Task<std::string> read_until(Stream& stream, std::string end) {
  std::string all;
  char byte;
  while (!all.ends_with(end)) {
    auto count = co_await stream.read_some(std::as_writable_bytes(std::span(&byte, 1)));
    if (!count || *count == 0) co_return all + "<END>";
    all += byte;
  }
  co_return all;
}

// "whole:", and what was taken; "later:", and what was read.
Task<void> take_arrived(RequestContext& context) {
  const auto arrived = context.body().take_arrived(5);
  std::string said = arrived ? "whole:" + std::string(*arrived) : "later:";
  if (!arrived) said += (co_await context.body().read_all(1000)).value_or("error");
  EXPECT_TRUE(co_await context.respond(Response(200, "text/plain", said + ";")));
}

TEST(TakeArrived, BodiesThatHaveArrivedNeedNoWaiting) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServiceShared shared({}, take_arrived);
    Connections connections(l, shared);
    auto ends = net::socket_pair().value();
    connections.serve(Stream::adopt(l, std::move(ends.first)).value());
    Stream client = Stream::adopt(l, std::move(ends.second)).value();
    const auto said = [&client](std::string bytes) -> Task<std::string> {
      EXPECT_TRUE(co_await client.write_all(bytes));
      const std::string answer = co_await read_until(client, ";");
      co_return answer.substr(answer.rfind('\n') + 1);
    };
    const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
    EXPECT_EQ(co_await said(post + "Content-Length: 5\r\n\r\nhello"), "whole:hello;");
    EXPECT_EQ(co_await said(post + "\r\n"), "whole:;");
    EXPECT_EQ(co_await said(post + "Content-Length: 6\r\n\r\nhello!"), "later:hello!;");
    EXPECT_EQ(co_await said(post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
              "later:hi;");
    EXPECT_TRUE(co_await client.write_all(post + "Content-Length: 3\r\n\r\nh"));
    co_await l.sleep(std::chrono::milliseconds(5));
    EXPECT_EQ(co_await said("ey"), "later:hey;");
    EXPECT_TRUE(
        co_await client.write_all(post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    EXPECT_EQ(co_await read_until(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(co_await said("ok"), "later:ok;");
  };
  loop.run(main(loop.get()));
}

TEST(HeldAnswer, LeavesWithTheNextOneThatHasArrived) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    net::Event asked(l);
    net::Event go_on(l);
    ServiceShared shared({}, [&](RequestContext& context) -> Task<void> {
      if (context.request().path() == "/first") {
        EXPECT_TRUE(co_await context.respond_with_next(Response(202, "text/plain", "one")));
        co_return;
      }
      asked.set();
      co_await go_on.wait();
      EXPECT_TRUE(co_await context.respond(Response(200, "text/plain", "two")));
    });
    Connections connections(l, shared);
    const std::string first = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string second = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";
    auto ends = net::socket_pair().value();
    connections.serve(Stream::adopt(l, std::move(ends.first)).value());
    Stream client = Stream::adopt(l, std::move(ends.second)).value();
    // Nothing behind it, or not enough: at once.
    EXPECT_TRUE(co_await client.write_all(first));
    EXPECT_TRUE((co_await read_until(client, "one")).starts_with("HTTP/1.1 202"));
    EXPECT_TRUE(co_await client.write_all(first + second.substr(0, 9)));
    EXPECT_TRUE((co_await read_until(client, "one")).starts_with("HTTP/1.1 202"));
    EXPECT_TRUE(co_await client.write_all(second.substr(9)));
    co_await asked.wait();
    go_on.set();
    EXPECT_TRUE((co_await read_until(client, "two")).starts_with("HTTP/1.1 200"));
    // With the whole of it: nothing leaves before the second answer.
    asked.reset();
    go_on.reset();
    EXPECT_TRUE(co_await client.write_all(first + second));
    co_await asked.wait();
    char byte;
    EXPECT_EQ(::recv(client.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1);
    go_on.set();
    const std::string both = co_await read_until(client, "two");
    EXPECT_TRUE(both.starts_with("HTTP/1.1 202"));
    EXPECT_NE(both.find("oneHTTP/1.1 200"), std::string::npos) << both;
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::http
