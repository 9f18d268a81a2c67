// What one client can make a server hold: connections, bodies that do not end, answers that nobody
// reads.
#include <chrono>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "http/server.hpp"
#include "net/sync.hpp"
#include "net/testing/run.hpp"
#include "net/tls.hpp"
#include "net/tls_self_signed.hpp"

namespace lapwing::http {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using net::Loop;
using net::Stream;
using net::Task;
using net::testing::TestLoop;

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

Task<std::string> read_to_end(Stream& stream) {
  std::string all;
  std::vector<char> buffer(64 * kKiB);
  while (true) {
    auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!count || *count == 0) co_return all;
    all.append(buffer.data(), *count);
  }
}

Task<std::string> read_head(Stream& stream) {
  std::string all;
  char buffer[1];
  while (!all.ends_with("\r\n\r\n")) {
    auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!count || *count == 0) break;
    all.append(buffer, *count);
  }
  co_return all;
}

Task<void> until(Loop& loop, auto condition) {
  for (int i = 0; i < 5'000 && !condition(); ++i) co_await loop.sleep(1ms);
  EXPECT_TRUE(condition());
}

bool is_status(const std::string& answer, int status) {
  return answer.starts_with("HTTP/1.1 " + std::to_string(status));
}

std::string post(std::size_t length) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Task<void> take_body(RequestContext& context) {
  auto body = co_await context.body().read_all(70'000'000);
  if (!body) co_return;
  co_await context.respond(Response(200, "text/plain", std::to_string(body->size())));
}

// ---- connections

TEST(Limits, AnIdleConnectionIsClosedForANewOne) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServerOptions options;
    options.connections_max = 2;
    Site site(l, std::move(options), take_body);
    Stream idle = site.dial();
    EXPECT_TRUE(co_await idle.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(idle), 200));
    Stream later = site.dial();
    EXPECT_TRUE(co_await later.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(later), 200));
    Stream third = site.dial();
    EXPECT_TRUE(co_await third.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(third), 200));
    EXPECT_EQ(co_await read_to_end(idle), "0");  // the oldest, after what it was answered
    EXPECT_EQ(site.shared.stats.connections, 2u);
  };
  loop.run(main(loop.get()));
}

TEST(Limits, AHeadThatDoesNotEndMakesRoomToo) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServerOptions options;
    options.connections_max = 1;
    Site site(l, std::move(options), take_body);
    Stream slow = site.dial();
    EXPECT_TRUE(co_await slow.write_all("GET / HT"));
    const MonoTime begun = l.now();
    std::string answer;
    while (!is_status(answer, 200) && l.now() - begun < 10s) {
      Stream other = site.dial();
      EXPECT_TRUE(co_await other.write_all(kGet));
      answer = co_await read_head(other);
    }
    EXPECT_TRUE(is_status(answer, 200));
    EXPECT_GE(l.now() - begun, kSlowHead);
    EXPECT_EQ(co_await read_to_end(slow), "");
  };
  loop.run(main(loop.get()));
}

// Nor does one that asks and never reads.
TEST(Limits, AnAnswerThatNobodyTakesMakesRoomToo) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServerOptions options;
    options.connections_max = 1;
    Site site(l, std::move(options), [](RequestContext& context) -> Task<void> {
      const bool much = context.request().path() == "/much";
      Response response(200);
      response.body.assign(much ? 32 << 20 : 2, 'x');
      [[maybe_unused]] const Status sent = co_await context.respond(std::move(response));
    });
    Stream deaf = site.dial();
    EXPECT_TRUE(co_await deaf.write_all("GET /much HTTP/1.1\r\nHost: h\r\n\r\n"));
    const MonoTime begun = l.now();
    std::string answer;
    while (!is_status(answer, 200) && l.now() - begun < 10s) {
      Stream other = site.dial();
      EXPECT_TRUE(co_await other.write_all(kGet));
      answer = co_await read_head(other);
    }
    EXPECT_TRUE(is_status(answer, 200));
    EXPECT_GE(l.now() - begun, kSlowHead);
  };
  loop.run(main(loop.get()));
}

// Nor does one whose body does not end keep others out.
TEST(Limits, ABodyThatDoesNotEndMakesRoomAfterIdleOnes) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServerOptions options;
    options.connections_max = 2;
    Site site(l, std::move(options), take_body);
    Stream slow = site.dial();
    EXPECT_TRUE(co_await slow.write_all(post(10) + "x"));
    const MonoTime begun = l.now();
    co_await until(l, [&] { return l.now() - begun > kSlowHead; });
    Stream idle = site.dial();
    EXPECT_TRUE(co_await idle.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(idle), 200));
    Stream third = site.dial();
    EXPECT_TRUE(co_await third.write_all(post(10)));
    EXPECT_EQ(co_await read_to_end(idle), "0");  // younger, but nothing is lost
    Stream fourth = site.dial();
    EXPECT_TRUE(co_await fourth.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(fourth), 200));
    co_await until(l, [&] { return slow.peer_closed(); });
    EXPECT_TRUE(co_await third.write_all("0123456789"));
    EXPECT_TRUE(is_status(co_await read_head(third), 200));
  };
  loop.run(main(loop.get()));
}

// What waits between two requests goes after heads and first bodies that do not end, however new
// these are, where one caller has many of them.
TEST(Limits, AStormOfWhatDoesNotEndClosesItsOwn) {
  TestLoop loop;
  auto main = [](Loop& l, std::string_view text) -> Task<void> {
    constexpr std::size_t kMost = 100;
    ServerOptions options;
    options.connections_max = kMost;
    Site site(l, std::move(options), take_body);
    std::vector<Stream> kept;
    for (int i = 0; i < 50; ++i) {
      kept.push_back(site.dial());
      EXPECT_TRUE(co_await kept.back().write_all(kGet));
      EXPECT_TRUE(is_status(co_await read_head(kept.back()), 200));
    }
    std::vector<Stream> storm;
    for (std::size_t i = 0; i < 4 * kMost; ++i) {
      storm.push_back(site.dial());
      EXPECT_TRUE(co_await storm.back().write_all(text));
      for (int round = 0; round < 3; ++round) co_await l.yield();
    }
    // All are there still, and a new client is served at once.
    for (Stream& one : kept) {
      EXPECT_TRUE(co_await one.write_all(kGet));
      EXPECT_TRUE((co_await read_head(one)).contains("HTTP/1.1 200"));
    }
    Stream client = site.dial();
    EXPECT_TRUE(co_await client.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(client), 200));
  };
  for (const std::string_view text :
       {"GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"}) {
    loop.run(main(loop.get(), text));
  }
}

// A TLS handshake that never ends is as a head that does not end.
TEST(Limits, AStormOfHandshakesClosesItsOwn) {
  TestLoop loop;
  const auto made = net::make_self_signed({"localhost"}).value();
  auto tls = net::TlsServerContext::create(made.certificate_pem, made.key_pem).value();
  auto main = [&tls](Loop& l) -> Task<void> {
    ServerOptions options;
    options.connections_max = 20;
    Site site(l, std::move(options), take_body);
    std::vector<Stream> storm;
    for (int i = 0; i < 40; ++i) {
      auto fds = net::socket_pair().value();
      site.connections.serve(Stream::adopt(l, std::move(fds.first)).value(), &tls);
      storm.push_back(Stream::adopt(l, std::move(fds.second)).value());
      co_await l.yield();
    }
    Stream client = site.dial();
    EXPECT_TRUE(co_await client.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(client), 200));
    co_await until(l, [&] { return storm.front().peer_closed(); });
  };
  loop.run(main(loop.get()));
}

// ---- bodies

TEST(Limits, BodiesCountAsTheyArriveNotAsAnnounced) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory;
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), take_body);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all(post(60'000'000) + std::string(1'000, 'x')));
    co_await until(l, [&] { return memory.bodies.held() == 1'000; });
    EXPECT_TRUE(co_await stream.write_all(std::string(100'000, 'x')));
    co_await until(l, [&] { return memory.bodies.held() == 101'000; });
    stream.close();
    co_await site.connections.drained();
    EXPECT_EQ(memory.bodies.held(), 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Limits, WithheldBodiesHoldNoMoreThanTheirShare) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory({.bodies = 4 * kMiB, .bodies_each = 2 * kMiB});
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), take_body);
    const std::string almost = post(1'000'000) + std::string(999'999, 'x');
    std::vector<Stream> held;
    net::TaskGroup group(l);
    for (int i = 0; i < 8; ++i) {
      held.push_back(site.dial());
    }
    auto send = [](Stream& stream, const std::string& text) -> Task<void> {
      [[maybe_unused]] Status sent = co_await stream.write_all(text);
    };
    for (Stream& stream : held) group.spawn(send(stream, almost));
    co_await until(l, [&] { return memory.bodies.held() >= 2 * kMiB; });
    EXPECT_LE(memory.bodies.held(), 2 * kMiB + kBodyReadBytes + 8 * kBodyFirstReadBytes);
    // A small request is served all the same.
    Stream small = site.dial();
    EXPECT_TRUE(co_await small.write_all(post(10) + "0123"));
    co_await until(l, [&] { return site.shared.stats.requests == 9; });
    EXPECT_TRUE(co_await small.write_all("456789"));
    EXPECT_TRUE(is_status(co_await read_head(small), 200));
    // Those that got no room are told so; what the others have is served when it ends.
    co_await until(l, [&] { return memory.bodies_refused > 0; });
    group.cancel_all();
  };
  loop.run(main(loop.get()));
}

TEST(Limits, ABodyWaitsForRoomUntilOthersEnd) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory({.bodies = 1 * kMiB, .bodies_each = 1 * kMiB});
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), take_body);
    Charge others = memory.bodies.charge();
    others.add(1 * kMiB);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all(post(100'000) + std::string(100'000, 'x')));
    co_await until(l, [&] { return site.shared.stats.requests == 1; });
    others.release();
    EXPECT_TRUE(is_status(co_await read_head(stream), 200));
    EXPECT_EQ(memory.bodies_refused, 0u);
  };
  loop.run(main(loop.get()));
}

// Each would wait for the room that the other holds.
TEST(Limits, LargeBodiesOfOneCallerTakeTurns) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory({.bodies = 40 * kMiB, .bodies_each = 20 * kMiB});
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), take_body);
    const std::string text = post(18 * kMiB) + std::string(18 * kMiB, 'x');
    auto send = [](Stream& stream, const std::string& all) -> Task<void> {
      EXPECT_TRUE(co_await stream.write_all(all));
    };
    net::TaskGroup group(l);
    std::vector<Stream> streams;
    for (int i = 0; i < 4; ++i) streams.push_back(site.dial());
    for (Stream& stream : streams) group.spawn(send(stream, text));
    for (Stream& stream : streams) EXPECT_TRUE(is_status(co_await read_head(stream), 200));
    co_await group.join();
    EXPECT_EQ(memory.bodies_refused, 0u);
    EXPECT_EQ(memory.bodies.held(), 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Limits, ABodyHasALeastRateAndAWholeTime) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    for (const bool whole : {false, true}) {
      ServerOptions options;
      options.timeouts.body_window = whole ? 10s : 30ms;
      options.timeouts.body_window_bytes = 1'000;
      options.timeouts.body_whole = whole ? 30ms : 10s;
      Site site(l, std::move(options), take_body);
      Stream stream = site.dial();
      EXPECT_TRUE(co_await stream.write_all(post(1'000'000)));
      auto drip = [](Loop& inner, Stream& to) -> Task<void> {
        while (co_await to.write_all("x")) co_await inner.sleep(2ms);
      };
      net::TaskGroup group(l);
      group.spawn(drip(l, stream));
      EXPECT_TRUE(is_status(co_await read_head(stream), 408));
      group.cancel_all();
    }
  };
  loop.run(main(loop.get()));
}

TEST(Limits, ABodyAtTheLeastRateIsTaken) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServerOptions options;
    options.timeouts.body_window = 500ms;
    options.timeouts.body_window_bytes = 100;
    Site site(l, std::move(options), take_body);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all(post(1'000)));
    const MonoTime begun = l.now();
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(co_await stream.write_all(std::string(100, 'x')));
      co_await until(l, [&] { return l.now() - begun >= i * 80ms; });
    }
    EXPECT_TRUE(is_status(co_await read_head(stream), 200));
  };
  loop.run(main(loop.get()));
}

TEST(Limits, WhoKeepsTheBodyKeepsItsCharge) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory;
    Charge kept;
    ServerOptions options;
    options.memory = &memory;
    auto handler = [&](RequestContext& context) -> Task<void> {
      auto body = co_await context.body().read_all(1'000'000);
      kept = context.take_body_charge();
      co_await context.respond(Response(204));
    };
    Site site(l, std::move(options), handler);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all(post(100'000) + std::string(100'000, 'x')));
    EXPECT_TRUE(is_status(co_await read_head(stream), 204));
    EXPECT_GT(memory.bodies.held(), 50'000u);
    kept = Charge();
    EXPECT_EQ(memory.bodies.held(), 0u);
  };
  loop.run(main(loop.get()));
}

// Long heads are memory as bodies are.
TEST(Limits, LongHeadsCount) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory;
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), take_body);
    Stream stream = site.dial();
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    EXPECT_TRUE(co_await stream.write_all(head + std::string(40'000, 'x')));
    co_await until(l, [&] { return memory.bodies.held() >= 40'000 - kReadBufferBytes; });
    Charge others = memory.bodies.charge();
    others.add(memory.bodies.limit() + kSmallBodiesReserve);
    EXPECT_TRUE(co_await stream.write_all(std::string(20'000, 'x')));
    Stream second = site.dial();
    EXPECT_TRUE(co_await second.write_all(head + std::string(20'000, 'x')));
    EXPECT_TRUE(is_status(co_await read_head(second), 503));
    EXPECT_TRUE(co_await stream.write_all("\r\n\r\n"));
    EXPECT_TRUE(is_status(co_await read_head(stream), 200));
  };
  loop.run(main(loop.get()));
}

TEST(Limits, TrailersCount) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory;
    ServerOptions options;
    options.memory = &memory;
    options.limits.trailer_bytes = 200'000;
    Site site(l, std::move(options), take_body);
    Stream stream = site.dial();
    std::string text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    for (int i = 0; i < 100; ++i) text += "T: " + std::string(1'000, 'x') + "\r\n";
    EXPECT_TRUE(co_await stream.write_all(text));
    co_await until(l, [&] { return memory.bodies.held() >= 100'000; });
    EXPECT_TRUE(co_await stream.write_all("\r\n"));
    EXPECT_TRUE(is_status(co_await read_head(stream), 200));
  };
  loop.run(main(loop.get()));
}

// ---- answers

Task<void> answer_a_megabyte(RequestContext& context) {
  if (context.answers_stalled()) {
    co_await context.respond(Response(429));
    co_return;
  }
  [[maybe_unused]] Status sent =
      co_await context.respond(Response(200, "text/plain", std::string(1'000'000, 'x')));
}

TEST(Limits, UnreadAnswersAreCutBeyondTheirShare) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory({.stalled = 6 * kMiB, .stalled_each = 3 * kMiB});
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), answer_a_megabyte);
    std::vector<Stream> unread;
    for (int i = 0; i < 9; ++i) {
      unread.push_back(site.dial());
      EXPECT_TRUE(co_await unread.back().write_all(kGet));
    }
    co_await until(l, [&] { return memory.answers_cut > 0 && memory.stalled.held() > 0; });
    co_await until(l, [&] { return memory.answers.held() <= 3 * kMiB; });
    EXPECT_GE(memory.answers.held(), 1 * kMiB);  // no more are cut than have to be
    EXPECT_GE(memory.answers_cut, 5u);
    co_await until(l, [&] { return site.shared.stats.connections == 9 - memory.answers_cut; });
    // Of what is left nothing is lost when it is read after all.
    std::size_t whole = 0;
    for (Stream& stream : unread) {
      const bool cut = stream.peer_closed();
      if (cut) continue;
      EXPECT_TRUE(co_await stream.shutdown_write());
      const std::string answer = co_await read_to_end(stream);
      whole += answer.size() > 1'000'000 ? 1 : 0;
    }
    EXPECT_EQ(whole, 9 - memory.answers_cut);
    EXPECT_EQ(memory.answers.held(), 0u);
    EXPECT_EQ(memory.stalled.held(), 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Limits, WhoReadsSlowlyIsNotCut) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory({.stalled = 1, .stalled_each = 1});
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), answer_a_megabyte);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all(kGet));
    EXPECT_TRUE(co_await stream.shutdown_write());
    std::vector<char> buffer(100'000);
    std::size_t size = 0;
    while (true) {
      auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
      if (!count || *count == 0) break;
      size += *count;
      co_await l.sleep(20ms);
    }
    EXPECT_GT(size, 1'000'000u);
    EXPECT_EQ(memory.answers_cut, 0u);
  };
  loop.run(main(loop.get()));
}

TEST(Limits, WhoDoesNotReadIsToldWhenItAsksForMore) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Memory memory({.stalled = 10 * kMiB, .stalled_each = 800'000});
    ServerOptions options;
    options.memory = &memory;
    Site site(l, std::move(options), answer_a_megabyte);
    Charge unread = memory.stalled.charge();
    unread.add(10 * kMiB);
    Stream stream = site.dial();
    EXPECT_TRUE(co_await stream.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(stream), 429));
    unread.release();
    EXPECT_TRUE(co_await stream.write_all(kGet));
    EXPECT_TRUE(is_status(co_await read_head(stream), 200));
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::http
