#include "delivery/outbox/pump.hpp"

#include <unordered_set>
#include <utility>

namespace lapwing::delivery {

// One of the two queues of postings.
class Pump::Line final : public Place {
 public:
  Line(Pump& owner, Bells& bells, std::string_view name, bool in_order)
      : Place(bells), queue(name), ordered(in_order), pump(owner) {}
  void look(const HoldPtr& hold) override { pump.look(*this, hold); }

  const std::string queue;
  const bool ordered;
  Pump& pump;
  std::size_t working = 0;
  bool wanted = false;  // there may be more to claim
};

// Postings in hand.
struct Pump::Batch {
  explicit Batch(Ledger& of) : ledger(of) {}
  ~Batch() {
    for (const store::Claimed& each : claimed) ledger.forget(each.receipt);
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  Ledger& ledger;
  std::vector<store::Claimed> claimed;
  std::vector<Posting> postings;  // as claimed
};

Pump::Pump(Core& core, Bells& bells, Courier& courier, Lanes& lanes, Ledger& ledger)
    : core_(core),
      courier_(courier),
      lanes_(lanes),
      ledger_(ledger),
      plain_(std::make_shared<Line>(*this, bells, kPlainQueue, false)),
      ordered_(std::make_shared<Line>(*this, bells, kOrderedQueue, true)) {}

Status Pump::start() {
  store::Queue& queue = core_.needs.space.queue();
  for (const auto& line : {plain_, ordered_}) {
    LAPWING_CHECK(queue.give_back(line->queue));
    line->subscription = queue.subscribe(line->queue, *line);
  }
  return {};
}

void Pump::begin(const HoldPtr& hold) {
  look(*plain_, hold);
  look(*ordered_, hold);
}

void Pump::close() {
  plain_->subscription.reset();
  ordered_->subscription.reset();
}

void Pump::look(Line& line, const HoldPtr& hold) {
  line.wanted = true;
  if (line.working >= kBatchesUnderWay || core_.draining) return;
  ++line.working;
  core_.tasks.spawn(work(line.ordered ? ordered_ : plain_, hold));
}

net::Task<void> Pump::work(std::shared_ptr<Line> line, HoldPtr hold) {
  struct Working {
    Line& line;
    ~Working() { --line.working; }
  };
  const Working working{*line};
  Batch batch(ledger_);
  auto plan = std::make_shared<Plan>();
  while (true) {
    line->wanted = false;
    if (!core_.draining) {
      plan->claim = store::ClaimRequest{
          .queues = {line->queue}, .max = kBatch, .visibility = kClaim, .bytes_max = kBatchBytes};
    }
    if (!co_await ledger_.commit(plan, hold)) co_return;
    lanes_.committed(*plan);
    batch.claimed = std::move(plan->claimed);
    plan = std::make_shared<Plan>();
    if (batch.claimed.empty()) {
      if (!line->wanted || core_.draining) co_return;
      continue;
    }
    if (batch.claimed.size() == kBatch) look(*line, hold);
    if (!co_await deliver(*line, batch, plan, hold)) co_return;
  }
}

net::Task<bool> Pump::deliver(const Line& line, Batch& batch, std::shared_ptr<Plan>& plan,
                              HoldPtr& hold) {
  const std::size_t count = batch.claimed.size();
  batch.postings.assign(count, {});
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < count; ++i) {
    store::Claimed& claimed = batch.claimed[i];
    auto posting = unpack_posting(claimed.payload);
    claimed.payload = {};
    if (!posting) {
      core_.needs.logger.error("delivery", "a posting cannot be read",
                               {{"outbox", core_.name}, {"error", posting.error().to_log()}});
      plan->settlements.push_back({.id = claimed.receipt.id,
                                   .kind = Settlement::Kind::kRelease,
                                   .delay = kUnreadableAgain,
                                   .receipt = claimed.receipt});
      continue;
    }
    if (claimed.attempts_in_all == 1) {
      core_.counts.accepted.fetch_add(1, std::memory_order_relaxed);
    }
    batch.postings[i] = *std::move(posting);
    left.push_back(i);
  }
  // One of each group at a time: the next goes when it is known what became of the one before.
  while (!left.empty()) {
    std::vector<std::size_t> round;
    std::vector<std::size_t> later;
    std::unordered_set<std::string_view> groups;
    for (const std::size_t i : left) {
      const bool first = !line.ordered || groups.insert(batch.claimed[i].group).second;
      (first ? round : later).push_back(i);
    }
    if (!co_await deliver_round(line, batch, round, plan, hold)) co_return false;
    for (const std::size_t i : round) {
      const store::Receipt receipt = batch.claimed[i].receipt;
      plan->settlements.push_back({.id = receipt.id, .receipt = receipt});
    }
    left = std::move(later);
  }
  co_return true;
}

net::Task<bool> Pump::deliver_round(const Line& line, Batch& batch,
                                    const std::vector<std::size_t>& round,
                                    std::shared_ptr<Plan>& plan, HoldPtr& hold) {
  std::deque<Attempt> attempts;  // their addresses stay
  std::vector<Attempt*> ready;
  std::size_t bytes = 0;
  const auto consider = [&](const Posting& posting, store::MessageId message,
                            std::string_view addressee) {
    // Behind what waits for it, where order matters; and not into an open end.
    const Lane* const lane = lanes_.known(addressee);
    if (lane != nullptr && ((line.ordered && lane->behind()) || lane->hung())) {
      return lanes_.put(*plan, posting, message, addressee, 0, Duration::zero(), nullptr);
    }
    Attempt& attempt = attempts.emplace_back();
    attempt.posting = &posting;
    attempt.addressee = addressee;
    attempt.message = message;
    if (!courier_.prepare(attempt)) {
      decided(*plan, attempt);
      attempts.pop_back();
    } else if (!attempt.destination->quick()) {
      lanes_.put(*plan, posting, message, addressee, 0, Duration::zero(), &attempt);
      attempts.pop_back();
    } else {
      ready.push_back(&attempt);
      bytes += attempt.shipment.parcel.body.size();
    }
  };
  for (const std::size_t i : round) {
    const Posting& posting = batch.postings[i];
    for (const std::string& addressee : posting.addressees) {
      consider(posting, batch.claimed[i].receipt.id, addressee);
      if (ready.size() >= kParcelsOfCall || bytes >= kBytesOfCall) {
        co_await courier_.deliver(std::move(ready), kQuickAttemptMax);
        for (const Attempt& attempt : attempts) decided(*plan, attempt);
        ready = {};
        attempts.clear();
        bytes = 0;
      }
      if (plan->write_bytes >= kBytesOfCall && !co_await commit(plan, hold)) co_return false;
    }
  }
  if (!ready.empty()) {
    co_await courier_.deliver(std::move(ready), kQuickAttemptMax);
    for (const Attempt& attempt : attempts) decided(*plan, attempt);
  }
  co_return true;
}

void Pump::decided(Plan& plan, const Attempt& attempt) {
  lanes_.bury(plan, attempt);
  if (attempt.verdict == Verdict::kAgain) {
    lanes_.put(plan, *attempt.posting, attempt.message, attempt.addressee, attempt.before + 1,
               attempt.delay, &attempt);
  } else if (attempt.verdict == Verdict::kDead) {
    lanes_.put_dead(plan, *attempt.posting, attempt.message, attempt.addressee, *attempt.failure);
  }
}

net::Task<bool> Pump::commit(std::shared_ptr<Plan>& plan, HoldPtr& hold) {
  const bool kept = co_await ledger_.commit(plan, hold);
  if (kept) lanes_.committed(*plan);
  plan = std::make_shared<Plan>();
  co_return kept;
}

}  // namespace lapwing::delivery
