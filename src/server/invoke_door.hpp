// Invoke's fast path: the way of an invocation, from its head to the function's answer, read top to
// bottom.
//
//   signature head -> body -> room for it -> authenticate -> resolve the name
//   -> authorise -> engine -> answer
//
// It reads by hand what the pipeline reads by tables, and calls the same authorise and record
// (aws/service.hpp); tests/conformance holds the two to the same answers.
//
// Thread-safety: handle() runs on every loop at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "aws/service.hpp"
#include "aws/sigv4.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "engine/control_plane.hpp"
#include "engine/dispatcher.hpp"
#include "http/server.hpp"
#include "net/worker_pool.hpp"
#include "runtime/environment/environment_host.hpp"
#include "runtime/invocation.hpp"
#include "runtime/language/catalogue.hpp"
#include "server/endpoint.hpp"
#include "services/lambda/invoke_edge.hpp"

namespace lapwing::server {

struct InvokeDoorParts {
  const aws::Authenticator* authenticator = nullptr;
  const aws::Service* api = nullptr;  // Lambda's
  const engine::Functions* functions = nullptr;
  engine::Events* events = nullptr;
  engine::Dispatcher* dispatcher = nullptr;
  const runtime::Catalogue* catalogue = nullptr;
  runtime::RoleCredentialSource* roles = nullptr;  // asked why an environment did not start
  http::Memory* memory = nullptr;
  net::WorkerPool* hashers = nullptr;  // of large payloads
  Random* random = nullptr;
  Logger* logger = nullptr;
};

struct InvokeDoorStats {
  std::atomic<std::uint64_t> streams{0};
  std::atomic<std::uint64_t> stream_bytes{0};  // of payload, handed to callers' sockets
};

class InvokeDoor {
 public:
  explicit InvokeDoor(InvokeDoorParts parts) : parts_(parts) {}

  // Whether it is an invocation, of either kind.
  static bool owns(const http::Request& request);
  // Answers what it owns.
  net::Task<void> handle(http::RequestContext& context, aws::Origin from, RequestId request_id);
  const InvokeDoorStats& stats() const { return stats_; }

 private:
  net::Task<Result<aws::Response>> invoke(http::RequestContext& context, aws::Origin from,
                                          const RequestId& request_id);
  // An event that nobody waits for.
  net::Task<Result<aws::Response>> accept(net::Loop& loop, runtime::FunctionVersionPtr function,
                                          runtime::Invocation invocation,
                                          const RequestId& request_id);
  // Runs it and answers in pieces (invoke_door_stream.cpp). The head that was sent; an error as
  // long as nothing was.
  net::Task<Result<aws::Response>> stream(http::RequestContext& context,
                                          const lambda::InvokeRequest& request,
                                          const lambda::InvokeOutcome& answer,
                                          runtime::FunctionVersionPtr function,
                                          runtime::Invocation invocation, http::Charge payload);
  Status check(const aws::Request& request, const aws::SignatureHead& signature,
               aws::Caller& caller) const;
  std::optional<Error> failure_of(const Result<runtime::Outcome>& outcome,
                                  const runtime::FunctionVersion& function,
                                  const RequestId& request_id) const;
  net::Task<Result<std::string>> read_payload(http::RequestContext& context,
                                              const aws::SignatureHead& signature);

  InvokeDoorParts parts_;
  InvokeDoorStats stats_;
};

}  // namespace lapwing::server
