// The edges of Invoke as pure functions: what a request means and how its answer looks. The
// fast path in server/ calls them around the engine; nothing here waits or touches the store.
// InvokeWithResponseStream shares everything up to the answer (invoke_stream.hpp).
//
//   parse_invoke_head -> Catalog::resolve -> check_invoke_payload -> engine
//     -> render_invoke_answer
//
// Facts: AWS Lambda API reference, "Invoke"; limits from limits.hpp.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/message.hpp"
#include "base/function_ref.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace lapwing::lambda {

// Invoke, or InvokeWithResponseStream.
enum class InvokeMode { kBuffered, kStream };
enum class InvocationType { kRequestResponse, kEvent, kDryRun };
enum class LogType { kNone, kTail };

struct InvokeRequest {
  InvokeMode mode = InvokeMode::kBuffered;
  AccountId account;
  Region region;
  FunctionName function;
  std::string qualifier;  // "" when none was given
  InvocationType type = InvocationType::kRequestResponse;
  LogType log_type = LogType::kNone;
  std::string client_context;  // decoded JSON text, "" without
  std::string tenant_id;       // likewise
};

// Who asks, for short function names and refusals.
struct InvokeScope {
  const AccountId& account;
  const Region& region;
  std::string_view principal_arn;
};

// Looks a request header up by its name (any case).
using HeaderLookup = FunctionRef<std::optional<std::string_view>(std::string_view name)>;

// Is this the target of a POST of either kind? "/2015-03-31/functions/NAME/invocations" or
// "/2021-11-15/functions/NAME/response-streaming-invocations", with or without a trailing
// slash and query.
std::optional<InvokeMode> invoke_mode(std::string_view raw_target);

// What a caller said, however it came.
struct InvokeParts {
  InvokeMode mode = InvokeMode::kBuffered;
  std::string_view name;  // in any form that names a function
  std::optional<std::string_view> qualifier = {};
  std::optional<std::string_view> type = {};            // "RequestResponse"
  std::optional<std::string_view> log_type = {};        // "Tail"
  std::optional<std::string_view> client_context = {};  // in base64
  std::optional<std::string_view> tenant_id = {};
};
Result<InvokeRequest> read_invoke(const InvokeParts& parts, const InvokeScope& scope);

// Everything before the body.
Result<InvokeRequest> parse_invoke_head(std::string_view raw_target, HeaderLookup header,
                                        const InvokeScope& scope);

// 413 beyond kMaxRequestPayloadBytes; 400 InvalidRequestContentException unless it is empty or
// one JSON document.
Status check_invoke_payload(std::string_view payload);
// 413 beyond kMaxEventPayloadBytes.
Status check_event_size(std::size_t bytes);
// What the runtime gets: an empty payload reaches it as an empty object.
std::string event_of(std::string payload);

struct InvokeOutcome {
  RequestId request_id;
  std::string executed_version = std::string(kLatest);
  std::string payload;         // moved into the response
  std::string function_error;  // "Unhandled", or "" when the function succeeded
  std::string log_tail;        // the last 4 KB, sent when the request asked for it
  std::string trace_id;        // echoed when not empty
};

aws::Response render_invoke_answer(const InvokeRequest& request, InvokeOutcome outcome);
// 204.
aws::Response render_dry_run_answer(const RequestId& request_id);
// 202: the event is on disk.
aws::Response render_event_answer(const RequestId& request_id, std::string trace_id);

}  // namespace lapwing::lambda
