#include "services/sns/fifo.hpp"

#include <chrono>
#include <string>

#include <fmt/core.h>

#include "services/sns/limits.hpp"

namespace lapwing::sns {
namespace {

// Numbers have 20 digits from the first on, as AWS's have.
constexpr std::uint64_t kFirstSequence = 10'000'000'000'000'000'000ULL;

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

Result<Accepted> accept_in_order(store::Txn& txn, const Topic& topic, const Message& message) {
  const std::string id =
      topic.deduplicate_by_group
          ? fmt::format("{}/g{} {}", topic.place, message.group, message.deduplication_id)
          : fmt::format("{}/t{}", topic.place, message.deduplication_id);
  LAPWING_TRY(const auto taken, TakenMessages::find(txn, id));
  if (taken && taken->record.ends_ms > message.time_ms) {
    return Accepted{true, taken->record.message_id, taken->record.sequence};
  }
  LAPWING_TRY(const auto last, Sequences::find(txn, topic.place));
  const std::uint64_t sequence = last ? last->record.last + 1 : kFirstSequence;
  LAPWING_CHECK(Sequences::put(txn, {topic.place, sequence}));
  LAPWING_CHECK(TakenMessages::put(
      txn, {id, message.id, sequence, message.time_ms + milliseconds(kDeduplicatedFor)}));
  return Accepted{false, message.id, sequence};
}

Result<Accepted> accept_once(store::Txn& txn, const Topic& topic, const Message& message,
                             std::string_view parcel) {
  const std::string id = fmt::format("{}/p{}", topic.place, parcel);
  LAPWING_TRY(const auto taken, TakenMessages::find(txn, id));
  if (taken && taken->record.ends_ms > message.time_ms) {
    return Accepted{true, taken->record.message_id, 0};
  }
  LAPWING_CHECK(TakenMessages::put(
      txn, {id, message.id, 0, message.time_ms + milliseconds(kDeduplicatedFor)}));
  return Accepted{false, message.id, 0};
}

Result<std::optional<MonoTime>> Fading::next_due() {
  // Before it looks: what is written meanwhile wakes it again.
  asleep_ = true;
  LAPWING_TRY(const store::ScanPage first, store_.scan({.kind = std::string(TakenTable::kKind),
                                                        .index = std::string(TakenTable::kEnds),
                                                        .limit = 1}));
  if (first.records.empty()) return std::optional<MonoTime>();
  asleep_ = false;
  LAPWING_TRY(const Taken taken, TakenMessages::decode(first.records.front().value));
  return std::optional(clock_.mono() + (wall_from_unix_ms(taken.ends_ms) - clock_.wall()));
}

Status Fading::run_due() {
  const std::int64_t now_ms = unix_ms(clock_.wall());
  const auto done = store_.transact([now_ms](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto page, TakenMessages::list(txn, {.index = std::string(TakenTable::kEnds),
                                                           .limit = kSweepStep}));
    for (const Taken& each : page.records) {
      if (each.ends_ms > now_ms) break;
      LAPWING_CHECK(TakenMessages::erase(txn, each.id));
    }
    return {};
  });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace lapwing::sns
