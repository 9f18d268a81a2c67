#include "runtime/snapshot/snapshot.hpp"

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

FunctionVersionPtr version(std::string name, std::string number, std::string revision = "r") {
  auto made = std::make_shared<FunctionVersion>();
  made->arn = "arn:aws:lambda:us-east-1:000000000000:function:" + name;
  made->version = std::move(number);
  made->revision_id = std::move(revision);
  return made;
}

SnapshotPtr snapshot(std::uint64_t bytes) {
  auto made = std::make_shared<Snapshot>();
  made->bytes = bytes;
  return made;
}

TEST(SnapshotStore, IsOfOneVersionOfOneFunctionAlone) {
  SnapshotStore store("/nowhere", 100);
  const SnapshotPtr kept = snapshot(10);
  EXPECT_TRUE(store.keep(*version("f", "1"), kept));
  EXPECT_EQ(store.find(*version("f", "1")), kept);
  EXPECT_EQ(store.find(*version("f", "2")), nullptr);
  EXPECT_EQ(store.find(*version("g", "1")), nullptr);
  // Deleted and made again: the same name and number, other code.
  EXPECT_EQ(store.find(*version("f", "1", "other")), nullptr);
  FunctionVersion elsewhere = *version("f", "1");
  elsewhere.arn = "arn:aws:lambda:us-east-1:111111111111:function:f";
  EXPECT_EQ(store.find(elsewhere), nullptr);
}

TEST(SnapshotStore, TheLongestUnusedMakesRoom) {
  SnapshotStore store("/nowhere", 100);
  EXPECT_TRUE(store.keep(*version("a", "1"), snapshot(40)));
  EXPECT_TRUE(store.keep(*version("b", "1"), snapshot(40)));
  EXPECT_NE(store.find(*version("a", "1")), nullptr);
  EXPECT_TRUE(store.keep(*version("c", "1"), snapshot(40)));
  EXPECT_EQ(store.find(*version("b", "1")), nullptr);
  EXPECT_NE(store.find(*version("a", "1")), nullptr);
  EXPECT_EQ(store.bytes(), 80u);
  EXPECT_EQ(store.count(), 2u);
  EXPECT_FALSE(store.keep(*version("d", "1"), snapshot(101)));
  EXPECT_EQ(store.count(), 2u);
  // In place of its own.
  EXPECT_TRUE(store.keep(*version("a", "1"), snapshot(50)));
  EXPECT_EQ(store.bytes(), 90u);
}

TEST(SnapshotStore, WhatIsMissingIsAskedForOnce) {
  SnapshotStore store("/nowhere", 100);
  int asked = 0;
  store.on_missing([&](const FunctionVersionPtr&) { ++asked; });
  const FunctionVersionPtr f = version("f", "1");
  EXPECT_EQ(store.find_or_ask(f), nullptr);
  EXPECT_EQ(store.find_or_ask(f), nullptr);
  EXPECT_EQ(asked, 1);
  // Where another would be no better, nobody asks again.
  EXPECT_TRUE(store.keep(*f, snapshot(10)));
  store.give_up(*f);
  EXPECT_EQ(store.find_or_ask(f), nullptr);
  EXPECT_EQ(asked, 1);
  // One that was thrown out for room is wanted back.
  EXPECT_TRUE(store.keep(*f, snapshot(60)));
  EXPECT_TRUE(store.keep(*version("g", "1"), snapshot(60)));
  EXPECT_EQ(store.find_or_ask(f), nullptr);
  EXPECT_EQ(asked, 2);
}

TEST(SnapshotStore, OneThatIsBeingMadeIsNotAskedFor) {
  SnapshotStore store("/nowhere", 100);
  int asked = 0;
  store.on_missing([&](const FunctionVersionPtr&) { ++asked; });
  store.note_asked(*version("f", "1"));
  EXPECT_EQ(store.find_or_ask(version("f", "1")), nullptr);
  EXPECT_EQ(asked, 0);
}

TEST(SnapshotStore, AVersionThatIsGoneLeavesNothing) {
  SnapshotStore store("/nowhere", 100);
  int asked = 0;
  store.on_missing([&](const FunctionVersionPtr&) { ++asked; });
  const FunctionVersionPtr f = version("f", "1");
  store.note_asked(*f);
  store.note_asked(*version("f", "11"));
  EXPECT_TRUE(store.keep(*f, snapshot(10)));
  std::weak_ptr<const Snapshot> gone = store.find(*f);
  store.drop(f->arn, "1");
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ(store.bytes(), 0u);
  EXPECT_EQ(store.find_or_ask(f), nullptr);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(store.find_or_ask(version("f", "11")), nullptr);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace lapwing::runtime
