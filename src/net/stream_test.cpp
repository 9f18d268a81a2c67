#include "net/stream.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "net/fd_watcher.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"
#include "net/timeout.hpp"

namespace lapwing::net {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::TestLoop;

struct Pair {
  Stream a;
  Stream b;
};
Pair make_pair(Loop& loop) {
  auto fds = socket_pair().value();
  return {Stream::adopt(loop, std::move(fds.first)).value(),
          Stream::adopt(loop, std::move(fds.second)).value()};
}

Pair make_pipes(Loop& loop) {
  int there[2];
  int back[2];
  EXPECT_EQ(::pipe2(there, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(back, O_CLOEXEC), 0);
  return {Stream::adopt_pipes(loop, os::UniqueFd(back[0]), os::UniqueFd(there[1])).value(),
          Stream::adopt_pipes(loop, os::UniqueFd(there[0]), os::UniqueFd(back[1])).value()};
}

// What holds for sockets and pipes alike.
class StreamPair : public ::testing::TestWithParam<Pair (*)(Loop&)> {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }  // as the server
};
INSTANTIATE_TEST_SUITE_P(Kinds, StreamPair, ::testing::Values(&make_pair, &make_pipes));

Task<std::string> read_to_end(Stream& stream) {
  std::string all;
  char buffer[4096];
  while (true) {
    auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!count || *count == 0) co_return all;
    all.append(buffer, *count);
  }
}

Task<Result<std::size_t>> read_once(Stream& stream) {
  char buffer[16];
  co_return co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
}

Task<void> echo(Loop& loop, Listener& listener) {
  auto fd = co_await listener.accept();
  auto stream = Stream::adopt(loop, std::move(fd).value());
  std::string text = co_await read_to_end(*stream);
  EXPECT_TRUE(co_await stream->write_all(text));
  EXPECT_TRUE(co_await stream->shutdown_write());
}

Task<void> round_trip(Loop& l, Address address) {
  auto listener = Listener::listen(l, address);
  EXPECT_TRUE(listener) << listener.error().to_log();
  if (!listener) co_return;
  TaskGroup group(l);
  group.spawn(echo(l, *listener));
  auto client = co_await Stream::connect(l, listener->address());
  EXPECT_TRUE(client) << client.error().to_log();
  if (!client) co_return;
  std::string big(3'000'000, 'x');
  for (std::size_t i = 0; i < big.size(); i += 997) big[i] = 'y';
  const ByteView parts[] = {as_bytes("head"), as_bytes(""), as_bytes(big), as_bytes("tail")};
  // The echo reads to the end before it answers, so the buffers fill up on the way.
  EXPECT_TRUE(co_await client->write_all(parts));
  EXPECT_TRUE(co_await client->shutdown_write());
  std::string back = co_await read_to_end(*client);
  EXPECT_TRUE(back == "head" + big + "tail") << back.size();
  co_await group.join();
}

TEST(Stream, TcpRoundTrip) {
  TestLoop loop;
  loop.run(round_trip(loop.get(), Address::parse("127.0.0.1:0").value()));
}
TEST(Stream, Ipv6RoundTrip) {
  TestLoop loop;
  loop.run(round_trip(loop.get(), Address::parse("[::1]:0").value()));
}
TEST(Stream, UnixRoundTripReplacesAStaleSocketFile) {
  TestLoop loop;
  const std::string path = "/tmp/lapwing-net-test-" + std::to_string(::getpid()) + ".sock";
  const Address address = Address::parse("unix:" + path).value();
  loop.run(round_trip(loop.get(), address));
  loop.run(round_trip(loop.get(), address));  // the file of the first is still there
  auto in_use = Listener::listen(loop.get(), address);
  ASSERT_TRUE(in_use);
  auto second = Listener::listen(loop.get(), address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::kConflict);
  ::unlink(path.c_str());
}
TEST(Stream, AbstractUnixRoundTrip) {
  TestLoop loop;
  loop.run(round_trip(loop.get(),
                      Address::parse("unix:@lapwing-test-" + std::to_string(::getpid())).value()));
}

TEST(Stream, ConnectRefusedIsUnavailable) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Address address;
    {
      auto listener = Listener::listen(l, Address::parse("127.0.0.1:0").value());
      address = listener->address();
    }
    auto refused = co_await Stream::connect(l, address);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kUnavailable);
  };
  loop.run(main(loop.get()));
}

TEST_P(StreamPair, ReadDeadlineMovesAndFires) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [a, b] = GetParam()(l);
    const MonoTime start = l.now();
    a.set_read_deadline(start + 2ms);
    a.set_read_deadline(start + 8ms);
    auto late = co_await read_once(a);
    EXPECT_FALSE(late);
    EXPECT_EQ(late.error().kind(), ErrorKind::kTimeout);
    EXPECT_GE(l.now() - start, 8ms);
    a.set_read_deadline(kNoDeadline);
    EXPECT_TRUE(co_await b.write_all("hi"));
    EXPECT_EQ((co_await read_once(a)).value_or(0), 2u);
  };
  loop.run(main(loop.get()));
}

TEST_P(StreamPair, CancelledReadLeavesTheStreamUsable) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [a, b] = GetParam()(l);
    auto late = co_await with_timeout(l, 1ms, read_once(a));
    EXPECT_FALSE(late);
    EXPECT_TRUE(co_await b.write_all("hi"));
    EXPECT_EQ((co_await read_once(a)).value_or(0), 2u);
  };
  loop.run(main(loop.get()));
}

TEST_P(StreamPair, CarriesMoreThanTheKernelHolds) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [a, b] = GetParam()(l);
    std::string big(3'000'000, 'x');
    big[1'234'567] = 'y';
    std::string got;
    TaskGroup group(l);
    auto reads = [](Stream& from, std::string& into) -> Task<void> {
      into = co_await read_to_end(from);
    };
    group.spawn(reads(b, got));
    EXPECT_TRUE(co_await a.write_all(big));
    EXPECT_TRUE(co_await a.shutdown_write());
    co_await group.join();
    EXPECT_EQ(got, big);
    // The other direction is still open.
    EXPECT_TRUE(co_await b.write_all("hi"));
    EXPECT_EQ((co_await read_once(a)).value_or(0), 2u);
  };
  loop.run(main(loop.get()));
}

TEST_P(StreamPair, TryWriteTakesWhatTheKernelTakes) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [a, b] = GetParam()(l);
    const std::string big(8'000'000, 'x');
    const std::array<ByteView, 2> parts = {as_bytes("head"), as_bytes(big)};
    const std::size_t first = a.try_write(parts).value();
    EXPECT_GT(first, 4u);
    EXPECT_LT(first, big.size());
    EXPECT_EQ(a.try_write(std::span(parts).subspan(1)).value(), 0u);  // full
    std::string got;
    TaskGroup group(l);
    auto reads = [](Stream& from, std::string& into) -> Task<void> {
      into = co_await read_to_end(from);
    };
    group.spawn(reads(b, got));
    EXPECT_TRUE(co_await a.write_all(std::string_view(big).substr(first - 4)));
    EXPECT_TRUE(co_await a.shutdown_write());
    co_await group.join();
    EXPECT_EQ(got, "head" + big);
    EXPECT_FALSE(a.try_write(parts));
  };
  loop.run(main(loop.get()));
}

TEST_P(StreamPair, WriteStallTimesOut) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [a, b] = GetParam()(l);
    a.set_write_timeout(5ms);
    std::string big(8'000'000, 'x');
    Status stalled = co_await a.write_all(big);
    EXPECT_FALSE(stalled);
    EXPECT_EQ(stalled.error().kind(), ErrorKind::kTimeout);
  };
  loop.run(main(loop.get()));
}

// Taking a little now and then is not enough.
TEST_P(StreamPair, AWriteHasALeastRate) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [a, b] = GetParam()(l);
    a.set_write_timeout(100ms);
    auto sip = [](Loop& inner, Stream& from) -> Task<void> {
      char buffer[100];
      while (co_await from.read_some(std::as_writable_bytes(std::span(buffer)))) {
        co_await inner.sleep(1ms);
      }
    };
    TaskGroup group(l);
    group.spawn(sip(l, b));
    Status slow = co_await a.write_all(std::string(8'000'000, 'x'));
    EXPECT_FALSE(slow);
    EXPECT_EQ(slow.error().kind(), ErrorKind::kTimeout);
    group.cancel_all();
  };
  loop.run(main(loop.get()));
}

TEST_P(StreamPair, WritingToAVanishedPeerIsAnErrorNotASignal) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [a, b] = GetParam()(l);
    bool told = false;
    EXPECT_FALSE(a.peer_closed());
    Event event(l);
    a.on_peer_closed([&] {
      told = true;
      event.set();
    });
    b.close();
    co_await event.wait();
    EXPECT_TRUE(told);
    EXPECT_TRUE(a.peer_closed());
    Status sent = co_await a.write_all("x");
    EXPECT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::kCancelled);
    // Asked for when it is known already: told from the loop.
    bool again = false;
    a.on_peer_closed([&] { again = true; });
    EXPECT_FALSE(again);
    co_await l.sleep(1ms);
    EXPECT_TRUE(again);
  };
  loop.run(main(loop.get()));
}

// The end arrives together with the last bytes: it must not be missed after a short read.
TEST(Stream, EndRightBehindTheLastBytes) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    for (int i = 0; i < 50; ++i) {
      auto fds = socket_pair().value();
      auto a = Stream::adopt(l, std::move(fds.first));
      EXPECT_EQ(::write(fds.second.get(), "bye", 3), 3);
      if (i % 2 == 0) co_await l.sleep(0ms);
      fds.second.reset();
      EXPECT_EQ(co_await read_to_end(*a), "bye");
    }
  };
  loop.run(main(loop.get()));
}

TEST(Stream, ReleasedDescriptorLivesOnAnotherLoop) {
  TestLoop first;
  TestLoop second;
  os::UniqueFd moved;
  auto fds = socket_pair().value();
  auto give = [&](Loop& l) -> Task<void> {
    auto stream = Stream::adopt(l, std::move(fds.first));
    EXPECT_EQ(::write(fds.second.get(), "one", 3), 3);
    EXPECT_EQ((co_await read_once(*stream)).value_or(0), 3u);
    moved = stream->release().value();
  };
  first.run(give(first.get()));
  auto take = [&](Loop& l) -> Task<void> {
    auto stream = Stream::adopt(l, std::move(moved));
    EXPECT_EQ(::write(fds.second.get(), "seven77", 7), 7);
    EXPECT_EQ((co_await read_once(*stream)).value_or(0), 7u);
  };
  second.run(take(second.get()));
}

TEST(Listener, SurvivesBeingOutOfDescriptors) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto listener = Listener::listen(l, Address::parse("127.0.0.1:0").value());
    auto client = co_await Stream::connect(l, listener->address());
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    os::UniqueFd probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(probe.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
    Timer heal(l, [&] { ::setrlimit(RLIMIT_NOFILE, &before); });
    heal.arm_after(5ms);
    auto accepted = co_await listener->accept();
    EXPECT_TRUE(accepted);
    EXPECT_FALSE(heal.armed());
  };
  loop.run(main(loop.get()));
}

// Peers are told, and something that matters less can be closed, while there are none.
TEST(Listener, TurnsPeersAwayWithItsSpareDescriptor) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto listener = Listener::listen(l, Address::parse("127.0.0.1:0").value());
    int asked = 0;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    auto client = co_await Stream::connect(l, listener->address());
    listener->keep_spare([&] { ++asked; });
    os::UniqueFd probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(probe.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
    TaskGroup group(l);
    auto accept = [](Listener& from) -> Task<void> { EXPECT_FALSE(co_await from.accept()); };
    group.spawn(accept(*listener));
    char buffer[1];
    auto end = co_await client->read_some(std::as_writable_bytes(std::span(buffer)));
    EXPECT_TRUE(end && *end == 0);
    EXPECT_GE(asked, 1);
    ::setrlimit(RLIMIT_NOFILE, &before);
    group.cancel_all();
  };
  loop.run(main(loop.get()));
}

TEST(FdWatcher, PipesAndEventfds) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    FdWatcher reader(l, os::UniqueFd(fds[0]));
    os::UniqueFd writer(fds[1]);
    char buffer[8];
    const MutableBytes into = std::as_writable_bytes(std::span(buffer));
    reader.set_deadline(l.now() + 2ms);
    auto late = co_await reader.read_some(into);
    EXPECT_EQ(late.error().kind(), ErrorKind::kTimeout);
    reader.set_deadline(kNoDeadline);
    Timer writes(l, [&] { EXPECT_EQ(::write(writer.get(), "0123456789", 10), 10); });
    writes.arm_after(1ms);
    EXPECT_EQ((co_await reader.read_some(into)).value_or(0), 8u);
    EXPECT_TRUE(reader.seems_readable());
    EXPECT_TRUE(co_await reader.readable());  // two bytes are left
    EXPECT_TRUE(co_await reader.readable());
    EXPECT_EQ((co_await reader.read_some(into)).value_or(0), 2u);
    reader.set_deadline(l.now() + 2ms);
    EXPECT_FALSE(co_await reader.read_some(into));
    EXPECT_FALSE(reader.seems_readable());
    reader.set_deadline(kNoDeadline);
    writer.reset();
    EXPECT_EQ((co_await reader.read_some(into)).value_or(9), 0u);
    co_await l.sleep(1ms);
    EXPECT_TRUE(reader.seems_readable());

    FdWatcher event(l, os::UniqueFd(::eventfd(0, EFD_CLOEXEC)));
    Timer adds(l, [&] { ::eventfd_write(event.fd(), 1); });
    adds.arm_after(1ms);
    EXPECT_TRUE(co_await event.readable());
  };
  loop.run(main(loop.get()));
}

TEST(Address, Parses) {
  EXPECT_EQ(Address::parse("127.0.0.1:80")->to_string(), "127.0.0.1:80");
  EXPECT_EQ(Address::parse("[::1]:443")->to_string(), "[::1]:443");
  EXPECT_EQ(Address::parse("unix:/a/b")->host(), "/a/b");
  EXPECT_TRUE(Address::parse("127.8.8.8:1")->is_loopback());
  EXPECT_FALSE(Address::parse("10.0.0.1:1")->is_loopback());
  for (const char* bad : {"", "127.0.0.1", "localhost:80", "127.0.0.1:99999", "::1:80", "1.2.3:4",
                          "unix:", "127.0.0.1:", "127.0.0.1:8x"}) {
    EXPECT_FALSE(Address::parse(bad)) << bad;
  }
  EXPECT_FALSE(Address::unix_path(std::string(200, 'x')));
}

}  // namespace
}  // namespace lapwing::net
