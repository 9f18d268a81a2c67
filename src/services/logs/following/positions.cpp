#include "services/logs/following/positions.hpp"

#include <charconv>
#include <utility>

#include "store/limits.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kKind = "logs.position";

std::string key_of(const StreamTarget& target) {
  return target.group_uid + "/" + target.stream_uid;
}

Result<store::LogSequence> read(const std::string& text) {
  store::LogSequence out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(internal_error("log position: no number"));
  }
  return out;
}

}  // namespace

Result<store::LogSequence> Positions::find(const StreamTarget& target) {
  LAPWING_TRY(const std::optional<store::Record> kept, store_.get(kKind, key_of(target)));
  if (!kept) return store::LogSequence{1};
  return read(kept->value);
}

Result<std::map<std::string, store::LogSequence>> Positions::of_group(
    const std::string& group_uid) {
  std::map<std::string, store::LogSequence> out;
  const std::string prefix = group_uid + "/";
  LAPWING_CHECK(store::for_each_record(
      store_, {.kind = std::string(kKind), .prefix = prefix}, [&](store::Record& record) -> Status {
        LAPWING_TRY(out[record.key.substr(prefix.size())], read(record.value));
        return {};
      }));
  return out;
}

Status Positions::set(const StreamTarget& target, store::LogSequence next) {
  LAPWING_CHECK(store_.put(kKind, key_of(target), std::to_string(next)));
  return {};
}

Status Positions::set(store::Txn& txn, const StreamTarget& target, store::LogSequence next) {
  LAPWING_CHECK(txn.put(kKind, key_of(target), std::to_string(next)));
  return {};
}

Status Positions::begin_at_the_end(store::Log& log, const std::string& group_uid) {
  std::string after;
  while (true) {
    Result<store::ShardPage> page = log.shards(group_uid, after);
    if (!page && page.error().kind() == ErrorKind::kNotFound) return {};
    if (!page) return fail(std::move(page).error());
    if (page->shards.empty()) return {};
    const auto done = store_.transact([&](store::Txn& txn) -> Status {
      for (const store::ShardInfo& info : page->shards) {
        LAPWING_CHECK(set(txn, {group_uid, info.shard}, info.next_sequence));
      }
      return {};
    });
    if (!done) return fail(done.error());
    if (!page->more) return {};
    after = page->shards.back().shard;
  }
}

Status Positions::forget(const std::string& mark) {
  if (mark.contains('/')) return store_.erase(kKind, mark);
  while (true) {
    LAPWING_TRY(const store::ScanPage page, store_.scan({.kind = std::string(kKind),
                                                         .prefix = mark + "/",
                                                         .limit = store::kMaxScanLimit}));
    if (page.records.empty()) return {};
    const auto done = store_.transact([&](store::Txn& txn) -> Status {
      for (const store::Record& each : page.records) LAPWING_CHECK(txn.erase(kKind, each.key));
      return {};
    });
    if (!done) return fail(done.error());
  }
}

}  // namespace lapwing::logs
