// The Runtime API (2018-06-01) over HTTP for one runtime process: the four calls a runtime
// client makes, and the two of restored ones, in front of its RuntimeSession.
//
// The response of an invocation that has a sink goes there piece by piece, whatever mode the
// runtime names (aws-lambda-go streams without naming any); nothing is read from the runtime
// while the sink is full. Without a sink it is gathered, up to 6 MiB.
//
// Anything else answers 404.
// Source: AWS Lambda developer guide, "Using the Lambda runtime API".
//
// Thread-safety: one loop.
#pragma once

#include <string_view>

#include "http/server.hpp"
#include "net/task.hpp"
#include "runtime/api/response_stream.hpp"
#include "runtime/api/runtime_session.hpp"

namespace lapwing::runtime {

class RuntimeApi {
 public:
  explicit RuntimeApi(RuntimeSession& session, const StreamLimits& stream_limits = {},
                      std::string_view invoked_content_type = "application/json")
      : session_(&session), stream_limits_(stream_limits), content_type_(invoked_content_type) {}

  // Large replies count there while they arrive, and wait for others to end where there are many:
  // in the runtime, where they cost us nothing. It outlives this.
  void count_replies(http::Memory& memory) { memory_ = &memory; }

  // Handles one request; the handler of every connection of the sandbox.
  net::Task<void> handle(http::RequestContext& context);

 private:
  net::Task<void> next(http::RequestContext& context);
  net::Task<void> reply(http::RequestContext& context, std::string_view request_id, bool is_error);
  net::Task<void> stream_reply(http::RequestContext& context, ResponseSink& sink);
  net::Task<void> early_error(http::RequestContext& context, bool of_restore);
  net::Task<void> restore_next(http::RequestContext& context);
  net::Task<void> other(http::RequestContext& context, bool ping);

  RuntimeSession* session_;
  StreamLimits stream_limits_;
  std::string_view content_type_;
  http::Memory* memory_ = nullptr;
};

}  // namespace lapwing::runtime
