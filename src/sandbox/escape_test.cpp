// Runs the escape probe in real sandboxes: every wall must hold, every bomb must be
// contained, and a wall taken away on purpose must be noticed.
#include <arpa/inet.h>
#include <cstddef>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "escape_probe.hpp"
#include "os/file.hpp"
#include "os/network.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::Outcome;
using testing::World;

constexpr std::size_t kAttempts = 51;  // lines of the probe; fewer means some did not run

// What a sandbox must not find, really there on the host.
struct HostBait {
  os::UniqueFd port;
  os::UniqueFd abstract;
  std::string port_text;
  std::string abstract_name = "lapwing-escape-" + std::to_string(::getpid());
  std::string file;

  explicit HostBait(const std::string& data_dir) : file(data_dir + "/bait") {
    EXPECT_TRUE(os::write_atomically(file, "secret\n", 0644));
    auto listener = os::listen_tcp("127.0.0.1", 0, 16);
    EXPECT_TRUE(listener);
    port = *std::move(listener);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    // The socket interface takes every address family through sockaddr.
    ::getsockname(port.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port_text = std::to_string(ntohs(bound.sin_port));
    abstract.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    abstract_name.copy(name.sun_path + 1, sizeof name.sun_path - 2);
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + abstract_name.size());
    EXPECT_EQ(::bind(abstract.get(), reinterpret_cast<const sockaddr*>(&name), length), 0);
    EXPECT_EQ(::listen(abstract.get(), 16), 0);
  }
};

class Escape : public ::testing::Test {
 protected:
  void SetUp() override {
    World& world = World::get();
    if (!world.usable()) GTEST_SKIP() << world.why_not();
    task_ = world.data_dir() + "/probe";
    ASSERT_TRUE(os::make_directories(task_));
    if (!os::exists(task_ + "/probe")) {
      ASSERT_TRUE(os::copy_file(kEscapeProbe, task_ + "/probe"));
    }
    bait_ = std::make_unique<HostBait>(world.data_dir());
  }

  Plan probe(std::vector<std::string> arguments = {}) const {
    Plan plan = World::get().plan({"/var/task/probe"});
    plan.argv.insert(plan.argv.end(), arguments.begin(), arguments.end());
    plan.binds.push_back({task_, "/var/task"});
    // Of a sanitizer build: the leak check wants ptrace, which is closed inside.
    plan.environment.emplace_back("ASAN_OPTIONS", "detect_leaks=0");
    plan.environment.emplace_back("ESCAPE_HOST_PID", std::to_string(::getpid()));
    plan.environment.emplace_back("ESCAPE_HOST_FILE", bait_->file);
    plan.environment.emplace_back("ESCAPE_HOST_DATA", World::get().data_dir());
    plan.environment.emplace_back("ESCAPE_HOST_PORT", bait_->port_text);
    plan.environment.emplace_back("ESCAPE_HOST_ABSTRACT", bait_->abstract_name);
    return plan;
  }

  static std::set<std::string> escaped(const std::string& output) {
    std::set<std::string> names;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("ESCAPED ")) continue;
      names.insert(line.substr(8, line.find(':') - 8));
    }
    return names;
  }

  std::string task_;
  std::unique_ptr<HostBait> bait_;
};

TEST_F(Escape, EveryWallHolds) {
  const Outcome outcome = World::get().run(probe());
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(escaped(outcome.output).empty()) << outcome.output;
  std::size_t held = 0;
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) held += line.starts_with("held ") ? 1 : 0;
  EXPECT_GE(held, kAttempts) << outcome.output;
  EXPECT_FALSE(outcome.status.signalled);
}

// The probe itself is tested: with a wall gone it must say so.
TEST_F(Escape, MissingWallsAreSeen) {
  const std::pair<Weakness, const char*> holes[] = {
      {Weakness::kKeepCapabilities, "hold capabilities"},
      {Weakness::kNoSeccomp, "call unfiltered"},
      {Weakness::kNoSeccomp, "make namespaces"},
      {Weakness::kHostPidNamespace, "see other processes"},
      {Weakness::kHostPidNamespace, "signal a host process"},
      {Weakness::kHostNetwork, "reach the host's loopback"},
      {Weakness::kHostNetwork, "reach an abstract socket"}};
  for (const auto& [weakness, attempt] : holes) {
    Plan plan = probe();
    plan.weakness = weakness;
    const Outcome outcome = World::get().run(plan);
    ASSERT_TRUE(outcome.launched) << attempt << ": " << outcome.error;
    EXPECT_TRUE(escaped(outcome.output).contains(attempt)) << attempt << "\n" << outcome.output;
  }
}

TEST_F(Escape, MemoryBombIsKilledAndSaidToBe) {
  if (!World::get().enforced("memory limit")) GTEST_SKIP() << "no memory limit here";
  Plan plan = probe({"memory"});
  plan.limits.memory_bytes = 64 * kMiB;
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, SIGKILL);
  EXPECT_TRUE(outcome.status.out_of_memory);
  EXPECT_GE(outcome.oom_kills, 1u);
  EXPECT_LE(outcome.memory.peak_bytes, 64 * kMiB);
  EXPECT_GE(outcome.memory.peak_bytes, 32 * kMiB);
}

TEST_F(Escape, ProcessesAreCounted) {
  Plan plan = probe({"processes"});
  plan.limits.memory_bytes = 512 * kMiB;
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  const int had = std::stoi("0" + outcome.output);
  EXPECT_LE(had, 1024) << outcome.output;
  EXPECT_GE(had, 900) << outcome.output;
}

TEST_F(Escape, ForkBombDiesWithItsSandbox) {
  if (!World::get().enforced("process limit")) GTEST_SKIP() << "no process limit here";
  Plan plan = probe({"forks"});
  plan.argv = {"/bin/sh", "-c", "echo started; exec /var/task/probe forks"};
  const Outcome outcome = World::get().run_until(plan, "started");
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(outcome.status.signalled);
}

TEST_F(Escape, DescriptorsAreCounted) {
  const Outcome outcome = World::get().run(probe({"descriptors"}));
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.status.code, 0);
  EXPECT_EQ(std::stoi("0" + outcome.output), 1024 - 3) << outcome.output;
}

TEST_F(Escape, TmpHasItsSize) {
  Plan plan = probe({"tmp"});
  plan.limits.tmp_bytes = 48 * kMiB;
  plan.limits.memory_bytes = 256 * kMiB;
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.status.code, 0) << outcome.output;
  EXPECT_LE(std::stoi("0" + outcome.output), 48);
  EXPECT_GE(std::stoi("0" + outcome.output), 40);
}

TEST_F(Escape, TmpMayBeLargerThanMemory) {
  Plan plan = probe({"tmp"});
  plan.limits.tmp_bytes = 128 * kMiB;
  plan.limits.memory_bytes = 64 * kMiB;
  if (!World::get().enforced("/tmp beside memory"))
    GTEST_SKIP() << "/tmp is a tmpfs on this machine";
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.status.code, 0) << outcome.output;
  EXPECT_GE(std::stoi("0" + outcome.output), 110);
}

TEST_F(Escape, SharedMemoryHasItsSize) {
  const Outcome outcome = World::get().run(probe({"shm"}));
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(std::stoi("0" + outcome.output), 16) << outcome.output;
}

TEST_F(Escape, NothingInsideOutlivesAKill) {
  const Outcome outcome = World::get().run_until(probe({"spin"}), "spinning");
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, SIGKILL);
  EXPECT_FALSE(outcome.status.out_of_memory);
}

}  // namespace
}  // namespace lapwing::sandbox
