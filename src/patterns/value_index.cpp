#include "patterns/value_index.hpp"

#include <algorithm>
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

std::uint32_t GramTable::insert(std::string_view piece, std::uint32_t value) {
  std::size_t log = 3;
  while ((std::size_t{1} << log) > piece.size()) --log;
  const std::string_view gram = piece.substr(0, std::size_t{1} << log);
  return tables_[log].insert(hash_text(gram), gram, value);
}

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
      add_glob(test.glob, number);
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

// By what is rarest in texts: a long start or end before what stands between, if it has three
// bytes.
void ValueIndex::add_glob(const Glob& glob, std::uint32_t number) {
  constexpr std::size_t kTelling = 3;
  Rare& all = rare();
  const std::string& first = glob.pieces.front();
  const std::string& last = glob.pieces.back();
  const std::string& longest =
      *std::max_element(glob.pieces.begin(), glob.pieces.end(),
                        [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (longest.empty()) {
    all.bare_globs.emplace_back(glob, number);
    return;
  }
  const auto fresh = static_cast<std::uint32_t>(all.globs.size());
  std::uint32_t at = 0;
  if (first.size() >= kTelling && first.size() >= last.size()) {
    at = all.glob_prefixes.insert(first, fresh);
  } else if (last.size() >= kTelling) {
    at = all.glob_suffixes.insert(last, fresh);
  } else {
    at = all.glob_grams.insert(longest, fresh);
  }
  if (at == fresh) all.globs.emplace_back();
  all.globs[at].emplace_back(glob, number);
}

void ValueIndex::finish() {
  std::sort(numbers_.begin(), numbers_.end());
  if (!rare_) return;
  rare_->ranges.finish();
  rare_->addresses.finish();
}

std::uint32_t ValueIndex::find_key(std::uint64_t key) const {
  const auto at = std::lower_bound(numbers_.begin(), numbers_.end(), std::pair{key, 0U});
  return at != numbers_.end() && at->first == key ? at->second : TextTable::kNone;
}

}  // namespace lapwing::patterns
