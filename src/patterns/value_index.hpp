// All tests of one path at once: which of them does a value meet? Each test carries a number, and
// those met are told to the caller. Built once, then only read.
//
// Exact texts by hash; prefixes by the hashes of the text's starts, of as many lengths as there
// are; suffixes likewise from the end; wildcards by what they begin or end with, or by eight bytes
// within (four, two, one of short ones), whichever fewest others have; numbers sorted; ranges and
// address ranges in a segment tree. Anything-but is tried one by one: nearly all values meet it.
//
// Thread-safety: const methods from any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patterns/hash.hpp"
#include "patterns/pattern.hpp"
#include "patterns/segment_tree.hpp"

namespace lapwing::patterns {

// From text to number, open addressing. The hash is the caller's, so that it can be one that grows.
class TextTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffu;

  bool empty() const { return count_ == 0; }
  std::uint32_t find(std::uint64_t hash, std::string_view text) const {
    if (count_ == 0) return kNone;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.value == kNone) return kNone;
      if (slot.hash == hash && std::string_view(text_).substr(slot.begin, slot.size) == text)
        return slot.value;
    }
  }
  // The number that stands there afterwards: `value`, or what was there.
  std::uint32_t insert(std::uint64_t hash, std::string_view text, std::uint32_t value);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    std::uint32_t value = kNone;
  };
  void grow();

  std::vector<Slot> slots_;
  std::string text_;
  std::size_t count_ = 0;
};

// Texts by what they start (or end) with.
class AffixTable {
 public:
  explicit AffixTable(bool backwards) : backwards_(backwards) {}

  bool empty() const { return table_.empty(); }
  std::uint32_t insert(std::string_view affix, std::uint32_t value);
  template <class Visit>
  void find(std::string_view text, Visit&& visit) const {
    std::uint64_t hash = kHashStart;
    std::size_t hashed = 0;
    for (const std::uint32_t length : lengths_) {
      if (length > text.size()) return;
      for (; hashed < length; ++hashed) {
        hash = hash_step(hash, backwards_ ? text[text.size() - 1 - hashed] : text[hashed]);
      }
      const std::string_view affix =
          backwards_ ? text.substr(text.size() - length) : text.substr(0, length);
      const std::uint32_t value = table_.find(hash_done(hash), affix);
      if (value != TextTable::kNone) visit(value);
    }
  }

 private:
  bool backwards_;
  TextTable table_;
  std::vector<std::uint32_t> lengths_;  // ascending
};

// Texts that contain something, by a gram of it: 1, 2, 4 or 8 bytes.
class GramTable {
 public:
  bool empty() const {
    return tables_[0].empty() && tables_[1].empty() && tables_[2].empty() && tables_[3].empty();
  }
  std::uint32_t insert(std::string_view gram, std::uint32_t value);
  // The same number may be told more than once.
  template <class Visit>
  void find(std::string_view text, Visit&& visit) const {
    for (std::size_t log = 0; log < 4; ++log) {
      const std::size_t size = std::size_t{1} << log;
      if (tables_[log].empty()) continue;
      for (std::size_t at = 0; at + size <= text.size(); ++at) {
        const std::string_view gram = text.substr(at, size);
        const std::uint32_t value = tables_[log].find(hash_text(gram), gram);
        if (value != TextTable::kNone) visit(value);
      }
    }
  }

 private:
  TextTable tables_[4];
};

// A lookup's memory, kept for the next.
struct LookupMemory {
  std::string folded;
  std::vector<std::uint32_t> groups;
};

class ValueIndex {
 public:
  // Each test once; not kAbsent, which no value meets.
  void add(const Test& test, std::uint32_t number);
  void finish();

  // `visit(number)` for each test met, more than once perhaps; it looks nothing up itself.
  template <class Visit>
  void find(const Value& value, LookupMemory& memory, Visit&& visit) const {
    if (exists_ != TextTable::kNone) visit(exists_);
    switch (value.kind) {
      case ValueKind::kString:
        find_string(value, memory, visit);
        break;
      case ValueKind::kNumber:
        find_number(value, visit);
        break;
      default:
        if (const std::uint32_t met = literals_[static_cast<std::size_t>(value.kind)];
            met != TextTable::kNone)
          visit(met);
    }
    if (!rare_) return;
    for (const auto& [test, number] : rare_->anything_but) {
      if (holds(test, value)) visit(number);
    }
  }

 private:
  // Wildcards that share what they are found by.
  using Globs = std::vector<std::pair<Glob, std::uint32_t>>;

  // What few paths have.
  struct Rare {
    AffixTable prefixes{false};
    AffixTable suffixes{true};
    TextTable folded;
    AffixTable folded_prefixes{false};
    AffixTable folded_suffixes{true};
    AffixTable glob_prefixes{false};  // to an index of globs
    AffixTable glob_suffixes{true};
    GramTable glob_grams;
    Globs pending;  // until finish()
    std::vector<Globs> globs;
    Globs bare_globs;  // "*", ""
    SegmentTree<std::uint64_t> ranges;
    SegmentTree<Address> addresses;
    std::vector<std::pair<Test, std::uint32_t>> anything_but;
  };

  void file_globs();
  void add_rare(const Test& test, std::uint32_t number);
  Rare& rare();

  template <class Visit>
  void find_string(const Value& value, LookupMemory& memory, Visit&& visit) const {
    if (!strings_.empty()) {
      const std::uint32_t met = strings_.find(hash_text(value.text), value.text);
      if (met != TextTable::kNone) visit(met);
    }
    if (!rare_) return;
    const Rare& rare = *rare_;
    rare.prefixes.find(value.text, visit);
    rare.suffixes.find(value.text, visit);
    if (!rare.folded.empty() || !rare.folded_prefixes.empty() || !rare.folded_suffixes.empty())
      find_folded(value.text, memory.folded, visit);
    const auto try_globs = [&](std::uint32_t index) {
      for (const auto& [glob, number] : rare.globs[index]) {
        if (glob.matches(value.text)) visit(number);
      }
    };
    rare.glob_prefixes.find(value.text, try_globs);
    rare.glob_suffixes.find(value.text, try_globs);
    if (!rare.glob_grams.empty()) {
      // A long text holds a gram many times: each group of wildcards is tried once.
      auto& groups = memory.groups;
      groups.clear();
      rare.glob_grams.find(value.text, [&](std::uint32_t index) { groups.push_back(index); });
      std::sort(groups.begin(), groups.end());
      groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
      for (const std::uint32_t index : groups) try_globs(index);
    }
    for (const auto& [glob, number] : rare.bare_globs) {
      if (glob.matches(value.text)) visit(number);
    }
    if (rare.addresses.empty()) return;
    if (const auto address = parse_address(value.text)) rare.addresses.find(*address, visit);
  }

  template <class Visit>
  void find_folded(std::string_view text, std::string& folding, Visit&& visit) const {
    folding.clear();
    fold_into(text, folding);
    const std::uint32_t met = rare_->folded.find(hash_text(folding), folding);
    if (met != TextTable::kNone) visit(met);
    rare_->folded_prefixes.find(folding, visit);
    rare_->folded_suffixes.find(folding, visit);
  }
  static void fold_into(std::string_view text, std::string& out);

  template <class Visit>
  void find_number(const Value& value, Visit&& visit) const {
    if (!number_texts_.empty()) {
      const std::uint32_t met = number_texts_.find(hash_text(value.text), value.text);
      if (met != TextTable::kNone) visit(met);
    }
    if (value.number == 0) return;
    if (const std::uint32_t met = find_key(value.number); met != TextTable::kNone) visit(met);
    if (rare_ && !rare_->ranges.empty()) rare_->ranges.find(value.number, visit);
  }
  std::uint32_t find_key(std::uint64_t key) const;

  TextTable strings_;
  TextTable number_texts_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> numbers_;  // sorted by finish()
  std::uint32_t literals_[3] = {TextTable::kNone, TextTable::kNone, TextTable::kNone};
  std::uint32_t exists_ = TextTable::kNone;
  std::unique_ptr<Rare> rare_;
};

}  // namespace lapwing::patterns
