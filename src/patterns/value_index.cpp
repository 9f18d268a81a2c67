#include "patterns/value_index.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

#include "patterns/fold.hpp"

namespace lapwing::patterns {

std::uint32_t TextTable::insert(std::uint64_t hash, std::string_view text, std::uint32_t value) {
  if (const std::uint32_t known = find(hash, text); known != kNone) return known;
  if ((count_ + 1) * 3 > slots_.size() * 2) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].value != kNone) at = (at + 1) & mask;
  slots_[at] = {hash, static_cast<std::uint32_t>(text_.size()),
                static_cast<std::uint32_t>(text.size()), value};
  text_ += text;
  ++count_;
  return value;
}

void TextTable::grow() {
  std::vector<Slot> wider(slots_.empty() ? 2 : slots_.size() * 2);
  const std::size_t mask = wider.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.value == kNone) continue;
    std::size_t at = slot.hash & mask;
    while (wider[at].value != kNone) at = (at + 1) & mask;
    wider[at] = slot;
  }
  slots_ = std::move(wider);
}

std::uint32_t AffixTable::insert(std::string_view affix, std::uint32_t value) {
  const auto length = static_cast<std::uint32_t>(affix.size());
  const auto at = std::lower_bound(lengths_.begin(), lengths_.end(), length);
  if (at == lengths_.end() || *at != length) lengths_.insert(at, length);
  std::uint64_t hash = kHashStart;
  for (std::size_t i = 0; i < affix.size(); ++i) {
    hash = hash_step(hash, backwards_ ? affix[affix.size() - 1 - i] : affix[i]);
  }
  return table_.insert(hash_done(hash), affix, value);
}

std::uint32_t GramTable::insert(std::string_view gram, std::uint32_t value) {
  const auto log = static_cast<std::size_t>(std::countr_zero(gram.size()));
  return tables_[log].insert(hash_text(gram), gram, value);
}

namespace {

// What a text must hold for a wildcard to match it.
enum class Key : std::uint8_t { kPrefix, kSuffix, kGram };

// Of each piece all runs of 8 bytes, or of 4, 2, 1 where it has no 8.
template <class Visit>
void for_each_key(const Glob& glob, Visit&& visit) {
  if (!glob.pieces.front().empty()) visit(Key::kPrefix, glob.pieces.front());
  if (!glob.pieces.back().empty()) visit(Key::kSuffix, glob.pieces.back());
  for (const std::string& piece : glob.pieces) {
    if (piece.empty()) continue;
    const std::size_t size = std::bit_floor(std::min<std::size_t>(piece.size(), 8));
    for (std::size_t at = 0; at + size <= piece.size(); ++at) {
      visit(Key::kGram, std::string_view(piece).substr(at, size));
    }
  }
}

}  // namespace

void ValueIndex::fold_into(std::string_view text, std::string& out) { fold_case(text, out); }

ValueIndex::Rare& ValueIndex::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

void ValueIndex::add(const Test& test, std::uint32_t number) {
  switch (test.kind) {
    case TestKind::kLiteral:
      literals_[static_cast<std::size_t>(test.literal)] = number;
      break;
    case TestKind::kString:
      strings_.insert(hash_text(test.text), test.text, number);
      break;
    case TestKind::kNumber:
      if (test.low != 0) {
        numbers_.emplace_back(test.low, number);
      } else {
        number_texts_.insert(hash_text(test.text), test.text, number);
      }
      break;
    case TestKind::kExists:
      exists_ = number;
      break;
    case TestKind::kAbsent:
      break;
    default:
      add_rare(test, number);
  }
}

void ValueIndex::add_rare(const Test& test, std::uint32_t number) {
  Rare& all = rare();
  switch (test.kind) {
    case TestKind::kPrefix:
      all.prefixes.insert(test.text, number);
      break;
    case TestKind::kSuffix:
      all.suffixes.insert(test.text, number);
      break;
    case TestKind::kIgnoreCase:
      all.folded.insert(hash_text(test.text), test.text, number);
      break;
    case TestKind::kPrefixIgnoreCase:
      all.folded_prefixes.insert(test.text, number);
      break;
    case TestKind::kSuffixIgnoreCase:
      all.folded_suffixes.insert(test.text, number);
      break;
    case TestKind::kWildcard:
      all.pending.emplace_back(test.glob, number);
      break;
    case TestKind::kRange:
      all.ranges.add(test.low, test.high, number);
      break;
    case TestKind::kAddress:
      all.addresses.add(test.addresses.first, test.addresses.last, number);
      break;
    default:
      all.anything_but.emplace_back(test, number);
  }
}

// Each wildcard stands under the key that fewest others have. Prefixes and suffixes cost least to
// look up, so they do where hardly anybody shares them.
void ValueIndex::file_globs() {
  constexpr std::uint32_t kFew = 4;
  Rare& all = *rare_;
  std::unordered_map<std::uint64_t, std::uint32_t> counts;
  const auto count_of = [&](Key key, std::string_view text) -> std::uint32_t& {
    return counts[hash_text(text, static_cast<std::uint64_t>(key) + 1)];
  };
  for (const auto& [glob, number] : all.pending) {
    for_each_key(glob, [&](Key key, std::string_view text) { ++count_of(key, text); });
  }
  for (auto& [glob, number] : all.pending) {
    Key best = Key::kGram;
    std::string_view chosen;
    std::uint32_t least = 0;
    for_each_key(glob, [&](Key key, std::string_view text) {
      const std::uint32_t count = count_of(key, text);
      const bool good_enough = best != Key::kGram && least <= kFew;
      if (!chosen.empty() && (good_enough || count >= least)) return;
      best = key;
      chosen = text;
      least = count;
    });
    if (chosen.empty()) {
      all.bare_globs.emplace_back(std::move(glob), number);
      continue;
    }
    const auto fresh = static_cast<std::uint32_t>(all.globs.size());
    const std::uint32_t at = best == Key::kPrefix   ? all.glob_prefixes.insert(chosen, fresh)
                             : best == Key::kSuffix ? all.glob_suffixes.insert(chosen, fresh)
                                                    : all.glob_grams.insert(chosen, fresh);
    if (at == fresh) all.globs.emplace_back();
    all.globs[at].emplace_back(std::move(glob), number);
  }
  all.pending = {};
}

void ValueIndex::finish() {
  std::sort(numbers_.begin(), numbers_.end());
  if (!rare_) return;
  file_globs();
  rare_->ranges.finish();
  rare_->addresses.finish();
}

std::uint32_t ValueIndex::find_key(std::uint64_t key) const {
  const auto at = std::lower_bound(numbers_.begin(), numbers_.end(), std::pair{key, 0U});
  return at != numbers_.end() && at->first == key ? at->second : TextTable::kNone;
}

}  // namespace lapwing::patterns
