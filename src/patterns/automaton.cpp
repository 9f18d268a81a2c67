#include "patterns/automaton.hpp"

#include <algorithm>

#include "patterns/builder.hpp"
#include "patterns/search.hpp"

namespace lapwing::patterns {

Automaton::Automaton(std::span<const Identified> patterns)
    : patterns_(patterns.begin(), patterns.end()) {
  if (!patterns_.empty()) {
    same_element_ = grammar_of(patterns_.front().pattern->dialect).same_element;
  }
  AutomatonBuilder(*this).build();
}

std::expected<void, text::JsonError> Automaton::match(std::string_view event, Scratch& scratch,
                                                      std::vector<PatternId>& out) const {
  prepare(scratch);
  const auto read = scratch.event_.read(event, paths_, used_);
  if (!read) return std::unexpected(read.error());
  if (*read) run(scratch, out);
  return {};
}

void Automaton::match(std::span<const Attribute> attributes, Scratch& scratch,
                      std::vector<PatternId>& out) const {
  prepare(scratch);
  scratch.event_.read(attributes, paths_, used_);
  run(scratch, out);
}

// The number is new for every event, whichever automaton matched the last one: nothing is cleared.
void Automaton::prepare(Scratch& scratch) const {
  if (++scratch.number_ == 0) {
    std::fill(scratch.visited_.begin(), scratch.visited_.end(), 0);
    std::fill(scratch.checked_.begin(), scratch.checked_.end(), 0);
    std::fill(scratch.matched_.begin(), scratch.matched_.end(), 0);
    scratch.number_ = 1;
  }
  const auto widen = [](std::vector<std::uint32_t>& to, std::size_t size) {
    if (to.size() < size) to.resize(size, 0);
  };
  widen(scratch.visited_, nodes_.size());
  widen(scratch.checked_, alternatives_.size());
  widen(scratch.matched_, patterns_.size());
}

void Automaton::run(Scratch& scratch, std::vector<PatternId>& out) const {
  const Node& root = nodes_.front();
  for (const std::uint32_t alternative : root.alternatives) check(alternative, false, scratch, out);
  for (const PathId path : scratch.event_.touched()) {
    const std::uint32_t index = root_of_[path];
    if (index != kNone) look_up(path, root.indices[index].second, scratch, out);
  }
}

void Automaton::look_up(PathId path, const ValueIndex& index, Scratch& scratch,
                        std::vector<PatternId>& out) const {
  const Event& event = scratch.event_;
  for (std::uint32_t at = event.first(path); at != Event::kEnd; at = event.field(at).next) {
    // First all that the value finds, then what stands there: the memory is one.
    const std::size_t begin = scratch.found_.size();
    index.find(event.field(at), scratch.memory_,
               [&](std::uint32_t node) { scratch.found_.push_back(node); });
    const std::size_t end = scratch.found_.size();
    for (std::size_t i = begin; i != end; ++i) visit(scratch.found_[i], scratch, out);
    scratch.found_.resize(begin);
  }
}

// Recursion is as deep as the builder nests nodes.
void Automaton::visit(std::uint32_t number, Scratch& scratch, std::vector<PatternId>& out) const {
  if (scratch.visited_[number] == scratch.number_) return;
  scratch.visited_[number] = scratch.number_;
  const Node& node = nodes_[number];
  for (const std::uint32_t alternative : node.alternatives) check(alternative, true, scratch, out);
  for (const auto& [path, index] : node.indices) look_up(path, index, scratch, out);
}

void Automaton::check(std::uint32_t number, bool found, Scratch& scratch,
                      std::vector<PatternId>& out) const {
  if (scratch.checked_[number] == scratch.number_) return;
  scratch.checked_[number] = scratch.number_;
  const Alternative& alternative = alternatives_[number];
  std::uint32_t& matched = scratch.matched_[alternative.pattern];
  if (matched == scratch.number_) return;
  // What was found by its only condition has met it.
  const bool whole = found && alternative.end - alternative.begin == 1;
  if (!whole && !holds_whole(alternative, scratch.event_)) return;
  matched = scratch.number_;
  out.push_back(patterns_[alternative.pattern].id);
}

bool Automaton::holds_whole(const Alternative& alternative, const Event& event) const {
  const std::span<const PathCondition> conditions(conditions_.data() + alternative.begin,
                                                  conditions_.data() + alternative.end);
  if (same_element_ && event.in_arrays()) return holds_in_arrays(conditions, event);
  for (const PathCondition& condition : conditions) {
    std::uint32_t at = event.first(condition.path);
    if (at == Event::kEnd && condition.absent) continue;
    while (at != Event::kEnd && !meets(*condition.tests, event.field(at)))
      at = event.field(at).next;
    if (at == Event::kEnd) return false;
  }
  return true;
}

}  // namespace lapwing::patterns
