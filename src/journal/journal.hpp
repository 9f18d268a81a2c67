// Journal: notes what happens to events, and tells it again.
//
//   journal.note({.trace = root, .event = message_id, .account = account,
//                 .kind = StepKind::kDelivered, .at = topic_arn, .to = queue_arn,
//                 .became = id_there});
//   LAPWING_TRY(const std::vector<Step> steps, journal.about(id));
//
// Thread-safety: note() from any thread, also inside a transaction's body; it returns at once.
// about() from any thread that may block. start() and stop() by one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "journal/limits.hpp"
#include "store/log.hpp"

namespace lapwing::journal {

// The numbers are kept: they never change their meaning.
enum class StepKind : std::uint8_t {
  kAccepted = 0,   // `at` answered for it
  kMatched = 1,    // a rule or filter of `at` sends it to `to`
  kFiltered = 2,   // none does
  kAttempted = 3,  // tried, and will be again: `reason`
  kThrottled = 4,  // the same, as there was no room
  kDelivered = 5,
  kDeadLettered = 6,  // `to` has it now
  kDropped = 7,       // nobody has it: `reason`
  kReplayed = 8,
};
std::string_view to_string(StepKind kind);  // "accepted"

struct Step {
  std::int64_t time_ms = 0;  // since the epoch; 0: now
  std::string trace = {};    // X-Amzn-Trace-Id, or its root; empty: `event` alone holds it together
  std::string event = {};    // the id that `at` gave it
  AccountId account = {};    // whose it is
  StepKind kind = StepKind::kAccepted;
  std::string at = {};  // an ARN
  std::string to = {};
  std::string reason = {};
  std::uint32_t attempt = 0;
  // What `to` calls it from here on: its id there, or the root of another trace.
  std::string became = {};
  std::uint64_t order = 0;  // of those of one time, by note()
};

// "1-65f0c5a0-0123456789abcdef01234567" of a header; the text itself where there is no Root.
std::string_view root_of(std::string_view trace);

class Journal final : private DueSource {
 public:
  // Steps have the time of `clock`; what is measured and waited for goes by `real`, for the other
  // one may stand still. Both outlive it.
  Journal(store::Log& bulk_log, const Clock& clock, const Clock& real, Logger& logger)
      : log_(bulk_log), clock_(clock), real_(real), logger_(logger) {}
  ~Journal() override { stop(); }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // `runner` goes by the real clock.
  void start(background::Runner& runner);
  // Writes what was noted.
  void stop();

  void note(Step step);
  // Of the event with this id, or of all with this trace: what it came out of, and what became of
  // it, in the order of their times. Empty: nothing is known (any more).
  Result<std::vector<Step>> about(std::string_view id);
  // The same as one account may see it.
  Result<std::vector<Step>> about(const AccountId& account, std::string_view id);
  // Steps that were not noted since there were too many.
  std::uint64_t left_out() const { return left_out_.load(std::memory_order_relaxed); }

 private:
  struct Note {
    std::size_t shard;
    store::LogInput input;
  };
  // What one shard says of an id.
  struct Found {
    std::vector<Step> steps;
    std::vector<std::string> roots;    // under which more of it is kept
    std::vector<std::string> origins;  // of what it came out of
  };

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;
  Status trim();
  bool admit(StepKind kind, MonoTime now);
  Result<Found> read(std::string_view id);

  store::Log& log_;
  const Clock& clock_;
  const Clock& real_;
  Logger& logger_;
  background::Task flushing_;
  background::Task trimming_;
  std::mutex writing_;  // one flush at a time, in the order of noting
  mutable std::mutex mutex_;
  std::vector<Note> noted_;
  std::optional<MonoTime> due_;
  std::atomic<std::uint64_t> order_{0};
  std::atomic<MonoTime::rep> second_{0};  // the one counted: when it began
  std::atomic<std::size_t> in_second_{0};
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace lapwing::journal
