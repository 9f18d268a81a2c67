// Events that services themselves put on the default bus of an account ("aws.s3": an object was
// created). Implemented by services/events; clients cannot put such events (PutEvents refuses
// sources that begin with "aws.").
//
//   if (ports.own_events != nullptr && ports.own_events->wanted(scope)) {
//     LAPWING_CO_CHECK(co_await ports.own_events->put(loop, {.scope = scope, .source = "aws.s3",
//                                                            .detail_type = "Object Created",
//                                                            ...}));
//   }
//
// A service that has an outbox posts a parcel to the bus instead, in the transaction of what the
// event tells of (own_event_parcel): that is durable with it.
//
// Thread-safety: any thread; tasks stay on the loop they are given.
#pragma once

#include <string>
#include <vector>

#include "aws/arn.hpp"
#include "aws/scope.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "ports/destination.hpp"

namespace lapwing::ports {

struct OwnEvent {
  aws::Scope scope;                         // whose default bus
  std::string source;                       // "aws.s3"
  std::string detail_type;                  // "Object Created"
  std::string detail;                       // a JSON object
  std::vector<std::string> resources = {};  // ARNs
  WallTime time = {};                       // of what it tells of; zero: now
  std::string trace = {};                   // X-Amzn-Trace-Id, or empty
};

class OwnEvents {
 public:
  virtual ~OwnEvents() = default;
  // Whether any rule or archive of the default bus might want an event: a look into memory. Where
  // it answers no, there is nothing to put.
  virtual bool wanted(const aws::Scope& scope) const = 0;
  // On disk, for the rules and archives that match it, when it answers; where none does, nothing is
  // written. kInvalid: it is no event of a service.
  virtual net::Task<Status> put(net::Loop& loop, OwnEvent event) = 0;
};

// The same as what an outbox sends. Buses take a source of a service ("aws.s3") only where that
// service sends it ("s3.amazonaws.com").
inline Parcel own_event_parcel(OwnEvent event) {
  Parcel out;
  out.target =
      aws::make_arn("events", event.scope.region, event.scope.account, "event-bus/default");
  out.body = std::move(event.detail);
  out.source = std::move(event.source);
  out.as.service = out.source.substr(out.source.find('.') + 1) + ".amazonaws.com";
  out.as.source_account = event.scope.account;
  out.trace = std::move(event.trace);
  out.detail_type = std::move(event.detail_type);
  out.resources = std::move(event.resources);
  return out;
}

}  // namespace lapwing::ports
