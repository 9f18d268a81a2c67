// Patterns that come and go while events are matched. A change makes a new snapshot; those who hold
// one match by it undisturbed.
//
// New patterns stand in a small automaton that is made again for each; when it is full it goes into
// a middle one, and that into the large one, so a change costs tens of patterns, seldom thousands.
// What is removed from a larger one is only noted, until that is a quarter.
//
// Thread-safety: changes and snapshot() from any thread (a mutex); a Snapshot is const, and matched
// against by many threads, each with a Match of its own.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "patterns/automaton.hpp"

namespace lapwing::patterns {

inline constexpr std::size_t kLevels = 3;

// A thread's own: memory of one match, kept for the next.
class Match {
 public:
  // Sorted, of the last match.
  std::span<const PatternId> ids() const { return ids_; }

 private:
  friend class Snapshot;
  std::array<Scratch, kLevels> scratch_;
  std::vector<PatternId> ids_;
};

class Snapshot {
 public:
  // The patterns that match, in `match`. Fails when the event is no JSON, which a set without
  // patterns does not look at; an event that is no object matches nothing.
  std::expected<void, text::JsonError> match(std::string_view event, Match& match) const;
  void match(std::span<const Attribute> attributes, Match& match) const;

 private:
  friend class PatternSet;

  struct Level {
    std::shared_ptr<const Automaton> automaton;
    std::shared_ptr<const std::vector<PatternId>> removed;  // sorted
  };
  void keep(const Level& level, std::vector<PatternId>& ids, std::size_t from) const;

  std::array<Level, kLevels> levels_;
};

class PatternSet {
 public:
  PatternSet();

  // All of one dialect. An id that is there already is replaced.
  void add(PatternId id, Pattern pattern);
  // Many at once cost one automaton.
  void add(std::vector<Identified> patterns);
  // False: there is none of that id.
  bool remove(PatternId id);

  std::size_t size() const;
  std::shared_ptr<const Snapshot> snapshot() const;

 private:
  bool erase(PatternId id, Snapshot& next);
  void place(std::vector<Identified> fresh, Snapshot& next);
  void rebuild(std::size_t level, Snapshot& next, std::vector<Identified> fresh);

  mutable std::mutex mutex_;
  std::map<PatternId, std::uint8_t> level_of_;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace lapwing::patterns
