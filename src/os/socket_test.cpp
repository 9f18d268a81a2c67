#include "os/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/process.hpp"

namespace lapwing::os {
namespace {

TEST(Message, CarriesDescriptors) {
  auto pair = make_socketpair(SocketKind::kSeqPacket, true);
  auto pipe = make_pipe();
  ASSERT_TRUE(pair && pipe);
  const int sent[] = {pipe->second.get()};
  ASSERT_TRUE(send_message(pair->first.get(), "here", sent));
  pipe->second.reset();
  auto message = receive_message(pair->second.get(), 64);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->bytes, "here");
  ASSERT_EQ(message->fds.size(), 1u);
  EXPECT_EQ(::fcntl(message->fds[0].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  ASSERT_TRUE(write_all(message->fds[0].get(), "through"));
  message->fds.clear();
  char buffer[16];
  EXPECT_EQ(::read(pipe->first.get(), buffer, sizeof buffer), 7);
}

TEST(Message, EmptyEndAndTruncation) {
  auto pair = make_socketpair(SocketKind::kSeqPacket, true);
  ASSERT_TRUE(pair);
  EXPECT_EQ(receive_message(pair->second.get(), 8).error().kind(), ErrorKind::kUnavailable);
  ASSERT_TRUE(send_message(pair->first.get(), "much too long", {}));
  EXPECT_EQ(receive_message(pair->second.get(), 8).error().kind(), ErrorKind::kTooLarge);
  pair->first.reset();
  auto end = receive_message(pair->second.get(), 8);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->end);
}

TEST(MemoryFile, StartsAtItsBeginning) {
  auto file = make_memory_file("test", "content");
  ASSERT_TRUE(file);
  char buffer[16];
  EXPECT_EQ(::read(file->get(), buffer, sizeof buffer), 7);
}

TEST(Process, PidfdTellsTheEnd) {
  auto child = clone_process(0);
  ASSERT_TRUE(child);
  if (child->pid == 0) {
    for (;;) ::pause();
  }
  pollfd wait{child->pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&wait, 1, 0), 0);
  ASSERT_TRUE(signal_pidfd(child->pidfd.get(), SIGKILL));
  EXPECT_EQ(::poll(&wait, 1, 10'000), 1);
  const Reaped reaped = reap_any();
  EXPECT_EQ(reaped.pid, child->pid);
  EXPECT_TRUE(WIFSIGNALED(reaped.status));
  EXPECT_EQ(reap_any().pid, 0);
  EXPECT_FALSE(signal_pidfd(child->pidfd.get(), SIGKILL));
}

}  // namespace
}  // namespace lapwing::os
