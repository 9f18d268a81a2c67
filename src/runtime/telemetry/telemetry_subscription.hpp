// What an extension asks of the Telemetry API or the Logs API: which events, how they are
// gathered, where they go. Parsed and checked here, in AWS's words.
// Source: AWS Lambda developer guide, "Lambda Telemetry API reference", "Lambda Logs API".
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace lapwing::runtime {

enum class TelemetryKind { kTelemetry, kLogs };
enum class TelemetryCategory : std::uint8_t { kPlatform, kFunction, kExtension };

// Where one batch ends.
struct TelemetryBuffering {
  std::size_t items_max = 10'000;
  std::size_t bytes_max = 262'144;
  Duration timeout = std::chrono::milliseconds(1'000);
  friend bool operator==(const TelemetryBuffering&, const TelemetryBuffering&) = default;
};

// Always inside the sandbox.
struct TelemetryDestination {
  bool tcp = false;  // a JSON text a line; otherwise HTTP, a JSON array a request
  std::uint16_t port = 0;
  std::string host;    // as written, with the port: the Host header
  std::string target;  // path and query
  http::Method method = http::Method::kPost;
  friend bool operator==(const TelemetryDestination&, const TelemetryDestination&) = default;
};

struct TelemetrySubscription {
  TelemetryKind kind = TelemetryKind::kTelemetry;
  std::string schema_version;
  std::vector<TelemetryCategory> types;  // as asked for, each once
  TelemetryBuffering buffering;
  TelemetryDestination destination;

  bool wants(TelemetryCategory category) const;
  friend bool operator==(const TelemetrySubscription&, const TelemetrySubscription&) = default;
};

// Errors are kInvalid (400) or kDenied (403, a destination that is not in the sandbox), with
// the API's errorType as code().
Result<TelemetrySubscription> parse_subscription(TelemetryKind kind, std::string_view body);

// "platform"
std::string_view to_string(TelemetryCategory category);

}  // namespace lapwing::runtime
