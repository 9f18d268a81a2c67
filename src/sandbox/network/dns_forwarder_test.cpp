// The sandboxes' name server between a client and made-up servers of the machine, all on
// loopback and on one loop.
#include "sandbox/network/dns_forwarder.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "net/loop.hpp"
#include "os/file.hpp"
#include "sandbox/network/dns_message.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::World;

// A question for the addresses of NAME.example.
std::string query_for(const std::string& name, std::uint16_t id = 0x1234) {
  std::string message("\0\0\x01\0\0\x01\0\0\0\0\0\0", kDnsHeaderBytes);
  message += static_cast<char>(name.size());
  message += name + '\x07';
  message += std::string("example\0\0\x01\0\x01", 12);
  return with_dns_id(message, id);
}

std::string answer_to(const std::string& query, const std::string& record = "record") {
  std::string answer = query;
  answer[2] = static_cast<char>(answer[2] | 0x80);
  return answer + record;
}

TEST(DnsMessage, QuestionsAreToldFromTheRest) {
  const std::string query = query_for("a");
  EXPECT_TRUE(is_dns_query(query));
  EXPECT_EQ(dns_id(query), 0x1234);
  for (std::size_t size = 0; size < query.size(); ++size) {
    EXPECT_FALSE(is_dns_query(query.substr(0, size))) << size;
  }
  EXPECT_FALSE(is_dns_query(answer_to(query)));
  std::string two = query;
  two[5] = 2;
  EXPECT_FALSE(is_dns_query(two));
  std::string compressed = query;
  compressed[12] = '\xc0';
  EXPECT_FALSE(is_dns_query(compressed));
  std::string update = query;
  update[2] = 0x28;
  EXPECT_FALSE(is_dns_query(update));
}

TEST(DnsMessage, AnswersBelongToTheirQuestion) {
  const std::string query = query_for("a");
  EXPECT_TRUE(is_dns_answer(answer_to(query), query));
  EXPECT_FALSE(is_dns_answer(query, query));
  EXPECT_FALSE(is_dns_answer(answer_to(query_for("b")), query));
  EXPECT_FALSE(is_dns_answer(answer_to(query_for("a", 7)), query));
  EXPECT_FALSE(is_dns_answer("", query));
  const std::string failure = dns_failure(query);
  EXPECT_TRUE(is_dns_answer(failure, query));
  EXPECT_EQ(failure[3] & 0xf, 2);
}

os::UniqueFd bound(int type, const char* address, std::uint16_t port) {
  os::UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &in.sin_addr);
  // The socket interface takes every address family through sockaddr.
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&in), sizeof in), 0);
  if (type == SOCK_STREAM) EXPECT_EQ(::listen(fd.get(), 16), 0);
  return fd;
}

sockaddr_in address_of(int fd) {
  sockaddr_in in{};
  socklen_t size = sizeof in;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&in), &size);
  return in;
}

os::UniqueFd connected(int type, const sockaddr_in& to, const std::string& from) {
  os::UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  ::inet_pton(AF_INET, from.c_str(), &own.sin_addr);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return fd;
}

std::string sandbox_address(std::size_t i) { return "127.0.1." + std::to_string(i + 1); }

// Two servers of the machine (127.0.0.1 and 127.0.0.2, one port) and a forwarder.
class Forwarder {
 public:
  explicit Forwarder(net::Loop& loop, const std::string& resolv_conf)
      : loop_(loop),
        first_(loop, bound(SOCK_DGRAM, "127.0.0.1", 0)),
        second_(loop, bound(SOCK_DGRAM, "127.0.0.2", port())),
        random_(1) {
    write_resolv_conf(resolv_conf);
    NameServerSockets sockets{bound(SOCK_DGRAM, "127.0.0.1", 0),
                              bound(SOCK_STREAM, "127.0.0.1", 0)};
    udp_ = address_of(sockets.udp.get());
    tcp_ = address_of(sockets.tcp.get());
    DnsOptions options;
    options.resolv_conf = path_;
    options.port = port();
    options.timeout = std::chrono::milliseconds(200);
    forwarder_ = DnsForwarder::start(loop, std::move(sockets), random_, options).value();
  }
  ~Forwarder() { ::unlink(path_.c_str()); }

  void write_resolv_conf(const std::string& text) {
    path_ = World::get().data_dir() + "/resolv.conf";
    EXPECT_TRUE(os::write_atomically(path_, text));
  }
  std::uint16_t port() const { return ntohs(address_of(first_.fd()).sin_port); }
  // `from`: another sandbox each.
  net::FdWatcher udp_client(const std::string& from = "127.0.0.1") {
    return {loop_, connected(SOCK_DGRAM, udp_, from)};
  }
  net::FdWatcher tcp_client(const std::string& from = "127.0.0.1") {
    return {loop_, connected(SOCK_STREAM, tcp_, from)};
  }
  net::FdWatcher& first() { return first_; }
  net::FdWatcher& second() { return second_; }

  struct Asked {
    std::string query;
    sockaddr_in from{};
  };
  static net::Task<Asked> receive(net::FdWatcher& server) {
    (void)co_await server.readable();
    Asked asked;
    asked.query.resize(2'000);
    socklen_t size = sizeof asked.from;
    const ssize_t got = ::recvfrom(server.fd(), asked.query.data(), asked.query.size(), 0,
                                   reinterpret_cast<sockaddr*>(&asked.from), &size);
    asked.query.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    co_return asked;
  }
  static void reply(net::FdWatcher& server, const Asked& asked, const std::string& answer) {
    EXPECT_GT(::sendto(server.fd(), answer.data(), answer.size(), 0,
                       reinterpret_cast<const sockaddr*>(&asked.from), sizeof asked.from),
              0);
  }

 private:
  net::Loop& loop_;
  net::FdWatcher first_;
  net::FdWatcher second_;
  SeededRandom random_;
  std::string path_;
  sockaddr_in udp_{};
  sockaddr_in tcp_{};
  std::unique_ptr<DnsForwarder> forwarder_;
};

net::Task<std::string> read(net::FdWatcher& from) {
  std::string bytes(5'000, '\0');
  const auto got = co_await from.read_some(std::as_writable_bytes(std::span(bytes)));
  bytes.resize(got ? *got : 0);
  co_return bytes;
}

void write(net::FdWatcher& to, const std::string& bytes) {
  EXPECT_EQ(::write(to.fd(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

TEST(DnsForwarder, HandsQuestionsOnAndAnswersBack) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Forwarder forwarder(loop, "search secret.example\nnameserver 127.0.0.1\n");
    net::FdWatcher client = forwarder.udp_client();
    write(client, query_for("a"));
    const auto asked = co_await Forwarder::receive(forwarder.first());
    EXPECT_EQ(with_dns_id(asked.query, 0x1234), query_for("a"));
    EXPECT_NE(dns_id(asked.query), 0x1234);
    // Not the question's id, not the question: both are passed over.
    Forwarder::reply(forwarder.first(), asked, answer_to(query_for("a"), "forged"));
    Forwarder::reply(forwarder.first(), asked,
                     answer_to(query_for("b", dns_id(asked.query)), "forged"));
    Forwarder::reply(forwarder.first(), asked, answer_to(asked.query));
    EXPECT_EQ(co_await read(client), answer_to(query_for("a")));
  });
}

TEST(DnsForwarder, TheNextServerIsAskedAndThenThereIsNone) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    // Nobody listens at 127.0.0.9; 127.0.0.1 keeps silent.
    Forwarder forwarder(loop, "nameserver 127.0.0.9\nnameserver 127.0.0.1\nnameserver 127.0.0.2\n");
    net::FdWatcher client = forwarder.udp_client();
    write(client, query_for("a"));
    const auto asked = co_await Forwarder::receive(forwarder.second());
    Forwarder::reply(forwarder.second(), asked, answer_to(asked.query));
    EXPECT_EQ(co_await read(client), answer_to(query_for("a")));
    write(client, query_for("b"));
    EXPECT_EQ(co_await read(client), dns_failure(query_for("b")));
  });
}

TEST(DnsForwarder, ServersAreReadAgainWhenTheyChange) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Forwarder forwarder(loop, "nameserver 127.0.0.1\n");
    net::FdWatcher client = forwarder.udp_client();
    write(client, query_for("a"));
    const auto before = co_await Forwarder::receive(forwarder.first());
    Forwarder::reply(forwarder.first(), before, answer_to(before.query));
    EXPECT_EQ(co_await read(client), answer_to(query_for("a")));
    forwarder.write_resolv_conf("nameserver 127.0.0.2\n");
    write(client, query_for("b"));
    const auto after = co_await Forwarder::receive(forwarder.second());
    Forwarder::reply(forwarder.second(), after, answer_to(after.query));
    EXPECT_EQ(co_await read(client), answer_to(query_for("b")));
  });
}

std::string framed(const std::string& message) {
  return with_dns_id(std::string(2, '\0'), static_cast<std::uint16_t>(message.size())) + message;
}

TEST(DnsForwarder, OverTcpSeveralQuestionsOfAConnection) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Forwarder forwarder(loop, "nameserver 127.0.0.2\n");
    auto listener =
        net::Listener::adopt(loop, bound(SOCK_STREAM, "127.0.0.2", forwarder.port())).value();
    net::FdWatcher client = forwarder.tcp_client();
    for (const char* name : {"a", "b"}) {
      write(client, framed(query_for(name)));
      net::FdWatcher server(loop, (co_await listener.accept()).value());
      const std::string asked = co_await read(server);
      EXPECT_EQ(with_dns_id(asked.substr(2), 0x1234), query_for(name));
      // Far beyond what a datagram holds.
      const std::string answer = answer_to(asked.substr(2), std::string(3'000, 'r'));
      write(server, framed(answer));
      std::string got;
      while (got.size() < answer.size() + 2) got += co_await read(client);
      EXPECT_EQ(got, framed(with_dns_id(answer, 0x1234)));
    }
    // What is no question ends the connection.
    write(client, framed("nonsense"));
    EXPECT_EQ(co_await read(client), "");
  });
}

TEST(DnsForwarder, NoSandboxAsksMoreThanItsShare) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Forwarder forwarder(loop, "nameserver 127.0.0.1\n");
    net::FdWatcher client = forwarder.udp_client();
    write(client, "nonsense");
    write(client, std::string(kDnsQueryBytesMax + 1, 'x'));
    for (std::size_t i = 0; i < kDnsQueriesPerSandboxMax; ++i) write(client, query_for("a"));
    std::vector<Forwarder::Asked> asked;
    while (asked.size() < kDnsQueriesPerSandboxMax) {
      asked.push_back(co_await Forwarder::receive(forwarder.first()));
    }
    write(client, query_for("more"));
    EXPECT_EQ(co_await read(client), dns_failure(query_for("more")));
    // An answer makes room.
    Forwarder::reply(forwarder.first(), asked[0], answer_to(asked[0].query));
    EXPECT_EQ(co_await read(client), answer_to(query_for("a")));
    write(client, query_for("again"));
    const auto again = co_await Forwarder::receive(forwarder.first());
    EXPECT_EQ(with_dns_id(again.query, 0x1234), query_for("again"));
  });
}

TEST(DnsForwarder, ManyGreedySandboxesLeaveRoomForAnotherQuestion) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Forwarder forwarder(loop, "nameserver 127.0.0.1\n");
    std::vector<net::FdWatcher> greedy;
    constexpr std::size_t kSandboxes = kDnsQueriesMax / kDnsQueriesPerSandboxMax;
    for (std::size_t i = 0; i < kSandboxes; ++i) {
      greedy.push_back(forwarder.udp_client(sandbox_address(i)));
      for (std::size_t n = 0; n < kDnsQueriesPerSandboxMax; ++n) {
        write(greedy.back(), query_for("silent"));
        (void)co_await Forwarder::receive(forwarder.first());
      }
    }
    net::FdWatcher client = forwarder.udp_client("127.0.2.1");
    write(client, query_for("mine"));
    const auto asked = co_await Forwarder::receive(forwarder.first());
    EXPECT_EQ(with_dns_id(asked.query, 0x1234), query_for("mine"));
    Forwarder::reply(forwarder.first(), asked, answer_to(asked.query));
    EXPECT_EQ(co_await read(client), answer_to(query_for("mine")));
    // Who lost a place hears of it at once.
    EXPECT_EQ(co_await read(greedy.front()), dns_failure(query_for("silent")));
  });
}

TEST(DnsForwarder, SilentConnectionsOfManySandboxesLeaveRoomForAnother) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Forwarder forwarder(loop, "nameserver 127.0.0.2\n");
    auto listener =
        net::Listener::adopt(loop, bound(SOCK_STREAM, "127.0.0.2", forwarder.port())).value();
    std::vector<net::FdWatcher> silent;
    // Far more than there are places, from many and from one.
    for (std::size_t i = 0; i < kDnsConnectionsMax + 2 * kDnsConnectionsPerSandboxMax; ++i) {
      silent.push_back(
          forwarder.tcp_client(sandbox_address(i / (kDnsConnectionsPerSandboxMax + 1))));
      co_await loop.yield();
    }
    net::FdWatcher client = forwarder.tcp_client("127.0.2.1");
    write(client, framed(query_for("mine")));
    net::FdWatcher server(loop, (co_await listener.accept()).value());
    const std::string asked = co_await read(server);
    write(server, framed(answer_to(asked.substr(2))));
    EXPECT_EQ(co_await read(client), framed(answer_to(query_for("mine"))));
    // The oldest was closed.
    EXPECT_EQ(co_await read(silent.front()), "");
  });
}

TEST(DnsPlaces, TheGreediestGivesWayAndThenTheOldest) {
  DnsPlaces places(4, 3);
  std::vector<DnsPlaces::Ticket> tickets;
  for (const char* who : {"a", "b", "a", "a"}) tickets.push_back(places.take(who));
  EXPECT_TRUE(places.has_its_share("a"));
  EXPECT_FALSE(places.has_its_share("b"));
  tickets.push_back(places.take("c"));  // all taken: a has most
  EXPECT_TRUE(tickets[0].lost().stop_requested());
  EXPECT_FALSE(places.has_its_share("a"));
  tickets.push_back(places.take("c"));  // a, still
  EXPECT_TRUE(tickets[2].lost().stop_requested());
  tickets.push_back(places.take("d"));  // a and b have one each, c two
  EXPECT_TRUE(tickets[4].lost().stop_requested());
  tickets.push_back(places.take("e"));  // b, a, c and d have one each: b's is oldest
  EXPECT_TRUE(tickets[1].lost().stop_requested());
  EXPECT_FALSE(tickets[3].lost().stop_requested());
  tickets.clear();
  EXPECT_FALSE(places.has_its_share("a"));
}

TEST(DnsPlaces, BeyondItsShareASandboxLosesItsOwnOldest) {
  DnsPlaces places(4, 2);
  const DnsPlaces::Ticket other = places.take("b");
  const DnsPlaces::Ticket first = places.take("a");
  const DnsPlaces::Ticket second = places.take("a");
  const DnsPlaces::Ticket third = places.take("a");
  EXPECT_TRUE(first.lost().stop_requested());
  EXPECT_FALSE(second.lost().stop_requested());
  EXPECT_FALSE(other.lost().stop_requested());
}

}  // namespace
}  // namespace lapwing::sandbox
