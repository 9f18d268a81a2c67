#include "services/sqs/mover.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "services/sqs/address.hpp"
#include "services/sqs/message.hpp"
#include "services/sqs/tables.hpp"

namespace lapwing::sqs {
namespace {

constexpr std::string_view kNoQueue = "AWS.SimpleQueueService.NonExistentQueue";
constexpr std::string_view kNoSource = "CouldNotDetermineMessageSource";

// How a transaction tells that it was undone: there is a message that has nowhere to go.
Error nowhere(std::string_view why) {
  return Error(ErrorKind::kNotFound, std::string(why), "A message has nowhere to go.");
}

// How many more it may move.
std::size_t left_of(const MoveTask& task) {
  if (!task.there) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(std::max<std::int64_t>(*task.there - task.moved, 0));
}

}  // namespace

Status Mover::begin(background::Runner& runner) {
  LAPWING_CHECK(MoveTasks::for_each(space_.store(), [this](MoveTask& task) -> Status {
    if (task.running()) running_[task.key()] = {clock_.mono(), task.source_arn};
    return {};
  }));
  task_ = runner.when_due("sqs.moves", *this);
  task_.notify();
  return {};
}

void Mover::start(const MoveTask& task) {
  {
    const std::scoped_lock lock(mutex_);
    running_[task.key()] = {clock_.mono(), task.source_arn};
  }
  task_.notify();
}

std::size_t Mover::running(const aws::Scope& scope) const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(running_, [&](const auto& each) {
    const auto source = parse_arn(each.second.source_arn);
    return source && source->scope == scope;
  }));
}

Result<std::optional<MonoTime>> Mover::next_due() {
  const std::scoped_lock lock(mutex_);
  std::optional<MonoTime> out;
  for (const auto& [key, running] : running_)
    out = std::min(out.value_or(running.due), running.due);
  return out;
}

Status Mover::run_due() {
  std::vector<std::string> due;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, running] : running_) {
      if (running.due <= clock_.mono()) due.push_back(key);
    }
  }
  Status last;
  for (const std::string& key : due) {
    const Result<Step> done = step(key, kMoveStep);
    const std::scoped_lock lock(mutex_);
    if (!done) {  // the others go on meanwhile
      last = fail(done.error());
      const auto found = running_.find(key);
      if (found != running_.end()) found->second.due = clock_.mono() + background::kBackgroundRetry;
    } else if (*done == Step::kOver) {
      running_.erase(key);
    }
  }
  return last;
}

Result<Mover::Step> Mover::step(const std::string& key, std::size_t max) {
  std::optional<resources::Stored<MoveTask>> stored;
  LAPWING_CHECK(space_.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(stored, MoveTasks::find(reader, key));
    return {};
  }));
  if (!stored || !stored->record.running()) return Step::kOver;
  const MoveTask& task = stored->record;
  if (task.rate > 0) {
    // A second's worth at once, then a second later.
    max = static_cast<std::size_t>(task.rate);
    const std::scoped_lock lock(mutex_);
    running_[key].due = clock_.mono() + std::chrono::seconds(1);
  }
  Result<Step> moved = move_some(task, max);
  // What stands before the one that cannot go is moved first, one by one.
  if (!moved && moved.error().kind() == ErrorKind::kNotFound && max > 1) {
    moved = move_some(task, 1);
    while (moved && *moved == Step::kMore) moved = move_some(task, 1);
  }
  if (!moved && moved.error().kind() == ErrorKind::kNotFound) {
    LAPWING_CHECK(end(key, move_status::kFailed, moved.error().code()));
    return Step::kOver;
  }
  if (moved && *moved == Step::kOver) LAPWING_CHECK(end(key, move_status::kCompleted, ""));
  return moved;
}

QueuePtr Mover::destination_of(const MoveTask& task, const std::string& source_arn) const {
  const auto address = parse_arn(task.destination_arn.empty() ? source_arn : task.destination_arn);
  return address ? catalog_.find(*address) : nullptr;
}

Result<Mover::Step> Mover::move_some(const MoveTask& task, std::size_t max) {
  const auto source_address = parse_arn(task.source_arn);
  const QueuePtr source = source_address ? catalog_.find(*source_address) : nullptr;
  if (source == nullptr || source->place != task.place) return fail(nowhere(kNoQueue));
  std::vector<std::string> ids(max);
  for (std::string& id : ids) id = make_uuid(random_);
  std::size_t moved = 0;
  std::vector<QueuePtr> reached;
  std::vector<std::pair<Buried, QueuePtr>> told;
  LAPWING_CHECK(space_.store().transact([&](store::Txn& txn) -> Status {
    moved = 0;
    reached.clear();
    told.clear();
    LAPWING_TRY(auto current, MoveTasks::find(txn, task.key()));
    if (!current || !current->record.running()) return {};
    const std::size_t wanted = std::min(max, left_of(current->record));
    if (wanted == 0) return {};
    LAPWING_TRY(const store::ClaimResult found,
                txn.claim({.queues = {source->place},
                           .max = wanted,
                           .visibility = std::chrono::seconds(1),
                           .age_max = std::chrono::seconds(source->retention_s)}));
    for (const store::Claimed& each : found.messages) {
      LAPWING_TRY(Message message, decode(each.payload));
      const QueuePtr to = destination_of(task, message.source_arn);
      if (to == nullptr) {
        const bool unknown = task.destination_arn.empty() && message.source_arn.empty();
        return fail(nowhere(unknown ? kNoSource : kNoQueue));
      }
      told.emplace_back(Buried{.id = message.id, .trace = message.trace_header}, to);
      message.id = ids[moved];
      message.source_arn.clear();
      LAPWING_CHECK(
          txn.move(each.receipt, to->place,
                   {.payload = encode(message),
                    .grouping = to->fifo ? store::Grouping::kOrdered : store::Grouping::kFair,
                    .as_new = true}));
      if (reached.empty() || reached.back() != to) reached.push_back(to);
      ++moved;
    }
    if (moved == 0) return {};
    current->record.moved += static_cast<std::int64_t>(moved);
    LAPWING_CHECK(MoveTasks::put(txn, current->record));
    return {};
  }));
  for (const QueuePtr& queue : reached) retention_.sent(*queue);
  for (std::size_t i = 0; i < told.size(); ++i) {
    telling_.moved_back(*source, *told[i].second, told[i].first, ids[i]);
  }
  return moved > 0 ? Step::kMore : Step::kOver;
}

Status Mover::end(const std::string& key, std::string_view status, std::string_view failure) {
  const auto done = space_.store().transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto current, MoveTasks::find(txn, key));
    // Cancelled meanwhile.
    if (!current || !current->record.running()) return {};
    current->record.status = status;
    current->record.failure = failure;
    LAPWING_CHECK(MoveTasks::put(txn, current->record));
    return {};
  });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace lapwing::sqs
