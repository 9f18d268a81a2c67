#include "services/sqs/source.hpp"

#include <algorithm>
#include <utility>

#include "aws/arn.hpp"
#include "services/sqs/claiming.hpp"
#include "services/sqs/core.hpp"
#include "services/sqs/event_record.hpp"
#include "services/sqs/words.hpp"
#include "store/await.hpp"

namespace lapwing::sqs {
namespace {

using ports::QueueAsk;
using ports::QueueName;
using ports::QueueTaken;

struct Claims {
  std::vector<std::vector<store::Claimed>> lists;
  std::size_t count = 0;
  std::vector<Buried> buried;
};

// Of a FIFO queue a claim for each batch: what it takes holds back the rest of its groups.
Result<Claims> claim_all(store::Txn& txn, Ask ask, const QueueAsk& asked) {
  Claims out;
  const std::size_t rounds = ask.queue->fifo ? asked.batches : 1;
  ask.max = ask.queue->fifo ? asked.batch_size : asked.batches * asked.batch_size;
  std::uint64_t left = asked.bytes_max;
  for (std::size_t i = 0; i < rounds; ++i) {
    ask.bytes_max = ask.queue->fifo ? std::min(left, asked.batch_bytes_max) : left;
    LAPWING_TRY(Received found, claim(txn, ask));
    for (Buried& each : found.buried) out.buried.push_back(std::move(each));
    if (found.messages.empty()) break;
    out.count += found.messages.size();
    std::uint64_t bytes = 0;
    for (const store::Claimed& each : found.messages) bytes += each.payload.size();
    out.lists.push_back(std::move(found.messages));
    if (bytes >= left) break;
    left -= bytes;
  }
  return out;
}

store::Lateness lateness_of(const Queue& queue) {
  return queue.fifo ? store::Lateness::kStrict : store::Lateness::kAllowed;
}

// A receipt that counts no more: somebody else has the message, or nobody.
Status unless_lost(const Status& done) {
  return done || done.error().kind() == ErrorKind::kConflict ? Status() : done;
}

}  // namespace

// Tells of one queue, whichever of its name is there.
class Source::Watch final : public ports::QueueWatch, private store::Listener {
 public:
  Watch(Source& source, std::string arn, store::Listener& listener)
      : source_(source), arn_(std::move(arn)), listener_(listener) {
    {
      const std::scoped_lock lock(source_.mutex_);
      source_.watches_.push_back(this);
    }
    follow();
  }
  ~Watch() override {
    const std::scoped_lock lock(source_.mutex_);
    std::erase(source_.watches_, this);
  }
  const std::string& arn() const { return arn_; }

  // Listens to what the name stands for now.
  void follow() {
    const std::scoped_lock lock(following_);
    const auto address = parse_arn(arn_);
    const QueuePtr queue = address ? source_.core_.catalog().find(*address) : nullptr;
    const std::string place = queue != nullptr ? queue->place : std::string();
    if (place != place_) {
      subscription_.reset();
      if (!place.empty()) subscription_ = source_.core_.messages().subscribe(place, *this);
      place_ = place;
    }
  }
  void tell() { listener_.on_signal(); }

 private:
  void on_signal() noexcept override { listener_.on_signal(); }

  Source& source_;
  const std::string arn_;
  store::Listener& listener_;
  std::mutex following_;
  std::string place_;
  store::Subscription subscription_;
};

std::unique_ptr<ports::QueueWatch> Source::watch(const std::string& arn,
                                                 store::Listener& listener) {
  return std::make_unique<Watch>(*this, arn, listener);
}

// The watches stay while this holds the lock.
void Source::changed(const std::string& arn) {
  const std::scoped_lock lock(mutex_);
  for (Watch* const each : watches_) {
    if (each->arn() != arn) continue;
    each->follow();
    each->tell();
  }
}

Result<QueuePtr> Source::find(const QueueName& name, std::string_view action,
                              aws::Access access) const {
  const auto address = parse_arn(name.arn);
  if (!address) return fail(no_such_queue());
  aws::Call call;
  call.origin = aws::Origin::kService;
  call.caller.region = address->scope.region;
  call.caller.principal_arn = name.role_arn;
  if (const auto role = aws::Arn::parse(name.role_arn)) call.caller.account = role->account;
  LAPWING_CHECK(check_account(call, *address));
  LAPWING_CHECK(authoriser_.authorise(call, {action, name.arn, access}));
  return core_.catalog().get(*address);
}

Result<ports::QueueFacts> Source::describe(const QueueName& name) const {
  LAPWING_TRY(const QueuePtr queue, find(name, "sqs:ReceiveMessage", aws::Access::kRead));
  LAPWING_TRY([[maybe_unused]] const QueuePtr deletable,
              find(name, "sqs:DeleteMessage", aws::Access::kWrite));
  return ports::QueueFacts{queue->fifo, std::chrono::seconds(queue->visibility_s)};
}

net::Task<Result<QueueTaken>> Source::receive(net::Loop& loop, QueueName name, QueueAsk asked) {
  LAPWING_CO_TRY(QueuePtr queue, find(name, "sqs:ReceiveMessage", aws::Access::kRead));
  Ask ask;
  ask.visibility = std::chrono::seconds(queue->visibility_s);
  if (asked.needed > ask.visibility) ask.visibility = asked.needed + asked.margin;
  if (queue->redrive) {
    const auto target = parse_arn(queue->redrive->target_arn);
    if (target) ask.dead_letters = core_.catalog().find(*target);
  }
  ask.queue = queue;
  ask.dead = &core_.parts->telling.dead();
  ask.now_ms = core_.now_ms();
  const Duration visibility = ask.visibility;
  auto claims = co_await store::compute_on<Claims>(
      loop, core_.store(), [ask, asked](store::Txn& txn) { return claim_all(txn, ask, asked); });
  if (!claims) co_return fail(store_failure(std::move(claims).error()));
  if (!claims->buried.empty()) core_.parts->retention.moved(*ask.dead_letters);
  core_.parts->telling.buried(ask, claims->buried);
  QueueTaken out;
  out.visibility = visibility;
  out.all = claims->count >= asked.batches * asked.batch_size;
  const std::int64_t now_ms = core_.now_ms();
  for (std::vector<store::Claimed>& list : claims->lists) {
    std::vector<ports::QueueRecord>& records = out.lists.emplace_back();
    records.reserve(list.size());
    for (store::Claimed& each : list) {
      LAPWING_CO_TRY(ports::QueueRecord record,
                     event_record(*queue, each, {each.receipt, now_ms}, asked.filterable));
      each.payload = {};
      records.push_back(std::move(record));
    }
  }
  co_return out;
}

net::Task<Status> Source::remove(net::Loop& loop, QueueName name,
                                 std::vector<store::Receipt> receipts) {
  LAPWING_CO_TRY(const QueuePtr queue, find(name, "sqs:DeleteMessage", aws::Access::kWrite));
  const auto done = co_await store::transact_on(
      loop, core_.store(),
      [lateness = lateness_of(*queue), receipts = std::move(receipts)](store::Txn& txn) -> Status {
        for (const store::Receipt& each : receipts) {
          LAPWING_CHECK(unless_lost(txn.complete(each, lateness)));
        }
        return {};
      });
  if (!done) co_return fail(store_failure(done.error()));
  co_return Status();
}

net::Task<Status> Source::extend(net::Loop& loop, QueueName name,
                                 std::vector<store::Receipt> receipts, Duration visibility) {
  LAPWING_CO_TRY(const QueuePtr queue, find(name, "sqs:ReceiveMessage", aws::Access::kRead));
  const auto done = co_await store::transact_on(
      loop, core_.store(),
      [lateness = lateness_of(*queue), visibility,
       receipts = std::move(receipts)](store::Txn& txn) -> Status {
        for (const store::Receipt& each : receipts) {
          LAPWING_CHECK(unless_lost(txn.extend(each, visibility, lateness)));
        }
        return {};
      });
  if (!done) co_return fail(store_failure(done.error()));
  co_return Status();
}

}  // namespace lapwing::sqs
