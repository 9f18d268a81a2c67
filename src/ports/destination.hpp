// A service as the destination of what others send: a queue, a topic, a bus, a function; or
// what answers at an HTTP address. Implemented by each service that events can go to, used by
// delivery/ and by those who hand over one thing at once (a dead letter).
//
// Thread-safety: deliver() on any loop; the task stays on it. Destinations: filled before anything
// is delivered, read from any thread afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace lapwing::ports {

// Who sends: a service by itself, allowed by the resource policy of where it goes; or under a role,
// allowed by the role's policies.
struct OnBehalf {
  std::string service;       // "sns.amazonaws.com"; empty: under the role
  std::string source_arn;    // the topic, the rule, the bucket
  AccountId source_account;  // whose it is
  std::string role_arn;
};

// As SQS and SNS keep them.
struct ParcelAttribute {
  std::string name;
  std::string type;   // "String", "Number", "Binary"
  std::string value;  // a binary one's bytes
};

struct ParcelHeader {
  std::string name;
  std::string value;
};

// As an operation's input has them: Values maps names to a model's MessageAttributeValue.
template <class Values>
Values attribute_values(const std::vector<ParcelAttribute>& attributes) {
  Values out;
  for (const ParcelAttribute& each : attributes) {
    typename Values::mapped_type value;
    value.data_type = each.type;
    (each.type.starts_with("Binary") ? value.binary_value : value.string_value) = each.value;
    out.emplace(each.name, std::move(value));
  }
  return out;
}

// One thing for one target. What a kind of target does not know is left empty.
struct Parcel {
  // The same at each attempt, at most 128 characters: who can, takes it once.
  std::string id = {};
  std::string target;  // an ARN (a function's with its qualifier), or an http(s) URL
  std::string body;
  OnBehalf as = {};
  std::string trace = {};                        // X-Amzn-Trace-Id, or empty
  std::vector<ParcelAttribute> attributes = {};  // queues, topics
  std::string subject = {};                      // topics
  std::string group = {};                        // FIFO: those of one group come in order
  std::string deduplication_id = {};             // FIFO
  std::string source = {};                       // buses: who the event says it is from
  std::string detail_type = {};                  // buses
  std::vector<std::string> resources = {};       // buses
  std::uint32_t hops = 0;                        // buses: how many it has passed
  std::optional<std::int64_t> time_ms = {};      // buses, log groups: when it was; none: now
  std::string log_stream = {};                   // log groups: empty: one of the day
  std::string method = {};                       // HTTP: empty is POST
  std::vector<ParcelHeader> headers = {};        // HTTP: beside what the client writes itself
  std::vector<std::string> path_values = {};     // API destinations: for each "*" of the URL
  std::vector<ParcelHeader> query = {};          // API destinations: in place of those it has
  std::size_t answer_bytes_max = 0;              // HTTP: the whole answer; 0: its first bytes
};

struct Delivered {
  enum class Kind : std::uint8_t {
    kTaken,    // it is the target's now: on disk where the target keeps things
    kLater,    // nothing happened; another attempt may succeed (throttled, unavailable, 5xx)
    kRefused,  // nothing happened, and no attempt will succeed (gone, not allowed, 4xx)
  };
  Kind kind = Kind::kTaken;
  // Why not, in AWS's code ("AWS.SimpleQueueService.NonExistentQueue", "AccessDenied"); of HTTP
  // the status as text.
  std::string code = {};
  std::string message = {};
  // What it answered: the id the target gave it, or an HTTP answer's first bytes.
  std::string answer = {};
  // Of kLater: it asks for no attempt sooner than this (HTTP's Retry-After).
  Duration not_before = Duration::zero();
};

class Destination {
 public:
  virtual ~Destination() = default;
  // One outcome a parcel, in their order. All or some may be one transaction; each stands for
  // itself. The parcels are the caller's until it answers; destroying the task leaves open what
  // happened.
  virtual net::Task<std::vector<Delivered>> deliver(net::Loop& loop,
                                                    const std::vector<Parcel>& parcels) = 0;
  // Whether it would take what `as` sends to `target`, as far as it knows without waiting: what it
  // would answer, or nothing. Any thread. For those who check a target when it is set.
  virtual std::optional<Delivered> refusal(std::string_view target, const OnBehalf& as) const {
    (void)target, (void)as;
    return std::nullopt;
  }
  // Whether it answers as soon as something is on disk here. Of those that do not (HTTP), each
  // parcel is delivered by itself, and no other waits for it.
  virtual bool quick() const { return true; }
};

// By the service in the ARN ("sqs"), or the URL's scheme ("https").
class Destinations {
 public:
  void add(std::string service, Destination& destination) {
    by_service_[std::move(service)] = &destination;
  }
  // Null: nothing here is reached so.
  Destination* find(std::string_view target) const {
    std::string_view service = target.substr(0, target.find(':'));
    if (service == "arn") {
      std::string_view rest = target.substr(4);
      const std::size_t partition = rest.find(':');
      if (partition == std::string_view::npos) return nullptr;
      rest = rest.substr(partition + 1);
      service = rest.substr(0, rest.find(':'));
    }
    const auto found = by_service_.find(service);
    return found != by_service_.end() ? found->second : nullptr;
  }

 private:
  std::map<std::string, Destination*, std::less<>> by_service_;
};

}  // namespace lapwing::ports
