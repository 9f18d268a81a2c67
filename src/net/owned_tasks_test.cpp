#include "net/owned_tasks.hpp"

#include <chrono>
#include <future>
#include <memory>

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "net/loop_group.hpp"

namespace lapwing::net {
namespace {

struct Ends {
  explicit Ends(std::promise<void>& promise) : ended(promise) {}
  ~Ends() { ended.set_value(); }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  std::promise<void>& ended;
};

Task<void> sleep(Loop& loop, std::promise<void>& begun, std::promise<void>& ended) {
  const Ends end(ended);
  begun.set_value();
  co_await loop.sleep(std::chrono::hours(1));
}

TEST(OwnedTasks, EndWhenTheirOwnerSaysSo) {
  const SystemClock clock;
  LoopGroup loops(1, clock, null_logger());
  loops.start();
  std::promise<void> begun;
  std::promise<void> ended;
  OwnedTasks tasks(loops.at(0));
  tasks.spawn([&] { return sleep(tasks.loop(), begun, ended); });
  begun.get_future().wait();
  tasks.cancel();
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
  loops.stop();
}

TEST(OwnedTasks, EndWithTheirOwnerWhereTheLoopHasStopped) {
  const SystemClock clock;
  LoopGroup loops(1, clock, null_logger());
  std::promise<void> begun;
  std::promise<void> ended;
  {
    OwnedTasks tasks(loops.at(0));
    loops.start();
    tasks.spawn([&] { return sleep(tasks.loop(), begun, ended); });
    begun.get_future().wait();
    loops.stop();
  }
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

}  // namespace
}  // namespace lapwing::net
