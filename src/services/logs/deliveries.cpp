#include "services/logs/deliveries.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "ports/acting.hpp"
#include "services/logs/chunk.hpp"
#include "services/logs/core.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/following/chain.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/resource_policies.hpp"
#include "text/json.hpp"
#include "text/time_format.hpp"

namespace lapwing::logs {
namespace {

using ports::Delivered;
using ports::Parcel;

struct LogLine {
  std::int64_t time_ms = 0;
  std::string message;
};

LogLine line_of(const Parcel& parcel, std::int64_t now_ms) {
  LogLine out{parcel.time_ms.value_or(now_ms), parcel.body};
  if (parcel.time_ms) return out;
  const auto document = text::parse_json(parcel.body);
  if (!document || !document->root().is_object() || document->root().size() != 2) return out;
  const text::JsonValue* const time = document->root().find("timestamp");
  const text::JsonValue* const message = document->root().find("message");
  if (time == nullptr || message == nullptr || !time->as_int64() || !message->is_string()) {
    return out;
  }
  return {*time->as_int64(), std::string(message->as_string())};
}

// What is to become of one parcel.
struct Entry {
  std::size_t parcel = 0;
  StreamName name;
  LogLine line;
  std::string_view chain;
  GroupBudgetPtr budget;
};

// Checked, and counted as the group's.
Result<Entry> read(Core& core, const Parcel& parcel, std::int64_t now_ms) {
  const auto arn = aws::Arn::parse(parcel.target);
  if (!arn) return fail(group_not_found());
  Entry out;
  out.name.scope = {arn->account, arn->region};
  const Scope& scope = out.name.scope;
  const auto name = name_in_arn(scope, parcel.target);
  if (!name) return fail(group_not_found());
  out.line = line_of(parcel, now_ms);
  if (out.line.message.size() + kEventOverheadBytes > kEventBytesMax) {
    return fail(invalid_parameter("Log event too large."));
  }
  LAPWING_TRY(const Group group, core.repository.group(scope, *name));
  out.name.group = group.name;
  out.name.stream = parcel.log_stream.empty()
                        ? "events/" + text::format_day_path(wall_from_unix_ms(now_ms))
                        : parcel.log_stream;
  LAPWING_TRY(const bool may,
              may_write(core.repository, scope, group.name, out.name.stream, parcel.as));
  if (!may) {
    return fail(access_denied(fmt::format(
        "{} is not authorized to perform: logs:PutLogEvents on resource: {}: no resource policy "
        "allows it",
        ports::sender(parcel.as), group_arn(scope, group.name))));
  }
  out.budget = core.budget.group(scope, *name);
  if (const auto why = out.budget->take(out.line.message.size(), core.clock->mono())) {
    return fail(rate_exceeded(describe(*why, core.budget.limits())));
  }
  out.chain = chain_of(parcel.trace);
  if (!out.chain.empty() && !core.follows.follows(scope, *name)) out.chain = {};
  return out;
}

// Of one stream.
struct Piece {
  StreamTarget target;
  GroupBudgetPtr budget;
  ChunkBuilder open;
  std::vector<store::LogInput> chunks;

  void close() {
    if (open.empty()) return;
    ChunkBuilder::Finished finished = open.finish();
    chunks.push_back({finished.newest_ms, std::move(finished.data)});
  }
};

// All of them or none, in two commits at most: streams that are not there yet, events.
Status write(Core& core, std::span<const Entry> entries, std::int64_t now_ms) {
  std::map<StreamName, Piece> pieces;
  for (const Entry& each : entries) {
    Piece& piece = pieces[each.name];
    piece.budget = each.budget;
    if (!piece.open.accepts(each.line.time_ms, each.line.message.size(), each.chain)) piece.close();
    piece.open.add(each.line.time_ms, each.line.message, now_ms, each.chain);
  }
  std::vector<StreamName> names;
  for (const auto& [name, piece] : pieces) names.push_back(name);
  LAPWING_TRY(const std::vector<StreamTarget> targets,
              core.repository.ensure_streams(names, now_ms));
  std::vector<EventLog::StreamChunks> parts;
  std::size_t at = 0;
  for (auto& [name, piece] : pieces) {
    piece.target = targets.at(at++);
    piece.close();
    parts.push_back({&piece.target, piece.chunks});
  }
  if (auto written = core.events.append_all(parts); !written) {
    return fail(service_unavailable(written.error().to_log()));
  }
  for (const auto& [name, piece] : pieces) {
    std::size_t bytes = 0;
    for (const store::LogInput& each : piece.chunks) bytes += each.data.size();
    core.budget.note_written(*piece.budget, piece.target.group_uid, bytes);
    core.follows.wrote(piece.target, name.stream);
  }
  return {};
}

Delivered outcome(const Status& written) {
  if (written) return {};
  const ErrorKind kind = written.error().kind();
  const bool hopeless = kind == ErrorKind::kNotFound || kind == ErrorKind::kInvalid;
  return {.kind = hopeless ? Delivered::Kind::kRefused : Delivered::Kind::kLater,
          .code = written.error().code(),
          .message = written.error().message()};
}

// In one write, or a few where they are many.
std::vector<Delivered> write_all(Core& core, TakenIds& taken, const std::vector<Parcel>& parcels) {
  std::vector<Delivered> out(parcels.size());
  const std::int64_t now_ms = core.now_ms();
  const MonoTime now = core.clock->mono();
  const DeletionGate::Passed passed = core.deletion.pass();
  core.budget.refresh(now);
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (entries.empty()) return;
    const Status written = write(core, entries, now_ms);
    for (const Entry& each : entries) {
      out[each.parcel] = outcome(written);
      taken.end(parcels[each.parcel], written.has_value(), now);
    }
    entries.clear();
    bytes = 0;
  };
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    const TakenIds::Was was = taken.begin(parcels[i], now);
    if (was == TakenIds::Was::kTaken) continue;
    if (was == TakenIds::Was::kUnderWay) {
      out[i] = outcome(fail(service_unavailable("the same event is being written")));
      continue;
    }
    Result<Entry> entry = read(core, parcels[i], now_ms);
    if (!entry) {
      out[i] = outcome(fail(std::move(entry).error()));
      taken.end(parcels[i], false, now);
      continue;
    }
    entry->parcel = i;
    bytes += entry->line.message.size();
    entries.push_back(*std::move(entry));
    if (bytes >= kCommitBytesMax || entries.size() >= kDeliveriesOfCommit) flush();
  }
  flush();
  return out;
}

}  // namespace

TakenIds::Was TakenIds::begin(const Parcel& parcel, MonoTime now) {
  if (parcel.id.empty()) return Was::kNew;
  const std::lock_guard lock(mutex_);
  while (!in_turn_.empty() &&
         (now - in_turn_.front().first >= kTakenOnceFor || in_turn_.size() > kTakenIdsMax)) {
    states_.erase(in_turn_.front().second);
    in_turn_.pop_front();
  }
  const auto [at, is_new] = states_.try_emplace(key(parcel), Was::kUnderWay);
  return is_new ? Was::kNew : at->second;
}

void TakenIds::end(const Parcel& parcel, bool written, MonoTime now) {
  if (parcel.id.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!written) {
    states_.erase(key(parcel));
    return;
  }
  states_[key(parcel)] = Was::kTaken;
  in_turn_.emplace_back(now, key(parcel));
}

std::string TakenIds::key(const Parcel& parcel) { return parcel.id + " " + parcel.target; }

net::Task<std::vector<Delivered>> Deliveries::deliver(net::Loop& loop,
                                                      const std::vector<Parcel>& parcels) {
  auto done = co_await workers_.run(loop, [core = &core_, taken = &taken_, copied = parcels] {
    return write_all(*core, *taken, copied);
  });
  if (done) co_return *std::move(done);
  co_return std::vector<Delivered>(parcels.size(), Delivered{.kind = Delivered::Kind::kLater,
                                                             .code = done.error().code(),
                                                             .message = done.error().message()});
}

}  // namespace lapwing::logs
