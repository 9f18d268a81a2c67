// One invocation, on its way in and on its way out.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "http/caller.hpp"

namespace lapwing::runtime {

class ResponseSink;

struct Invocation {
  std::string request_id;
  std::string invoked_arn;       // as the caller named the function: qualifier kept
  std::string trace_id;          // "Root=1-...;Parent=...;Sampled=0", or empty
  std::string client_context;    // decoded JSON, or empty
  std::string cognito_identity;  // JSON, or empty
  std::string tenant_id;         // of a function with tenant isolation; else empty
  std::string payload;           // the event's bytes
  http::CallerId caller;         // who is charged for a large response
  bool want_tail = false;        // LogType=Tail
  // Where the response goes as it comes (response_stream.hpp); without it, into the Outcome.
  std::shared_ptr<ResponseSink> sink;
};

// How an invocation went between its environment and its runtime.
struct ResponseTimes {
  WallTime given;           // the event to the runtime
  Duration latency{};       // until the response began
  Duration lasted{};        // until it was complete
  Duration overhead{};      // until the runtime asked for its next event
  std::uint64_t bytes = 0;  // of the response
};

struct Outcome {
  // Where the error came from: nothing, the function (X-Amz-Function-Error: Unhandled), or
  // the platform, which could not run it at all (an answer of 500).
  enum class Kind { kSuccess, kFunctionError, kPlatformError } kind = Kind::kSuccess;
  std::string body;
  std::string content_type;
  std::string error_type;  // "Sandbox.Timedout", "Runtime.ExitError", as the client gave it
  std::string log_tail;    // the last 4 KB, when asked for
  std::string detail;      // kPlatformError: for our log
  // kPlatformError of a snapshot that could not be restored, by the function's own doing: a hook
  // failed, or took too long.
  enum class Restore { kNone, kFailed, kTimedOut } restore = Restore::kNone;
};

}  // namespace lapwing::runtime
