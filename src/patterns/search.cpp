#include "patterns/search.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "patterns/limits.hpp"

namespace lapwing::patterns {
namespace {

class Search {
 public:
  explicit Search(const Event& event) : event_(event) {}

  // Elements that a condition may be met in; false: in none, and nothing is absent.
  bool add(const PathCondition& condition) {
    const std::uint32_t first = event_.first(condition.path);
    if (first == Event::kEnd) return condition.absent;
    Level level{.begin = candidates_.size(), .absent = condition.absent, .path = condition.path};
    for (std::uint32_t at = first; at != Event::kEnd; at = event_.field(at).next) {
      const Event::Field& field = event_.field(at);
      if (!meets(*condition.tests, field)) continue;
      if (field.membership == 0) {
        // In no array: fits whatever else is chosen.
        candidates_.resize(level.begin);
        return true;
      }
      candidates_.push_back(field.membership);
    }
    const auto begin = candidates_.begin() + static_cast<std::ptrdiff_t>(level.begin);
    std::sort(begin, candidates_.end());
    candidates_.erase(std::unique(begin, candidates_.end()), candidates_.end());
    level.end = candidates_.size();
    levels_.push_back(level);
    return level.begin != level.end || level.absent;
  }

  bool run() {
    std::size_t at = 0;
    while (at != levels_.size()) {
      if (steps_ > kMaxSearchSteps) return false;
      if (choose(at)) {
        if (++at != levels_.size()) levels_[at].start();
      } else if (!go_back(at)) {
        return false;
      }
    }
    return true;
  }

 private:
  struct Level {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool absent = false;  // may be met by nothing being there
    PathId path = 0;
    std::size_t next = 0;
    bool absent_tried = false;
    Membership choice = 0;
    std::uint64_t conflicts = 0;  // levels in the way; the last bit is all from 63 on

    void start() {
      next = 0;
      absent_tried = false;
      conflicts = 0;
    }
  };
  static std::uint64_t bit(std::size_t level) {
    return std::uint64_t{1} << std::min<std::size_t>(level, 63);
  }

  // The first level whose choice does not go with this one; `at` if there is none.
  std::size_t obstacle(std::size_t at, Membership membership) {
    for (std::size_t i = 0; i < at; ++i) {
      ++steps_;
      if (!event_.consistent(levels_[i].choice, membership)) return i;
    }
    return at;
  }

  bool choose(std::size_t at) {
    Level& level = levels_[at];
    while (level.begin + level.next != level.end && steps_ <= kMaxSearchSteps) {
      ++steps_;
      const Membership candidate = candidates_[level.begin + level.next++];
      const std::size_t other = obstacle(at, candidate);
      if (other == at) {
        level.choice = candidate;
        return true;
      }
      level.conflicts |= bit(other);
    }
    if (!level.absent || level.absent_tried) return false;
    level.absent_tried = true;
    for (std::uint32_t i = event_.first(level.path); i != Event::kEnd; i = event_.field(i).next) {
      if (obstacle(at, event_.field(i).membership) != at) continue;
      // There is one; other choices might leave it out.
      for (std::size_t other = 0; other < at; ++other) level.conflicts |= bit(other);
      return false;
    }
    level.choice = 0;
    return true;
  }

  bool go_back(std::size_t& at) {
    const std::uint64_t conflicts = levels_[at].conflicts;
    if (conflicts == 0) return false;
    const std::size_t highest = 63 - static_cast<std::size_t>(std::countl_zero(conflicts));
    // The last bit does not say which: the level before, one after the other.
    const bool many = highest == 63;
    const std::size_t to = many && at > 63 ? at - 1 : highest;
    levels_[to].conflicts |= conflicts & ~(to < 63 ? bit(to) : 0);
    if (to == 63) levels_[to].conflicts &= ~bit(63);
    at = to;
    return true;
  }

  const Event& event_;
  std::vector<Membership> candidates_;
  std::vector<Level> levels_;
  std::uint32_t steps_ = 0;
};

}  // namespace

bool meets(const std::vector<Test>& tests, const Value& value) {
  return std::any_of(tests.begin(), tests.end(),
                     [&](const Test& test) { return holds(test, value); });
}

bool holds_in_arrays(std::span<const PathCondition> conditions, const Event& event) {
  Search search(event);
  for (const PathCondition& condition : conditions) {
    if (!search.add(condition)) return false;
  }
  return search.run();
}

}  // namespace lapwing::patterns
