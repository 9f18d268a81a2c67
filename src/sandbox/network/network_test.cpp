// The way out of the sandboxes against an internet of the test's own. Every test runs in a
// child process, because it moves into other network namespaces; what fails there is printed
// there and fails the test here.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <linux/netlink.h>
#include <map>
#include <poll.h>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/netlink.hpp"
#include "os/packet_rules.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/network/network_rules.hpp"
#include "sandbox/testing/fixture.hpp"
#include "sandbox/testing/internet.hpp"

namespace lapwing::sandbox {
namespace {

using testing::Internet;
using testing::Outcome;
using testing::World;

using Names = std::vector<std::string>;

constexpr const char* kRange = "10.99.0.0/19";
constexpr const char* kFirstSandbox = "10.99.16.0";
constexpr const char* kRouterAsSeenOutside = "10.99.0.2";
constexpr const char* kMachineEnd = "10.99.0.1";

NetworkOptions options(Weakness weakness = Weakness::kNone) {
  NetworkOptions network;
  network.wanted = true;
  network.host = true;
  network.range = os::IpNet::parse(kRange).value();
  network.denied = {os::IpNet::parse("203.0.113.6").value()};
  network.weakness = weakness;
  return network;
}

struct Target {
  const char* name;
  const char* address;
};

const Target kOutside[] = {{"outside", "203.0.113.5"}, {"outside by IPv6", "2001:db8:0:2::5"}};
const Target kMachine[] = {{"machine by its address", "198.51.100.2"},
                           {"machine by its IPv6 address", "2001:db8:0:1::2"},
                           {"machine by the uplink", kMachineEnd},
                           {"machine by its loopback", kMachineAddress}};
const Target kWalled[] = {
    {"another sandbox", kFirstSandbox},          {"the router", kRouterAsSeenOutside},
    {"name server address", kNameServerAddress}, {"metadata of EC2", "169.254.169.254"},
    {"metadata of ECS", "169.254.170.2"},        {"metadata of EC2 by IPv6", "fd00:ec2::254"},
    {"metadata of Alibaba", "100.100.100.200"},  {"a configured wall", "203.0.113.6"}};

// Tries TCP, then UDP: "tcp NAME" and "udp NAME" for what answered, "peer ADDRESS".
constexpr const char* kProbe = R"sh(
ask() { timeout $1 bash -c "exec 3<>/dev/$2/$3/8080 && echo $4 && echo hi >&3 && head -1 <&3"; }
try() {
  if answer=$(ask 3 tcp $2 open 2>/dev/null); then echo "tcp $1"; echo "peer" $answer
  elif [ -n "$answer" ]; then echo "tcp $1"; fi
  answer=$(ask 3 udp $2 2>/dev/null)
  if [ "$(echo $answer)" = hi ]; then echo "udp $1"; fi
}
)sh";

class Probe {
 public:
  explicit Probe(const Outcome& outcome) : output_(outcome.output) {
    EXPECT_TRUE(outcome.launched) << outcome.error;
  }
  bool reached(const Target& target) const {
    return has("tcp " + std::string(target.name)) || has("udp " + std::string(target.name));
  }
  bool reached_both(const Target& target) const {
    return has("tcp " + std::string(target.name)) && has("udp " + std::string(target.name));
  }
  const std::string& output() const { return output_; }

 private:
  bool has(const std::string& line) const {
    std::istringstream lines(output_);
    for (std::string each; std::getline(lines, each);) {
      if (each == line) return true;
    }
    return false;
  }
  std::string output_;
};

Plan probe_plan(World& world, NetworkMode mode) {
  std::string script = kProbe;
  const auto add = [&script](const Target& target) {
    script += "try '" + std::string(target.name) + "' " + target.address + " &\n";
  };
  for (const Target& target : kOutside) add(target);
  for (const Target& target : kMachine) add(target);
  for (const Target& target : kWalled) add(target);
  script += "wait\n";
  Plan plan = world.plan({"/bin/bash", "-c", script});
  plan.network = mode;
  return plan;
}

// A sandbox that listens at its own address while `body` runs.
template <class Body>
void beside_another(World& world, Body body) {
  World::drive([&](net::Loop& loop) -> net::Task<void> {
    Plan plan = world.plan({"/bin/sleep", "1000"});
    plan.network = NetworkMode::kNat;
    plan.listeners.push_back({"echo", kFirstSandbox, testing::kEchoPort});
    auto box = co_await world.launcher().launch(loop, plan, {});
    EXPECT_TRUE(box) << box.error().detail();
    if (!box) co_return;
    body();
    co_await (*box)->destroy();
  });
}

Probe probe(World& world, NetworkMode mode) {
  Outcome outcome;
  beside_another(world, [&] { outcome = world.run(probe_plan(world, mode)); });
  return Probe(outcome);
}

class NetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
    if (::geteuid() != 0) GTEST_SKIP() << "a way out needs root";
    data_dir_ = World::get().data_dir() + "/net";
  }

  template <class Body>
  static void in_another_process(Body body) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      body();
      std::fflush(stdout);
      ::_exit(HasFailure() ? 1 : 0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }

  // With a machine and an internet of its own.
  template <class Body>
  static void apart(Body body) {
    in_another_process([&] {
      const Internet internet;
      body();
    });
  }

  std::unique_ptr<World> world(NetworkOptions network) const {
    auto made = World::separate(data_dir_, std::move(network));
    EXPECT_TRUE(made->usable()) << made->why_not();
    EXPECT_TRUE(made->launcher().network().available) << made->launcher().network().text;
    return made;
  }

  std::string data_dir_;
};

TEST_F(NetworkTest, NatReachesOutsideAndNothingElse) {
  apart([&] {
    const auto one = world(options());
    const Probe seen = probe(*one, NetworkMode::kNat);
    for (const Target& target : kOutside) {
      EXPECT_TRUE(seen.reached_both(target)) << target.name << "\n" << seen.output();
    }
    for (const Target& target : kMachine) EXPECT_FALSE(seen.reached(target)) << target.name;
    for (const Target& target : kWalled) EXPECT_FALSE(seen.reached(target)) << target.name;
    // Outside knows the machine alone.
    EXPECT_NE(seen.output().find("198.51.100.2"), std::string::npos) << seen.output();
    EXPECT_EQ(seen.output().find("10.99."), std::string::npos) << seen.output();
  });
}

// What one sandbox reaches of the outside, and of the walls, with these rules.
Probe probe_with(World& world, std::vector<os::EgressRule> rules) {
  Plan plan = probe_plan(world, NetworkMode::kNat);
  plan.egress = std::move(rules);
  return Probe(world.run(std::move(plan)));
}

os::EgressRule lets(std::string_view net, std::optional<std::uint8_t> protocol = std::nullopt,
                    std::int32_t first = -1, std::int32_t last = -1) {
  return {*os::IpNet::parse(net), protocol, first, last};
}

TEST_F(NetworkTest, OnlyWhatEgressRulesNameGoesOut) {
  apart([&] {
    const auto one = world(options());
    const Target& v4 = kOutside[0];
    const Target& v6 = kOutside[1];
    const Probe nothing = probe_with(*one, {});
    EXPECT_FALSE(nothing.reached(v4)) << nothing.output();
    EXPECT_FALSE(nothing.reached(v6));
    const Probe everything = probe_with(*one, {lets("0.0.0.0/0"), lets("::/0")});
    EXPECT_TRUE(everything.reached_both(v4)) << everything.output();
    EXPECT_TRUE(everything.reached_both(v6));
    for (const Target& target : kWalled) EXPECT_FALSE(everything.reached(target)) << target.name;
    const Probe tcp = probe_with(*one, {lets("203.0.113.0/24", os::kTcp, 8000, 8080)});
    EXPECT_TRUE(tcp.reached(v4)) << tcp.output();
    EXPECT_FALSE(tcp.reached_both(v4));
    EXPECT_FALSE(tcp.reached(v6));
    for (const os::EgressRule& beside :
         {lets("203.0.113.0/24", os::kTcp, 8081, 9000), lets("203.0.113.0/24", os::kTcp, 1, 8079),
          lets("203.0.113.6/32"), lets("203.0.113.5/32", os::kIcmp)}) {
      const Probe seen = probe_with(*one, {beside});
      EXPECT_FALSE(seen.reached(v4)) << beside.first << seen.output();
    }
    EXPECT_TRUE(probe_with(*one, {lets("::/0", os::kUdp, 8080, 8080)}).reached(v6));
  });
}

TEST_F(NetworkTest, RulesOfOneSandboxAreNotAnothers) {
  apart([&] {
    const auto one = world(options());
    World::drive([&](net::Loop& loop) -> net::Task<void> {
      Plan waiting = one->plan({});
      waiting.network = NetworkMode::kNat;
      auto box = co_await one->launcher().launch(loop, waiting, {});
      EXPECT_TRUE(box) << box.error().detail();
      if (!box) co_return;
      Assignment assignment;
      assignment.limits = waiting.limits;
      assignment.egress.emplace();
      const Status assigned = co_await (*box)->assign(assignment);
      EXPECT_TRUE(assigned) << assigned.error().to_log();
      co_await (*box)->destroy();
    });
    Plan other = probe_plan(*one, NetworkMode::kNat);
    EXPECT_TRUE(Probe(one->run(std::move(other))).reached_both(kOutside[0]));
  });
}

TEST_F(NetworkTest, HostReachesTheMachineToo) {
  apart([&] {
    const auto one = world(options());
    const Probe seen = probe(*one, NetworkMode::kHost);
    for (const Target& target : kOutside) EXPECT_TRUE(seen.reached_both(target)) << target.name;
    for (const Target& target : kMachine) {
      EXPECT_TRUE(seen.reached(target)) << target.name << "\n" << seen.output();
    }
    for (const Target& target : kWalled) EXPECT_FALSE(seen.reached(target)) << target.name;
  });
}

TEST_F(NetworkTest, NoneReachesNothing) {
  apart([&] {
    const auto one = world(options());
    const Probe seen = probe(*one, NetworkMode::kNone);
    for (const Target& target : kOutside) EXPECT_FALSE(seen.reached(target)) << target.name;
    for (const Target& target : kMachine) EXPECT_FALSE(seen.reached(target)) << target.name;
    for (const Target& target : kWalled) EXPECT_FALSE(seen.reached(target)) << target.name;
  });
}

// The probe itself is tested: with a wall gone it must say so.
TEST_F(NetworkTest, MissingWallsAreSeen) {
  apart([&] {
    {
      const auto one = world(options(Weakness::kOpenRouter));
      const Probe seen = probe(*one, NetworkMode::kNat);
      for (const char* name :
           {"another sandbox", "metadata of EC2", "metadata of ECS", "metadata of EC2 by IPv6",
            "metadata of Alibaba", "a configured wall"}) {
        EXPECT_TRUE(seen.reached({name, ""})) << name << "\n" << seen.output();
      }
    }
    const auto one = world(options(Weakness::kOpenMachine));
    const Probe seen = probe(*one, NetworkMode::kNat);
    for (const Target& target : kMachine) {
      // Its loopback is behind one more wall: redirection is for mode host alone.
      EXPECT_EQ(seen.reached(target), target.address != std::string(kMachineAddress))
          << target.name << "\n"
          << seen.output();
    }
  });
}

TEST_F(NetworkTest, ModesThatAreNotOfferedAreRefused) {
  apart([&] {
    NetworkOptions no_host = options();
    no_host.host = false;
    const auto one = world(no_host);
    const Outcome outcome = one->run(probe_plan(*one, NetworkMode::kHost));
    EXPECT_FALSE(outcome.launched);
    EXPECT_NE(outcome.error.find("network mode host is not offered"), std::string::npos)
        << outcome.error;
    EXPECT_TRUE(one->run_program({"/bin/true"}).launched);
  });
  const Outcome outcome = World::get().run(probe_plan(World::get(), NetworkMode::kNat));
  EXPECT_FALSE(outcome.launched);
}

TEST_F(NetworkTest, AFirewallInTheWayIsNamed) {
  apart([&] {
    os::PacketTable firewall("firewall");
    firewall.chain({"f", os::Hook::kForward, 0, os::ChainPolicy::kDrop, os::ChainKind::kFilter});
    auto rules = os::NetlinkSocket::open(NETLINK_NETFILTER).value();
    EXPECT_TRUE(firewall.install(rules));
    const auto one = world(options());
    EXPECT_NE(one->launcher().network().text.find("table inet firewall drop"), std::string::npos)
        << one->launcher().network().text;
    EXPECT_FALSE(Probe(one->run(probe_plan(*one, NetworkMode::kNat))).reached(kOutside[0]));
  });
}

TEST_F(NetworkTest, RangesInUseAreRefused) {
  apart([&] {
    const auto first = world(options());
    in_another_process([&] {
      const auto second = World::separate(data_dir_ + "2", options());
      EXPECT_FALSE(second->launcher().network().available);
      EXPECT_NE(second->launcher().network().text.find("sandbox.network_range"), std::string::npos)
          << second->launcher().network().text;
      // Sandboxes that need no way out work all the same.
      EXPECT_TRUE(second->run_program({"/bin/true"}).launched);
    });
  });
}

// The machine's table of connections is everybody's; one sandbox gets a share of it.
TEST_F(NetworkTest, ConnectionsAreCounted) {
  apart([&] {
    const auto one = world(options());
    const std::string flood =
        "for ((port = 20000; port < 20000 + " + std::to_string(kConnectionsPerSandboxMax) +
        "; ++port)); do exec 3<>/dev/udp/203.0.113.5/$port; echo x >&3 || :; done 2>/dev/null\n";
    const std::string within =
        "timeout 3 bash -c 'exec 3<>/dev/tcp/203.0.113.5/8080' && echo within\n";
    const std::string beyond =
        "timeout 3 bash -c 'exec 3<>/dev/tcp/203.0.113.5/8080' || echo beyond";
    Plan plan = one->plan({"/bin/bash", "-c", kProbe + within + flood + beyond});
    plan.network = NetworkMode::kNat;
    const Outcome flooded = one->run(plan);
    const Probe other(one->run(probe_plan(*one, NetworkMode::kNat)));
    EXPECT_NE(flooded.output.find("within"), std::string::npos) << flooded.output;
    EXPECT_NE(flooded.output.find("beyond"), std::string::npos) << flooded.output;
    EXPECT_TRUE(other.reached_both(kOutside[0])) << other.output();
  });
}

// All sandboxes together get a part of the table; beyond it each opens few more.
TEST_F(NetworkTest, ConnectionsOverAllAreCounted) {
  apart([&] {
    NetworkOptions few = options();
    few.connections_max = 64;
    const auto one = world(few);
    const std::string script =
        "for ((port = 20000; port < 20000 + " + std::to_string(kConnectionsPerSandboxMax - 200) +
        "; ++port)); do exec 3<>/dev/udp/203.0.113.5/$port; echo x >&3 || :\n"
        // Some at a time: the helper looks a few times a second, and what is open by then stays.
        "if ((port % 40 == 0)); then read -t 0.1 <> <(:)\n"
        "timeout 3 bash -c 'exec 3<>/dev/tcp/203.0.113.5/8080' || { echo beyond; break; }\n"
        "fi; done 2>/dev/null";
    Plan plan = one->plan({"/bin/bash", "-c", script});
    plan.network = NetworkMode::kNat;
    const Outcome flooded = one->run(plan);
    const Probe other(one->run(probe_plan(*one, NetworkMode::kNat)));
    EXPECT_NE(flooded.output.find("beyond"), std::string::npos) << flooded.output;
    EXPECT_TRUE(other.reached_both(kOutside[0])) << other.output();
  });
}

// Prints what a way out adds to a launch; the bound is for machines under load, not the aim.
TEST_F(NetworkTest, AttachTimes) {
  apart([&] {
    const auto one = world(options());
    std::map<std::string, std::vector<double>> times;
    for (int i = 0; i < 41; ++i) {
      Plan plan = one->plan({"/bin/true"});
      plan.network = NetworkMode::kNat;
      for (const StepTime& step : one->run(plan).steps) {
        times[step.step].push_back(static_cast<double>(step.took.count()) / 1e6);
      }
    }
    for (const char* step : {"helper: network", "network", "total"}) {
      std::vector<double>& values = times[step];
      ASSERT_EQ(values.size(), 41u) << step;
      std::ranges::sort(values);
      fmt::print("  {:<24} median {:8.3f} ms, best {:8.3f} ms\n", step, values[20], values[0]);
    }
    EXPECT_LT(times["total"][20], 250.0);
  });
}

TEST_F(NetworkTest, EndsWithoutATrace) {
  apart([&] {
    const Names before = Internet::links();
    {
      const auto one = world(options());
      EXPECT_EQ(Internet::links().size(), before.size() + 1);
      EXPECT_EQ(Internet::rule_tables().size(), 1u);
      EXPECT_TRUE(Internet::forwards("out0"));
      EXPECT_TRUE(one->run(probe_plan(*one, NetworkMode::kNat)).launched);
    }
    EXPECT_EQ(Internet::links(), before);
    EXPECT_TRUE(Internet::rule_tables().empty());
    EXPECT_FALSE(Internet::forwards("out0"));
  });
}

TEST_F(NetworkTest, TwoServersDoNotDisturbOneAnother) {
  apart([&] {
    NetworkOptions chosen = options();
    chosen.range.reset();
    const auto first = world(chosen);
    in_another_process([&] {
      const auto second = World::separate(data_dir_ + "2", chosen);
      EXPECT_TRUE(second->launcher().network().available) << second->launcher().network().text;
      EXPECT_EQ(Internet::rule_tables().size(), 2u);
      EXPECT_TRUE(Probe(second->run(probe_plan(*second, NetworkMode::kNat))).reached(kOutside[0]));
    });
    EXPECT_EQ(Internet::rule_tables().size(), 1u);
    EXPECT_TRUE(Internet::forwards("out0"));
    EXPECT_TRUE(Probe(first->run(probe_plan(*first, NetworkMode::kNat))).reached(kOutside[0]));
  });
}

// A server in a process of its own, with a sandbox running; never returns.
[[noreturn]] void serve_until_killed(const std::string& data_dir, int tell) {
  const auto world = World::separate(data_dir, options());
  World::drive([&](net::Loop& loop) -> net::Task<void> {
    Plan plan = world->plan({"/bin/sleep", "1000"});
    plan.network = NetworkMode::kNat;
    auto box = co_await world->launcher().launch(loop, plan, {});
    if (!box) co_return;
    (void)!::write(tell, "r", 1);
    co_await (*box)->exited();
  });
  ::_exit(1);
}

bool comes_true(const std::function<bool()>& condition) {
  for (int tries = 0; tries < 30'000; ++tries) {
    if (condition()) return true;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

TEST_F(NetworkTest, AKilledServerLeavesNothing) {
  apart([&] {
    const Names before = Internet::links();
    auto pipe = os::make_pipe();
    const pid_t server = ::fork();
    if (server == 0) serve_until_killed(data_dir_, pipe->second.get());
    pipe->second.reset();
    char byte = 0;
    EXPECT_EQ(::read(pipe->first.get(), &byte, 1), 1);
    EXPECT_EQ(Internet::rule_tables().size(), 1u);
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    EXPECT_TRUE(comes_true([&] { return Internet::links() == before; }));
    EXPECT_TRUE(comes_true([] { return Internet::rule_tables().empty(); }));
    EXPECT_TRUE(comes_true([] { return !Internet::forwards("out0"); }));
  });
}

// The helper of a server: its only child.
pid_t child_of(pid_t server) {
  const std::string id = std::to_string(server);
  const auto children = os::read_file("/proc/" + id + "/task/" + id + "/children");
  return children ? static_cast<pid_t>(std::strtol(children->c_str(), nullptr, 10)) : 0;
}

TEST_F(NetworkTest, WhatAKilledHelperLeftIsUndoneByTheNextThatStarts) {
  apart([&] {
    auto pipe = os::make_pipe();
    const pid_t server = ::fork();
    if (server == 0) serve_until_killed(data_dir_, pipe->second.get());
    pipe->second.reset();
    char byte = 0;
    EXPECT_EQ(::read(pipe->first.get(), &byte, 1), 1);
    const pid_t helper = child_of(server);
    ASSERT_GT(helper, 0);
    const auto watch = os::open_pidfd(helper);
    ::kill(helper, SIGSTOP);  // not to notice that the server has gone
    ::kill(server, SIGKILL);
    ::kill(helper, SIGKILL);
    ::waitpid(server, nullptr, 0);
    pollfd gone{watch->get(), POLLIN, 0};
    EXPECT_EQ(::poll(&gone, 1, 10'000), 1);
    EXPECT_TRUE(Internet::forwards("out0"));
    in_another_process([&] {
      const auto next = World::separate(data_dir_ + "2");
      EXPECT_NE(next->launcher().network().text.find("was switched off for out0"),
                std::string::npos)
          << next->launcher().network().text;
      EXPECT_FALSE(Internet::forwards("out0"));
    });
  });
}

}  // namespace
}  // namespace lapwing::sandbox
