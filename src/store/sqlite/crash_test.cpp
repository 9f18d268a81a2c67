// kill -9 under load: what was acknowledged is there, and nothing half-made. The child is
// this binary again, running only the disabled test below; it tells each acknowledgement
// through a pipe, and the parent kills it at a random one.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "os/unique_fd.hpp"
#include "store/sqlite/sqlite_engine.hpp"
#include "store/testing/engines.hpp"

namespace lapwing::store::sqlite {
namespace {

using testing::succeeded;

constexpr char kDirVariable[] = "LAPWING_CRASH_TEST_DIR";
constexpr char kRoundVariable[] = "LAPWING_CRASH_TEST_ROUND";
constexpr int kAckFd = 3;
constexpr int kRounds = 20;
constexpr int kThreads = 4;

// One number a write: a record, a message and a log line in one transaction.
Status write_one(Engine& engine, const std::string& name) {
  LAPWING_CHECK(engine.store().transact([&](Txn& txn) -> Status {
    LAPWING_CHECK(txn.put("fn", name, std::string(200, 'v'), {Expect::absent(), {{"i", name}}}));
    LAPWING_CHECK(txn.enqueue({"q", name}));
    LAPWING_CHECK(txn.append("s", "0", {{1, name}}));
    return {};
  }));
  LAPWING_CHECK(engine.bulk_log().append("b", "0", std::vector<LogInput>{{1, name}}));
  return {};
}

TEST(Crash, DISABLED_Child) {
  const char* dir = std::getenv(kDirVariable);
  ASSERT_NE(dir, nullptr);
  const std::string round = std::getenv(kRoundVariable);
  const SystemClock clock;
  auto engine = open_sqlite_engine({dir}, clock, null_logger());
  ASSERT_TRUE(succeeded(engine));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const std::string name = round + "." + std::to_string(t) + "." + std::to_string(i);
        if (!write_one(**engine, name)) std::abort();
        const std::string line = name + "\n";
        // Short writes to a pipe are whole.
        if (::write(kAckFd, line.data(), line.size()) < 0) std::abort();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

struct Child {
  pid_t pid = -1;
  os::UniqueFd acks;
};

Child start_child(const std::string& dir, int round) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  os::UniqueFd read_end(ends[0]);
  const os::UniqueFd write_end(ends[1]);
  std::string filter = "--gtest_filter=Crash.DISABLED_Child";
  std::string all = "--gtest_also_run_disabled_tests";
  std::string self = "/proc/self/exe";
  std::string dir_setting = std::string(kDirVariable) + "=" + dir;
  std::string round_setting = std::string(kRoundVariable) + "=" + std::to_string(round);
  const std::array<char*, 4> arguments{self.data(), filter.data(), all.data(), nullptr};
  const std::array<char*, 3> environment{dir_setting.data(), round_setting.data(), nullptr};
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int quiet = ::open("/dev/null", O_WRONLY);
    ::dup2(quiet, 1);
    if (write_end.get() == kAckFd) ::fcntl(kAckFd, F_SETFD, 0);
    if (write_end.get() != kAckFd) ::dup2(write_end.get(), kAckFd);
    ::execve(self.c_str(), arguments.data(), environment.data());
    ::_exit(127);
  }
  return {pid, std::move(read_end)};
}

// Reads acknowledgements; kills the child at the `kill_at`th and reads what is left.
std::set<std::string> read_acks(const Child& child, int kill_at) {
  std::string text;
  std::array<char, 4096> buffer{};
  bool killed = false;
  while (true) {
    const ssize_t got = ::read(child.acks.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (!killed && std::ranges::count(text, '\n') >= kill_at) {
      ::kill(child.pid, SIGKILL);
      killed = true;
    }
  }
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
  std::set<std::string> acks;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    acks.insert(text.substr(at, end - at));
  }
  return acks;
}

std::set<std::string> lines_of(Log& log, const char* stream) {
  std::set<std::string> out;
  LogRead read{stream, "0"};
  while (true) {
    const auto page = log.read(read);
    EXPECT_TRUE(succeeded(page));
    if (!page) return out;
    for (const LogRecord& record : page->records) out.insert(record.data);
    if (!page->more) return out;
    read.from = page->records.back().sequence + 1;
  }
}

void verify(const std::string& dir, const std::set<std::string>& acks) {
  const SystemClock clock;
  const auto engine = open_sqlite_engine({dir}, clock, null_logger());
  ASSERT_TRUE(succeeded(engine));
  std::set<std::string> records;
  ASSERT_TRUE(for_each_record((*engine)->store(), {.kind = "fn", .index = "i"},
                              [&](Record& record) -> Status {
                                records.insert(record.key);
                                return {};
                              }));
  const std::set<std::string> lines = lines_of((*engine)->log(), "s");
  const std::set<std::string> bulk = lines_of((*engine)->bulk_log(), "b");
  for (const std::string& name : acks) {
    EXPECT_TRUE(records.contains(name)) << name;
    EXPECT_TRUE(bulk.contains(name)) << name;
  }
  // Together or not at all, acknowledged or not.
  EXPECT_EQ(lines, records);
  EXPECT_EQ((*engine)->queue().stats("q")->visible, records.size());
  EXPECT_EQ(*(*engine)->changes().last(), records.size());
}

TEST(Crash, KilledAtAnyMomentNothingAcknowledgedIsLost) {
  const testing::TempDir dir;
  std::mt19937 random(20);
  std::set<std::string> acks;
  for (int round = 0; round < kRounds; ++round) {
    const Child child = start_child(dir.path(), round);
    ASSERT_GT(child.pid, 0);
    const int kill_at = std::uniform_int_distribution<int>(1, 200)(random);
    const std::set<std::string> more = read_acks(child, kill_at);
    EXPECT_GE(more.size(), static_cast<std::size_t>(kill_at));
    acks.insert(more.begin(), more.end());
    verify(dir.path(), acks);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace lapwing::store::sqlite
