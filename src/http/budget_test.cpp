#include "http/budget.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "http/connection_budget.hpp"

namespace lapwing::http {
namespace {

constexpr CallerId kOne{.hash = 1};
constexpr CallerId kOther{.hash = 2};

TEST(Charge, TakesOfBothAndGivesBackOnce) {
  Budget whole(100, 60);
  {
    Charge first = whole.charge(kOne);
    first.add(50);
    EXPECT_TRUE(first.has_room());
    Charge second = whole.charge(kOne);
    second.add(20);
    EXPECT_FALSE(first.has_room());  // the share is over
    EXPECT_TRUE(first.has_room(20));
    Charge other = whole.charge(kOther);
    EXPECT_TRUE(other.has_room());
    other.add(30);
    EXPECT_FALSE(other.has_room());  // the whole is
    const Charge moved = std::move(first);
    EXPECT_EQ(whole.held(), 100u);
    second = Charge();
    EXPECT_EQ(whole.held(), 80u);
  }
  EXPECT_EQ(whole.held(), 0u);
  EXPECT_TRUE(whole.charge(kOne).has_room());
}

TEST(Charge, TurnsEndWithTheirHolder) {
  Budget whole(100, 60);
  Charge second = whole.charge(kOne);
  {
    Charge first = whole.charge(kOne);
    EXPECT_TRUE(first.take_turn());
    EXPECT_TRUE(first.take_turn());
    Charge moved = std::move(first);
    first = Charge();
    EXPECT_FALSE(second.take_turn());
    EXPECT_TRUE(whole.charge(kOther).take_turn());
  }
  EXPECT_TRUE(second.take_turn());
}

TEST(Budget, ForgetsThoseThatHoldNothing) {
  Budget whole(10, 10);
  Charge kept = whole.charge(kOther);
  kept.add(5);
  for (std::uint64_t id = 100; id < 10'000; ++id) {
    EXPECT_EQ(whole.charge(CallerId{.hash = id}).share_held(), 0u);
  }
  EXPECT_EQ(whole.charge(kOther).share_held(), 5u);
}

// Takes what there is, a byte at a time.
std::uint64_t take_what_there_is(Charge& charge) {
  while (charge.has_room()) charge.add(1);
  return charge.bytes();
}

TEST(Budget, HoweverManyTakeWhatTheyCanAnotherGetsSome) {
  Budget whole(1'200, 1);
  std::vector<Charge> held;
  std::vector<std::uint64_t> got;
  for (std::uint64_t id = 1; id <= 5; ++id) {
    held.push_back(whole.charge(CallerId{.hash = id}));
    got.push_back(take_what_there_is(held.back()));
  }
  EXPECT_EQ(got, (std::vector<std::uint64_t>{600, 300, 150, 75, 38}));
  EXPECT_FALSE(held.front().has_room());
  held.clear();
  EXPECT_EQ(whole.held(), 0u);
}

TEST(Budget, ACallerHasItsLeastWhereThereIsRoom) {
  Budget whole(100, 40);
  Charge other = whole.charge(kOther);
  other.add(60);
  Charge one = whole.charge(kOne);
  EXPECT_EQ(take_what_there_is(one), 40u);
}

// Sandboxes' functions are as many callers as somebody makes them; clients have their half.
TEST(Budget, SandboxesTogetherHaveHalf) {
  Budget whole(160, 80);
  std::vector<Charge> inside;
  for (std::uint64_t id = 1; id <= 50; ++id) {
    inside.push_back(whole.charge(CallerId{.hash = id, .inside = true}));
    take_what_there_is(inside.back());
  }
  EXPECT_EQ(inside.front().bytes(), 70u);  // and the first of them left something
  EXPECT_EQ(whole.held(), 80u);
  Charge client = whole.charge(kOne);
  EXPECT_EQ(take_what_there_is(client), 80u);
  EXPECT_FALSE(whole.has_room());
}

TEST(Budget, AFunctionHasAPartOfItsCallersShare) {
  Budget whole(128, 32, 8);
  std::vector<Charge> unread;
  for (int i = 0; i < 100; ++i) {
    unread.push_back(whole.charge(CallerId{.hash = 1, .part = 7}));
    if (unread.back().has_room()) unread.back().add(4);
  }
  EXPECT_LE(whole.held(), 48u);
  Charge another = whole.charge(CallerId{.hash = 1, .part = 8});
  EXPECT_GE(another.room(), 16u);
  // A caller of many functions has its share all the same.
  for (std::uint64_t part = 8; part < 100; ++part) {
    unread.push_back(whole.charge(CallerId{.hash = 1, .part = part}));
    while (unread.back().room() >= 4) unread.back().add(4);
  }
  EXPECT_LE(whole.held(), 64u);
  EXPECT_GE(whole.charge(CallerId{.hash = 2, .part = 7}).room(), 16u);
}

std::size_t take_all(ConnectionBudget& budget, std::vector<ConnectionPlace>& into,
                     const std::shared_ptr<std::atomic<std::size_t>>& own, std::size_t most) {
  while (ConnectionPlace place = budget.open_inside(own, most)) into.push_back(std::move(place));
  return own->load();
}

TEST(ConnectionBudget, ClientsGetWhatSandboxesDoNotHoldAndHalfInAnyCase) {
  ConnectionBudget budget(100);
  std::vector<ConnectionPlace> inside;
  for (int sandbox = 0; sandbox < 30; ++sandbox) {
    take_all(budget, inside, std::make_shared<std::atomic<std::size_t>>(0), 1000);
  }
  std::vector<ConnectionPlace> clients;
  while (ConnectionPlace place = budget.open()) clients.push_back(std::move(place));
  EXPECT_EQ(clients.size(), 50u);
  inside.clear();
  while (ConnectionPlace place = budget.open()) clients.push_back(std::move(place));
  EXPECT_EQ(clients.size(), 100u);
  EXPECT_EQ(budget.open_count(), 100u);
  clients.pop_back();
  EXPECT_TRUE(budget.open());
}

// However many sandboxes take what they can, the next one gets some, and a few always.
TEST(ConnectionBudget, OneSandboxLeavesToTheOthers) {
  ConnectionBudget budget(10'000);
  std::vector<ConnectionPlace> held;
  std::size_t least = 10'000;
  for (int sandbox = 0; sandbox < 25; ++sandbox) {
    const auto own = std::make_shared<std::atomic<std::size_t>>(0);
    least = std::min(least, take_all(budget, held, own, 256));
  }
  EXPECT_GT(least, kConnectionsAlwaysGranted);
  EXPECT_LT(budget.inside_count(), 5'000u);
  ConnectionBudget small(16);
  std::vector<ConnectionPlace> taken;
  for (int sandbox = 0; sandbox < 40; ++sandbox) {
    const auto own = std::make_shared<std::atomic<std::size_t>>(0);
    EXPECT_EQ(take_all(small, taken, own, 256), kConnectionsAlwaysGranted);
  }
  const auto own = std::make_shared<std::atomic<std::size_t>>(0);
  EXPECT_EQ(take_all(budget, held, own, 2), 2u);  // its own limit
}

}  // namespace
}  // namespace lapwing::http
