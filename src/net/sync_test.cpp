#include "net/sync.hpp"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "net/loop_group.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"
#include "net/timeout.hpp"

namespace lapwing::net {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::TestLoop;

TEST(Event, WakesAllWaitersAndResets) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Event event(l);
    int woken = 0;
    auto waits = [](Event& e, int& count) -> Task<void> {
      co_await e.wait();
      ++count;
    };
    TaskGroup group(l);
    for (int i = 0; i < 3; ++i) group.spawn(waits(event, woken));
    co_await l.sleep(1ms);
    EXPECT_EQ(woken, 0);
    event.set();
    EXPECT_EQ(woken, 0);  // never inside set()
    co_await group.join();
    EXPECT_EQ(woken, 3);
    co_await event.wait();  // still set
    event.reset();
    EXPECT_FALSE(event.is_set());
  };
  loop.run(main(loop.get()));
}

TEST(OneShot, SameLoop) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto [sender, receiver] = one_shot<std::unique_ptr<int>>(l);
    auto sends = [](OneShotSender<std::unique_ptr<int>> s) -> Task<void> {
      EXPECT_TRUE(s.send(std::make_unique<int>(5)));
      EXPECT_FALSE(s.send(std::make_unique<int>(6)));
      co_return;
    };
    l.spawn(sends(std::move(sender)));
    Result<std::unique_ptr<int>> value = co_await receiver;
    EXPECT_TRUE(value && **value == 5);
  };
  loop.run(main(loop.get()));
}

TEST(OneShot, SentBeforeAwaitedAndNeverSent) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto early = one_shot<int>(l);
    EXPECT_FALSE(early.receiver.ready());
    EXPECT_TRUE(early.sender.send(1));
    EXPECT_TRUE(early.receiver.ready());
    EXPECT_EQ((co_await early.receiver).value_or(0), 1);
    auto dropped = one_shot<int>(l);
    dropped.sender = OneShotSender<int>();
    Result<int> nothing = co_await dropped.receiver;
    EXPECT_EQ(nothing.error().kind(), ErrorKind::kCancelled);
  };
  loop.run(main(loop.get()));
}

TEST(OneShot, SenderLearnsThatTheReceiverHasGone) {
  TestLoop loop;
  auto pair = one_shot<int>(loop.get());
  EXPECT_FALSE(pair.sender.receiver_gone());
  pair.receiver = OneShotReceiver<int>();
  EXPECT_TRUE(pair.sender.receiver_gone());
  EXPECT_FALSE(pair.sender.send(1));
}

TEST(OneShot, CancelledWaiterIsNotResumed) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    auto pair = one_shot<int>(l);
    auto waits = [](OneShotReceiver<int>& r) -> Task<Result<int>> { co_return co_await r; };
    Result<int> late = co_await with_timeout(l, 1ms, waits(pair.receiver));
    EXPECT_EQ(late.error().kind(), ErrorKind::kTimeout);
    EXPECT_TRUE(pair.sender.send(3));
    EXPECT_EQ((co_await pair.receiver).value_or(0), 3);  // the wait was given up, not the value
  };
  loop.run(main(loop.get()));
}

TEST(OneShot, FromOtherThreads) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    for (int i = 0; i < 300; ++i) {
      auto pair = one_shot<int>(l);
      std::thread thread([sender = std::move(pair.sender), i]() mutable { sender.send(i); });
      Result<int> value = co_await pair.receiver;
      EXPECT_EQ(value.value_or(-1), i);
      thread.join();
    }
  };
  loop.run(main(loop.get()));
}

// Two loops throw a value back and forth, cancelling some waits on the way.
TEST(OneShot, BetweenLoopsWithCancellation) {
  SystemClock clock;
  LoopGroup group(2, clock, null_logger());
  std::atomic<bool> finished{false};
  auto main = [&]() -> Task<void> {
    Loop& here = group.at(0);
    Loop& there = group.at(1);
    for (int i = 0; i < 2000; ++i) {
      auto pair = one_shot<int>(here);
      auto shared = std::make_shared<OneShotSender<int>>(std::move(pair.sender));
      there.post([shared, i] { shared->send(i); });
      auto waits = [](OneShotReceiver<int> r) -> Task<Result<int>> { co_return co_await r; };
      if (i % 3 == 0) {
        auto unused = co_await with_timeout(here, 0ms, waits(std::move(pair.receiver)));
        (void)unused;
      } else {
        EXPECT_EQ((co_await waits(std::move(pair.receiver))).value_or(-1), i);
      }
    }
    finished = true;
    finished.notify_all();
  };
  group.at(0).spawn(main());
  group.start();
  finished.wait(false);
  group.stop();
}

TEST(Channel, BoundedInOrderAndClosed) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Channel<int> channel(l, 2);
    EXPECT_TRUE(channel.try_push(1));
    EXPECT_TRUE(channel.try_push(2));
    EXPECT_FALSE(channel.try_push(3));
    EXPECT_EQ(co_await channel.pop(), 1);
    EXPECT_TRUE(channel.try_push(4));
    channel.close();
    EXPECT_FALSE(channel.try_push(5));
    EXPECT_EQ(co_await channel.pop(), 2);
    EXPECT_EQ(co_await channel.pop(), 4);
    EXPECT_EQ(co_await channel.pop(), std::nullopt);
  };
  loop.run(main(loop.get()));
}

TEST(Channel, ManyThreadsOneReader) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Channel<int> channel(l, 64);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([channel, t]() mutable {
        for (int i = 0; i < 1000; ++i) {
          while (!channel.try_push(t * 1000 + i)) std::this_thread::yield();
        }
      });
    }
    std::vector<int> last{-1, 999, 1999};
    for (int i = 0; i < 3000; ++i) {
      std::optional<int> value = co_await channel.pop();
      EXPECT_TRUE(value);
      int& previous = last[static_cast<std::size_t>(*value / 1000)];
      EXPECT_EQ(*value, previous + 1);
      previous = *value;
    }
    for (auto& thread : threads) thread.join();
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::net
