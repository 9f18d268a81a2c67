#include "http/client.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "http/server.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"
#include "net/tls_self_signed.hpp"

namespace lapwing::http {
namespace {

using net::Loop;
using net::Task;
using net::testing::TestLoop;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// Answers what it was asked; "/close" closes, "/stream" answers in pieces.
Task<void> reflect(RequestContext& context) {
  const std::string path(context.request().path());
  if (path == "/refuse") {
    EXPECT_TRUE(co_await context.respond(Response(413, "text/plain", "no")));
    co_return;
  }
  auto body = co_await context.body().read_all(10'000'000);
  if (!body) co_return;
  if (path == "/close") context.close_after();
  if (path == "/stream") {
    auto writer = co_await context.respond_stream(Response(200));
    EXPECT_TRUE(writer);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(co_await (*writer)->write(*body));
    Headers trailers{{"X-Host", context.request().headers.get_or("host")}};
    EXPECT_TRUE(co_await (*writer)->finish(std::move(trailers)));
    co_return;
  }
  std::string text =
      fmt::format("{} {} {}", to_string(context.request().method), context.request().target, *body);
  EXPECT_TRUE(co_await context.respond(Response(200, "text/plain", std::move(text))));
}

struct Site {
  Site(Loop& loop, Handler handler) : shared({}, std::move(handler)), connections(loop, shared) {
    auto listener = net::Listener::listen(loop, net::Address::parse("127.0.0.1:0").value());
    endpoint = {listener->address(), "site:80", nullptr};
    connections.accept_from(*std::move(listener));
  }
  ServiceShared shared;
  Connections connections;
  Endpoint endpoint;
};

Request request_for(Method method, std::string target) {
  Request request;
  request.method = method;
  request.target = std::move(target);
  return request;
}

TEST(Client, ReusesItsConnections) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, reflect);
    Client client(l, {});
    for (int i = 0; i < 10; ++i) {
      auto answer = co_await client.send(site.endpoint, request_for(Method::kPost, "/a?b"),
                                         std::to_string(i), l.now() + 5s);
      EXPECT_TRUE(answer) << answer.error().to_log();
      EXPECT_EQ(answer->status, 200);
      EXPECT_EQ(answer->body, "POST /a?b " + std::to_string(i));
      EXPECT_EQ(client.idle_connections(), 1u);
    }
    EXPECT_EQ(site.shared.stats.accepted, 1u);
    auto closed =
        co_await client.send(site.endpoint, request_for(Method::kGet, "/close"), {}, l.now() + 5s);
    EXPECT_EQ(closed->body, "GET /close ");
    EXPECT_EQ(client.idle_connections(), 0u);
    auto head =
        co_await client.send(site.endpoint, request_for(Method::kHead, "/"), {}, l.now() + 5s);
    EXPECT_TRUE(head);
    EXPECT_EQ(head->body, "");
    EXPECT_EQ(head->headers.get("content-length"), "7");
    EXPECT_EQ(client.idle_connections(), 1u);
  };
  loop.run(main(loop.get()));
}

TEST(Client, LargeBodiesBothWays) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, reflect);
    Client client(l, {});
    const std::string big(6'000'000, 'x');
    auto answer =
        co_await client.send(site.endpoint, request_for(Method::kPut, "/"), big, l.now() + 20s);
    EXPECT_TRUE(answer && answer->body == "PUT / " + big);
    ClientOptions small;
    small.body_bytes_max = 100;
    Client limited(l, small);
    auto refused =
        co_await limited.send(site.endpoint, request_for(Method::kPut, "/"), big, l.now() + 20s);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kTooLarge);
    EXPECT_EQ(limited.idle_connections(), 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Client, AnAnswerThatComesEarlyIsReturned) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, reflect);
    Client client(l, {});
    auto answer = co_await client.send(site.endpoint, request_for(Method::kPost, "/refuse"),
                                       std::string(600'000, 'x'), l.now() + 20s);
    EXPECT_TRUE(answer) << answer.error().to_log();
    if (answer) EXPECT_EQ(answer->status, 413);
    EXPECT_EQ(client.idle_connections(), 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Client, StreamsBothWays) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, reflect);
    Client client(l, {});
    {
      auto exchange =
          co_await client.open(site.endpoint, request_for(Method::kPost, "/stream"), l.now() + 5s);
      EXPECT_TRUE(exchange);
      ClientExchange& e = **exchange;
      EXPECT_TRUE(co_await e.request_body().write("ab"));
      EXPECT_TRUE(co_await e.request_body().write("cd"));
      EXPECT_TRUE(co_await e.request_body().finish());
      auto head = co_await e.head();
      EXPECT_TRUE(head && (*head)->status == 200);
      auto all = co_await e.body().read_all(1000);
      EXPECT_EQ(all.value_or(""), "abcdabcdabcd");
      EXPECT_EQ(e.body().trailers().get("x-host"), "site:80");
    }
    EXPECT_EQ(client.idle_connections(), 1u);
    {  // Given up half way: the connection is not used again.
      auto exchange =
          co_await client.open(site.endpoint, request_for(Method::kPost, "/stream"), l.now() + 5s);
      EXPECT_TRUE(co_await (*exchange)->request_body().write("ab"));
    }
    EXPECT_EQ(client.idle_connections(), 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Client, DeadlinesAndNobodyThere) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    net::Event never(l);
    auto hang = [&](RequestContext&) -> Task<void> { co_await never.wait(); };
    Endpoint nobody;
    {
      Site site(l, hang);
      nobody = site.endpoint;
      Client client(l, {});
      auto late =
          co_await client.send(site.endpoint, request_for(Method::kGet, "/"), {}, l.now() + 5ms);
      EXPECT_EQ(late.error().kind(), ErrorKind::kTimeout);
      EXPECT_EQ(client.idle_connections(), 0u);
    }
    Client client(l, {});
    auto refused = co_await client.send(nobody, request_for(Method::kGet, "/"), {}, l.now() + 5s);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kUnavailable);
  };
  loop.run(main(loop.get()));
}

// A server of bytes: answers each connection with the next of its texts, then closes.
struct Scripted {
  Scripted(Loop& l, std::vector<std::string> texts) : loop(l), tasks(l), answers(std::move(texts)) {
    listener = net::Listener::listen(l, net::Address::parse("127.0.0.1:0").value()).value();
    endpoint = {listener.address(), "site", nullptr};
    tasks.spawn(serve());
  }
  Task<void> serve() {
    for (std::string& answer : answers) {
      auto fd = co_await listener.accept();
      auto stream = net::Stream::adopt(loop, *std::move(fd));
      char buffer[4096];
      auto count = co_await stream->read_some(std::as_writable_bytes(std::span(buffer)));
      ++served;
      if (count && *count > 0) {
        Status sent = co_await stream->write_all(answer);
        EXPECT_TRUE(sent);
      }
    }
  }
  Loop& loop;
  net::TaskGroup tasks;
  net::Listener listener;
  std::vector<std::string> answers;
  Endpoint endpoint;
  int served = 0;
};

TEST(Client, WhatIsNotHttpAndWhatIsCutShort) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    Scripted site(
        l, {"SSH-2.0-x\r\n\r\n", "", ok + "Content-Length: 5\r\n\r\nabc",
            ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ok + "\r\nuntil close",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nhi"});
    const std::vector<ErrorKind> kinds = {ErrorKind::kInvalid, ErrorKind::kUnknown,
                                          ErrorKind::kUnknown, ErrorKind::kUnknown};
    Client client(l, {});
    for (ErrorKind kind : kinds) {
      auto answer =
          co_await client.send(site.endpoint, request_for(Method::kPost, "/"), {}, l.now() + 5s);
      EXPECT_FALSE(answer);
      EXPECT_EQ(answer.error().kind(), kind);
    }
    for (const char* text : {"until close", "hi"}) {
      auto answer =
          co_await client.send(site.endpoint, request_for(Method::kPost, "/"), {}, l.now() + 5s);
      EXPECT_TRUE(answer && answer->body == text);
    }
  };
  loop.run(main(loop.get()));
}

TEST(Client, OverTls) {
  const auto made = net::make_self_signed({"localhost"}).value();
  auto tls = net::TlsServerContext::create(made.certificate_pem, made.key_pem).value();
  auto trust = net::TlsClientContext::create_private(made.certificate_pem).value();
  SystemClock clock;
  net::LoopGroup loops(1, clock, null_logger());
  Server server(loops, {}, reflect);
  ASSERT_TRUE(server.listen(net::Address::parse("127.0.0.1:0").value(), &tls));
  loops.start();
  TestLoop loop;
  auto main = [&](Loop& l) -> Task<void> {
    Client client(l, {});
    const Endpoint endpoint{server.addresses()[0], "localhost:443", &trust};
    for (int i = 0; i < 3; ++i) {
      auto answer =
          co_await client.send(endpoint, request_for(Method::kPost, "/"), "secret", l.now() + 5s);
      EXPECT_TRUE(answer && answer->body == "POST / secret");
    }
    EXPECT_EQ(client.idle_connections(), 1u);
  };
  loop.run(main(loop.get()));
  EXPECT_TRUE(server.stop(5s));
  loops.stop();
}

}  // namespace
}  // namespace lapwing::http
