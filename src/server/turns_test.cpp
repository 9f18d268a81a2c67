#include "server/turns.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/task_group.hpp"
#include "net/testing/run.hpp"

namespace lapwing::server {
namespace {

using net::Loop;
using net::Task;
using net::testing::TestLoop;

struct Site {
  explicit Site(Loop& l) : loop(l), tasks(l) {}
  // One that wants a turn, notes its name when it has one, and keeps it for a while.
  void ask(std::string name, std::uint64_t caller) {
    tasks.spawn([](Site& s, std::string n, std::uint64_t c) -> Task<void> {
      Turns::Turn turn = co_await s.turns.take(s.loop, c, s.gone[n].get_token());
      if (!turn) n = "-" + n;
      s.order += n + " ";
      co_await s.loop.yield();
    }(*this, std::move(name), caller));
  }
  Task<void> settle() {
    for (int i = 0; i < 10; ++i) co_await loop.yield();
  }
  Loop& loop;
  Turns turns;
  std::map<std::string, std::stop_source> gone;
  std::string order;
  net::TaskGroup tasks;
};

TEST(Turns, ComeInOrder) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l);
    for (int i = 0; i < 6; ++i) site.ask(std::to_string(i), 1);
    co_await site.tasks.join();
    EXPECT_EQ(site.order, "0 1 2 3 4 5 ");
  };
  loop.run(main(loop.get()));
}

TEST(Turns, ACallerOfManyLetsOthersThrough) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l);
    for (int i = 0; i < 4; ++i) site.ask("a" + std::to_string(i), 1);
    for (int i = 0; i < 2; ++i) site.ask("b" + std::to_string(i), 2);
    site.ask("c", 3);
    co_await site.tasks.join();
    EXPECT_EQ(site.order, "a0 b0 c a1 b1 a2 a3 ");
  };
  loop.run(main(loop.get()));
}

// Callers that come all the time do not keep out one that waits.
TEST(Turns, NobodyWaitsForEver) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l);
    Turns::Turn first = co_await site.turns.take(l, 1, {});
    site.ask("a", 1);
    co_await site.settle();
    for (std::uint64_t other = 2; other < 5; ++other) site.ask(std::to_string(other), other);
    co_await site.settle();
    first = {};
    co_await site.tasks.join();
    EXPECT_EQ(site.order, "2 3 4 a ");
    site.ask("x", 9);
    co_await site.tasks.join();
    EXPECT_TRUE(site.order.ends_with(" x "));
  };
  loop.run(main(loop.get()));
}

TEST(Turns, WhoGoesGivesItsPlaceBack) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l);
    Turns::Turn first = co_await site.turns.take(l, 1, {});
    for (const char* name : {"a", "b", "c"}) site.ask(name, 2);
    co_await site.settle();
    EXPECT_EQ(site.turns.waiting(), 3u);
    site.gone["b"].request_stop();
    co_await site.settle();
    EXPECT_EQ(site.order, "-b ");
    EXPECT_EQ(site.turns.waiting(), 2u);
    first = {};
    co_await site.tasks.join();
    EXPECT_EQ(site.order, "-b a c ");
  };
  loop.run(main(loop.get()));
}

TEST(Turns, DestroyedWaitersKeepNobodyWaiting) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    Site site(l);
    auto others = std::make_unique<net::TaskGroup>(l);
    Turns::Turn first = co_await site.turns.take(l, 1, {});
    others->spawn([](Site& s) -> Task<void> {
      const Turns::Turn turn = co_await s.turns.take(s.loop, 2, {});
    }(site));
    co_await site.settle();
    site.ask("after", 2);
    co_await site.settle();
    first = {};  // given to the first of them, which does not come to take it
    others.reset();
    co_await site.tasks.join();
    EXPECT_EQ(site.order, "after ");
    EXPECT_EQ(site.turns.waiting(), 0u);
    EXPECT_TRUE(co_await site.turns.take(l, 1, {}));
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::server
