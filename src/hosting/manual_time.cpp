#include "hosting/manual_time.hpp"

#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "text/time_format.hpp"

namespace lapwing::hosting {
namespace {

constexpr std::string_view kKind = "server.clock";
constexpr std::string_view kKey = "wall_ms";
// What is woken may make more fall due, which wakes others; beyond this it is other clients' work.
constexpr int kRoundsMax = 16;

class Busy {
 public:
  explicit Busy(std::atomic<bool>& flag) : flag_(flag), mine_(!flag.exchange(true)) {}
  ~Busy() {
    if (mine_) flag_ = false;
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  bool mine() const { return mine_; }

 private:
  std::atomic<bool>& flag_;
  bool mine_;
};

}  // namespace

Status ManualTime::load() {
  LAPWING_TRY(const std::optional<store::Record> kept, store_.get(kKind, kKey));
  if (!kept) return {};
  std::int64_t wall_ms = 0;
  const std::string& text = kept->value;
  std::from_chars(text.data(), text.data() + text.size(), wall_ms);
  // The wall clock alone: the store keeps its own count of the time that has passed.
  const WallTime then = wall_from_unix_ms(wall_ms);
  if (then > clock_.wall()) clock_.step_wall(then - clock_.wall());
  return {};
}

Status ManualTime::keep() {
  LAPWING_CHECK(store_.put(kKind, kKey, std::to_string(unix_ms(clock_.wall()))));
  return {};
}

void ManualTime::stop() {
  stopping_ = true;
  runner_.end_settling();
  std::shared_ptr<Round> round;
  {
    const std::scoped_lock lock(round_mutex_);
    round = round_;
  }
  if (round == nullptr) return;
  {
    const std::scoped_lock lock(round->mutex);
    round->over = true;
  }
  round->changed.notify_all();
}

// Every loop has done what was ready when this began: the end of an operation and the writing of
// its answer are one piece of work.
void ManualTime::go_round(const std::stop_token& stop) {
  const auto round = std::make_shared<Round>();
  round->left = loops_.size();
  {
    const std::scoped_lock lock(round_mutex_);
    round_ = round;
  }
  {
    const std::scoped_lock lock(round->mutex);
    round->over = round->over || stopping_;
  }
  for (net::Loop* const loop : loops_) {
    loop->post([round] {
      const std::scoped_lock lock(round->mutex);
      if (--round->left == 0) round->changed.notify_all();
    });
  }
  // Goes behind the lock, which it takes itself.
  const std::stop_callback end(stop, [&round] {
    {
      const std::scoped_lock lock(round->mutex);
      round->over = true;
    }
    round->changed.notify_all();
  });
  std::unique_lock lock(round->mutex);
  round->changed.wait(lock, [&] { return round->left == 0 || round->over; });
}

Status ManualTime::going_on(const std::stop_token& stop) const {
  if (stopping_) return fail(make_error(ErrorKind::kUnavailable, "The server stops."));
  if (!stop.stop_requested()) return {};
  return fail(make_error(ErrorKind::kCancelled, "Nobody waits for it any longer."));
}

Status ManualTime::settle(const std::stop_token& stop) {
  for (int rounds = 0; rounds < kRoundsMax; ++rounds) {
    if (!runner_.settle(options_.settle_max, stop)) {
      return fail(make_error(ErrorKind::kUnavailable,
                             fmt::format("Still at work: {}.", runner_.at_work())));
    }
    const std::uint64_t taken = runner_.holds_taken();
    if (taken == std::exchange(holds_seen_, taken) || !going_on(stop)) return {};
    go_round(stop);
  }
  return {};
}

Status ManualTime::walk(MonoTime end, const std::stop_token& stop) {
  const SystemClock real;
  MonoTime kept = real.mono();
  LAPWING_CHECK(settle(stop));
  for (std::size_t steps = 0; steps < kStepsMax; ++steps) {
    LAPWING_CHECK(going_on(stop));
    const auto due = runner_.next_source_due();
    if (!due || *due > end) break;
    if (*due > clock_.mono()) clock_.advance(*due - clock_.mono());
    LAPWING_CHECK(settle(stop));
    if (const MonoTime now = real.mono(); now - kept >= options_.keep_every) {
      LAPWING_CHECK(keep());
      kept = now;
    }
  }
  LAPWING_CHECK(going_on(stop));
  if (end > clock_.mono()) clock_.advance(end - clock_.mono());
  return settle(stop);
}

Status ManualTime::advance(Duration by, const std::stop_token& stop) {
  const Busy busy(busy_);
  if (!busy.mine()) {
    return fail(make_error(ErrorKind::kConflict, "The clock is being moved already."));
  }
  if (by < Duration::zero() || by > kClockEnd - clock_.wall()) {
    return fail(make_error(ErrorKind::kInvalid,
                           "The clock goes forward only, and to the year 2250 at most."));
  }
  const Status walked = walk(clock_.mono() + by, stop);
  LAPWING_CHECK(keep());
  if (walked) return {};
  return fail(make_error(walked.error().kind(),
                         fmt::format("{} The clock stands at {}.", walked.error().message(),
                                     text::format_iso8601(clock_.wall(), true))));
}

}  // namespace lapwing::hosting
