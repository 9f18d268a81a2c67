#include "engine/admission.hpp"

#include <string>

#include <gtest/gtest.h>

namespace lapwing::engine {
namespace {

constexpr std::uint32_t kLimit = 10;
const Region kRegion("us-east-1");

AccountId account_of(int number) { return AccountId(std::to_string(100'000'000'000 + number)); }

TEST(Admission, AnAccountIsOneForAsLongAsItRunsSomething) {
  Admission admission(kLimit);
  const auto first = admission.account(account_of(0), kRegion);
  EXPECT_TRUE(first->enter(0));
  EXPECT_EQ(admission.account(account_of(0), kRegion)->in_flight(), 1U);
  EXPECT_EQ(admission.account(account_of(1), kRegion)->in_flight(), 0U);
  // However many others come and go.
  for (int i = 2; i < 1000; ++i) admission.account(account_of(i), kRegion);
  EXPECT_EQ(admission.account(account_of(0), kRegion), first);
}

TEST(Admission, AccountsThatRunNothingAreForgotten) {
  Admission admission(kLimit);
  for (int i = 0; i < 10'000; ++i) admission.account(account_of(i), kRegion);
  EXPECT_LE(admission.accounts(), 64U);
}

TEST(Admission, WhatReservationsLeaveIsNotForgotten) {
  Admission admission(kLimit);
  admission.set_unreserved(account_of(0), kRegion, 1);
  for (int i = 1; i < 1000; ++i) admission.set_unreserved(account_of(i), kRegion, kLimit);
  EXPECT_LE(admission.accounts(), 64U);
  const auto reserved = admission.account(account_of(0), kRegion);
  EXPECT_TRUE(reserved->enter(0));
  EXPECT_FALSE(reserved->enter(0));
  admission.set_unreserved(account_of(0), kRegion, 2);
  EXPECT_TRUE(reserved->enter(0));
}

}  // namespace
}  // namespace lapwing::engine
