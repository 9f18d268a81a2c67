// The front door: the way of every request, one function read top to bottom.
//
//   host names of services -> host, origin and fetch -> paths of services -> own paths -> Invoke's
//   fast path (invoke_door.hpp)
//   -> signature head -> route -> what the head decides -> body, within the operation's limit
//   -> authenticate -> service (aws/service.hpp) -> answer
//
// Operations that stream (aws/streaming.hpp) read their bodies themselves, as they arrive, and
// answer in pieces.
//
// Cheap refusals come first. Nothing is allocated for a body before the head is known to be
// wanted; bodies in memory at once, and answers that nobody reads, are bounded over all
// connections and for each caller (http/budget.hpp).
//
// Thread-safety: handle() runs on every loop at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/route.hpp"
#include "aws/service.hpp"
#include "aws/sigv4.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "hosting/data_plane.hpp"
#include "http/server.hpp"
#include "net/worker_pool.hpp"
#include "server/admin.hpp"
#include "server/admission.hpp"
#include "server/host_guard.hpp"
#include "server/invoke_door.hpp"
#include "server/turns.hpp"

namespace lapwing::server {

struct FrontDoorParts {
  const HostGuard* guard = nullptr;
  const aws::Authenticator* authenticator = nullptr;
  const aws::Router* router = nullptr;
  Admin* admin = nullptr;
  InvokeDoor* invoke = nullptr;        // null where there is no Lambda
  net::WorkerPool* hashers = nullptr;  // of large bodies
  http::Memory* memory = nullptr;      // what answers that are made are charged to
  http::Budget* waits = nullptr;       // calls that wait for long, each counted as 1
  Random* random = nullptr;
  Logger* logger = nullptr;
};

// Request counters by service, for metrics.
struct FrontDoorStats {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> refused{0};
};

class FrontDoor {
 public:
  explicit FrontDoor(FrontDoorParts parts) : parts_(parts) {}

  // Services by the id of their model ("lambda"). Before the first request.
  void add(const aws::Service& service) { services_[std::string(service.id())] = &service; }

  // Before the first request. The first that owns a request answers it.
  void add(hosting::DataPlane& plane) { planes_.push_back(&plane); }

  net::Task<void> handle(http::RequestContext& context, aws::Origin from);
  // Of a function that is not to reach this API: says so, whatever is asked.
  net::Task<void> handle_closed(http::RequestContext& context);
  const FrontDoorStats& stats() const { return stats_; }

 private:
  struct Job;

  net::Task<void> handle_general(http::RequestContext& context, aws::Origin from,
                                 RequestId request_id);
  // What serve() calls has frames of its own (noinline), which are gone while it waits for
  // a service: long polls wait there by the thousand.
  net::Task<void> serve(http::RequestContext& context, std::shared_ptr<Job> job);
  // What streams, and what a worker does.
  [[gnu::noinline]] net::Task<void> serve_otherwise(http::RequestContext& context,
                                                    const std::shared_ptr<Job>& job);
  net::Task<void> work(http::RequestContext& context, const std::shared_ptr<Job>& job);
  [[gnu::noinline]] std::shared_ptr<Job> make_job(http::RequestContext& context, aws::Origin from,
                                                  RequestId request_id) const;
  // Until a service can be asked; false: it is answered already.
  [[gnu::noinline]] net::Task<bool> prepare(http::RequestContext& context,
                                            const std::shared_ptr<Job>& job);
  [[gnu::noinline]] net::Task<void> finish(http::RequestContext& context, Job& job,
                                           Result<aws::Response> response);
  [[gnu::noinline]] net::Task<void> end_waiting(http::RequestContext& context, Job& job,
                                                std::shared_ptr<aws::Service::Waiting> on,
                                                Result<aws::Value>& output);
  // A client that has gone is no error of ours.
  [[gnu::noinline]] net::Task<Status> answer(http::RequestContext& context,
                                             const RequestId& request_id, aws::Response response,
                                             Asked asked);
  net::Task<void> refuse_site(http::RequestContext& context, RequestId request_id);
  [[gnu::noinline]] net::Task<void> refuse(http::RequestContext& context, const aws::Request& head,
                                           std::string_view scope_service, const Error& error,
                                           const RequestId& request_id);
  // Whose host name this is; null where it is the server's, or nobody's.
  hosting::DataPlane* plane_at(std::string_view host) const;
  std::string served() const;
  std::optional<aws::Response> identify(Job& job) const;
  // Everything but the answer to what can be refused before a service is asked.
  [[gnu::noinline]] net::Task<Status> read_general(http::RequestContext& context, Job& job);
  std::size_t body_limit(const std::expected<aws::Route, aws::Unrouted>& route) const;
  bool takes_body(const std::expected<aws::Route, aws::Unrouted>& route) const;
  // Whether nobody has signed it, and nobody needs to.
  bool is_for_everybody(const std::expected<aws::Route, aws::Unrouted>& route,
                        const aws::SignatureHead& signature) const;
  net::Task<void> stream(http::RequestContext& context, const std::shared_ptr<Job>& job);

  FrontDoorParts parts_;
  FrontDoorStats stats_;
  Turns large_jobs_;
  std::map<std::string, const aws::Service*, std::less<>> services_;
  std::vector<hosting::DataPlane*> planes_;
};

}  // namespace lapwing::server
