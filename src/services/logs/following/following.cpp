#include "services/logs/following/following.hpp"

#include "services/logs/following/awslogs.hpp"

namespace lapwing::logs {

Following::Following(const hosting::Dependencies& given, store::Space& space,
                     Repository& repository, FollowList& follows)
    : given_(given),
      space_(space),
      outgoing_(given.ports.destinations),
      waker_("logs.waiting", space, given.background),
      outbox_("logs.outbox",
              {space, given.clock, given.random, given.log, given.background, given.loops,
               given.ports.destinations != nullptr ? *given.ports.destinations : nowhere_,
               given.journal},
              outgoing_),
      forwarder_({.store = given.store.store(),
                  .log = given.store.bulk_log(),
                  .space = space,
                  .repository = repository,
                  .follows = follows,
                  .outgoing = outgoing_,
                  .outbox = outbox_,
                  .clock = given.clock,
                  .random = given.random,
                  .logger = given.log,
                  .metrics = given.ports.metrics,
                  .disk = given.disk}) {}

Result<std::unique_ptr<Following>> Following::start(const hosting::Dependencies& given,
                                                    Repository& repository, FollowList& follows) {
  LAPWING_TRY(store::Space* const space, given.store.space("logs"));
  std::unique_ptr<Following> out(new Following(given, *space, repository, follows));
  LAPWING_CHECK(out->forwarder_.load());
  LAPWING_CHECK(out->outbox_.start());
  out->task_ = given.background.when_due("logs.subscriptions", out->forwarder_);
  out->forwarder_.begin([task = &out->task_] { task->notify(); });
  return out;
}

void Following::stop() {
  forwarder_.end();
  task_.reset();
  outbox_.stop();
}

Status Following::probe(const SubscriptionFilter& filter, std::string_view vendor) {
  const std::int64_t now_ms = unix_ms(given_.clock.wall());
  const delivery::Posting posting{.id = make_uuid(given_.random),
                                  .event = posting_event("", control_message(now_ms, vendor)),
                                  .addressees = {filter.uid},
                                  .accepted_ms = now_ms};
  const auto done = space_.store().transact(
      [&](store::Txn& txn) -> Status { return outbox_.accept(txn, posting); });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace lapwing::logs
