#include "net/interrupt.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "net/task_group.hpp"
#include "net/testing/run.hpp"

namespace lapwing::net {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;
using testing::TestLoop;

struct Ended {
  int& count;
  ~Ended() { ++count; }
};

Task<Result<int>> answers_after(Loop& loop, Duration delay, int& ended) {
  const Ended note{ended};
  co_await loop.sleep(delay);
  co_return 7;
}

Task<Result<int>> answers_at_once() { co_return 5; }

TEST(Interrupt, EndsWhatIsAwaited) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Interrupt gone;
    int ended = 0;
    auto raises = [](Loop& on, Interrupt& by) -> Task<void> {
      co_await on.sleep(1ms);
      by.raise(on);
      by.raise(on);
    };
    TaskGroup group(l);
    group.spawn(raises(l, gone));
    const Result<int> answer = co_await interruptible(l, gone, answers_after(l, 1h, ended));
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::kCancelled);
    EXPECT_EQ(ended, 1);
    // Raised already: the task gets as far as its first wait.
    const Result<int> again = co_await interruptible(l, gone, answers_after(l, 1h, ended));
    EXPECT_FALSE(again);
    EXPECT_EQ(ended, 2);
    EXPECT_EQ((co_await interruptible(l, gone, answers_at_once())).value_or(0), 5);
    co_await group.join();
  };
  loop.run(main(loop.get()));
}

TEST(Interrupt, IsForgottenByWhatHasEnded) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Interrupt gone;
    int ended = 0;
    EXPECT_EQ((co_await interruptible(l, gone, answers_after(l, 1ms, ended))).value_or(0), 7);
    EXPECT_EQ(ended, 1);
    gone.raise(l);  // nobody waits
    EXPECT_TRUE(gone.raised());
    co_await l.sleep(1ms);
  };
  loop.run(main(loop.get()));
}

TEST(Interrupt, TheWaiterMayBeDestroyed) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Interrupt gone;
    int ended = 0;
    auto waits = [](Loop& on, Interrupt& by, int& count) -> Task<void> {
      const Result<int> unused = co_await interruptible(on, by, answers_after(on, 1h, count));
      ADD_FAILURE() << "it went on: " << unused.has_value();
    };
    {
      TaskGroup group(l);
      group.spawn(waits(l, gone, ended));
      co_await l.sleep(1ms);
      gone.raise(l);  // and goes before the loop gets to it
    }
    EXPECT_EQ(ended, 1);
    gone.raise(l);
    co_await l.sleep(1ms);
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::net
