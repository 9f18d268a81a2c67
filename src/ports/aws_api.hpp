// Any operation of any service, called by a service as some principal: what Scheduler's universal
// targets, Step Functions' SDK integrations and API Gateway's AWS integrations do. It is the one
// pipeline without HTTP: the input is checked, what is not built is refused, the principal is
// authorised, the call is counted. Where a way is hot, or no operation exists, a narrower port is
// right (roles.hpp, log_sink.hpp).
//
//   ports::ApiRequest request;
//   request.call.caller = ...;               // who acts: account, region, ARN
//   request.service = "sqs";                 // the id of its model
//   request.operation = "SendMessage";
//   request.input = R"({"QueueUrl":"...","MessageBody":"..."})";
//   Result<std::string> output = co_await api.perform(loop, std::move(request));
//
// Input and output are JSON documents in the model's member names; blobs are base64, times
// ISO 8601. An error is what a client would be shown: its code, message and HTTP status are never
// empty, and its members (fields()) are the model's. What is ours to fix is in our log.
//
// An operation that was called so may call another one with its own `call`: how deep that goes is
// counted in it, and ends at kApiDepthMax.
//
// Implemented by server/.
//
// Threading: any thread may begin(); a task is its loop's. Nothing blocks: one that waits
// on a worker for an answer holds up those who would give it.
#pragma once

#include <string>

#include "aws/call.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace lapwing::ports {

// Calls within calls. What is built on purpose has two or three.
inline constexpr unsigned kApiDepthMax = 16;

struct ApiRequest {
  // Its origin is set; a request id is made where there is none.
  aws::Call call = {};
  std::string service = {};
  std::string operation = {};
  std::string input = "{}";
};

class AwsApi {
 public:
  virtual ~AwsApi() = default;

  // Destroying the task ends an operation that waits (a long poll), not one that a worker runs.
  virtual net::Task<Result<std::string>> perform(net::Loop& loop, ApiRequest request) = 0;

  // For those who are on no loop. `done` is called on one, and must not block; never, where the
  // server stops before.
  using Done = UniqueFunction<void(Result<std::string> output)>;
  virtual void begin(ApiRequest request, Done done) = 0;
};

}  // namespace lapwing::ports
