#include "sandbox/testing/internet.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/link.hpp"
#include "os/netlink.hpp"
#include "os/network.hpp"
#include "os/socket.hpp"

namespace lapwing::sandbox::testing {
namespace {

constexpr int kIndex = 7;
constexpr const char* kForwardV6ByLink = "/proc/sys/net/ipv6/conf/all/force_forwarding";
constexpr const char* kForwardV6 = "/proc/sys/net/ipv6/conf/all/forwarding";
// NFPROTO_INET, whose header does not go with the sockets'.
constexpr unsigned char kInetTables = 1;
constexpr const char* kMachine[] = {"198.51.100.2", "2001:db8:0:1::2"};
constexpr const char* kOutside[] = {"203.0.113.5",   "2001:db8:0:2::5", "169.254.169.254",
                                    "169.254.170.2", "100.100.100.200", "fd00:ec2::254",
                                    "203.0.113.6"};

os::IpNet net(const char* text) { return os::IpNet::parse(text).value(); }

void expect_done(const Status& done) { EXPECT_TRUE(done) << done.error().detail(); }

void wait_for_link(os::NetlinkSocket& socket) {
  for (;;) {
    for (const os::Link& link : os::list_links(socket).value()) {
      if (link.index == kIndex && link.running) return;
    }
    ::poll(nullptr, 0, 1);
  }
}

template <std::size_t n>
void set_up(os::NetlinkSocket& socket, const char* const (&own)[n],
            const std::vector<const char*>& routes) {
  std::vector<os::NetlinkMessage> batch;
  batch.push_back(os::no_automatic_address(kIndex));
  batch.push_back(os::bring_up(kIndex));
  for (const char* address : own) batch.push_back(os::add_address(kIndex, net(address)));
  for (const char* route : routes) batch.push_back(os::add_route(kIndex, net(route)));
  expect_done(socket.request_all(std::move(batch), "set up"));
}

os::UniqueFd echo_socket(int type) {
  os::UniqueFd fd(::socket(AF_INET6, type | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(kEchoPort);
  // The socket interface takes every address family through sockaddr.
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  if (type == SOCK_STREAM) EXPECT_EQ(::listen(fd.get(), 64), 0);
  return fd;
}

[[noreturn]] void serve_echo(const os::UniqueFd& tcp, const os::UniqueFd& udp) {
  for (;;) {
    pollfd waits[] = {{tcp.get(), POLLIN, 0}, {udp.get(), POLLIN, 0}};
    ::poll(waits, 2, -1);
    sockaddr_in6 peer{};
    socklen_t size = sizeof peer;
    if (waits[0].revents != 0) {
      const os::UniqueFd one(
          ::accept4(tcp.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
      char text[INET6_ADDRSTRLEN] = {};
      ::inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof text);
      (void)os::write_all(one.get(), std::string(text) + '\n');
    }
    if (waits[1].revents != 0) {
      char bytes[512];
      const ssize_t got =
          ::recvfrom(udp.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&peer), &size);
      if (got > 0) {
        (void)::sendto(udp.get(), bytes, static_cast<std::size_t>(got), 0,
                       reinterpret_cast<const sockaddr*>(&peer), size);
      }
    }
  }
}

}  // namespace

// Of the namespace the caller is in; it listens by the time this returns.
pid_t Internet::start_echo() {
  const os::UniqueFd tcp = echo_socket(SOCK_STREAM);
  const os::UniqueFd udp = echo_socket(SOCK_DGRAM);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve_echo(tcp, udp);
  }
  return child;
}

Internet::Internet() {
  outside_ = os::make_network_namespace().value();
  auto far = os::NetlinkSocket::open(NETLINK_ROUTE).value();
  machine_ = os::make_network_namespace().value();
  auto near = os::NetlinkSocket::open(NETLINK_ROUTE).value();
  expect_done(os::loopback_up());
  // Before Linux 6.17 it is for the machine's owner to switch on, as the report says.
  if (!os::exists(kForwardV6ByLink)) expect_done(os::write_existing(kForwardV6, "1"));
  expect_done(near.request(os::make_link_pair({"out0", kIndex, "in0", kIndex, outside_.get(), 0}),
                           "make pair"));
  set_up(near, kMachine, {"0.0.0.0/0", "::/0"});
  set_up(far, kOutside, {kMachine[0], kMachine[1]});
  wait_for_link(near);
  wait_for_link(far);
  servers_.push_back(start_echo());
  expect_done(os::enter_network_namespace(outside_.get()));
  servers_.push_back(start_echo());
  expect_done(os::enter_network_namespace(machine_.get()));
}

Internet::~Internet() {
  for (const pid_t server : servers_) {
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
  }
}

std::vector<std::string> Internet::links() {
  auto socket = os::NetlinkSocket::open(NETLINK_ROUTE).value();
  std::vector<std::string> names;
  for (const os::Link& link : os::list_links(socket).value()) names.push_back(link.name);
  return names;
}

std::vector<std::string> Internet::rule_tables() {
  auto socket = os::NetlinkSocket::open(NETLINK_NETFILTER).value();
  os::NetlinkMessage message(
      static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE), 0);
  message.fixed(nfgenmsg{kInetTables, NFNETLINK_V0, 0});
  std::vector<std::string> names;
  expect_done(socket.dump(std::move(message), "list tables", [&](os::NetlinkPart part) {
    os::NetlinkAttributes each(part.body.substr(sizeof(nfgenmsg)));
    while (each.next()) {
      if (each.type() == NFTA_TABLE_NAME) names.emplace_back(each.text());
    }
  }));
  return names;
}

bool Internet::forwards(const std::string& link) {
  const auto text = os::read_file("/proc/sys/net/ipv4/conf/" + link + "/forwarding");
  return text && text->starts_with('1');
}

}  // namespace lapwing::sandbox::testing
