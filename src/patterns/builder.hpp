// Makes an automaton of its patterns: which condition is each alternative's pivot. Internal to this
// folder.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "patterns/automaton.hpp"

namespace lapwing::patterns {

class AutomatonBuilder {
 public:
  explicit AutomatonBuilder(Automaton& automaton) : out_(automaton) {}
  void build();

 private:
  // An alternative on its way into a node, with the conditions (of the first 64) it came by.
  struct Item {
    std::uint32_t alternative;
    std::uint64_t used;
  };
  struct Filing {
    PathId path;
    std::uint32_t test;
    std::uint32_t item;
    bool operator<(const Filing& other) const {
      if (path != other.path) return path < other.path;
      if (test != other.test) return test < other.test;
      return item < other.item;
    }
  };
  // What tests of one path count as one by.
  struct TestEntry {
    const Test* test;
    PathId path;
    std::uint32_t count = 0;
  };

  void intern(const Identified& identified, std::uint32_t pattern);
  std::uint32_t test_number(PathId path, const Test& test);
  void count(const std::vector<Item>& items, std::int32_t by);
  bool usable(const Item& item, std::uint32_t condition, std::size_t depth) const;
  std::uint64_t cost(std::uint32_t condition) const;
  std::uint32_t node(const std::vector<Item>& items, std::size_t depth);
  void file(std::uint32_t node, const std::vector<Item>& items, std::vector<Filing>& filings,
            std::size_t depth);

  Automaton& out_;
  std::vector<std::vector<std::uint32_t>> tests_of_;  // by condition of the automaton
  std::vector<TestEntry> tests_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace lapwing::patterns
