#include "delivery/outbox.hpp"

#include <future>
#include <utility>

#include <fmt/core.h>

#include "delivery/outbox/bells.hpp"
#include "delivery/outbox/core.hpp"
#include "delivery/outbox/courier.hpp"
#include "delivery/outbox/lanes.hpp"
#include "delivery/outbox/ledger.hpp"
#include "delivery/outbox/pump.hpp"
#include "delivery/packing.hpp"
#include "net/timeout.hpp"

namespace lapwing::delivery {
namespace {

constexpr auto kLoopLook = std::chrono::milliseconds(100);  // while the loop ends what is under way

Error too_large(std::string what) { return make_error(ErrorKind::kTooLarge, std::move(what)); }
Error invalid(std::string what) { return make_error(ErrorKind::kInvalid, std::move(what)); }

Status check(const Posting& posting) {
  if (posting.id.empty()) return fail(invalid("A posting has no id."));
  if (posting.id.size() > kIdBytesMax) {
    return fail(too_large(fmt::format("A posting's id has more than {} bytes.", kIdBytesMax)));
  }
  if (posting.group.size() > kGroupBytesMax) {
    return fail(
        too_large(fmt::format("A posting's group has more than {} bytes.", kGroupBytesMax)));
  }
  if (posting.addressees.size() > kAddresseesOfPosting) {
    return fail(
        too_large(fmt::format("A posting has more than {} addressees.", kAddresseesOfPosting)));
  }
  for (const std::string& each : posting.addressees) {
    if (each.empty()) return fail(invalid("An addressee has no name."));
    if (each.size() > kAddresseeBytesMax) {
      return fail(
          too_large(fmt::format("An addressee has more than {} bytes.", kAddresseeBytesMax)));
    }
  }
  return {};
}

}  // namespace

struct Outbox::Parts {
  Parts(std::string name, const Needs& needs, Sender& sender)
      : core(std::move(name), needs, sender),
        bells(std::make_shared<Bells>(core)),
        courier(core),
        ledger(core),
        lanes(core, *bells, courier, ledger),
        pump(core, *bells, courier, lanes, ledger) {}

  // On the loop, or when it runs no more.
  void close() {
    if (std::exchange(closed, true)) return;
    core.tasks.cancel_all();
    pump.close();
    lanes.close();
    bells->close();
  }
  net::Task<Status> joined() {
    co_await core.tasks.join();
    co_return Status{};
  }
  net::Task<void> finish(std::shared_ptr<std::promise<void>> done) {
    (void)co_await net::with_timeout(core.loop, kStopGrace, joined());
    close();
    done->set_value();
  }

  Core core;
  const std::shared_ptr<Bells> bells;
  Courier courier;
  Ledger ledger;
  Lanes lanes;
  Pump pump;
  background::Task upkeep;
  bool started = false;
  bool closed = false;
};

Outbox::Outbox(std::string name, const Needs& needs, Sender& sender)
    : parts_(std::make_unique<Parts>(std::move(name), needs, sender)) {}

Outbox::~Outbox() { stop(); }

Status Outbox::accept(store::Txn& txn, const Posting& posting) {
  if (posting.addressees.empty()) return {};
  LAPWING_CHECK(check(posting));
  std::string payload = pack(posting);
  if (payload.size() > kPostingBytesMax) {
    return fail(too_large(
        fmt::format("An event and its addressees have more than {} bytes.", kPostingBytesMax)));
  }
  const std::string_view queue = posting.group.empty() ? kPlainQueue : kOrderedQueue;
  LAPWING_CHECK(txn.enqueue({.queue = std::string(queue),
                             .payload = std::move(payload),
                             .group = queue_group(posting.group)}));
  return {};
}

Status Outbox::start() {
  Parts& parts = *parts_;
  LAPWING_CHECK(parts.lanes.find());
  parts.core.dead.begin(parts.core.needs.background, parts.core.needs.clock);
  parts.upkeep = parts.core.needs.background.when_due(parts.core.name + ".outbox", parts.lanes);
  parts.lanes.driven_by(parts.upkeep);
  LAPWING_CHECK(parts.pump.start());
  parts.started = true;
  // What it finds is waited for like what comes.
  parts.core.loop.post(
      [&parts, bells = parts.bells, hold = hold(parts.core.needs.background)]() mutable {
        if (bells->closed()) return;
        parts.lanes.begin(hold);
        parts.pump.begin(hold);
      });
  return {};
}

void Outbox::drain() { parts_->core.draining = true; }

void Outbox::stop() {
  Parts& parts = *parts_;
  drain();
  if (!parts.closed && parts.started && parts.core.loop.running()) {
    auto done = std::make_shared<std::promise<void>>();
    const std::future<void> over = done->get_future();
    parts.core.loop.post([&parts, bells = parts.bells, done = std::move(done)]() mutable {
      if (!bells->closed()) parts.core.loop.spawn(parts.finish(std::move(done)));
    });
    // A loop that ends first takes the tasks with it, or never comes to them.
    while (over.wait_for(kLoopLook) != std::future_status::ready && parts.core.loop.running()) {
    }
  }
  parts.close();
  parts.upkeep.reset();
  parts.core.dead.stop();
}

void Outbox::forget(std::string_view addressee) { parts_->lanes.forget(addressee, parts_->upkeep); }

Counts Outbox::counts() const {
  const Counters& counts = parts_->core.counts;
  return {.accepted = counts.accepted,
          .delivered = counts.delivered,
          .failed_attempts = counts.failed_attempts,
          .dead_letters = counts.dead_letters,
          .dropped = counts.dropped};
}

Result<std::vector<LaneFacts>> Outbox::lanes(std::size_t max) const {
  return parts_->lanes.facts(max);
}

Result<Outbox::LanePage> Outbox::lanes_after(const std::string& name, std::size_t max) const {
  return parts_->lanes.facts_after(name, max);
}

Result<DeadEvents::Page> Outbox::dead(std::uint64_t before, std::size_t max) const {
  return parts_->core.dead.newest(before, max);
}

Result<std::size_t> Outbox::replay(std::string_view event) {
  const Core& core = parts_->core;
  LAPWING_TRY(const std::vector<DeadEvent> dead, core.dead.find(event));
  std::vector<Posting> postings;
  std::vector<const DeadEvent*> sent;
  for (const DeadEvent& each : dead) {
    if (each.work.empty()) continue;
    LAPWING_TRY(Waiting waiting, unpack_waiting(each.work));
    waiting.posting.accepted_ms = core.now_ms();  // its age begins again
    postings.push_back(std::move(waiting.posting));
    sent.push_back(&each);
  }
  if (postings.empty()) return std::size_t{0};
  LAPWING_CHECK(core.needs.space.store().transact([&](store::Txn& txn) -> Status {
    for (const Posting& posting : postings) LAPWING_CHECK(accept(txn, posting));
    return {};
  }));
  if (core.needs.journal == nullptr) return sent.size();
  for (const DeadEvent* const each : sent) {
    core.needs.journal->note({.trace = each->trace,
                              .event = each->id,
                              .account = each->account,
                              .kind = journal::StepKind::kReplayed,
                              .at = each->at,
                              .to = each->to});
  }
  return sent.size();
}

Result<std::uint64_t> Outbox::waiting_for(std::string_view addressee) const {
  LAPWING_TRY(const std::uint64_t unseen, waiting());
  return unseen + parts_->lanes.waiting(addressee);
}

Result<std::uint64_t> Outbox::waiting() const {
  std::uint64_t out = 0;
  for (const std::string_view queue : {kPlainQueue, kOrderedQueue}) {
    LAPWING_TRY(const store::QueueStats stats, parts_->core.needs.space.queue().stats(queue));
    out += stats.visible + stats.delayed;
  }
  return out;
}

}  // namespace lapwing::delivery
