#include "services/logs/filter/condition.hpp"

#include <charconv>
#include <cstring>
#include <utility>

#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

std::optional<Comparator> take_comparator(Scanner& in) {
  // Two-character operators first, so that ">=" is not read as ">".
  if (in.take("!=")) return Comparator::kNotEqual;
  if (in.take("<=")) return Comparator::kLessOrEqual;
  if (in.take(">=")) return Comparator::kGreaterOrEqual;
  if (in.take("<")) return Comparator::kLess;
  if (in.take(">")) return Comparator::kGreater;
  if (in.take("=")) return Comparator::kEqual;
  return std::nullopt;
}

// AWS wants quotes around anything but letters, digits and underscore, yet its own examples
// leave addresses, wildcards and signed numbers bare.
bool is_bare_char(char c) {
  constexpr std::string_view kAlso = ".*-+/:@#";
  return is_word_char(c) || kAlso.contains(c);
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  parts_.emplace_back();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size() && (pattern[i + 1] == '*' || pattern[i + 1] == '\\')) {
      parts_.back() += pattern[++i];
    } else if (c == '*') {
      parts_.emplace_back();
    } else {
      parts_.back() += c;
    }
  }
}

bool Glob::matches(std::string_view text) const {
  const std::string& first = parts_.front();
  if (parts_.size() == 1) return text == first;
  const std::string& last = parts_.back();
  if (text.size() < first.size() + last.size()) return false;
  if (!text.starts_with(first) || !text.ends_with(last)) return false;
  text.remove_prefix(first.size());
  text.remove_suffix(last.size());
  for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
    const std::string& part = parts_[i];
    // memmem is linear (two-way search), unlike string_view::find.
    const void* found = memmem(text.data(), text.size(), part.data(), part.size());
    if (found == nullptr) return false;
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    text.remove_prefix(offset + part.size());
  }
  return true;
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.starts_with('+')) return std::nullopt;
  // from_chars also reads "inf" and "nan", which are words here.
  const char lead = text.starts_with('-') && text.size() > 1 ? text[1] : text[0];
  if ((lead < '0' || lead > '9') && lead != '.') return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Condition> Condition::parse(Scanner& in, std::string_view stops, std::size_t& regexes) {
  Condition condition;
  const auto comparator = take_comparator(in);
  if (!comparator) return fail(invalid_filter_pattern());
  condition.comparator_ = *comparator;
  const bool ordered = *comparator != Comparator::kEqual && *comparator != Comparator::kNotEqual;
  in.skip_space();
  if (in.peek() == '"') {
    if (ordered) return fail(invalid_filter_pattern());
    LAPWING_TRY(const std::string text, in.quoted(true));
    condition.glob_ = Glob(text);
    return condition;
  }
  if (in.peek() == '%') {
    if (ordered || ++regexes > kFilterRegexMax) return fail(invalid_filter_pattern());
    LAPWING_TRY(const std::string_view body, in.percented());
    LAPWING_TRY(Regex regex, Regex::parse(body));
    condition.regex_ = std::make_shared<const Regex>(std::move(regex));
    return condition;
  }
  const std::string_view rest = in.rest();
  std::size_t length = 0;
  while (length < rest.size()) {
    const char c = rest[length];
    if (is_space_char(c) || stops.contains(c)) break;
    const std::string_view ahead = rest.substr(length);
    if (ahead.starts_with("&&") || ahead.starts_with("||")) break;
    if (!is_bare_char(c)) return fail(invalid_characters(ahead));
    ++length;
  }
  if (length == 0) return fail(invalid_filter_pattern());
  const std::string_view operand = rest.substr(0, length);
  in.advance(length);
  condition.number_ = parse_number(operand);
  if (ordered && !condition.number_) return fail(invalid_filter_pattern());
  condition.glob_ = Glob(operand);
  return condition;
}

bool Condition::equals(std::string_view text, std::optional<double> number) const {
  if (regex_) return regex_->search(text);
  if (number_ && number && *number_ == *number) return true;
  return glob_->matches(text);
}

bool Condition::holds(std::string_view text, std::optional<double> number) const {
  switch (comparator_) {
    case Comparator::kEqual:
      return equals(text, number);
    case Comparator::kNotEqual:
      return !equals(text, number);
    case Comparator::kLess:
      return number && *number < *number_;
    case Comparator::kLessOrEqual:
      return number && *number <= *number_;
    case Comparator::kGreater:
      return number && *number > *number_;
    case Comparator::kGreaterOrEqual:
      return number && *number >= *number_;
  }
  return false;
}

}  // namespace lapwing::logs
