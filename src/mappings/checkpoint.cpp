#include "mappings/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "store/await.hpp"

namespace lapwing::mappings {
namespace {

constexpr std::string_view kOwnerKind = "mappings.owner";
constexpr std::string_view kStateKind = "mappings.window_state";
// Of a state in one record.
constexpr std::size_t kPartBytes = store::kMaxValueBytes;

std::string part_key(const std::string& mapping, const std::string& shard, std::size_t part) {
  return fmt::format("{}/{}/{:02}", mapping, shard, part);
}

Result<std::uint64_t> owner_of(store::Reader& reader, const std::string& mapping) {
  LAPWING_TRY(const std::optional<store::Record> found, reader.get(kOwnerKind, mapping));
  std::uint64_t out = 0;
  if (found) {
    const std::string& text = found->value;
    std::from_chars(text.data(), text.data() + text.size(), out);
  }
  return out;
}

Status check_owner(store::Reader& reader, const std::string& mapping, std::uint64_t owner) {
  LAPWING_TRY(const std::uint64_t now, owner_of(reader, mapping));
  if (now == owner) return {};
  return fail(make_error(ErrorKind::kConflict, "somebody else polls for this mapping"));
}

Status erase_all(store::Txn& txn, std::string_view kind, const std::string& prefix) {
  while (true) {
    LAPWING_TRY(const store::ScanPage page,
                txn.scan({.kind = std::string(kind), .prefix = prefix, .limit = 100}));
    for (const store::Record& each : page.records) LAPWING_CHECK(txn.erase(kind, each.key));
    if (page.records.empty()) return {};
  }
}

Status erase_parts(store::Txn& txn, const Checkpoint& record, std::size_t from) {
  const std::size_t parts = record.window ? record.window->parts : 0;
  for (std::size_t i = from; i < parts; ++i) {
    LAPWING_CHECK(txn.erase(kStateKind, part_key(record.mapping, record.shard, i)));
  }
  return {};
}

Result<std::string> read_state(store::Reader& reader, const Checkpoint& record) {
  std::string out;
  for (std::size_t i = 0; i < record.window->parts; ++i) {
    LAPWING_TRY(const std::optional<store::Record> part,
                reader.get(kStateKind, part_key(record.mapping, record.shard, i)));
    if (!part) return fail(internal_error("a part of a window's state is missing"));
    out += part->value;
  }
  return out;
}

Result<OwnedCheckpoints> take_over(store::Txn& txn, const std::string& mapping) {
  OwnedCheckpoints out;
  LAPWING_TRY(const std::uint64_t before, owner_of(txn, mapping));
  out.owner = before + 1;
  LAPWING_CHECK(txn.put(kOwnerKind, mapping, std::to_string(out.owner)));
  std::string after;
  while (true) {
    LAPWING_TRY(auto page,
                CheckpointRecords::list(
                    txn, {.prefix = mapping + '/', .after = after, .limit = store::kMaxScanLimit}));
    for (Checkpoint& each : page.records) {
      if (each.window) {
        LAPWING_TRY(out.states[each.shard], read_state(txn, each));
      }
      std::string shard = each.shard;
      out.by_shard.emplace(std::move(shard), std::move(each));
    }
    if (!page.next) return out;
    after = *std::move(page.next);
  }
}

}  // namespace

Status Checkpoints::begin(store::Store& store, const std::vector<Checkpoint>& all) {
  // In steps, so that other writers come in between; nobody reads them before the last.
  constexpr std::size_t kStep = 500;
  for (std::size_t from = 0; from < all.size(); from += kStep) {
    LAPWING_CHECK(store.transact([&](store::Txn& txn) -> Status {
      for (std::size_t i = from; i < std::min(all.size(), from + kStep); ++i) {
        LAPWING_CHECK(CheckpointRecords::put(txn, all[i]));
      }
      return {};
    }));
  }
  return {};
}

Status Checkpoints::forget(store::Store& store, const std::string& mapping) {
  LAPWING_CHECK(store.transact([&](store::Txn& txn) -> Status {
    LAPWING_CHECK(erase_all(txn, CheckpointTable::kKind, mapping + '/'));
    LAPWING_CHECK(erase_all(txn, kStateKind, mapping + '/'));
    return txn.erase(kOwnerKind, mapping);
  }));
  return {};
}

Status Checkpoints::sweep(store::Store& store, FunctionRef<bool(const std::string&)> kept) {
  std::set<std::string> gone;
  for (const std::string_view kind : {CheckpointTable::kKind, kOwnerKind}) {
    LAPWING_CHECK(store::for_each_record(store, {.kind = std::string(kind)},
                                         [&](store::Record& each) -> Status {
                                           std::string id = each.key.substr(0, each.key.find('/'));
                                           if (!kept(id)) gone.insert(std::move(id));
                                           return {};
                                         }));
  }
  for (const std::string& each : gone) LAPWING_CHECK(forget(store, each));
  return {};
}

net::Task<Result<OwnedCheckpoints>> Checkpoints::own(net::Loop& loop, store::Store& store,
                                                     std::string mapping) {
  co_return co_await store::compute_on<OwnedCheckpoints>(
      loop, store, [mapping](store::Txn& txn) { return take_over(txn, mapping); });
}

Status Checkpoints::put(store::Txn& txn, std::uint64_t owner, Checkpoint record,
                        const std::string* state) {
  LAPWING_CHECK(check_owner(txn, record.mapping, owner));
  LAPWING_TRY(const auto before, CheckpointRecords::find(txn, CheckpointTable::key(record)));
  const std::size_t parts_before = before && (*before)->window ? (*before)->window->parts : 0;
  if (record.window) record.window->parts = parts_before;
  if (state != nullptr && record.window) {
    record.window->parts = (state->size() + kPartBytes - 1) / kPartBytes;
    for (std::size_t i = 0; i < record.window->parts; ++i) {
      LAPWING_CHECK(txn.put(kStateKind, part_key(record.mapping, record.shard, i),
                            std::string_view(*state).substr(i * kPartBytes, kPartBytes)));
    }
  }
  if (before) {
    LAPWING_CHECK(erase_parts(txn, **before, record.window ? record.window->parts : 0));
  }
  LAPWING_CHECK(CheckpointRecords::put(txn, record));
  return {};
}

Status Checkpoints::erase(store::Txn& txn, std::uint64_t owner, const std::string& mapping,
                          const std::string& shard) {
  LAPWING_CHECK(check_owner(txn, mapping, owner));
  const std::string key = mapping + '/' + shard;
  LAPWING_TRY(const auto before, CheckpointRecords::find(txn, key));
  if (before) LAPWING_CHECK(erase_parts(txn, **before, 0));
  return CheckpointRecords::erase(txn, key);
}

}  // namespace lapwing::mappings
