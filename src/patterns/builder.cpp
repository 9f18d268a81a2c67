#include "patterns/builder.hpp"

#include <algorithm>
#include <utility>

namespace lapwing::patterns {
namespace {

// As many alternatives are checked one by one rather than told apart by a further condition.
constexpr std::size_t kLeafAlternatives = 8;
constexpr std::size_t kMaxNodeDepth = 4;
// Below the root, a pivot stands in as many nodes as it has tests: few, or nodes multiply.
constexpr std::size_t kMaxInnerTests = 4;
// Conditions that nearly every value meets tell nothing apart.
constexpr std::uint64_t kLoose = 1'000'000;

void append(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);  // bytes, compared as bytes
}
void append(std::string& out, std::string_view text) {
  append(out, text.size());
  out += text;
}
void append(std::string& out, const Address& address) {
  append(out, std::uint64_t{address.v6});
  append(out, address.high);
  append(out, address.low);
}

void append(std::string& out, const Test& test) {
  out += static_cast<char>(test.kind);
  switch (test.kind) {
    case TestKind::kLiteral:
      out += static_cast<char>(test.literal);
      break;
    case TestKind::kNumber:
      append(out, test.low);
      if (test.low == 0) append(out, test.text);
      break;
    case TestKind::kRange:
      append(out, test.low);
      append(out, test.high);
      break;
    case TestKind::kAddress:
      append(out, test.addresses.first);
      append(out, test.addresses.last);
      break;
    case TestKind::kWildcard:
      for (const std::string& piece : test.glob.pieces) append(out, piece);
      break;
    case TestKind::kAnythingBut:
      for (const Test& inner : test.none_of) append(out, inner);
      break;
    default:
      append(out, test.text);
  }
}

}  // namespace

void AutomatonBuilder::build() {
  for (std::uint32_t i = 0; i < out_.patterns_.size(); ++i) intern(out_.patterns_[i], i);
  out_.used_.assign(out_.paths_.size(), false);
  for (const PathCondition& condition : out_.conditions_) out_.used_[condition.path] = true;
  std::vector<Item> all;
  all.reserve(out_.alternatives_.size());
  for (std::uint32_t i = 0; i < out_.alternatives_.size(); ++i) all.push_back({i, 0});
  node(all, 0);
  out_.root_of_.assign(out_.paths_.size(), Automaton::kNone);
  const auto& indices = out_.nodes_.front().indices;
  for (std::uint32_t i = 0; i < indices.size(); ++i) out_.root_of_[indices[i].first] = i;
}

void AutomatonBuilder::intern(const Identified& identified, std::uint32_t pattern) {
  const Pattern& from = *identified.pattern;
  std::vector<PathCondition> made;
  std::vector<std::vector<std::uint32_t>> tests;
  for (const Condition& condition : from.conditions) {
    const PathId path = out_.paths_.intern(condition.path);
    PathCondition& to = made.emplace_back(path, false, &condition.tests);
    auto& numbers = tests.emplace_back();
    for (const Test& test : condition.tests) {
      to.absent = to.absent || test.kind == TestKind::kAbsent;
      numbers.push_back(test_number(path, test));
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  }
  for (const auto& alternative : from.alternatives) {
    const auto begin = static_cast<std::uint32_t>(out_.conditions_.size());
    for (const std::uint32_t condition : alternative) {
      out_.conditions_.push_back(made[condition]);
      tests_of_.push_back(tests[condition]);
    }
    out_.alternatives_.push_back(
        {pattern, begin, static_cast<std::uint32_t>(out_.conditions_.size())});
  }
}

std::uint32_t AutomatonBuilder::test_number(PathId path, const Test& test) {
  std::string key;
  append(key, std::uint64_t{path});
  append(key, test);
  const auto [at, fresh] =
      numbers_.try_emplace(std::move(key), static_cast<std::uint32_t>(tests_.size()));
  if (fresh) tests_.push_back({&test, path});
  return at->second;
}

// How many alternatives of this node would stand under each test.
void AutomatonBuilder::count(const std::vector<Item>& items, std::int32_t by) {
  for (const Item& item : items) {
    const Automaton::Alternative& alternative = out_.alternatives_[item.alternative];
    for (std::uint32_t i = alternative.begin; i != alternative.end; ++i) {
      for (const std::uint32_t test : tests_of_[i]) {
        tests_[test].count += static_cast<std::uint32_t>(by);
      }
    }
  }
}

bool AutomatonBuilder::usable(const Item& item, std::uint32_t condition, std::size_t depth) const {
  const std::uint32_t at = condition - out_.alternatives_[item.alternative].begin;
  if (at >= 64 || (item.used >> at & 1) != 0 || out_.conditions_[condition].absent) return false;
  return depth == 0 || tests_of_[condition].size() <= kMaxInnerTests;
}

std::uint64_t AutomatonBuilder::cost(std::uint32_t condition) const {
  std::uint64_t sum = 0;
  for (const std::uint32_t number : tests_of_[condition]) {
    const TestEntry& entry = tests_[number];
    switch (entry.test->kind) {
      case TestKind::kString:
      case TestKind::kNumber:
      case TestKind::kIgnoreCase:
        sum += entry.count;
        break;
      case TestKind::kExists:
      case TestKind::kAnythingBut:
        sum += kLoose + entry.count;
        break;
      case TestKind::kLiteral:
      case TestKind::kRange:
        sum += 16 + entry.count;
        break;
      default:
        sum += 4 + entry.count;
    }
  }
  return sum;
}

// Recursion is kMaxNodeDepth deep.
std::uint32_t AutomatonBuilder::node(const std::vector<Item>& items, std::size_t depth) {
  const auto number = static_cast<std::uint32_t>(out_.nodes_.size());
  out_.nodes_.emplace_back();
  std::vector<Filing> filings;
  if (depth != 0 && (items.size() <= kLeafAlternatives || depth == kMaxNodeDepth)) {
    for (const Item& item : items) out_.nodes_[number].alternatives.push_back(item.alternative);
    return number;
  }
  count(items, 1);
  std::vector<Item> filed = items;
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const Automaton::Alternative& alternative = out_.alternatives_[items[i].alternative];
    std::uint32_t best = Automaton::kNone;
    std::uint64_t least = depth == 0 ? ~std::uint64_t{0} : kLoose;
    for (std::uint32_t at = alternative.begin; at != alternative.end; ++at) {
      if (!usable(items[i], at, depth)) continue;
      const std::uint64_t its = cost(at);
      if (its >= least) continue;
      best = at;
      least = its;
    }
    if (best == Automaton::kNone) {
      out_.nodes_[number].alternatives.push_back(items[i].alternative);
      continue;
    }
    filed[i].used |= std::uint64_t{1} << (best - alternative.begin);
    for (const std::uint32_t test : tests_of_[best]) {
      filings.push_back({out_.conditions_[best].path, test, i});
    }
  }
  count(items, -1);
  std::sort(filings.begin(), filings.end());
  file(number, filed, filings, depth);
  return number;
}

void AutomatonBuilder::file(std::uint32_t number, const std::vector<Item>& items,
                            std::vector<Filing>& filings, std::size_t depth) {
  std::vector<std::pair<PathId, ValueIndex>> indices;
  for (std::size_t i = 0; i < filings.size();) {
    const Filing& first = filings[i];
    if (indices.empty() || indices.back().first != first.path) {
      indices.emplace_back(first.path, ValueIndex());
    }
    std::vector<Item> below;
    for (; i < filings.size() && filings[i].path == first.path && filings[i].test == first.test;
         ++i) {
      below.push_back(items[filings[i].item]);
    }
    indices.back().second.add(*tests_[first.test].test, node(below, depth + 1));
  }
  for (auto& [path, index] : indices) index.finish();
  out_.nodes_[number].indices = std::move(indices);
}

}  // namespace lapwing::patterns
