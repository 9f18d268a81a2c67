#include "http/open_connections.hpp"

#include <algorithm>
#include <chrono>
#include <list>
#include <string>

#include <gtest/gtest.h>

namespace lapwing::http {
namespace {

using std::chrono_literals::operator""s;

struct One final : OpenConnection {
  One(OpenConnections& list, ConnectionBudget& budget, std::string n, std::uint64_t network,
      std::optional<Waiting> w)
      : name(std::move(n)), what(w), place(budget.open(network)), member(list, *this, place) {
    // As those have that are kept.
    if (what && what->idleness == Idleness::kKept) has_asked();
  }
  std::optional<Waiting> waiting() const override { return what; }
  void close_now() override {}
  void close_if_idle() override {}
  void request_stop() override {}

  std::string name;
  std::optional<Waiting> what;
  ConnectionPlace place;
  OpenConnections::Membership member;
};

class OpenConnectionsTest : public ::testing::Test {
 protected:
  void add(std::string name, std::uint64_t network, Idleness idleness, int since = 0) {
    ones_.emplace_back(list_, budget_, std::move(name), network,
                       Waiting{idleness, MonoTime() + since * 1s});
  }
  // The order in which they would be closed.
  std::string order(std::size_t many) {
    std::string all;
    while (OpenConnection* found = list_.close_cheapest(many)) {
      const auto at =
          std::find_if(ones_.begin(), ones_.end(), [&](const One& one) { return &one == found; });
      all += at->name + " ";
      ones_.erase(at);
    }
    return all;
  }

  ConnectionBudget budget_{1'000};
  OpenConnections list_;
  std::list<One> ones_;
};

TEST_F(OpenConnectionsTest, WhatCostsLeastGoesFirst) {
  add("work", 1, Idleness::kAtWork);
  add("kept", 2, Idleness::kKept);
  add("drips", 3, Idleness::kDrips, 1);
  add("long", 4, Idleness::kLong);
  add("young", 5, Idleness::kYoung);
  add("lingers", 6, Idleness::kLingers);
  EXPECT_EQ(order(10), "lingers long kept work drips ");
  EXPECT_EQ(list_.all().size(), 1u);  // what is new has its time
}

TEST_F(OpenConnectionsTest, OfTheCallerThatHasMostTheOneThatWaitsLongest) {
  add("a5", 1, Idleness::kLong, 5);
  add("b2", 2, Idleness::kLong, 2);
  add("b3", 2, Idleness::kLong, 3);
  add("b1", 2, Idleness::kLong, 1);
  add("a4", 1, Idleness::kLong, 4);
  EXPECT_EQ(order(10), "b1 b2 a4 b3 a5 ");
}

// Of one that has many, what comes too slowly and new ones without a request go before what others
// keep; once it has no more than they, all are equal.
TEST_F(OpenConnectionsTest, WhoHasManyGoesFirst) {
  add("kept", 9, Idleness::kKept);
  add("young", 9, Idleness::kYoung);
  for (int i = 5; i > 0; --i) {
    const std::string number = std::to_string(i);
    if (i % 2 == 0) add("k" + number, 1, Idleness::kKept, i);
    if (i % 2 == 1) add("y" + number, 1, Idleness::kYoung, i);
  }
  add("d", 1, Idleness::kDrips);
  EXPECT_EQ(order(3), "d y1 y3 k2 kept k4 ");
}

// Among many that are kept, those that have asked nothing are found.
TEST_F(OpenConnectionsTest, WhatHasAskedNothingIsFoundAmongMany) {
  for (int i = 0; i < 300; ++i) add("kept", 1, Idleness::kKept);
  add("long", 2, Idleness::kLong);
  for (int i = 0; i < 300; ++i) add("kept", 1, Idleness::kKept);
  OpenConnection* closed = list_.close_cheapest(1'000);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(static_cast<One*>(closed)->name, "long");
  // And as long as it is there, nothing that is kept goes; nor has it to go twice.
  EXPECT_EQ(list_.close_cheapest(1'000), nullptr);
  ones_.remove_if([&](const One& one) { return &one == closed; });
  closed = list_.close_cheapest(1'000);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(static_cast<One*>(closed)->name, "kept");
}

TEST_F(OpenConnectionsTest, NothingWhereNoneMayBeClosed) {
  EXPECT_EQ(list_.close_cheapest(0), nullptr);
  ones_.emplace_back(list_, budget_, "busy", 1, std::nullopt);
  EXPECT_EQ(list_.close_cheapest(0), nullptr);
}

}  // namespace
}  // namespace lapwing::http
