#include "journal/journal.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/utf8.hpp"

namespace lapwing::journal {
namespace {

constexpr std::string_view kStream = "lapwing.journal";
constexpr std::string_view kKeptUnder = "p";
constexpr std::string_view kCameOutOf = "c";

std::string shard_name(std::size_t shard) { return fmt::format("{:02x}", shard); }

std::size_t shard_of(std::string_view id) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: the same in every run
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash % kShards;
}

std::string_view cut(std::string_view text) { return text::truncate_utf8(text, kTextBytesMax); }

std::string encode(const Step& step, std::string_view root) {
  std::string out;
  text::JsonWriter json(out);
  const auto text = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) json.member(key, cut(value));
  };
  json.begin_object();
  text("t", root);
  text("e", step.event);
  text("o", step.account.view());
  json.member("k", static_cast<std::int64_t>(step.kind));
  text("a", step.at);
  text("d", step.to);
  text("r", step.reason);
  if (step.attempt > 0) json.member("n", step.attempt);
  text("b", step.became);
  json.member("q", static_cast<std::int64_t>(step.order));
  json.end_object();
  return out;
}

// Where more of `event` is: kept under `root` (kKeptUnder), or what it came out of (kCameOutOf).
std::string encode_pointer(std::string_view event, std::string_view kind, std::string_view root) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("e", cut(event));
  json.member(kind, cut(root));
  json.end_object();
  return out;
}

std::string text_of(const text::JsonValue& from, std::string_view key) {
  const text::JsonValue* found = from.find(key);
  return found != nullptr ? std::string(found->as_string()) : std::string();
}

std::int64_t number_of(const text::JsonValue& from, std::string_view key) {
  const text::JsonValue* found = from.find(key);
  return found != nullptr ? found->as_int64().value_or(0) : 0;
}

Step decode(const text::JsonValue& from, std::int64_t time_ms) {
  Step out;
  out.time_ms = time_ms;
  out.trace = text_of(from, "t");
  out.event = text_of(from, "e");
  out.account = AccountId(text_of(from, "o"));
  out.kind = static_cast<StepKind>(number_of(from, "k"));
  out.at = text_of(from, "a");
  out.to = text_of(from, "d");
  out.reason = text_of(from, "r");
  out.attempt = static_cast<std::uint32_t>(number_of(from, "n"));
  out.became = text_of(from, "b");
  out.order = static_cast<std::uint64_t>(number_of(from, "q"));
  return out;
}

bool success(StepKind kind) {
  return kind == StepKind::kAccepted || kind == StepKind::kMatched || kind == StepKind::kFiltered ||
         kind == StepKind::kDelivered;
}

}  // namespace

std::string_view to_string(StepKind kind) {
  switch (kind) {
    case StepKind::kAccepted:
      return "accepted";
    case StepKind::kMatched:
      return "matched";
    case StepKind::kFiltered:
      return "filtered";
    case StepKind::kAttempted:
      return "attempted";
    case StepKind::kThrottled:
      return "throttled";
    case StepKind::kDelivered:
      return "delivered";
    case StepKind::kDeadLettered:
      return "dead-lettered";
    case StepKind::kDropped:
      return "dropped";
    case StepKind::kReplayed:
      return "replayed";
  }
  return "unknown";
}

std::string_view root_of(std::string_view trace) {
  constexpr std::string_view kRoot = "Root=";
  const std::size_t at = trace.find(kRoot);
  if (at == std::string_view::npos) return trace;
  trace.remove_prefix(at + kRoot.size());
  return trace.substr(0, trace.find(';'));
}

void Journal::start(background::Runner& runner) {
  flushing_ = runner.when_due("journal.write", *this);
  trimming_ = runner.every("journal.trim", kTrimEvery, [this] { return trim(); });
}

void Journal::stop() {
  flushing_.reset();
  trimming_.reset();
  if (const Status written = run_due(); !written) {
    logger_.warn("journal", "not written", {{"error", written.error().message()}});
  }
}

void Journal::note(Step step) {
  const MonoTime now = real_.mono();
  if (!admit(step.kind, now)) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (step.time_ms == 0) step.time_ms = unix_ms(clock_.wall());
  step.order = order_.fetch_add(1, std::memory_order_relaxed);
  const std::string_view root = cut(step.trace.empty() ? step.event : root_of(step.trace));
  const std::string_view event = cut(step.event);
  const std::string_view became = cut(root_of(step.became));
  const auto pointer = [&](std::string_view of, std::string_view kind) {
    return Note{shard_of(of), {step.time_ms, encode_pointer(of, kind, root)}};
  };
  Note main{shard_of(root), {step.time_ms, encode(step, root)}};
  std::vector<Note> pointers;
  if (step.kind == StepKind::kAccepted && !event.empty() && event != root) {
    pointers.push_back(pointer(event, kKeptUnder));
  }
  if (!became.empty() && became != root && became != event) {
    pointers.push_back(pointer(became, kCameOutOf));
  }
  const std::lock_guard lock(mutex_);
  if (noted_.size() >= kNotesWaitingMax) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  noted_.push_back(std::move(main));
  for (Note& each : pointers) noted_.push_back(std::move(each));
  if (due_) return;
  due_ = now + kFlushEvery;
  flushing_.notify();
}

// Counted roughly where threads meet at the end of a second: a few more or fewer do not matter.
bool Journal::admit(StepKind kind, MonoTime now) {
  const MonoTime::rep at = now.time_since_epoch().count();
  MonoTime::rep second = second_.load(std::memory_order_relaxed);
  if (at - second >= Duration(std::chrono::seconds(1)).count() &&
      second_.compare_exchange_strong(second, at, std::memory_order_relaxed)) {
    in_second_.store(0, std::memory_order_relaxed);
  }
  const std::size_t most = success(kind) ? kStepsASecond : 2 * kStepsASecond;
  // Beyond it nothing is written, so that threads do not take the number from one another.
  if (in_second_.load(std::memory_order_relaxed) >= most) return false;
  in_second_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

Result<std::optional<MonoTime>> Journal::next_due() {
  const std::lock_guard lock(mutex_);
  return due_;
}

Status Journal::run_due() {
  const std::lock_guard writing(writing_);
  std::vector<Note> notes;
  {
    const std::lock_guard lock(mutex_);
    notes.swap(noted_);
    due_.reset();
  }
  if (notes.empty()) return {};
  std::map<std::size_t, std::vector<store::LogInput>> by_shard;
  for (Note& note : notes) by_shard[note.shard].push_back(std::move(note.input));
  std::vector<std::string> names;
  names.reserve(by_shard.size());
  std::vector<store::LogAppend> parts;
  for (const auto& [shard, inputs] : by_shard) {
    names.push_back(shard_name(shard));
    parts.push_back({kStream, names.back(), inputs});
  }
  // What cannot be written (the disk is full) is lost: nobody waits for it.
  return log_.append_all(parts);
}

Status Journal::trim() {
  const std::int64_t oldest =
      unix_ms(clock_.wall()) -
      std::chrono::duration_cast<std::chrono::milliseconds>(kAgeMax).count();
  LAPWING_TRY(const store::ShardPage page, log_.shards(kStream, "", kShards));
  for (const store::ShardInfo& shard : page.shards) {
    if (shard.first_time_ms && *shard.first_time_ms < oldest) {
      LAPWING_TRY([[maybe_unused]] const auto gone,
                  log_.trim_before_time(kStream, shard.shard, oldest));
    }
    if (shard.bytes <= kShardBytesMax || shard.records == 0) continue;
    // The older part of it, as far as three quarters are left.
    const std::uint64_t mean = std::max<std::uint64_t>(1, shard.bytes / shard.records);
    const std::uint64_t keep = kShardBytesMax / 4 * 3 / mean;
    if (keep >= shard.next_sequence) continue;
    LAPWING_TRY([[maybe_unused]] const auto gone,
                log_.trim_before(kStream, shard.shard, shard.next_sequence - keep));
  }
  return {};
}

Result<Journal::Found> Journal::read(std::string_view id) {
  Found out;
  store::LogRead from{.stream = std::string(kStream), .shard = shard_name(shard_of(id))};
  from.max_records = store::kMaxLogReadRecords;
  from.max_bytes = store::kMaxLogReadBytes;
  while (true) {
    const Result<store::LogPage> page = log_.read(from);
    if (!page && page.error().kind() == ErrorKind::kNotFound) return out;
    if (!page) return fail(page.error());
    for (const store::LogRecord& record : page->records) {
      from.from = record.sequence + 1;
      // Most are another event's: told before it is parsed.
      if (record.data.find(id) == std::string::npos) continue;
      LAPWING_TRY(const text::JsonDocument document, text::parse_json(record.data));
      const text::JsonValue& root = document.root();
      const auto pointer = [&](std::string_view kind, std::vector<std::string>& into) {
        std::string to = text_of(root, kind);
        if (to.empty()) return false;
        if (text_of(root, "e") == id && std::ranges::find(into, to) == into.end()) {
          into.push_back(std::move(to));
        }
        return true;
      };
      if (pointer(kKeptUnder, out.roots) || pointer(kCameOutOf, out.origins)) continue;
      Step step = decode(root, record.time_ms);
      if (step.event == id || step.trace == id) out.steps.push_back(std::move(step));
    }
    if (!page->more || page->records.empty()) return out;
  }
}

// Up to what it came out of, then down from there to all that became of it.
Result<std::vector<Step>> Journal::about(std::string_view id) {
  LAPWING_CHECK(run_due());
  std::vector<Step> steps;
  std::map<std::string, Found, std::less<>> known;
  std::vector<std::string> up;
  std::vector<std::string> down;
  const auto wanted = [&](std::vector<std::string>& list, std::string_view each) {
    const std::string_view name = cut(root_of(each));
    if (name.empty() || known.contains(name) || known.size() + list.size() >= kIdsOfStory) return;
    if (std::ranges::find(list, name) == list.end()) list.emplace_back(name);
  };
  wanted(up, id);
  while (!up.empty()) {
    const std::string next = std::move(up.back());
    up.pop_back();
    LAPWING_TRY(Found found, read(next));
    for (const auto* const list : {&found.roots, &found.origins}) {
      for (const std::string& each : *list) wanted(up, each);
    }
    known.emplace(next, std::move(found));
  }
  const auto descend = [&](const Found& found) {
    for (const std::string& each : found.roots) wanted(down, each);
    for (const Step& step : found.steps) wanted(down, step.became);
    steps.insert(steps.end(), found.steps.begin(), found.steps.end());
  };
  for (const auto& [name, found] : known) descend(found);
  while (!down.empty()) {
    const std::string next = std::move(down.back());
    down.pop_back();
    LAPWING_TRY(Found found, read(next));
    descend(known.emplace(next, std::move(found)).first->second);
  }
  std::ranges::sort(steps, {}, [](const Step& s) { return std::pair(s.time_ms, s.order); });
  if (steps.size() > kStepsOfEvent) steps.erase(steps.begin(), steps.end() - kStepsOfEvent);
  return steps;
}

Result<std::vector<Step>> Journal::about(const AccountId& account, std::string_view id) {
  LAPWING_TRY(std::vector<Step> steps, about(id));
  std::erase_if(steps, [&](const Step& step) { return step.account != account; });
  return steps;
}

}  // namespace lapwing::journal
