// Mappings on their way from one state to another: a step in the background brings them there.
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "services/lambda/mappings/mapping_record.hpp"
#include "services/lambda/testing/harness.hpp"

namespace lapwing::lambda {
namespace {

using lapwing::testing::eventually;

class MappingSteps : public ::testing::Test, public testing::Harness {
 protected:
  // As a crash has left it.
  void put(const std::string& uuid, MappingState state) {
    MappingRecord record;
    record.function = {caller.account, caller.region, FunctionName("f")};
    record.uuid = uuid;
    record.source_arn = "arn:aws:sqs:us-east-1:000000000000:" + uuid;
    record.state = state;
    record.enabled = false;
    ASSERT_TRUE(engine->store().transact([&](store::Txn& txn) -> Status {
      LAPWING_CHECK(MappingRecords::put(txn, record));
      return {};
    }));
  }
  // "" where it is not there.
  std::string state_of(const std::string& uuid) {
    return send("GetEventSourceMapping", "GET", "/2015-03-31/event-source-mappings/" + uuid)
        .at("State");
  }

  const std::string deleted = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
  const std::string updated = "3f2504e0-4f89-41d3-9a0c-0305e82c3302";
};

TEST_F(MappingSteps, WhatACrashHasCutIsEnded) {
  put(deleted, MappingState::kDeleting);
  put(updated, MappingState::kUpdating);
  EXPECT_EQ(state_of(deleted), "Deleting");
  background.start();
  restart();
  EXPECT_TRUE(eventually([&] { return state_of(deleted).empty(); }));
  EXPECT_TRUE(eventually([&] { return state_of(updated) == "Disabled"; }));
}

TEST_F(MappingSteps, WhatIsStillOnItsWayIsFoundByItsIndex) {
  background.start();
  restart();
  put(deleted, MappingState::kDeleting);
  // Whatever is changed, all that is on its way is looked at.
  put(updated, MappingState::kDisabled);
  EXPECT_EQ(
      send("DeleteEventSourceMapping", "DELETE", "/2015-03-31/event-source-mappings/" + updated)
          .at("State"),
      "Deleting");
  EXPECT_TRUE(eventually([&] { return state_of(deleted).empty(); }));
  EXPECT_TRUE(eventually([&] { return state_of(updated).empty(); }));
}

}  // namespace
}  // namespace lapwing::lambda
