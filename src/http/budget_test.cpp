#include "http/budget.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "http/connection_budget.hpp"

namespace lapwing::http {
namespace {

TEST(Charge, TakesOfBothAndGivesBackOnce) {
  ByteBudget whole(100);
  CallerShares shares(60);
  {
    Charge first(whole, shares.of(1));
    first.add(50);
    EXPECT_TRUE(first.has_room());
    Charge second(whole, shares.of(1));
    second.add(20);
    EXPECT_FALSE(first.has_room());  // the share is over
    EXPECT_TRUE(first.has_room(20));
    Charge other(whole, shares.of(2));
    EXPECT_TRUE(other.has_room());
    other.add(30);
    EXPECT_FALSE(other.has_room());  // the whole is
    const Charge moved = std::move(first);
    EXPECT_EQ(whole.held(), 100u);
    second = Charge();
    EXPECT_EQ(whole.held(), 80u);
  }
  EXPECT_EQ(whole.held(), 0u);
  EXPECT_TRUE(shares.of(1)->has_room());
}

TEST(Charge, TurnsEndWithTheirHolder) {
  ByteBudget whole(100);
  CallerShares shares(60);
  Charge second(whole, shares.of(1));
  {
    Charge first(whole, shares.of(1));
    EXPECT_TRUE(first.take_turn());
    EXPECT_TRUE(first.take_turn());
    Charge moved = std::move(first);
    first = Charge();
    EXPECT_FALSE(second.take_turn());
    EXPECT_TRUE(Charge(whole, shares.of(2)).take_turn());
  }
  EXPECT_TRUE(second.take_turn());
}

TEST(CallerShares, ForgetThoseThatHoldNothing) {
  CallerShares shares(10);
  const auto kept = shares.of(0);
  kept->add(5);
  for (CallerId id = 1; id < 10'000; ++id) EXPECT_EQ(shares.of(id)->held(), 0u);
  EXPECT_EQ(shares.of(0)->held(), 5u);
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
