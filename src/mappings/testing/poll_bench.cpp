#include "mappings/testing/poll_bench.hpp"

#include <algorithm>
#include <utility>

#include "store/await.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::mappings::testing {
namespace {

constexpr char kQueue[] = "q";

class StoreWatch final : public ports::QueueWatch {
 public:
  explicit StoreWatch(store::Subscription subscription) : subscription_(std::move(subscription)) {}

 private:
  store::Subscription subscription_;
};

// Of a stream's records their data.
Ids data_of(const std::string& event) {
  Ids out;
  const auto document = text::parse_json(event);
  if (!document) return {"not JSON"};
  for (const text::JsonValue& each : document->root().find("Records")->items()) {
    out.emplace_back(each.find("kinesis")->find("data")->as_string());
  }
  return out;
}

Ids texts_of(const Batch& batch) {
  Ids out;
  const std::string all = array_of(batch.records());
  const auto document = text::parse_json(all);
  if (!document) return {"not JSON"};
  for (const text::JsonValue& each : document->root().items()) {
    out.emplace_back(each.as_string());
  }
  return out;
}

}  // namespace

Taken failed() {
  return {.kind = Taken::Kind::kFailed,
          .reason = "it failed",
          .request_id = "request",
          .version = "$LATEST"};
}
Taken later() { return {.kind = Taken::Kind::kLater, .reason = "no room"}; }
Taken answered(std::string text) {
  return {.answer = std::move(text), .request_id = "request", .version = "$LATEST"};
}

Result<ports::QueueFacts> StoreQueue::describe(const ports::QueueName&) const {
  return ports::QueueFacts{fifo, visibility};
}

net::Task<Result<ports::QueueTaken>> StoreQueue::receive(net::Loop& loop, ports::QueueName,
                                                         ports::QueueAsk ask) {
  {
    const std::scoped_lock lock(mutex_);
    ++receives_;
    if (error_) co_return fail(*error_);
  }
  const Duration lasts = ask.needed > visibility ? ask.needed + ask.margin : visibility;
  using Lists = std::vector<std::vector<store::Claimed>>;
  auto claimed = co_await store::compute_on<Lists>(
      loop, space_.store(), [ask, lasts, ordered = fifo](store::Txn& txn) -> Result<Lists> {
        Lists out;
        for (std::size_t i = 0; i < (ordered ? ask.batches : 1); ++i) {
          LAPWING_TRY(store::ClaimResult found,
                      txn.claim({.queues = {kQueue},
                                 .max = ordered ? ask.batch_size : ask.batches * ask.batch_size,
                                 .visibility = lasts,
                                 .bytes_max = ask.bytes_max}));
          if (found.messages.empty()) break;
          out.push_back(std::move(found.messages));
        }
        return out;
      });
  if (!claimed) co_return fail(claimed.error());
  ports::QueueTaken out;
  out.visibility = lasts;
  std::size_t count = 0;
  for (const auto& list : *claimed) {
    auto& records = out.lists.emplace_back();
    for (const store::Claimed& each : list) {
      std::string record;
      text::append_json_string(record, each.payload);
      records.push_back({each.receipt, each.payload, record,
                         ask.filterable ? R"({"body":)" + record + "}" : std::string()});
      ++count;
    }
  }
  out.all = count == ask.batches * ask.batch_size;
  co_return out;
}

net::Task<Status> StoreQueue::remove(net::Loop& loop, ports::QueueName,
                                     std::vector<store::Receipt> receipts) {
  const auto done =
      co_await store::transact_on(loop, space_.store(), [receipts](store::Txn& txn) -> Status {
        for (const store::Receipt& each : receipts) LAPWING_CHECK(txn.complete(each));
        return {};
      });
  co_return done ? Status() : fail(done.error());
}

net::Task<Status> StoreQueue::extend(net::Loop& loop, ports::QueueName,
                                     std::vector<store::Receipt> receipts, Duration lasts) {
  const auto done = co_await store::transact_on(loop, space_.store(),
                                                [receipts, lasts](store::Txn& txn) -> Status {
                                                  for (const store::Receipt& each : receipts)
                                                    LAPWING_CHECK(txn.extend(each, lasts));
                                                  return {};
                                                });
  co_return done ? Status() : fail(done.error());
}

std::unique_ptr<ports::QueueWatch> StoreQueue::watch(const std::string&,
                                                     store::Listener& listener) {
  return std::make_unique<StoreWatch>(space_.queue().subscribe(kQueue, listener));
}

void StoreQueue::refuse(std::optional<Error> error) {
  const std::scoped_lock lock(mutex_);
  error_ = std::move(error);
}

int StoreQueue::receives() const {
  const std::scoped_lock lock(mutex_);
  return receives_;
}

std::optional<Readiness> ScriptedConsumer::ready() {
  const std::scoped_lock lock(mutex_);
  return ready_;
}

class CountedPlace final : public Place {
 public:
  explicit CountedPlace(std::shared_ptr<std::atomic<std::size_t>> count)
      : count_(std::move(count)) {
    ++*count_;
  }
  ~CountedPlace() override { --*count_; }

 private:
  const std::shared_ptr<std::atomic<std::size_t>> count_;
};

net::Task<std::vector<PlacePtr>> ScriptedConsumer::hold(net::Loop&, std::uint32_t count) {
  const std::scoped_lock lock(mutex_);
  std::vector<PlacePtr> out;
  places_asked_ = std::max<std::size_t>(places_asked_, count);
  while (out.size() < count && *held_places_ < places_) {
    out.push_back(std::make_unique<CountedPlace>(held_places_));
  }
  co_return out;
}

void ScriptedConsumer::set_places(std::size_t most) {
  const std::scoped_lock lock(mutex_);
  places_ = most;
}

std::size_t ScriptedConsumer::places_held() const { return *held_places_; }

std::size_t ScriptedConsumer::places_asked() const {
  const std::scoped_lock lock(mutex_);
  return places_asked_;
}

// The place is kept as long as the batch is at work.
net::Task<Taken> ScriptedConsumer::take(net::Loop& loop, const Batch& batch, PlacePtr) {
  co_return co_await taken(loop, texts_of(batch));
}

net::Task<Taken> ScriptedConsumer::take_event(net::Loop& loop, std::string event) {
  Ids ids = data_of(event);
  {
    const std::scoped_lock lock(mutex_);
    events_.push_back(std::move(event));
  }
  return taken(loop, std::move(ids));
}

net::Task<Taken> ScriptedConsumer::taken(net::Loop& loop, Ids ids) {
  auto [sender, receiver] = net::one_shot<bool>(loop);
  bool wait = false;
  {
    const std::scoped_lock lock(mutex_);
    batches_.push_back(ids);
    most_ = std::max(most_, ++at_once_);
    wait = holding_;
    if (wait) held_.push_back(std::move(sender));
  }
  if (wait) (void)co_await receiver;
  const std::scoped_lock lock(mutex_);
  --at_once_;
  for (const std::string& each : ids) {
    if (poison_.contains(each)) co_return failed();
  }
  if (script_.empty()) co_return usual_;
  Taken out = std::move(script_.front());
  script_.pop_front();
  co_return out;
}

void ScriptedConsumer::answers(std::vector<Taken> script) {
  const std::scoped_lock lock(mutex_);
  for (Taken& each : script) script_.push_back(std::move(each));
}

void ScriptedConsumer::set_ready(std::optional<Readiness> now) {
  const std::scoped_lock lock(mutex_);
  ready_ = std::move(now);
}

void ScriptedConsumer::hold() {
  const std::scoped_lock lock(mutex_);
  holding_ = true;
}

void ScriptedConsumer::let_go() {
  std::vector<net::OneShotSender<bool>> held;
  {
    const std::scoped_lock lock(mutex_);
    holding_ = false;
    held.swap(held_);
  }
  for (auto& each : held) each.send(true);
}

std::vector<Ids> ScriptedConsumer::batches() const {
  const std::scoped_lock lock(mutex_);
  return batches_;
}

std::vector<std::string> ScriptedConsumer::events() const {
  const std::scoped_lock lock(mutex_);
  return events_;
}

void ScriptedConsumer::poison(std::set<std::string> ids) {
  const std::scoped_lock lock(mutex_);
  poison_ = std::move(ids);
}

void ScriptedConsumer::usually(Taken answer) {
  const std::scoped_lock lock(mutex_);
  usual_ = std::move(answer);
}

std::size_t ScriptedConsumer::count() const { return batches().size(); }

std::size_t ScriptedConsumer::at_once() const {
  const std::scoped_lock lock(mutex_);
  return at_once_;
}

std::size_t ScriptedConsumer::most_at_once() const {
  const std::scoped_lock lock(mutex_);
  return most_;
}

PollBench::PollBench() : engine(store::make_memory_engine(clock)) {
  queue.emplace(space());
  runner_ = std::make_unique<background::Runner>(
      clock, logger_, background::RunnerOptions{.pace = background::Pace::kManual});
  loops_ = std::make_unique<net::LoopGroup>(1, real, logger_);
  time_ = std::make_unique<hosting::ManualTime>(clock, *runner_, engine->store(),
                                                std::vector<net::Loop*>{&loops_->at(0)});
  waker_ = std::make_unique<hosting::SpaceWaker>("queue.due", space(), *runner_);
  pollers = std::make_unique<Pollers>(PollerNeeds{.clock = clock,
                                                  .random = random,
                                                  .logger = logger_,
                                                  .background = *runner_,
                                                  .loops = *loops_,
                                                  .queues = &*queue,
                                                  .metrics = &metrics});
  runner_->start();
  loops_->start();
}

PollBench::~PollBench() {
  consumer->let_go();
  pollers->drain();
  loops_->stop();
  pollers.reset();
  waker_.reset();
  runner_->stop();
}

void PollBench::send(const Ids& texts, const std::string& group) {
  const auto done = space().store().transact([&](store::Txn& txn) -> Status {
    for (const std::string& each : texts) {
      LAPWING_CHECK(txn.enqueue({.queue = kQueue, .payload = each, .group = group}));
    }
    return {};
  });
  ASSERT_TRUE(done) << done.error().to_log();
}

void PollBench::start(QueueMapping mapping) {
  mapping.arn = "mapping";
  mapping.queue_arn = kQueue;
  pollers->start("m", std::move(mapping), consumer);
}

std::uint64_t PollBench::waiting() {
  const auto stats = space().queue().stats(kQueue);
  return stats ? stats->visible + stats->delayed + stats->in_flight : 0;
}

}  // namespace lapwing::mappings::testing
