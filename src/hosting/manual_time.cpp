#include "hosting/manual_time.hpp"

#include <charconv>
#include <string>

namespace lapwing::hosting {
namespace {

constexpr std::string_view kKind = "server.clock";
constexpr std::string_view kKey = "wall_ms";

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

Status ManualTime::advance(Duration by) {
  const Busy busy(busy_);
  if (!busy.mine()) {
    return fail(make_error(ErrorKind::kConflict, "The clock is being moved already."));
  }
  const MonoTime end = clock_.mono() + by;
  runner_.settle();
  for (std::size_t steps = 0; steps < kStepsMax && !stopping_; ++steps) {
    const auto due = runner_.next_due();
    if (!due || *due > end) break;
    if (*due > clock_.mono()) clock_.advance(*due - clock_.mono());
    runner_.settle();
  }
  if (stopping_) {
    LAPWING_CHECK(keep());
    return fail(make_error(ErrorKind::kUnavailable, "The server stops."));
  }
  if (end > clock_.mono()) clock_.advance(end - clock_.mono());
  runner_.settle();
  return keep();
}

}  // namespace lapwing::hosting
