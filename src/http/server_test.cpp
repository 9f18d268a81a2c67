#include "http/server.hpp"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"
#include "net/timeout.hpp"
#include "net/tls_self_signed.hpp"

namespace lapwing::http {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using net::Loop;
using net::Stream;
using net::Task;
using net::testing::TestLoop;

// A service on one loop and raw connections to it.
struct Site {
  Site(Loop& l, ServerOptions options, Handler handler)
      : loop(l), shared(std::move(options), std::move(handler)), connections(l, shared) {}
  Stream dial() {
    auto fds = net::socket_pair().value();
    connections.serve(Stream::adopt(loop, std::move(fds.first)).value());
    return Stream::adopt(loop, std::move(fds.second)).value();
  }
  Loop& loop;
  ServiceShared shared;
  Connections connections;
};

ServerOptions quick() {
  ServerOptions options;
  options.timeouts = {.head = 20ms, .body_idle = 20ms, .keep_alive = 20ms, .write_stall = 20ms};
  return options;
}

Task<std::string> read_to_end(Stream& stream) {
  std::string all;
  char buffer[4096];
  while (true) {
    auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!count || *count == 0) co_return all;
    all.append(buffer, *count);
  }
}
// Until `text` ends with `end`.
Task<std::string> read_until(Stream& stream, std::string end) {
  std::string all;
  char buffer[1];
  while (!all.ends_with(end)) {
    auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!count || *count == 0) co_return all + "<END>";
    all.append(buffer, *count);
  }
  co_return all;
}
// Sends, closes the writing side, returns everything answered.
Task<std::string> ask(Stream stream, std::string bytes) {
  EXPECT_TRUE(co_await stream.write_all(bytes));
  EXPECT_TRUE(co_await stream.shutdown_write());
  co_return co_await read_to_end(stream);
}
// Each has to be that of now.
std::string without_date(std::string text) {
  while (true) {
    const std::size_t at = text.find("Date: ");
    if (at == std::string::npos) return text;
    std::tm utc{};
    EXPECT_NE(::strptime(text.c_str() + at, "Date: %a, %d %b %Y %T GMT\r\n", &utc), nullptr)
        << text;
    const int weekday = utc.tm_wday;
    EXPECT_LE(std::abs(::timegm(&utc) - std::time(nullptr)), 60) << text;
    EXPECT_EQ(utc.tm_wday, weekday) << text;
    text.erase(at, text.find('\n', at) - at + 1);
  }
}
int status_of(const std::string& answer) {
  int status = 0;
  if (answer.size() >= 12) std::from_chars(answer.data() + 9, answer.data() + 12, status);
  return status;
}

Task<void> echo(RequestContext& context) {
  auto body = co_await context.body().read_all(1000);
  if (!body) co_return;
  Response response(200, "text/plain", context.request().target + ":" + *body);
  EXPECT_TRUE(co_await context.respond(std::move(response)));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, {}, echo);
    std::string bytes;
    for (int i = 0; i < 50; ++i) {
      bytes += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
      bytes +=
          "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    }
    std::string answer = without_date(co_await ask(site.dial(), bytes));
    std::string expected;
    for (int i = 0; i < 50; ++i) {
      const std::string body = "/" + std::to_string(i) + ":hi";
      expected += "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body;
      expected += "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n/c:x";
    }
    EXPECT_EQ(answer, expected);
    EXPECT_EQ(site.shared.stats.requests, 100u);
  };
  loop.run(main(loop.get()));
}

TEST(Server, BytesThatTrickleInAreTheSameRequest) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, {}, echo);
    Stream stream = site.dial();
    for (char c : std::string_view("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                                   "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
      EXPECT_TRUE(co_await stream.write_all(std::string_view(&c, 1)));
      co_await l.yield();
      co_await l.sleep(0ms);
    }
    EXPECT_TRUE((co_await read_until(stream, "abcde")).ends_with("\r\n\r\n/x:abcde"));
  };
  loop.run(main(loop.get()));
}

TEST(Server, MalformedRequestIsAnsweredAndTheConnectionClosed) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, {}, echo);
    std::string answer = co_await ask(
        site.dial(), "GET / HTTP/1.1\r\nHost : a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(answer), 400);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_EQ(answer.find("smuggled"), std::string::npos);
    EXPECT_EQ(site.shared.stats.protocol_errors, 1u);
    EXPECT_EQ(site.shared.stats.requests, 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Server, BodyErrorsAreAnsweredForTheHandler) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, quick(), echo);
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    // Too large by its length, by its chunks; broken chunk; stops coming.
    EXPECT_EQ(status_of(co_await ask(
                  site.dial(), head + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x'))),
              413);
    EXPECT_EQ(
        status_of(co_await ask(site.dial(), head + "Transfer-Encoding: chunked\r\n\r\n400\r\n" +
                                                std::string(1024, 'x'))),
        413);
    EXPECT_EQ(
        status_of(co_await ask(site.dial(), head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")),
        400);
    Stream slow = site.dial();
    EXPECT_TRUE(co_await slow.write_all(head + "Content-Length: 10\r\n\r\nabc"));
    EXPECT_EQ(status_of(co_await read_to_end(slow)), 408);
    // Gone in the middle of a body: nobody to answer.
    EXPECT_EQ(co_await ask(site.dial(), head + "Content-Length: 10\r\n\r\nabc"), "");
    co_await site.connections.drained();
  };
  loop.run(main(loop.get()));
}

TEST(Server, SlowHeadIs408AndIdleClosesSilently) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, quick(), echo);
    Stream slow = site.dial();
    EXPECT_TRUE(co_await slow.write_all("GET / HT"));
    EXPECT_EQ(status_of(co_await read_to_end(slow)), 408);
    Stream silent = site.dial();
    EXPECT_EQ(co_await read_to_end(silent), "");
    Stream idle = site.dial();
    EXPECT_TRUE(co_await idle.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    std::string answer = co_await read_to_end(idle);
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_EQ(answer.find("Connection: close"), std::string::npos);
  };
  loop.run(main(loop.get()));
}

// One byte every 5 ms never pauses long, yet the head has one deadline.
TEST(Server, DrippingHeadIs408) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, quick(), echo);
    Stream slow = site.dial();
    auto drip = [](Loop& inner, Stream& stream) -> Task<void> {
      while (co_await stream.write_all("X")) co_await inner.sleep(5ms);
    };
    net::TaskGroup group(l);
    group.spawn(drip(l, slow));
    EXPECT_EQ(status_of(co_await read_until(slow, "\r\n\r\n")), 408);
    group.cancel_all();
  };
  loop.run(main(loop.get()));
}

TEST(Server, ClientThatTakesNothingIsCut) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Status outcome;
    auto handler = [&](RequestContext& context) -> Task<void> {
      outcome = co_await context.respond(Response(200, "text/plain", std::string(8'000'000, 'x')));
    };
    Site site(l, quick(), handler);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    co_await site.connections.drained();
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), ErrorKind::kTimeout);
  };
  loop.run(main(loop.get()));
}

TEST(Server, ContinueOnlyWhenTheHandlerReads) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto handler = [](RequestContext& context) -> Task<void> {
      if (context.request().path() == "/no") {
        EXPECT_TRUE(co_await context.respond(Response(403, "text/plain", "no")));
        co_return;
      }
      co_await echo(context);
    };
    Site site(l, {}, handler);
    const std::string rest =
        " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all("POST /yes" + rest));
    EXPECT_EQ(co_await read_until(stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_TRUE(co_await stream.write_all("abc"));
    EXPECT_TRUE((co_await read_until(stream, "abc")).starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(co_await stream.write_all("POST /no" + rest));
    std::string refused = co_await read_to_end(stream);
    EXPECT_EQ(status_of(refused), 403);
    EXPECT_NE(refused.find("Connection: close"), std::string::npos);
  };
  loop.run(main(loop.get()));
}

TEST(Server, HeadHasNoBodyAndHttp10Closes) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, {}, echo);
    EXPECT_EQ(without_date(co_await ask(site.dial(), "HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
    Stream old = site.dial();
    EXPECT_TRUE(co_await old.write_all("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_NE((co_await read_to_end(old)).find("Connection: close"), std::string::npos);
    Stream kept = site.dial();
    EXPECT_TRUE(co_await kept.write_all("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_NE((co_await read_until(kept, "/:")).find("Connection: keep-alive"), std::string::npos);
  };
  loop.run(main(loop.get()));
}

Task<void> stream_answer(RequestContext& context) {
  Response head(200);
  if (context.request().path() == "/length") head.headers.add("Content-Length", "6");
  auto writer = co_await context.respond_stream(std::move(head));
  EXPECT_TRUE(writer);
  EXPECT_TRUE(co_await (*writer)->write("one"));
  EXPECT_TRUE(co_await (*writer)->write(""));
  if (context.request().path() == "/broken") co_return;
  EXPECT_TRUE(co_await (*writer)->write("two"));
  if (context.request().path() == "/length") EXPECT_FALSE(co_await (*writer)->write("more"));
  Headers trailers{{"X-Sum", "6"}};
  EXPECT_TRUE(co_await (*writer)->finish(std::move(trailers)));
  EXPECT_FALSE(co_await (*writer)->write("late"));
  EXPECT_FALSE(co_await context.respond(Response(500)));
}

TEST(Server, StreamedAnswers) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, {}, stream_answer);
    const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(without_date(co_await ask(site.dial(), "GET /" + rest)),
              chunked + "3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n");
    EXPECT_EQ(without_date(co_await ask(site.dial(), "HEAD /" + rest)), chunked);
    EXPECT_EQ(without_date(co_await ask(site.dial(), "GET /length" + rest)),
              "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nonetwo");
    EXPECT_EQ(without_date(co_await ask(site.dial(), "GET / HTTP/1.0\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo");
    // Never finished: no last chunk, the connection is cut.
    EXPECT_EQ(without_date(co_await ask(site.dial(), "GET /broken" + rest + "GET /" + rest)),
              chunked + "3\r\none\r\n");
  };
  loop.run(main(loop.get()));
}

TEST(Server, BodyInPiecesWithTrailers) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto handler = [](RequestContext& context) -> Task<void> {
      EXPECT_EQ(context.content_length(), std::nullopt);
      std::size_t total = 0;
      while (true) {
        auto piece = co_await context.body().next();
        EXPECT_TRUE(piece);
        if (!piece || piece->empty()) break;
        total += piece->size();
      }
      std::string sum(context.body().trailers().get_or("x-sum"));
      EXPECT_TRUE(
          co_await context.respond(Response(200, "text/plain", std::to_string(total) + " " + sum)));
    };
    Site site(l, {}, handler);
    std::string bytes = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 100; ++i) bytes += "2710\r\n" + std::string(10'000, 'x') + "\r\n";
    bytes += "0\r\nX-Sum: ok\r\n\r\n";
    EXPECT_TRUE((co_await ask(site.dial(), bytes)).ends_with("\r\n\r\n1000000 ok"));
  };
  loop.run(main(loop.get()));
}

TEST(Server, AnswersLargerThanTheKernelTakesAtOnce) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    std::string big(5'000'000, 'x');
    big[4'321'000] = 'y';
    Site site(l, {}, [&big](RequestContext& context) -> Task<void> {
      EXPECT_TRUE(co_await context.respond(Response(200, "text/plain", big)));
    });
    for (int i = 0; i < 2; ++i) {
      const std::string answer = co_await ask(site.dial(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_TRUE(answer.ends_with("\r\n\r\n" + big));
    }
  };
  loop.run(main(loop.get()));
}

TEST(Server, UnreadBodies) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto handler = [](RequestContext& context) -> Task<void> {
      EXPECT_TRUE(co_await context.respond(
          Response(200, "text/plain", std::string(context.request().path()))));
    };
    Site site(l, {}, handler);
    const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto post = [](std::size_t size) {
      return "POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
             "\r\n\r\n" + std::string(size, 'x');
    };
    // A little is skipped and the connection goes on; much of it closes.
    EXPECT_TRUE((co_await ask(site.dial(), post(1000) + next)).ends_with("/next"));
    std::string closed = co_await ask(site.dial(), post(kUnreadBodyBytesMax + 1) + next);
    EXPECT_TRUE(closed.ends_with("/big")) << closed;
    EXPECT_NE(closed.find("Connection: close"), std::string::npos);
  };
  loop.run(main(loop.get()));
}

TEST(Server, HandlersThatFailAnswer500) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto handler = [](RequestContext& context) -> Task<void> {
      if (context.request().path() == "/throw") throw std::runtime_error("expected");
      co_return;
    };
    Site site(l, {}, handler);
    std::string answer = co_await ask(site.dial(),
                                      "GET /throw HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing "
                                      "HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(answer), 500);
    const std::size_t second = answer.find("HTTP/1.1 500", 12);
    EXPECT_NE(second, std::string::npos);  // the connection lives on
    EXPECT_EQ(answer.find("expected"), std::string::npos);
  };
  loop.run(main(loop.get()));
}

TEST(Server, HandlerLearnsThatTheClientHasGone) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    bool cancelled = false;
    net::Event waiting(l);
    auto forever = [](Loop& inner) -> Task<Result<int>> {
      net::Event never(inner);
      co_await never.wait();
      co_return 1;
    };
    auto handler = [&](RequestContext& context) -> Task<void> {
      EXPECT_FALSE(context.client_gone());
      waiting.set();
      auto answer = co_await net::with_stop(l, context.stop_token(), forever(l));
      cancelled = !answer && context.client_gone();
    };
    Site site(l, {}, handler);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    co_await waiting.wait();
    stream.close();
    co_await site.connections.drained();
    EXPECT_TRUE(cancelled);
  };
  loop.run(main(loop.get()));
}

TEST(Server, DrainFinishesWhatIsInFlight) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    net::Event waiting(l);
    net::Event go(l);
    auto handler = [&](RequestContext& context) -> Task<void> {
      waiting.set();
      co_await go.wait();
      EXPECT_TRUE(co_await context.respond(Response(200, "text/plain", "done")));
    };
    Site site(l, {}, handler);
    Stream idle = site.dial();
    Stream busy = site.dial();
    EXPECT_TRUE(co_await busy.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    co_await waiting.wait();
    site.connections.begin_drain();
    EXPECT_EQ(co_await read_to_end(idle), "");
    EXPECT_EQ(site.connections.size(), 1u);
    go.set();
    std::string answer = co_await read_to_end(busy);
    EXPECT_TRUE(answer.ends_with("done"));
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    co_await site.connections.drained();
  };
  loop.run(main(loop.get()));
}

TEST(Server, CutDestroysHandlers) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    net::Event waiting(l);
    net::Event never(l);
    bool stopped = false;
    auto handler = [&](RequestContext& context) -> Task<void> {
      std::stop_callback note(context.stop_token(), [&] { stopped = true; });
      waiting.set();
      co_await never.wait();
    };
    Site site(l, {}, handler);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    co_await waiting.wait();
    site.connections.cut();
    EXPECT_TRUE(stopped);
    EXPECT_EQ(site.connections.size(), 0u);
    EXPECT_EQ(co_await read_to_end(stream), "");
  };
  loop.run(main(loop.get()));
}

TEST(Server, AnAnswerGivenUpHalfWayEndsTheConnection) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto handler = [](RequestContext& context) -> Task<void> {
      auto answers = [](RequestContext& inner) -> Task<Result<int>> {
        Status sent =
            co_await inner.respond(Response(200, "text/plain", std::string(8'000'000, 'x')));
        co_return sent ? 1 : 0;
      };
      auto late = co_await net::with_timeout(context.loop(), 1ms, answers(context));
      EXPECT_FALSE(late);
    };
    Site site(l, {}, handler);
    Stream stream = site.dial();
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_TRUE(co_await stream.write_all(request + request));
    co_await site.connections.drained();
    EXPECT_LT((co_await read_to_end(stream)).size(), 8'000'000u);
    EXPECT_EQ(site.shared.stats.requests, 1u);
  };
  loop.run(main(loop.get()));
}

// What one client sent ahead is not worked off before another is looked at.
TEST(Server, AClientThatNeverPausesDoesNotStarveOthers) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l, {}, echo);
    Stream greedy = site.dial();
    Stream other = site.dial();
    const std::string request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    constexpr std::size_t kAhead = 4 * kTurnsMax;  // their answers fit the socket's buffer
    std::string many;
    for (std::size_t i = 0; i < kAhead; ++i) many += request;
    EXPECT_TRUE(co_await greedy.write_all(many));
    EXPECT_TRUE(co_await other.write_all(request));
    EXPECT_EQ(status_of(co_await read_until(other, "/x:")), 200);
    EXPECT_LT(site.shared.stats.requests, kAhead);
    EXPECT_TRUE(co_await greedy.shutdown_write());
    const std::string answers = co_await read_to_end(greedy);
    EXPECT_EQ(site.shared.stats.requests, kAhead + 1);
    EXPECT_TRUE(answers.ends_with("/x:"));
  };
  loop.run(main(loop.get()));
}

TEST(Server, TooManyConnectionsAre503) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServerOptions options;
    options.connections_max = 1;
    Site site(l, std::move(options), echo);
    Stream first = site.dial();  // busy: it waits for the rest of its body
    EXPECT_TRUE(
        co_await first.write_all("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx"));
    while (site.shared.stats.requests == 0) co_await l.yield();
    Stream second = site.dial();
    EXPECT_EQ(status_of(co_await read_to_end(second)), 503);
    EXPECT_TRUE(co_await first.write_all("y"));
    EXPECT_EQ(status_of(co_await read_until(first, "/:xy")), 200);
  };
  loop.run(main(loop.get()));
}

TEST(Server, OnManyLoopsOverTcpAndTls) {
  SystemClock clock;
  const auto made = net::make_self_signed({"localhost"}).value();
  auto tls = net::TlsServerContext::create(made.certificate_pem, made.key_pem).value();
  auto trust = net::TlsClientContext::create_private(made.certificate_pem).value();
  net::LoopGroup loops(2, clock, null_logger());
  Server server(loops, {}, echo);
  ASSERT_TRUE(server.listen(net::Address::parse("127.0.0.1:0").value()));
  ASSERT_TRUE(server.listen(net::Address::parse("127.0.0.1:0").value(), &tls));
  loops.start();
  TestLoop loop;
  auto main = [&](Loop& l) -> Task<void> {
    for (int i = 0; i < 20; ++i) {
      auto plain = co_await Stream::connect(l, server.addresses()[0]);
      auto answer = co_await ask(std::move(*plain), "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_TRUE(answer.ends_with("/plain:"));
      auto raw = co_await Stream::connect(l, server.addresses()[1]);
      auto secure = co_await net::tls_connect(std::move(*raw), trust, "localhost");
      EXPECT_TRUE(secure);
      EXPECT_TRUE(co_await secure->write_all("GET /tls HTTP/1.1\r\nHost: a\r\n\r\n"));
      EXPECT_TRUE((co_await read_until(*secure, "/tls:")).starts_with("HTTP/1.1 200"));
    }
  };
  loop.run(main(loop.get()));
  EXPECT_EQ(server.stats().requests, 40u);
  EXPECT_TRUE(server.stop(5s));
  EXPECT_EQ(server.stats().connections, 0u);
  auto refused = [&](Loop& l) -> Task<void> {
    EXPECT_FALSE(co_await Stream::connect(l, server.addresses()[0]));
  };
  loop.run(refused(loop.get()));
  loops.stop();
}

TEST(Server, StopCutsWhatDoesNotEndInTime) {
  SystemClock clock;
  net::LoopGroup loops(2, clock, null_logger());
  std::atomic<bool> waiting{false};
  auto handler = [&](RequestContext& context) -> Task<void> {
    net::Event never(context.loop());
    waiting = true;
    waiting.notify_all();
    co_await never.wait();
  };
  Server server(loops, {}, handler);
  ASSERT_TRUE(server.listen(net::Address::parse("127.0.0.1:0").value()));
  loops.start();
  TestLoop loop;
  auto main = [&](Loop& l) -> Task<void> {
    auto stream = co_await Stream::connect(l, server.addresses()[0]);
    EXPECT_TRUE(co_await stream->write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    waiting.wait(false);
    EXPECT_FALSE(server.stop(10ms));
    EXPECT_EQ(co_await read_to_end(*stream), "");
  };
  loop.run(main(loop.get()));
  loops.stop();
}

}  // namespace
}  // namespace lapwing::http
