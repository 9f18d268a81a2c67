// Lapwing's own paths, all below /_lapwing/: health, metrics, the
// clock, events and what goes to people (event_pages.hpp), what is built of each service. Others
// below it are services' (hosting/data_plane.hpp).
//
// Where metrics are to be signed, they are for the operator: who signs with a key of the
// configuration, or in a session of one's. Everybody else, IAM's users and roles too, is told "ok"
// by health and nothing more, and so are functions everywhere, whatever they sign.
//
// Answers are counted as those of services are: to whose connection it is, and no more are made
// for who does not read them (health is, which is small).
//
// Thread-safety: handle() runs on every loop at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "aws/sigv4.hpp"
#include "engine/dispatcher.hpp"
#include "http/server.hpp"
#include "net/worker_pool.hpp"
#include "server/event_pages.hpp"
#include "server/invoke_door.hpp"
#include "server/platform.hpp"
#include "server/service_part.hpp"

namespace lapwing::server {

struct FrontDoorStats;

struct AdminParts {
  std::string version;
  const Machine* machine = nullptr;
  engine::Dispatcher* dispatcher = nullptr;
  ServicePart* services = nullptr;
  net::WorkerPool* workers = nullptr;
  const Clock* clock = nullptr;
  std::size_t metrics_functions = 0;  // how many functions have metrics of their own
  const aws::Authenticator* authenticator = nullptr;
  const aws::MemoryCredentialStore* credentials = nullptr;  // the operator's
  bool clients_sign = false;                                // for metrics
  bool events_signed = false;  // for events, what goes to people, and to move the clock
  bool functions_may = true;   // see them
  http::Memory* memory = nullptr;
  const http::ConnectionBudget* connections = nullptr;
  const http::Budget* waits = nullptr;
  const os::DiskSpace* disk = nullptr;  // null: not known
};

class Admin {
 public:
  explicit Admin(AdminParts parts);

  // Once both exist: the counters shown by /metrics.
  // `invoke` is null where there is no Lambda.
  void observe(const FrontDoorStats& front_door, const InvokeDoorStats* invoke,
               const http::ServerStats& http);

  bool owns(std::string_view path) const { return path.starts_with("/_lapwing/"); }
  net::Task<void> handle(http::RequestContext& context, aws::Origin from);

 private:
  // Whether the caller may see more than that all is well.
  Status may_see(http::RequestContext& context, aws::Origin from) const;
  // Whether the request, with this body, is signed by the operator; it is counted to them then.
  Status is_operators(http::RequestContext& context, std::string_view body) const;
  // The body of a POST, of at most so many bytes; an error where events are to be signed, and this
  // is not the operator's.
  net::Task<Result<std::string>> operators_body(http::RequestContext& context,
                                                std::size_t most) const;
  // What passes through here is other people's: functions see none of it, and where requests are
  // signed, it is the operator's.
  net::Task<void> events(http::RequestContext& context, aws::Origin from);
  std::string health(bool whole) const;
  net::Task<std::string> metrics(net::Loop& loop) const;
  // What is built of a service, for people.
  http::Response coverage(std::string_view service) const;
  // GET: how it stands; POST {"advance_seconds": 120}: moves it, and answers when all has settled.
  // Who may see metrics may look; who may see events may move it.
  net::Task<void> clock(http::RequestContext& context, aws::Origin from);

  AdminParts parts_;
  MonoTime started_;
  std::optional<EventPages> event_pages_;
  const FrontDoorStats* front_door_ = nullptr;
  const InvokeDoorStats* invoke_ = nullptr;
  const http::ServerStats* http_ = nullptr;
};

}  // namespace lapwing::server
