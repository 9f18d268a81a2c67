#include "runtime/log/platform_log.hpp"

#include <gtest/gtest.h>

#include "runtime/log/output.hpp"

namespace lapwing::runtime {
namespace {

const WallTime kNow = wall_from_unix_ms(1'716'222'584'833);

FunctionVersion text_function() {
  FunctionVersion fn;
  fn.name = FunctionName("hello");
  return fn;
}

InvokeReport report() {
  InvokeReport r;
  r.request_id = "8286a188-ba32-4475-8077-530cd35c09a9";
  r.duration_ms = 3.007;
  r.memory_size_mb = 128;
  r.max_memory_used_mb = 36;
  return r;
}

TEST(PlatformLog, TextLinesAsAws) {
  const FunctionVersion fn = text_function();
  EXPECT_EQ(init_start_line(
                fn, kNow,
                {"python:3.10.v11", "arn:aws:lambda:us-east-1::runtime:ab", "", {}, "init", ""}),
            "INIT_START Runtime Version: python:3.10.v11\tRuntime Version ARN: "
            "arn:aws:lambda:us-east-1::runtime:ab");
  EXPECT_EQ(start_line(fn, kNow, report().request_id),
            "START RequestId: 8286a188-ba32-4475-8077-530cd35c09a9 Version: $LATEST");
  EXPECT_EQ(end_line(fn, report().request_id),
            "END RequestId: 8286a188-ba32-4475-8077-530cd35c09a9");
  InvokeReport r = report();
  r.init_duration_ms = 110.10;
  EXPECT_EQ(report_line(fn, kNow, r),
            "REPORT RequestId: 8286a188-ba32-4475-8077-530cd35c09a9\tDuration: 3.01 ms\tBilled "
            "Duration: 114 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 "
            "ms\t");
}

TEST(PlatformLog, RestoresHaveLinesOfTheirOwn) {
  FunctionVersion fn = text_function();
  EXPECT_EQ(restore_start_line(fn, kNow, {"python:3.12.v1", "arn:r", "", {}, "init", ""}),
            "RESTORE_START Runtime Version: python:3.12.v1\tRuntime Version ARN: arn:r");
  EXPECT_EQ(restore_runtime_done_line(fn, kNow, {1, {}}), "");
  EXPECT_EQ(restore_report_line(fn, kNow, {236.04, {}}),
            "RESTORE_REPORT Restore Duration: 236.04 ms");
  const PhaseStatus failed{PhaseStatus::Kind::kError, "Runtime.Unknown"};
  EXPECT_EQ(
      restore_report_line(fn, kNow, {236.04, failed}),
      "RESTORE_REPORT Restore Duration: 236.04 ms\tStatus: error\tError Type: Runtime.Unknown");
  InvokeReport r = report();
  r.restore_duration_ms = 510.36;
  r.restore_runtime_ms = 86.2;
  EXPECT_TRUE(report_line(fn, kNow, r)
                  .ends_with("Billed Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 "
                             "MB\tRestore Duration: "
                             "510.36 ms\tBilled Restore Duration: 87 ms\t"));
  fn.logging.format = LogFormat::kJson;
  fn.logging.system_log_level = "DEBUG";
  EXPECT_TRUE(
      restore_runtime_done_line(fn, kNow, {1, failed})
          .ends_with(
              R"("type":"platform.restoreRuntimeDone","record":{"status":"error","errorType":"Runtime.Unknown"}})"));
  EXPECT_TRUE(
      restore_report_line(fn, kNow, {236.04, {}})
          .ends_with(
              R"("type":"platform.restoreReport","record":{"status":"success","metrics":{"durationMs":236.040}}})"));
  EXPECT_TRUE(report_line(fn, kNow, r)
                  .find(R"("restoreDurationMs":510.360,"billedRestoreDurationMs":87)") !=
              std::string::npos);
}

// An image's runtime has no version of ours.
TEST(PlatformLog, AVersionWithoutItsSnapshotSaysWhyInItsFormat) {
  FunctionVersion fn = text_function();
  EXPECT_EQ(snapshot_off_line(fn, kNow, "2 threads"), "SNAPSTART\tStatus: off\tReason: 2 threads");
  fn.logging.format = LogFormat::kJson;
  fn.logging.system_log_level = "WARN";
  EXPECT_TRUE(snapshot_off_line(fn, kNow, "\"deleted\" file")
                  .ends_with(R"("type":"platform.snapStart","record":{"status":"off",)"
                             R"("reason":"\"deleted\" file"}})"));
}

TEST(PlatformLog, ImagesStartWithoutAVersion) {
  FunctionVersion fn;
  EXPECT_EQ(init_start_line(fn, WallTime{}, {}), "INIT_START");
  fn.logging.format = LogFormat::kJson;
  EXPECT_EQ(init_start_line(fn, WallTime{}, {}).find("runtimeVersion"), std::string::npos);
}

TEST(PlatformLog, FailuresCarryStatusAndType) {
  const FunctionVersion fn = text_function();
  InvokeReport r = report();
  r.status = {PhaseStatus::Kind::kTimeout, ""};
  EXPECT_TRUE(report_line(fn, kNow, r).ends_with("Max Memory Used: 36 MB\tStatus: timeout"));
  r.status = {PhaseStatus::Kind::kError, "Runtime.ExitError"};
  EXPECT_TRUE(report_line(fn, kNow, r).ends_with("\tStatus: error\tError Type: Runtime.ExitError"));
  EXPECT_EQ(init_report_line(fn, kNow, {9999.79, "init", {PhaseStatus::Kind::kTimeout, ""}, {}}),
            "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout");
  EXPECT_EQ(init_report_line(fn, kNow, {10, "init", {}, {}}), "");
}

TEST(PlatformLog, SampledTracesAreTold) {
  FunctionVersion fn = text_function();
  InvokeReport r = report();
  const std::string plain = report_line(fn, kNow, r);
  const std::string trace =
      "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=";
  const std::string quiet = trace + "0;Lineage=1:a87bd80c:0";
  const std::string told = trace + "1;Lineage=1:a87bd80c:0";
  r.trace_id = quiet;
  EXPECT_EQ(report_line(fn, kNow, r), plain);
  r.trace_id = told;
  EXPECT_EQ(report_line(fn, kNow, r),
            plain +
                "\nXRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: "
                "53995c3f42cd8ad8\tSampled: true\t");
  fn.logging.format = LogFormat::kJson;
  const std::string tracing =
      R"("tracing":{"spanId":"53995c3f42cd8ad8","type":"X-Amzn-Trace-Id","value":")" + trace +
      "1\"}";
  EXPECT_TRUE(report_line(fn, kNow, r).contains(tracing));
  EXPECT_TRUE(start_line(fn, kNow, "r", told).contains(tracing));
  EXPECT_FALSE(start_line(fn, kNow, "r", quiet).contains("tracing"));
}

TEST(PlatformLog, JsonObeysTheSystemLevel) {
  FunctionVersion fn = text_function();
  fn.logging.format = LogFormat::kJson;
  EXPECT_EQ(start_line(fn, kNow, "id"),
            R"({"time":"2024-05-20T16:29:44.833Z","type":"platform.start",)"
            R"("record":{"requestId":"id","version":"$LATEST"}})");
  RuntimeDone done;
  done.request_id = "id";
  done.duration_ms = 3.0074;
  done.response = ResponseTimes{kNow, std::chrono::milliseconds(10),
                                std::chrono::microseconds(2500), std::chrono::milliseconds(1), 17};
  EXPECT_EQ(runtime_done_line(fn, kNow, done), "");  // of a success it is DEBUG
  fn.logging.system_log_level = "DEBUG";
  EXPECT_EQ(
      runtime_done_line(fn, kNow, done),
      R"({"time":"2024-05-20T16:29:44.833Z","type":"platform.runtimeDone","record":)"
      R"({"requestId":"id","status":"success",)"
      R"("metrics":{"durationMs":3.007,"producedBytes":17},"spans":[)"
      R"({"name":"responseLatency","start":"2024-05-20T16:29:44.833Z","durationMs":10.000},)"
      R"({"name":"responseDuration","start":"2024-05-20T16:29:44.843Z","durationMs":2.500},)"
      R"({"name":"runtimeOverhead","start":"2024-05-20T16:29:44.845Z","durationMs":1.000}]}})");
  EXPECT_EQ(end_line(fn, "id"), "");
  fn.logging.system_log_level = "WARN";
  EXPECT_EQ(report_line(fn, kNow, report()), "");
  InvokeReport failed = report();
  failed.status = {PhaseStatus::Kind::kError, "Runtime.ExitError"};
  EXPECT_NE(report_line(fn, kNow, failed).find(R"("status":"error")"), std::string::npos);
}

// AWS's level of each record; what is below the function's is not in its log.
TEST(PlatformLog, EachRecordHasItsLevel) {
  using Kind = PhaseStatus::Kind;
  const FunctionVersion fn = text_function();
  InitStart versioned;
  versioned.runtime_version = "python:3.12.v1";
  EXPECT_EQ(init_start_event(fn, versioned).level, SystemLevel::kInfo);
  EXPECT_EQ(init_start_event(fn, {}).level, SystemLevel::kDebug);
  EXPECT_EQ(restore_start_event(fn, versioned).level, SystemLevel::kInfo);
  EXPECT_EQ(restore_start_event(fn, {}).level, SystemLevel::kDebug);
  const PhaseStatus failed = {Kind::kError, "Runtime.ExitError"};
  const auto on_demand = InitializationType::kOnDemand;
  const auto provisioned = InitializationType::kProvisioned;
  EXPECT_EQ(init_runtime_done_event({1, "init", {}, on_demand}).level, SystemLevel::kDebug);
  EXPECT_EQ(init_runtime_done_event({1, "init", failed, on_demand}).level, SystemLevel::kWarn);
  EXPECT_EQ(init_report_event({1, "init", {}, on_demand}).level, SystemLevel::kDebug);
  EXPECT_EQ(init_report_event({1, "init", {}, provisioned}).level, SystemLevel::kInfo);
  EXPECT_EQ(init_report_event({1, "init", failed, on_demand}).level, SystemLevel::kWarn);
  EXPECT_EQ(restore_runtime_done_event({1, {}}).level, SystemLevel::kDebug);
  EXPECT_EQ(restore_report_event({1, {}}).level, SystemLevel::kInfo);
  EXPECT_EQ(restore_report_event({1, failed}).level, SystemLevel::kWarn);
  EXPECT_EQ(start_event(fn, "id", "").level, SystemLevel::kInfo);
  RuntimeDone done;
  EXPECT_EQ(runtime_done_event(done).level, SystemLevel::kDebug);
  done.status = {Kind::kTimeout, ""};
  EXPECT_EQ(runtime_done_event(done).level, SystemLevel::kWarn);
  EXPECT_EQ(report_event(report()).level, SystemLevel::kInfo);
  ExtensionRegistry::Extension extension;
  EXPECT_EQ(extension_event(extension).level, SystemLevel::kInfo);
  extension.error_type = "Extension.Crash";
  EXPECT_EQ(extension_event(extension).level, SystemLevel::kWarn);
}

TEST(PlatformLog, ExtensionsAndSubscriptions) {
  FunctionVersion fn = text_function();
  ExtensionRegistry::Extension extension;
  extension.name = "agent";
  extension.state = ExtensionRegistry::State::kReady;
  extension.wants_invoke = extension.wants_shutdown = true;
  EXPECT_EQ(extension_line(fn, kNow, extension),
            "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE, SHUTDOWN]");
  const SubscriptionNote note{"agent",
                              TelemetryKind::kTelemetry,
                              false,
                              {TelemetryCategory::kPlatform, TelemetryCategory::kFunction}};
  EXPECT_EQ(subscription_line(fn, kNow, note),
            "TELEMETRY\tName: agent\tState: Subscribed\tTypes: [Platform, Function]");
  fn.logging.format = LogFormat::kJson;
  extension.state = ExtensionRegistry::State::kLaunchError;
  extension.wants_shutdown = false;
  extension.error_type = "PermissionDenied";
  EXPECT_EQ(extension_line(fn, kNow, extension),
            R"({"time":"2024-05-20T16:29:44.833Z","type":"platform.extension","record":)"
            R"({"name":"agent","state":"LaunchError","events":["INVOKE"],)"
            R"("errorType":"PermissionDenied"}})");
  EXPECT_EQ(subscription_line(fn, kNow, note),
            R"({"time":"2024-05-20T16:29:44.833Z","type":"platform.telemetrySubscription",)"
            R"("record":{"name":"agent","state":"Subscribed","types":["platform","function"]}})");
}

TEST(LineAssembler, CutsLinesAndKeepsTheUnfinishedEnd) {
  LineAssembler lines;
  std::vector<ports::LogEvent> events;
  lines.feed("one\ntw", kNow, events);
  lines.feed("o\n\nthree", kNow, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].message, "two");
  lines.flush(kNow, events);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[2].message, "three");
}

TEST(LineAssembler, SplitsALongLineAtACharacter) {
  LineAssembler lines;
  std::vector<ports::LogEvent> events;
  std::string line(ports::kLogEventBytesMax - 1, 'x');
  line += "\u00e9tail\n";
  lines.feed(line, kNow, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].message.size(), ports::kLogEventBytesMax - 1);
  EXPECT_EQ(events[1].message, "\u00e9tail");
}

std::string frame(std::string_view message, std::int64_t at_us) {
  std::string out("\xa5\x5a\x00\x03", 4);
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(message.size() >> shift & 0xff);
  }
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(at_us >> shift & 0xff);
  return out + std::string(message);
}

TEST(FrameAssembler, KeepsARecordTogetherHoweverItArrives) {
  FrameAssembler frames;
  std::vector<ports::LogEvent> events;
  const std::int64_t at_us = unix_ms(kNow) * 1000 - 5;
  for (const char c : frame("one\ntwo", at_us) + frame("three\n", at_us)) {
    frames.feed(std::string_view(&c, 1), kNow, events);
  }
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].message, "one\ntwo");
  EXPECT_EQ(events[0].time, kNow - std::chrono::microseconds(5));
  EXPECT_EQ(events[1].message, "three");
}

TEST(FrameAssembler, ReadsWhatIsNoFrameAsLines) {
  FrameAssembler frames;
  std::vector<ports::LogEvent> events;
  frames.feed("somebody wrote plain text\nand more\n", kNow, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].message, "somebody wrote plain text");
}

TEST(LogTail, KeepsTheLastFourKilobytes) {
  LogTail tail;
  tail.add("not recorded");
  tail.start();
  for (int i = 0; i < 3000; ++i) tail.add("0123456789");
  tail.add("last");
  const std::string text = tail.take();
  EXPECT_EQ(text.size(), kLogTailBytes);
  EXPECT_TRUE(text.ends_with("0123456789\nlast\n"));
}

}  // namespace
}  // namespace lapwing::runtime
