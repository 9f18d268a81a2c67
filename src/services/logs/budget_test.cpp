#include "services/logs/budget.hpp"

#include <gtest/gtest.h>

#include "services/logs/limits.hpp"
#include "services/logs/testing/fixture.hpp"
#include "text/time_format.hpp"

namespace lapwing::logs {
namespace {

class Budget : public LogsFixture {
 protected:
  void limit(const LogLimits& limits) {
    core_.reset();
    core_ = std::make_unique<Core>(engine_->store(), disk_, clock_, random_, null_logger(), limits);
  }
  void print(const std::string& stream, std::size_t bytes, const std::string& group = "g") {
    core_->sink.append(ref(group, stream), {{clock_.wall(), std::string(bytes - 1, 'x')}});
  }
  // What the stream holds: sizes of its lines, and what it says of those that were dropped.
  Messages told(const std::string& stream, const std::string& group = "g") {
    Messages out;
    const auto page = get(group, stream);
    if (!page) return {page.error().message()};
    for (const std::string& message : messages(*page)) {
      out.push_back(message.starts_with('x') ? std::to_string(message.size()) : message);
    }
    return out;
  }
  static constexpr std::uint64_t kRate = 1 * kMiB;
};

TEST_F(Budget, AGroupMayWriteItsRateAndABurst) {
  limit({.group_bytes_per_second = kRate});
  for (int i = 0; i < kRateBurst * 4; ++i) print("s", kRate / 4);
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kRate), 0u);
  print("s", kRate / 4);
  print("t", kRate / 4);  // the streams of a group share
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kRate), kRate / 2);
  print("s", 100);  // what is small still comes through
  print("s", kRate, "other");
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kRate), kRate / 2);
  const Messages lines = told("s");
  EXPECT_EQ(lines.back(),
            "[lapwing] 262144 bytes of output were dropped: the log group may write 1 MiB a second "
            "(logs.function_mib_per_second)\n");
  EXPECT_EQ(told("t").size(), 1u);
  EXPECT_EQ(told("s"), lines);  // once
  clock_.advance(std::chrono::seconds(1));
  print("s", 200'000);
  EXPECT_EQ(told("s").back(), "200000");
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kRate), kRate / 2);
}

TEST_F(Budget, WhoHoldsAStreamCanTellThatItLoses) {
  limit({.group_bytes_per_second = kRate});
  const auto stream = core_->sink.open(ref("g", "s"));
  const auto print_mib = [&] {
    stream->append({{clock_.wall(), std::string(kRate, 'x')}});
    return !stream->losing();
  };
  for (int i = 0; i < kRateBurst - 1; ++i) EXPECT_TRUE(print_mib());
  EXPECT_FALSE(print_mib());
  clock_.advance(std::chrono::seconds(2));
  EXPECT_TRUE(print_mib());
}

TEST_F(Budget, AGroupIsRememberedBetweenItsAppends) {
  limit({.group_bytes_per_second = kRate});
  const Scope scope{AccountId("000000000000"), Region("us-east-1")};
  const auto take = [&] {
    core_->budget.refresh(clock_.mono());
    return core_->budget.group(scope, "g")->take(kRate, clock_.mono());
  };
  for (int i = 0; i < kRateBurst; ++i) EXPECT_FALSE(take());
  EXPECT_EQ(take(), Loss::kRate);
  clock_.advance(std::chrono::milliseconds(1'500));
  EXPECT_FALSE(take());
  EXPECT_EQ(take(), Loss::kRate);
  clock_.advance(kGroupRememberedFor);
  EXPECT_FALSE(take());
}

TEST_F(Budget, SmallAppendsHaveAnEndToo) {
  limit({.group_bytes_per_second = kRate});
  for (int i = 0; i < kRateBurst; ++i) print("s", kRate);
  for (std::int64_t i = 0; i <= kSmallAppendsBytesMax; i += 1000) print("s", 1000);
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kRate), 0u);
  print("s", 1000);
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kRate), 1000u);
}

TEST_F(Budget, AGroupHoldsSoMuchUntilSomethingGoes) {
  limit({.group_bytes = 300'000});
  print("s", 200'000);
  ASSERT_TRUE(core_->sink.flush_all());
  print("s", 200'000);
  ASSERT_TRUE(core_->sink.flush_all());
  print("s", 1'000);
  print("s", 1'000, "other");
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kGroup), 1'000u);
  EXPECT_EQ(told("s"), (Messages{"200000", "200000",
                                 "[lapwing] 1000 bytes of output were dropped, and what follows "
                                 "is: the log group may hold 0 MiB (logs.function_mb)\n"}));
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, "x"}})),
            "ServiceUnavailableException: The service cannot complete the request: the log group "
            "may hold 0 MiB (logs.function_mb).");
  make_group("g2");
  ASSERT_TRUE(delete_log_stream(*core_, call_, {"g", "s"}));
  print("s", 1'000);
  EXPECT_EQ(told("s").front(), "1000");
}

TEST_F(Budget, AllGroupsTogetherHoldSoMuch) {
  limit({.bytes = 300'000});
  print("s", 200'000);
  ASSERT_TRUE(core_->sink.flush_all());
  print("s", 200'000, "other");
  ASSERT_TRUE(core_->sink.flush_all());
  clock_.advance(kWholeLookEvery);
  core_->budget.refresh(clock_.mono());
  EXPECT_EQ(core_->budget.closed(), Loss::kWhole);
  print("s", 1'000);
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kWhole), 1'000u);
  make_group("new");  // takes none of it
  ASSERT_TRUE(delete_log_group(*core_, call_, {"other"}));
  EXPECT_EQ(core_->budget.closed(), std::nullopt);
  print("s", 1'000);
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kWhole), 1'000u);
}

TEST_F(Budget, NothingTakesFromTheReserve) {
  const os::DiskSpace tight("/tmp", UINT64_MAX / 4);
  limit({.disk = &tight});
  print("s", 1'000);  // taken over before the disk is looked at
  ASSERT_TRUE(core_->sink.flush_all());
  print("s", 1'000);
  // The first as it is packed.
  EXPECT_GE(core_->budget.lost_bytes(Loss::kDisk), 2'000u);
  EXPECT_LE(core_->budget.lost_bytes(Loss::kDisk), 2'100u);
  EXPECT_EQ(core_->sink.backlog_bytes(), 0u);
  EXPECT_EQ(told("s").size(), 1u);
  model::CreateLogGroupRequest in;
  in.log_group_name = "new";
  EXPECT_EQ(error_of(create_log_group(*core_, call_, in)),
            "ServiceUnavailableException: The service cannot complete the request: the disk is "
            "full but for its reserve (disk.reserve_mb).");
  EXPECT_TRUE(delete_log_stream(*core_, call_, {"g", "s"}));
  EXPECT_TRUE(delete_log_group(*core_, call_, {"g"}));
}

TEST_F(Budget, WhatAFullDiskRefusesIsCountedAndSaidOnceItHasRoom) {
  core_->sink.append(ref("g", "s"), {{clock_.wall(), std::string(99, 'x')}});
  disk_.full = true;
  ASSERT_TRUE(core_->sink.flush_all());
  EXPECT_EQ(core_->sink.backlog_bytes(), 0u);
  const std::uint64_t lost = core_->budget.lost_bytes(Loss::kDisk);
  EXPECT_GE(lost, 100u);
  ASSERT_TRUE(core_->sink.flush_all());  // its own line does not fit either
  EXPECT_EQ(core_->budget.lost_bytes(Loss::kDisk), lost);
  disk_.full = false;
  EXPECT_EQ(told("s"), (Messages{fmt::format("[lapwing] {} bytes of output were dropped: the disk "
                                             "is full but for its reserve (disk.reserve_mb)\n",
                                             lost)}));
}

TEST_F(Budget, AStreamOfJsonRecordsIsToldOfALossByOne) {
  disk_.full = true;
  ports::LogStreamRef records = ref("g", "s");
  records.json = true;
  core_->sink.append(records, {{clock_.wall(), std::string(99, 'x')}});
  ASSERT_TRUE(core_->sink.flush_all());
  const std::uint64_t lost = core_->budget.lost_bytes(Loss::kDisk);
  disk_.full = false;
  EXPECT_EQ(told("s"),
            (Messages{fmt::format("{{\"time\":\"{}\",\"type\":\"platform.logsDropped\",\"record\":"
                                  "{{\"reason\":\"the disk is full but for its reserve "
                                  "(disk.reserve_mb)\",\"droppedBytes\":{}}}}}\n",
                                  text::format_iso8601(clock_.wall(), true), lost)}));
}

TEST_F(Budget, WhoWritesEventsIsTold) {
  limit({.group_bytes_per_second = kRate});
  make("g", {"s"});
  for (int i = 0; i < kRateBurst; ++i) print("s", kRate);
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, std::string(5'000, 'x')}})),
            "ThrottlingException: Rate exceeded: the log group may write 1 MiB a second "
            "(logs.function_mib_per_second).");
}

}  // namespace
}  // namespace lapwing::logs
