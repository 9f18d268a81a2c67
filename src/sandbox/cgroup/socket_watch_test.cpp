// Processes in network namespaces of their own, which ask netlink and do not read the answers.
#include "sandbox/cgroup/socket_watch.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/socket.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

constexpr int kSocketsMax = 1'000;

// Unknown requests: each is answered with itself.
void fill_a_socket() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
  const int size = 4 * static_cast<int>(kMiB);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  std::string message(32 * kKiB, 'x');
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(message.size());
  head.nlmsg_type = 9'999;
  head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  message.replace(0, sizeof head, reinterpret_cast<const char*>(&head), sizeof head);
  for (int i = 0; i < 512; ++i) {
    if (::send(fd, message.data(), message.size(), 0) < 0) return;
  }
}

class Apart {
 public:
  explicit Apart(std::uint64_t bytes) {
    auto ready = os::make_pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
      bool done = ::unshare(CLONE_NEWNET) == 0;
      const auto proc = os::open_at(os::kCwd, "/proc", O_PATH);
      for (int i = 0; done && i < kSocketsMax && netlink_bytes(proc->get(), ::getpid()) < bytes;
           ++i) {
        fill_a_socket();
      }
      (void)!::write(ready->second.get(), done ? "y" : "n", 1);
      for (;;) ::pause();
    }
    ready->second.reset();
    char byte = 0;
    made_ = ::read(ready->first.get(), &byte, 1) == 1 && byte == 'y';
  }
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  ~Apart() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  bool made() const { return made_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  bool made_ = false;
};

TEST(SocketWatch, WhoHoldsMostUnreadIsFound) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto proc = os::open_at(os::kCwd, "/proc", O_PATH);
  ASSERT_TRUE(proc);
  const Apart calm(0);
  const Apart greedy(kUncountedBytesMax + 1);
  ASSERT_TRUE(calm.made() && greedy.made());
  EXPECT_EQ(netlink_bytes(proc->get(), calm.pid()), 0u);
  EXPECT_GT(netlink_bytes(proc->get(), greedy.pid()), kUncountedBytesMax);
  EXPECT_EQ(most_uncounted(proc->get(), {calm.pid(), greedy.pid()}), greedy.pid());
  EXPECT_EQ(most_uncounted(proc->get(), {calm.pid()}), 0);
  EXPECT_EQ(most_uncounted(proc->get(), {}), 0);
}

TEST(SocketWatch, ShortMemoryIsAPartOfTheMachines) {
  const MachineMemory here = machine_memory();
  EXPECT_GT(here.total, 0u);
  EXPECT_GT(here.available, 0u);
  EXPECT_LE(here.available, here.total);
  EXPECT_TRUE((MachineMemory{1'000, 149}).is_short());
  EXPECT_FALSE((MachineMemory{1'000, 151}).is_short());
}

}  // namespace
}  // namespace lapwing::sandbox
