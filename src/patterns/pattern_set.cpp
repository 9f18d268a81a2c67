#include "patterns/pattern_set.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lapwing::patterns {
namespace {

// Patterns in each level but the last, which has no bound.
constexpr std::array<std::size_t, kLevels - 1> kLevelSize = {64, 4096};

bool contains(const std::shared_ptr<const std::vector<PatternId>>& sorted, PatternId id) {
  return sorted && std::binary_search(sorted->begin(), sorted->end(), id);
}

}  // namespace

std::expected<void, text::JsonError> Snapshot::match(std::string_view event, Match& match) const {
  match.ids_.clear();
  for (std::size_t i = 0; i < kLevels; ++i) {
    if (!levels_[i].automaton) continue;
    const std::size_t from = match.ids_.size();
    auto matched = levels_[i].automaton->match(event, match.scratch_[i], match.ids_);
    if (!matched) {
      match.ids_.clear();
      return matched;
    }
    keep(levels_[i], match.ids_, from);
  }
  std::sort(match.ids_.begin(), match.ids_.end());
  return {};
}

void Snapshot::match(std::span<const Attribute> attributes, Match& match) const {
  match.ids_.clear();
  for (std::size_t i = 0; i < kLevels; ++i) {
    if (!levels_[i].automaton) continue;
    const std::size_t from = match.ids_.size();
    levels_[i].automaton->match(attributes, match.scratch_[i], match.ids_);
    keep(levels_[i], match.ids_, from);
  }
  std::sort(match.ids_.begin(), match.ids_.end());
}

void Snapshot::keep(const Level& level, std::vector<PatternId>& ids, std::size_t from) const {
  if (!level.removed) return;
  const auto gone = [&](PatternId id) { return contains(level.removed, id); };
  ids.erase(std::remove_if(ids.begin() + static_cast<std::ptrdiff_t>(from), ids.end(), gone),
            ids.end());
}

PatternSet::PatternSet() : snapshot_(std::make_shared<const Snapshot>()) {}

void PatternSet::add(PatternId id, Pattern pattern) {
  std::vector<Identified> one;
  one.push_back({id, std::make_shared<const Pattern>(std::move(pattern))});
  add(std::move(one));
}

void PatternSet::add(std::vector<Identified> patterns) {
  // Of an id given twice the last one counts.
  std::map<PatternId, std::shared_ptr<const Pattern>> last;
  for (Identified& each : patterns) last[each.id] = std::move(each.pattern);
  std::vector<Identified> fresh;
  fresh.reserve(last.size());
  for (auto& [id, pattern] : last) fresh.push_back({id, std::move(pattern)});
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Snapshot>(*snapshot_);
  for (const Identified& each : fresh) erase(each.id, *next);
  place(std::move(fresh), *next);
  snapshot_ = std::move(next);
}

bool PatternSet::remove(PatternId id) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Snapshot>(*snapshot_);
  if (!erase(id, *next)) return false;
  snapshot_ = std::move(next);
  return true;
}

std::size_t PatternSet::size() const {
  const std::lock_guard lock(mutex_);
  return level_of_.size();
}

std::shared_ptr<const Snapshot> PatternSet::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

bool PatternSet::erase(PatternId id, Snapshot& next) {
  const auto at = level_of_.find(id);
  if (at == level_of_.end()) return false;
  const std::size_t number = at->second;
  level_of_.erase(at);
  Snapshot::Level& level = next.levels_[number];
  auto removed = level.removed ? *level.removed : std::vector<PatternId>();
  removed.insert(std::lower_bound(removed.begin(), removed.end(), id), id);
  const bool many = number == 0 || removed.size() * 4 > level.automaton->size();
  level.removed = std::make_shared<const std::vector<PatternId>>(std::move(removed));
  if (many) rebuild(number, next, {});
  return true;
}

// Into the first level that has room for them and for what stands in the levels before it.
void PatternSet::place(std::vector<Identified> fresh, Snapshot& next) {
  std::size_t level = 0;
  std::size_t sum = fresh.size();
  for (; level < kLevels; ++level) {
    const Snapshot::Level& here = next.levels_[level];
    if (here.automaton) sum += here.automaton->size() - (here.removed ? here.removed->size() : 0);
    if (level == kLevels - 1 || sum <= kLevelSize[level]) break;
  }
  for (std::size_t i = 0; i < level; ++i) {
    const Snapshot::Level& from = next.levels_[i];
    if (!from.automaton) continue;
    for (const Identified& each : from.automaton->patterns()) {
      if (!contains(from.removed, each.id)) fresh.push_back(each);
    }
    next.levels_[i] = {};
  }
  for (const Identified& each : fresh) level_of_[each.id] = static_cast<std::uint8_t>(level);
  rebuild(level, next, std::move(fresh));
}

void PatternSet::rebuild(std::size_t number, Snapshot& next, std::vector<Identified> fresh) {
  Snapshot::Level& level = next.levels_[number];
  if (level.automaton) {
    for (const Identified& each : level.automaton->patterns()) {
      if (!contains(level.removed, each.id)) fresh.push_back(each);
    }
  }
  level = {};
  if (!fresh.empty()) level.automaton = std::make_shared<const Automaton>(fresh);
}

}  // namespace lapwing::patterns
