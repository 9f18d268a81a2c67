#include "hosting/manual_time.hpp"

#include <charconv>
#include <string>
#include <utility>

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
void ManualTime::go_round() {
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
  std::unique_lock lock(round->mutex);
  round->changed.wait(lock, [&] { return round->left == 0 || round->over; });
}

void ManualTime::settle() {
  for (int rounds = 0; rounds < kRoundsMax; ++rounds) {
    runner_.settle();
    const std::uint64_t taken = runner_.holds_taken();
    if (taken == std::exchange(holds_seen_, taken) || stopping_) return;
    go_round();
  }
}

Status ManualTime::advance(Duration by) {
  const Busy busy(busy_);
  if (!busy.mine()) {
    return fail(make_error(ErrorKind::kConflict, "The clock is being moved already."));
  }
  if (by < Duration::zero() || by > kClockEnd - clock_.wall()) {
    return fail(make_error(ErrorKind::kInvalid,
                           "The clock goes forward only, and to the year 2250 at most."));
  }
  const MonoTime end = clock_.mono() + by;
  settle();
  for (std::size_t steps = 0; steps < kStepsMax && !stopping_; ++steps) {
    const auto due = runner_.next_source_due();
    if (!due || *due > end) break;
    if (*due > clock_.mono()) clock_.advance(*due - clock_.mono());
    settle();
  }
  if (stopping_) {
    LAPWING_CHECK(keep());
    return fail(make_error(ErrorKind::kUnavailable, "The server stops."));
  }
  if (end > clock_.mono()) clock_.advance(end - clock_.mono());
  settle();
  return keep();
}

}  // namespace lapwing::hosting
