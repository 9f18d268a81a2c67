// Everything that follows groups, made when the service starts: the forwarder and its outbox in the
// space `logs`.
//
// Thread-safety: start(), drain() and stop() by one thread; the parts say their own.
#pragma once

#include <memory>

#include "background/runner.hpp"
#include "delivery/outbox.hpp"
#include "hosting/service.hpp"
#include "hosting/space_waker.hpp"
#include "services/logs/following/forwarder.hpp"
#include "services/logs/following/outgoing.hpp"

namespace lapwing::logs {

class Following {
 public:
  // `repository` and `follows` outlive it.
  static Result<std::unique_ptr<Following>> start(const hosting::Dependencies& given,
                                                  Repository& repository, FollowList& follows);
  void drain() { outbox_.drain(); }
  void stop();

  Forwarder& forwarder() { return forwarder_; }
  Outgoing& outgoing() { return outgoing_; }
  delivery::Counts counts() const { return outbox_.counts(); }
  delivery::Outbox& outbox() { return outbox_; }
  // Asks a stream that a filter leads to whether it takes anything.
  Status probe(const SubscriptionFilter& filter, std::string_view vendor);

 private:
  Following(const hosting::Dependencies& given, store::Space& space, Repository& repository,
            FollowList& follows);

  const hosting::Dependencies given_;
  store::Space& space_;
  ports::Destinations nowhere_;
  Outgoing outgoing_;
  hosting::SpaceWaker waker_;
  delivery::Outbox outbox_;
  Forwarder forwarder_;
  background::Task task_;
};

}  // namespace lapwing::logs
