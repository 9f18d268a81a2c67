// What a transaction does to queues.
#include <algorithm>
#include <utility>

#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"

namespace lapwing::store::memory {
namespace {

bool put_message(State& state, MessageId id, std::optional<Message> message,
                 std::optional<Message>& before) {
  const auto found = state.messages.find(id);
  if (found != state.messages.end()) {
    const auto queue = state.queues.find(found->second.request.queue);
    queue->second.erase(id);
    if (queue->second.empty()) {
      auto& served = state.served_ns;
      auto of_queue = served.lower_bound({queue->first, ""});
      while (of_queue != served.end() && of_queue->first.first == queue->first) {
        of_queue = served.erase(of_queue);
      }
      state.queues.erase(queue);
    }
    before = std::move(found->second);
    state.messages.erase(found);
  }
  if (!message) return false;
  state.queues[message->request.queue].insert(id);
  state.messages.emplace(id, *std::move(message));
  return true;
}

}  // namespace

void QueueChange::set(MessageId id, std::optional<Message> message) {
  std::optional<Message> before;
  put_message(*state_, id, std::move(message), before);
  undo_->push_back([id, before = std::move(before)](State& state) mutable {
    std::optional<Message> undone;
    put_message(state, id, std::move(before), undone);
  });
}

// What a change that makes a message visible at `visible_ns` means to those who wait.
void QueueChange::told(std::string_view queue, std::int64_t visible_ns) {
  if (visible_ns <= now_) {
    effects.claimable(queue);
  } else {
    effects.due(queue, visible_ns);
  }
}

Result<Enqueued> QueueChange::enqueue(const EnqueueRequest& request) {
  LAPWING_CHECK(check_enqueue(request));
  const std::pair dedup{request.queue, request.dedup_id};
  if (!request.dedup_id.empty()) {
    std::erase_if(state_->dedup, [&](const auto& item) { return item.second.until_ns <= now_; });
    const auto found = state_->dedup.find(dedup);
    if (found != state_->dedup.end()) return Enqueued{found->second.id, true, found->second.note};
  }
  const MessageId id = ++state_->last_message;
  Message message{.request = request,
                  .visible_ns = now_ + request.delay.count(),
                  .enqueued_ns = now_,
                  .enqueued_ms = wall_ms_};
  told(request.queue, message.visible_ns);
  set(id, std::move(message));
  if (!request.dedup_id.empty()) {
    state_->dedup[dedup] = {id, request.dedup_note, now_ + Duration(kDedupWindow).count()};
    undo_->push_back([dedup](State& state) { state.dedup.erase(dedup); });
  }
  return Enqueued{id, false, {}};
}

std::vector<ClaimUnit> QueueChange::fair_units(const std::string& queue, std::size_t max,
                                               std::int64_t after_ns) const {
  std::vector<Lane> lanes;
  std::vector<std::vector<std::pair<std::int64_t, MessageId>>> ready;
  std::map<std::string, std::size_t> index;
  for (const MessageId id : state_->queues.at(queue)) {
    const Message& message = state_->messages.at(id);
    const EnqueueRequest& request = message.request;
    if (request.group.empty() || request.grouping != Grouping::kFair) continue;
    const auto [at, fresh] = index.try_emplace(request.group, lanes.size());
    if (fresh) {
      const auto served = state_->served_ns.find({queue, request.group});
      lanes.push_back(
          {request.group, 0, 0, served == state_->served_ns.end() ? 0 : served->second});
      ready.emplace_back();
    }
    Lane& lane = lanes[at->second];
    if (message.visible_ns > now_) {
      lane.in_flight += message.claimed ? 1 : 0;
    } else if (message.enqueued_ns > after_ns) {
      ++lane.ready;
      ready[at->second].emplace_back(message.visible_ns, id);
    }
  }
  for (auto& of_lane : ready) std::ranges::sort(of_lane);
  std::vector<std::size_t> taken(lanes.size(), 0);
  std::vector<ClaimUnit> out;
  for (const std::size_t lane : pick_lanes(std::move(lanes), max)) {
    const auto& [due, id] = ready[lane][taken[lane]++];
    out.push_back({due, {id}});
  }
  return out;
}

std::vector<ClaimUnit> QueueChange::units(const std::string& queue, std::size_t max,
                                          Duration age_max) const {
  if (!state_->queues.contains(queue)) return {};
  const std::int64_t after_ns = age_max == Duration::zero() ? INT64_MIN : now_ - age_max.count();
  std::vector<ClaimUnit> plain;
  std::map<std::string, std::size_t> runs;  // ordered group: its unit
  std::set<std::string> ended;              // groups whose run has ended
  for (const MessageId id : state_->queues.at(queue)) {
    const Message& message = state_->messages.at(id);
    const std::string& group = message.request.group;
    const bool visible = message.visible_ns <= now_;
    if (!group.empty() && message.request.grouping == Grouping::kFair) continue;
    // Too old: as if it were gone, but for one that somebody works on.
    if (message.enqueued_ns <= after_ns && (visible || !message.claimed)) continue;
    if (group.empty()) {
      if (visible) plain.push_back({message.visible_ns, {id}});
      continue;
    }
    if (ended.contains(group)) continue;
    if (!visible) {
      ended.insert(group);
      continue;
    }
    const auto [at, fresh] = runs.try_emplace(group, plain.size());
    if (fresh) {
      plain.push_back({message.visible_ns, {id}});
    } else {
      plain[at->second].ids.push_back(id);
    }
  }
  std::ranges::sort(plain, {}, [](const ClaimUnit& u) { return std::pair(u.due_ns, u.ids[0]); });
  return take_turns(std::move(plain), fair_units(queue, max, after_ns));
}

Claimed QueueChange::describe(MessageId id, const Message& message) const {
  return {.receipt = {id, message.claim},
          .queue = message.request.queue,
          .payload = message.request.payload,
          .group = message.request.group,
          .attempt = message.attempts,
          .age = Duration(now_ - message.enqueued_ns),
          .since_first_claim = Duration(message.attempts == 0 ? 0 : now_ - message.first_claim_ns),
          .attempts_in_all = message.attempts_in_all,
          .enqueued_ms = message.enqueued_ms,
          .first_claim_ms = message.first_claim_ms};
}

Claimed QueueChange::take(MessageId id, Duration visibility) {
  Message message = state_->messages.at(id);
  message.claimed = true;
  message.visible_ns = now_ + visibility.count();
  ++message.claim;
  ++message.attempts_in_all;
  if (++message.attempts == 1) {
    message.first_claim_ns = now_;
    if (message.attempts_in_all == 1) message.first_claim_ms = wall_ms_;
  }
  const EnqueueRequest& request = message.request;
  if (!request.group.empty() && request.grouping == Grouping::kFair) {
    // Not undone: it decides an order that nobody is promised.
    state_->served_ns[{request.queue, request.group}] = now_;
  }
  told(request.queue, message.visible_ns);
  Claimed out = describe(id, message);
  set(id, std::move(message));
  return out;
}

Result<ClaimResult> QueueChange::claim(const ClaimRequest& request) {
  LAPWING_CHECK(check_claim(request));
  std::vector<std::vector<ClaimUnit>> units_of;
  std::vector<std::uint64_t> left(request.queues.size(), UINT64_MAX);
  for (std::size_t i = 0; i < request.queues.size(); ++i) {
    units_of.push_back(units(request.queues[i], request.max, request.age_max));
    if (request.in_flight_max == 0) continue;
    std::uint64_t in_flight = 0;
    if (const auto ids = state_->queues.find(request.queues[i]); ids != state_->queues.end()) {
      for (const MessageId id : ids->second) {
        const Message& message = state_->messages.at(id);
        in_flight += message.claimed && message.visible_ns > now_ ? 1 : 0;
      }
    }
    left[i] = request.in_flight_max - std::min(request.in_flight_max, in_flight);
  }
  ClaimResult out;
  std::vector<std::size_t> at(units_of.size(), 0);
  std::uint64_t bytes = 0;
  const auto full = [&] {
    return out.messages.size() == request.max ||
           (!out.messages.empty() && bytes >= request.bytes_max);
  };
  while (!full()) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (left[i] == 0) at[i] = units_of[i].size();
    }
    const std::size_t queue = longest_due(units_of, at);
    if (queue == units_of.size()) break;
    for (const MessageId id : units_of[queue][at[queue]++].ids) {
      if (full() || left[queue] == 0) break;
      out.messages.push_back(take(id, request.visibility));
      bytes += out.messages.back().payload.size();
      --left[queue];
    }
  }
  if (request.in_flight_max > 0 && !left.empty())
    out.in_flight_left = *std::ranges::min_element(left);
  return out;
}

Result<Message*> QueueChange::claimed(const Receipt& receipt, Lateness lateness) {
  const auto found = state_->messages.find(receipt.id);
  if (found == state_->messages.end() || receipt.claim == 0 ||
      found->second.claim != receipt.claim) {
    return fail(late_receipt_error());
  }
  if (lateness == Lateness::kStrict && found->second.visible_ns <= now_) {
    return fail(lapsed_receipt_error());
  }
  return &found->second;
}

Status QueueChange::complete(const Receipt& receipt, Lateness lateness) {
  LAPWING_TRY(const Message* const found, claimed(receipt, lateness));
  if (!found->request.group.empty()) effects.claimable(found->request.queue);
  set(receipt.id, std::nullopt);
  return {};
}

Status QueueChange::extend(const Receipt& receipt, Duration visibility, Lateness lateness) {
  LAPWING_CHECK(check_delay(visibility));
  LAPWING_TRY(const Message* const found, claimed(receipt, lateness));
  Message message = *found;
  message.visible_ns = now_ + visibility.count();
  told(message.request.queue, message.visible_ns);
  set(receipt.id, std::move(message));
  return {};
}

Status QueueChange::release(const Receipt& receipt, Duration delay) {
  LAPWING_CHECK(check_delay(delay));
  LAPWING_TRY(const Message* const found, claimed(receipt, Lateness::kAllowed));
  Message message = *found;
  message.claimed = false;
  ++message.claim;
  message.visible_ns = now_ + delay.count();
  told(message.request.queue, message.visible_ns);
  set(receipt.id, std::move(message));
  return {};
}

Result<MessageId> QueueChange::move(const Receipt& receipt, std::string_view to_queue,
                                    const MoveOptions& options) {
  LAPWING_CHECK(check_move(to_queue, options));
  LAPWING_CHECK(claimed(receipt, Lateness::kAllowed));
  return move_found(receipt.id, to_queue, options);
}

Result<MessageId> QueueChange::move_unclaimed(MessageId id, std::string_view from_queue,
                                              std::string_view to_queue,
                                              const MoveOptions& options) {
  LAPWING_CHECK(check_move(to_queue, options));
  const auto found = state_->messages.find(id);
  if (found == state_->messages.end() || found->second.request.queue != from_queue) {
    return fail(no_such_message_error());
  }
  if (found->second.claimed && found->second.visible_ns > now_) return fail(held_message_error());
  return move_found(id, to_queue, options);
}

Result<MessageId> QueueChange::move_found(MessageId from, std::string_view to_queue,
                                          const MoveOptions& options) {
  Message message = state_->messages.at(from);
  if (!message.request.group.empty()) effects.claimable(message.request.queue);
  set(from, std::nullopt);
  message.request.queue = to_queue;
  message.request.grouping = options.grouping;
  if (options.payload) message.request.payload = *options.payload;
  message.claimed = false;
  message.claim = 0;
  message.attempts = 0;
  message.first_claim_ns = 0;
  message.visible_ns = now_ + options.delay.count();
  if (options.uncount_claim) --message.attempts_in_all;
  if (options.as_new) {
    message.attempts_in_all = 0;
    message.first_claim_ms = 0;
    message.enqueued_ns = now_;
    message.enqueued_ms = wall_ms_;
  }
  told(to_queue, message.visible_ns);
  const MessageId id = ++state_->last_message;
  set(id, std::move(message));
  return id;
}

Peeked QueueChange::peek(const Receipt& receipt) const {
  const auto found = state_->messages.find(receipt.id);
  if (found == state_->messages.end()) return {};
  const Message& message = found->second;
  const ReceiptState state = receipt.claim == 0 || message.claim != receipt.claim
                                 ? ReceiptState::kSuperseded
                             : message.visible_ns <= now_ ? ReceiptState::kLapsed
                                                          : ReceiptState::kHeld;
  return {state, describe(receipt.id, message)};
}

std::uint64_t QueueChange::remove_if(std::string_view queue, std::size_t max,
                                     FunctionRef<bool(const Message&)> which) {
  const auto ids = state_->queues.find(queue);
  if (ids == state_->queues.end()) return 0;
  std::vector<MessageId> gone;
  for (const MessageId id : ids->second) {
    if (gone.size() == max) break;
    if (which(state_->messages.at(id))) gone.push_back(id);
  }
  for (const MessageId id : gone) set(id, std::nullopt);
  if (!gone.empty()) effects.claimable(queue);
  return gone.size();
}

std::uint64_t QueueChange::give_back(std::string_view queue) {
  const auto ids = state_->queues.find(queue);
  if (ids == state_->queues.end()) return 0;
  std::uint64_t out = 0;
  for (const MessageId id : std::vector(ids->second.begin(), ids->second.end())) {
    Message message = state_->messages.at(id);
    if (!message.claimed || message.visible_ns <= now_) continue;
    message.visible_ns = now_;
    set(id, std::move(message));
    ++out;
  }
  if (out > 0) effects.claimable(queue);
  return out;
}

}  // namespace lapwing::store::memory
