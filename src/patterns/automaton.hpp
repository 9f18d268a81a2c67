// Many patterns, matched at once. Built whole, then only read.
//
// Each alternative of a pattern stands in a node under its pivot: the condition whose tests fewest
// others share. Where many share even that, they stand in a node of their own, by a second pivot.
// What a value finds is then checked whole, with all its conditions.
//
// Thread-safety: const methods from any thread, each with a Scratch of its own.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/event.hpp"
#include "patterns/paths.hpp"
#include "patterns/pattern.hpp"
#include "patterns/value_index.hpp"
#include "text/json.hpp"

namespace lapwing::patterns {

// Who a pattern belongs to; the caller's numbers.
using PatternId = std::uint64_t;

struct Identified {
  PatternId id;
  std::shared_ptr<const Pattern> pattern;
};

// What matching needs besides the automaton. A thread's own; for one automaton after the other too.
class Scratch {
 private:
  friend class Automaton;

  Event event_;
  LookupMemory memory_;
  std::vector<std::uint32_t> found_;  // nodes, of the values being looked up
  // What has been seen of the present event: what bears its number.
  std::vector<std::uint32_t> visited_;  // nodes
  std::vector<std::uint32_t> checked_;  // alternatives
  std::vector<std::uint32_t> matched_;  // patterns
  std::uint32_t number_ = 0;
};

// A condition with its path's number; what has been read of the event is asked for it.
struct PathCondition {
  PathId path;
  bool absent;  // kAbsent is among the tests
  const std::vector<Test>* tests;
};

class Automaton {
 public:
  // All of one dialect, each id once.
  explicit Automaton(std::span<const Identified> patterns);

  // Adds the ids of the patterns that match, in no order. Fails when the event is no JSON.
  std::expected<void, text::JsonError> match(std::string_view event, Scratch& scratch,
                                             std::vector<PatternId>& out) const;
  void match(std::span<const Attribute> attributes, Scratch& scratch,
             std::vector<PatternId>& out) const;

  std::size_t size() const { return patterns_.size(); }
  std::span<const Identified> patterns() const { return patterns_; }

 private:
  friend class AutomatonBuilder;

  struct Alternative {
    std::uint32_t pattern;
    std::uint32_t begin;  // in conditions_
    std::uint32_t end;
  };
  struct Node {
    std::vector<std::uint32_t> alternatives;             // to be checked
    std::vector<std::pair<PathId, ValueIndex>> indices;  // sorted by path; tests' numbers are nodes
  };

  static constexpr std::uint32_t kNone = 0xffffffffu;

  void prepare(Scratch& scratch) const;
  void run(Scratch& scratch, std::vector<PatternId>& out) const;
  void look_up(PathId path, const ValueIndex& index, Scratch& scratch,
               std::vector<PatternId>& out) const;
  void visit(std::uint32_t node, Scratch& scratch, std::vector<PatternId>& out) const;
  void check(std::uint32_t alternative, bool found, Scratch& scratch,
             std::vector<PatternId>& out) const;
  bool holds_whole(const Alternative& alternative, const Event& event) const;

  bool same_element_ = true;
  Paths paths_;
  std::vector<bool> used_;
  std::vector<Identified> patterns_;
  std::vector<PathCondition> conditions_;
  std::vector<Alternative> alternatives_;
  std::vector<Node> nodes_;             // the first one is the root
  std::vector<std::uint32_t> root_of_;  // by path: index in the root's indices
};

}  // namespace lapwing::patterns
