#include "base/room_line.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lapwing {
namespace {

struct Waiter {
  Waiter(std::string& all, char is) : woken(all), name(is) {}
  void wake() { woken += name; }
  std::string& woken;
  char name;
};

TEST(RoomLine, WakesTheFirstFirst) {
  std::string woken;
  RoomLine<Waiter> line;
  const auto a = std::make_shared<Waiter>(woken, 'a');
  const auto b = std::make_shared<Waiter>(woken, 'b');
  EXPECT_FALSE(line.wake_first());
  line.wait(a);
  line.wait(b);
  EXPECT_TRUE(line.wake_first());
  line.wait(a);
  EXPECT_TRUE(line.wake_first());
  EXPECT_TRUE(line.wake_first());
  EXPECT_FALSE(line.wake_first());
  EXPECT_EQ(woken, "aba");
}

TEST(RoomLine, EverybodyStandsInItOnce) {
  std::string woken;
  RoomLine<Waiter> line;
  const auto a = std::make_shared<Waiter>(woken, 'a');
  const auto b = std::make_shared<Waiter>(woken, 'b');
  for (int i = 0; i < 3; ++i) {
    line.wait(a);
    line.wait(b);
  }
  EXPECT_EQ(line.size(), 2U);
  line.wake_all();
  EXPECT_EQ(woken, "ab");
  EXPECT_FALSE(line.wake_first());
  line.wait(a);
  EXPECT_TRUE(line.wake_first());
}

TEST(RoomLine, WhoHasGoneIsPassedOver) {
  std::string woken;
  RoomLine<Waiter> line;
  auto a = std::make_shared<Waiter>(woken, 'a');
  const auto b = std::make_shared<Waiter>(woken, 'b');
  line.wait(a);
  line.wait(b);
  a.reset();
  EXPECT_TRUE(line.wake_first());
  EXPECT_FALSE(line.wake_first());
  EXPECT_EQ(woken, "b");
}

}  // namespace
}  // namespace lapwing
