// Interfaces, routes and packet rules in network namespaces of the test's own. Each test
// runs in a child process, so that this process stays where it is.
#include "os/network.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/ip.hpp"
#include "os/link.hpp"
#include "os/packet_rules.hpp"

namespace lapwing::os {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }
IpNet net(const char* text) { return IpNet::parse(text).value(); }

TEST(Ip, ParsesAndPrints) {
  EXPECT_EQ(ip("10.1.2.3").to_string(), "10.1.2.3");
  EXPECT_EQ(ip("FD00::0001").to_string(), "fd00::1");
  EXPECT_EQ(net("10.0.0.0/8").to_string(), "10.0.0.0/8");
  EXPECT_EQ(net("::1").to_string(), "::1/128");
  for (const char* wrong : {"", "10.0.0", "10.0.0.1/", "10.0.0.0/33", "10.0.0.1/8", "x/8",
                            "10.0.0.0/8x", "fd00::/129", "fd00::/-1"}) {
    EXPECT_FALSE(IpNet::parse(wrong)) << wrong;
  }
}

TEST(Ip, Arithmetic) {
  EXPECT_EQ(ip("10.0.0.255").plus(1), ip("10.0.1.0"));
  EXPECT_EQ(ip("fd00::ffff").plus(1), ip("fd00::1:0"));
  EXPECT_EQ(ip("10.1.2.3").masked(12), ip("10.0.0.0"));
  EXPECT_TRUE(net("10.0.0.0/8").contains(ip("10.255.0.1")));
  EXPECT_FALSE(net("10.0.0.0/8").contains(ip("11.0.0.0")));
  EXPECT_FALSE(net("10.0.0.0/8").contains(ip("a00::")));
  EXPECT_TRUE(net("10.0.0.0/8").overlaps(net("10.3.0.0/16")));
  EXPECT_TRUE(net("10.3.0.0/16").overlaps(net("10.0.0.0/8")));
  EXPECT_FALSE(net("10.3.0.0/16").overlaps(net("10.4.0.0/16")));
}

// Runs `body` in a child with a fresh network namespace; false when it failed there.
template <class Body>
void in_new_namespace(Body body) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::unshare(CLONE_NEWNET) != 0) ::_exit(2);
    body();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "network namespaces need root";
  EXPECT_EQ(status, 0);
}

struct Two {
  UniqueFd here;
  UniqueFd there;
  NetlinkSocket links;
};

// The kernel notices a moment later that both ends are up.
void wait_for_link(NetlinkSocket& socket, int index) {
  for (int tries = 0; tries < 1'000; ++tries) {
    const std::vector<Link> links = list_links(socket).value();
    for (const Link& link : links) {
      if (link.index == index && link.running) return;
    }
    ::poll(nullptr, 0, 1);
  }
  ADD_FAILURE() << "interface " << index << " does not come up";
}

// "here" 10.0.0.1 --- 10.0.0.2 "there"; the caller is here.
Two two_namespaces() {
  UniqueFd here = current_network_namespace().value();
  NetlinkSocket links = NetlinkSocket::open(NETLINK_ROUTE).value();
  UniqueFd there = make_network_namespace().value();
  NetlinkSocket far = NetlinkSocket::open(NETLINK_ROUTE).value();
  EXPECT_TRUE(enter_network_namespace(here.get()));
  const auto set_up = [](NetlinkSocket& socket, int index, const char* own, const char* other) {
    std::vector<NetlinkMessage> batch;
    batch.push_back(no_automatic_address(index));
    batch.push_back(bring_up(index));
    batch.push_back(add_address(index, net(own)));
    batch.push_back(add_route(index, net(other)));
    const Status done = socket.request_all(std::move(batch), "set up");
    EXPECT_TRUE(done) << done.error().detail();
  };
  const Status made =
      links.request(make_link_pair({"near0", 10, "far0", 11, there.get(), 0}), "make pair");
  EXPECT_TRUE(made) << made.error().detail();
  set_up(links, 10, "10.0.0.1/32", "10.0.0.2/32");
  set_up(far, 11, "10.0.0.2/32", "10.0.0.1/32");
  wait_for_link(links, 10);
  wait_for_link(far, 11);
  return {std::move(here), std::move(there), std::move(links)};
}

int connect_error(const char* address, std::uint16_t port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{2, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &to.sin_addr);
  // The socket interface takes every address family through sockaddr.
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
}

TEST(Link, PairJoinsTwoNamespacesWithoutAddressResolution) {
  in_new_namespace([] {
    Two two = two_namespaces();
    const auto links = list_links(two.links).value();
    ASSERT_EQ(links.size(), 2u);
    EXPECT_TRUE(links[0].loopback);
    EXPECT_EQ(links[1].name, "near0");
    EXPECT_EQ(links[1].index, 10);
    const auto routes = list_routes(two.links).value();
    ASSERT_EQ(routes.size(), 1u);
    EXPECT_EQ(routes[0].destination, net("10.0.0.2/32"));
    EXPECT_EQ(routes[0].link, 10);
    ASSERT_TRUE(enter_network_namespace(two.there.get()));
    const UniqueFd listening = listen_tcp("10.0.0.2", 80, 4).value();
    ASSERT_TRUE(enter_network_namespace(two.here.get()));
    EXPECT_EQ(connect_error("10.0.0.2", 80), 0);
    EXPECT_TRUE(delete_link(two.links, "near0"));
    EXPECT_TRUE(delete_link(two.links, "near0"));
    EXPECT_NE(connect_error("10.0.0.2", 80), 0);
  });
}

TEST(Link, RefusalsOfTheKernelAreErrors) {
  in_new_namespace([] {
    Two two = two_namespaces();
    Status again =
        two.links.request(make_link_pair({"near0", 12, "x", 0, two.there.get(), 0}), "x");
    EXPECT_FALSE(again);
    EXPECT_EQ(again.error().kind(), ErrorKind::kConflict);
    EXPECT_FALSE(two.links.request(add_route(99, net("10.9.0.0/16")), "route"));
    // The socket is still in step afterwards.
    EXPECT_TRUE(list_links(two.links));
  });
}

TEST(PacketRules, FilterByAddressPortAndLink) {
  in_new_namespace([] {
    Two two = two_namespaces();
    ASSERT_TRUE(enter_network_namespace(two.there.get()));
    const UniqueFd one = listen_tcp("10.0.0.2", 80, 4).value();
    const UniqueFd other = listen_tcp("10.0.0.2", 81, 4).value();
    PacketTable table("test");
    table.chain({"input", Hook::kInput, 0, ChainPolicy::kDrop, ChainKind::kFilter});
    table.rule("input").answers().accept();
    table.rule("input").from_link("nope0").to_port(Transport::kTcp, 81).accept();
    table.rule("input")
        .from_link("fa", LinkMatch::kStartsWith)
        .from(net("10.0.0.0/24"))
        .to(net("10.0.0.2"))
        .to_port(Transport::kTcp, 80)
        .new_connection()
        .not_redirected()
        .accept();
    table.rule("input").transport(Transport::kTcp).reset();
    table.rule("input").refuse();
    {
      auto rules = NetlinkSocket::open(NETLINK_NETFILTER);
      ASSERT_TRUE(rules);
      const Status installed = table.install(*rules);
      ASSERT_TRUE(installed) << installed.error().detail();
      ASSERT_TRUE(enter_network_namespace(two.here.get()));
      EXPECT_EQ(connect_error("10.0.0.2", 80), 0);
      EXPECT_EQ(connect_error("10.0.0.2", 81), ECONNREFUSED);
    }
    // The table has gone with its socket.
    EXPECT_EQ(connect_error("10.0.0.2", 81), 0);
  });
}

TEST(PacketRules, TranslationOfDestinations) {
  in_new_namespace([] {
    Two two = two_namespaces();
    ASSERT_TRUE(two.links.request(add_route(10, net("192.0.2.7")), "route"));
    ASSERT_TRUE(enter_network_namespace(two.there.get()));
    const UniqueFd listening = listen_tcp("10.0.0.2", 80, 4).value();
    PacketTable table("test");
    table.chain(
        {"in", Hook::kPrerouting, -100, ChainPolicy::kAccept, ChainKind::kAddressTranslation});
    table.chain(
        {"out", Hook::kPostrouting, 100, ChainPolicy::kAccept, ChainKind::kAddressTranslation});
    table.rule("in").to(net("192.0.2.7")).change_destination(ip("10.0.0.2"));
    table.rule("out").to_link("elsewhere").from(net("10.0.0.0/24")).masquerade();
    table.rule("out").to_link("elsewhere").version(IpVersion::k6).change_source(ip("fd00::1"));
    auto rules = NetlinkSocket::open(NETLINK_NETFILTER);
    ASSERT_TRUE(rules);
    const Status installed = table.install(*rules);
    ASSERT_TRUE(installed) << installed.error().detail();
    ASSERT_TRUE(enter_network_namespace(two.here.get()));
    EXPECT_EQ(connect_error("192.0.2.7", 80), 0);
  });
}

TEST(PacketRules, TablesThatDropAreKnown) {
  in_new_namespace([] {
    PacketTable harmless("harmless");
    harmless.chain({"f", Hook::kForward, 0, ChainPolicy::kAccept, ChainKind::kFilter});
    harmless.chain({"i", Hook::kInput, 0, ChainPolicy::kDrop, ChainKind::kFilter});
    PacketTable strict("strict");
    strict.chain({"f", Hook::kForward, 5, ChainPolicy::kDrop, ChainKind::kFilter});
    auto one = NetlinkSocket::open(NETLINK_NETFILTER).value();
    auto two = NetlinkSocket::open(NETLINK_NETFILTER).value();
    EXPECT_EQ(tables_that_drop(one, Hook::kForward).value(), std::vector<std::string>());
    ASSERT_TRUE(harmless.install(one));
    ASSERT_TRUE(strict.install(two));
    EXPECT_EQ(tables_that_drop(one, Hook::kForward).value(),
              std::vector<std::string>{"inet strict"});
    EXPECT_EQ(tables_that_drop(one, Hook::kInput).value(),
              std::vector<std::string>{"inet harmless"});
  });
}

TEST(PacketRules, AllOrNothing) {
  in_new_namespace([] {
    PacketTable table("test");
    table.chain({"in", Hook::kInput, 0, ChainPolicy::kDrop, ChainKind::kFilter});
    table.rule("no such chain").accept();
    auto rules = NetlinkSocket::open(NETLINK_NETFILTER);
    ASSERT_TRUE(rules);
    EXPECT_FALSE(table.install(*rules));
    EXPECT_TRUE(loopback_up());
    const UniqueFd listening = listen_tcp("127.0.0.1", 80, 4).value();
    EXPECT_EQ(connect_error("127.0.0.1", 80), 0);
  });
}

}  // namespace
}  // namespace lapwing::os
