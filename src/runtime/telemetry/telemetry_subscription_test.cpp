#include "runtime/telemetry/telemetry_subscription.hpp"

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

constexpr std::string_view kPlain =
    R"({"schemaVersion":"2022-12-13","types":["platform","function"],)"
    R"("destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:8080/in?x=1"}})";

std::string refused(TelemetryKind kind, std::string_view body) {
  const auto parsed = parse_subscription(kind, body);
  if (parsed) return "accepted";
  return parsed.error().code() + ": " + parsed.error().message();
}

std::string refused(std::string_view body) { return refused(TelemetryKind::kTelemetry, body); }

std::string with(std::string_view version, std::string_view types, std::string_view destination,
                 std::string_view more = "") {
  std::string body = R"({"schemaVersion":")";
  body += version;
  body += R"(","types":)";
  body += types;
  body += R"(,"destination":)";
  body += destination;
  body += more;
  return body + "}";
}

constexpr char kTcp[] = R"({"protocol":"TCP","port":9000})";

TEST(TelemetrySubscription, DefaultsAndDestinations) {
  const auto http = parse_subscription(TelemetryKind::kTelemetry, kPlain);
  ASSERT_TRUE(http) << http.error().to_log();
  EXPECT_FALSE(http->destination.tcp);
  EXPECT_EQ(http->destination.port, 8080);
  EXPECT_EQ(http->destination.host, "sandbox.localdomain:8080");
  EXPECT_EQ(http->destination.target, "/in?x=1");
  EXPECT_EQ(http->destination.method, http::Method::kPost);
  EXPECT_EQ(http->buffering, TelemetryBuffering{});
  EXPECT_TRUE(http->wants(TelemetryCategory::kPlatform));
  EXPECT_FALSE(http->wants(TelemetryCategory::kExtension));

  const auto tcp = parse_subscription(
      TelemetryKind::kTelemetry,
      with("2025-01-29", R"(["extension"])", kTcp,
           R"(,"buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":25})"));
  ASSERT_TRUE(tcp) << tcp.error().to_log();
  EXPECT_TRUE(tcp->destination.tcp);
  EXPECT_EQ(tcp->destination.port, 9000);
  EXPECT_EQ(tcp->buffering.items_max, 1000u);
  EXPECT_EQ(tcp->buffering.timeout, std::chrono::milliseconds(25));
}

TEST(TelemetrySubscription, LogsApiHasItsOwnVersionsAndMethods) {
  const auto logs = parse_subscription(
      TelemetryKind::kLogs,
      R"({"types":["platform"],"destination":{"protocol":"HTTP","method":"PUT","encoding":"JSON",)"
      R"("URI":"http://sandbox:1234"}})");
  ASSERT_TRUE(logs) << logs.error().to_log();
  EXPECT_EQ(logs->schema_version, "2020-08-15");
  EXPECT_EQ(logs->destination.method, http::Method::kPut);
  EXPECT_EQ(logs->destination.target, "/");
  EXPECT_EQ(refused(TelemetryKind::kLogs, with("2022-07-01", R"(["platform"])", kTcp)),
            "Logs.ValidationError: LogsAPI only supports the following SchemaVersion: 2020-08-15, "
            "2021-03-18");
  EXPECT_EQ(refused(with("2021-03-18", R"(["platform"])", kTcp)),
            "ValidationError: TelemetryAPI only supports the SchemaVersion released after "
            "2021-03-18");
}

TEST(TelemetrySubscription, EverythingWrongIsNamedAtOnce) {
  EXPECT_EQ(refused(with("2022-12-13", "[]",
                         R"({"protocol":"HTTP","URI":"http://sandbox.localdomain"})")),
            "ValidationError: URI port is not provided; types should not be empty");
  EXPECT_EQ(refused(with("2022-12-13", R"(["platform","platform"])", kTcp,
                         R"(,"buffering":{"maxItems":999,"maxBytes":1048577,"timeoutMs":24})")),
            "ValidationError: types should be unique; maxItems should be between 1000 and 10000; "
            "maxBytes should be between 262144 and 1048576; timeoutMs should be between 25 and "
            "30000");
}

TEST(TelemetrySubscription, OnlyIntoTheSandbox) {
  const auto to = [](std::string_view uri) {
    return refused(with("2022-12-13", R"(["platform"])",
                        std::string(R"({"protocol":"HTTP","URI":")") + std::string(uri) + "\"}"));
  };
  constexpr char kHost[] =
      "Telemetry.AccessDenied: Only 'sandbox.localdomain' hostname is supported.";
  EXPECT_EQ(to("http://169.254.100.1:4566"), kHost);
  EXPECT_EQ(to("http://sandbox.localdomain.evil:80/"), kHost);
  EXPECT_EQ(to("http://user@sandbox.localdomain:80/"), kHost);
  EXPECT_EQ(to("https://sandbox.localdomain:8080"),
            "Telemetry.AccessDenied: Only 'http' scheme is supported.");
  EXPECT_EQ(to("http://sandbox.localdomain:9001"), "ValidationError: port 9001 is reserved");
  EXPECT_EQ(to("http://sandbox.localdomain:99999"), "ValidationError: invalid destination port");
  EXPECT_EQ(to("http://sandbox.localdomain:0"), "ValidationError: invalid destination port");
  EXPECT_EQ(refused(with("2022-12-13", R"(["platform"])", R"({"protocol":"TCP","port":9001})")),
            "ValidationError: port 9001 is reserved");
  EXPECT_EQ(refused(with("2022-12-13", R"(["platform"])", R"({"protocol":"TCP","port":65536})")),
            "ValidationError: port should be between 1 and 65535");
}

TEST(TelemetrySubscription, WhatIsNoSubscription) {
  constexpr char kBad[] = "Telemetry.DeserializationError: ";
  EXPECT_TRUE(refused("").starts_with(kBad));
  EXPECT_EQ(refused("[]"), std::string(kBad) + "expected a subscription object");
  EXPECT_EQ(refused(R"({"destination":{"protocol":"TCP","port":1}})"),
            std::string(kBad) + "missing field `types`");
  EXPECT_EQ(refused(with("2022-12-13", R"(["audit"])", kTcp)),
            std::string(kBad) +
                "unknown variant `audit`, expected one of `platform`, `function`, `extension`");
  EXPECT_EQ(refused(with("2022-12-13", R"(["platform"])", R"({"protocol":"UDP"})")),
            std::string(kBad) + "unknown variant `UDP`, expected `HTTP` or `TCP`");
  EXPECT_EQ(refused(with("1999-01-01", R"(["platform"])", kTcp)),
            std::string(kBad) +
                "unknown variant `1999-01-01`, expected one of `2020-08-15`, `2021-03-18`, "
                "`2022-07-01`, `2022-12-13`, `2025-01-29`");
  EXPECT_EQ(refused(with("2022-12-13", R"(["platform"])", kTcp, R"(,"buffering":7)")),
            std::string(kBad) + "invalid type for `buffering`: number, expected object");
}

}  // namespace
}  // namespace lapwing::runtime
