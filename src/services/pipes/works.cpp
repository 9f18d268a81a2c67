#include "services/pipes/works.hpp"

#include <utility>
#include <vector>

#include "hosting/event_pages.hpp"
#include "ports/acting.hpp"
#include "services/pipes/limits.hpp"
#include "services/pipes/plan.hpp"
#include "services/pipes/tables.hpp"
#include "services/pipes/words.hpp"

namespace lapwing::pipes {
namespace {

mappings::QueueMapping mapping_of(const Plan& plan) {
  mappings::QueueMapping out;
  out.arn = plan.arn;
  out.account = plan.scope.account;
  out.queue_arn = plan.source_arn;
  out.batch_size = static_cast<std::size_t>(plan.batch_size);
  out.window = plan.window;
  out.filter = plan.filter;
  return out;
}

State failed_state(State from) {
  if (from == State::kCreating) return State::kCreateFailed;
  return from == State::kUpdating ? State::kUpdateFailed : State::kStartFailed;
}

}  // namespace

Works::Works(const hosting::Dependencies& given) : given_(given), store_(given.store.store()) {}

Status Works::start() {
  const hosting::Ports& ports = given_.ports;
  needs_ = std::make_shared<const ExecutionNeeds>(ExecutionNeeds{
      given_.clock, given_.random, given_.log, ports.destinations, ports.runner, ports.logs});
  if (ports.queues != nullptr) {
    pollers_ =
        std::make_unique<mappings::Pollers>(mappings::PollerNeeds{.clock = given_.clock,
                                                                  .random = given_.random,
                                                                  .logger = given_.log,
                                                                  .background = given_.background,
                                                                  .loops = given_.loops,
                                                                  .queues = ports.queues,
                                                                  .journal = given_.journal});
  }
  LAPWING_CHECK(Pipes::for_each(store_, [this](Pipe& pipe) -> Status {
    if (pipe.state != State::kRunning) return {};
    if (const Status begun = begin(pipe); !begun) {
      given_.log.error("pipes", "a pipe cannot be run; nothing is polled",
                       {{"pipe", pipe.arn()}, {"error", begun.error().to_log()}});
    }
    return {};
  }));
  task_ = given_.background.when_due("pipes.states", *this);
  endings_->begin(task_);
  task_.notify();
  return {};
}

void Works::drain() {
  if (pollers_ != nullptr) pollers_->drain();
}

void Works::stop() {
  endings_->stop();
  task_.reset();
  if (pollers_ != nullptr) pollers_->stop_all();
}

Result<std::vector<Pipe>> Works::on_their_way() {
  std::vector<Pipe> out;
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto page, Pipes::list(reader, {.index = std::string(PipeTable::kChanging),
                                                .limit = store::kMaxScanLimit}));
    out = std::move(page.records);
    return {};
  }));
  std::erase_if(out, [this](const Pipe& pipe) { return endings_->waits(pipe.id); });
  if (out.size() > kStepMax) out.resize(kStepMax);
  return out;
}

Result<std::optional<MonoTime>> Works::next_due() {
  LAPWING_TRY(const std::vector<Pipe> found, on_their_way());
  if (found.empty()) return std::optional<MonoTime>();
  return std::optional(MonoTime());  // now
}

Status Works::run_due() {
  LAPWING_TRY(const std::vector<Pipe> found, on_their_way());
  Status first;  // of what went wrong: the others go on
  for (const Pipe& pipe : found) {
    Status done = step(pipe);
    if (!done && first) first = std::move(done);
  }
  return first;
}

Status Works::step(const Pipe& pipe) {
  if (pipe.state != State::kDeleting && pipe.wanted == Wanted::kRunning) {
    std::string reason;
    const State to = bring_up(pipe, reason);
    return settle(pipe, to, reason);
  }
  // Batches at work end first; the next step finds that they have.
  if (pollers_ != nullptr && !endings_->ended(*pollers_, pipe.id)) return {};
  LAPWING_CHECK(settle(pipe, State::kStopped, {}));
  endings_->forget(pipe.id);
  return {};
}

Status Works::check_source(const Pipe& pipe) const {
  if (pollers_ == nullptr) return fail(make_error(ErrorKind::kUnavailable, "there are no queues"));
  const auto facts = given_.ports.queues->describe({pipe.source_arn, pipe.role_arn});
  return facts ? Status() : fail(facts.error());
}

Status Works::check_places(const Plan& plan) const {
  const bool runs =
      (plan.target == Kind::kFunction && plan.waits) || plan.enrichment == Kind::kFunction;
  if (runs && needs_->functions == nullptr) {
    return fail(make_error(ErrorKind::kUnavailable, "no functions are run here"));
  }
  return {};
}

State Works::bring_up(const Pipe& pipe, std::string& reason) {
  Status done = check_source(pipe);
  if (!done) {
    reason = source_trouble(done.error());
  } else if (done = begin(pipe); !done) {
    reason = done.error().message();
  }
  if (done) return State::kRunning;
  // One that ran before its change does not go on as it was.
  if (pollers_ != nullptr) pollers_->stop(pipe.id, [] {});
  return failed_state(pipe.state);
}

Status Works::begin(const Pipe& pipe) {
  if (pollers_ == nullptr) return fail(make_error(ErrorKind::kUnavailable, "there are no queues"));
  // Of records from before this was looked at when they are made.
  if (!ports::is_role_of(pipe.role_arn, pipe.scope.account)) return fail(foreign_role());
  LAPWING_TRY(PlanPtr plan, make_plan(pipe));
  LAPWING_CHECK(check_places(*plan));
  mappings::QueueMapping mapping = mapping_of(*plan);
  pollers_->start(pipe.id, std::move(mapping),
                  std::make_shared<PipeConsumer>(needs_, std::move(plan)));
  return {};
}

Status Works::settle(const Pipe& pipe, State to, const std::string& reason) {
  const std::string key = PipeTable::key(pipe);
  LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto found, Pipes::find(txn, key));
    if (!found || found->record.id != pipe.id || found->record.state != pipe.state) return {};
    if (pipe.state == State::kDeleting) return Pipes::erase(txn, key);
    found->record.state = to;
    found->record.reason = reason;
    LAPWING_CHECK(Pipes::put(txn, found->record));
    return {};
  }));
  return {};
}

std::string Works::trouble(const Pipe& pipe) const {
  if (pollers_ == nullptr || pipe.state != State::kRunning) return {};
  const auto why = pollers_->trouble(pipe.id);
  return why ? source_trouble(*why) : std::string();
}

Result<journal::EventPage> Works::events(const journal::EventAsk& ask) const {
  if (ask.list != journal::EventList::kMappings) return journal::EventPage();
  return hosting::events_of_table<PipeTable>(
      store_, {}, ask, [this](const Pipe& pipe) -> Result<journal::EventRow> {
        journal::EventRow row{.what = "pipe",
                              .name = pipe.arn(),
                              .to = pipe.target_arn,
                              .id = pipe.source_arn,
                              .state = std::string(to_string(pipe.state)),
                              .reason = pipe.reason};
        const auto poller = pollers_ != nullptr ? pollers_->facts(pipe.id) : std::nullopt;
        if (!poller) return row;
        row.at_work = poller->at_work;
        if (row.reason.empty()) row.reason = poller->last_result;
        if (poller->last_result_ms != 0) row.at_ms = poller->last_result_ms;
        return row;
      });
}

void Works::metrics(hosting::MetricsText& text) const {
  if (pollers_ == nullptr) return;
  const mappings::PollerCounts& counts = pollers_->counts();
  text.add("pipes_events_polled_total", "counter", "Events that pipes took from their sources.",
           counts.polled.load());
  text.add("pipes_events_filtered_out_total", "counter", "Of these, those that no filter wants.",
           counts.filtered_out.load());
  text.add("pipes_executions_total", "counter", "Batches that went through a pipe.",
           counts.batches.load());
  text.add("pipes_events_total", "counter", "Events in these batches.", counts.invoked.load());
  text.add("pipes_events_failed_total", "counter", "Of these, those that no target took.",
           counts.failed.load());
  text.add("pipes_throttles_total", "counter", "Batches that had to wait for room.",
           counts.throttles.load());
}

}  // namespace lapwing::pipes
