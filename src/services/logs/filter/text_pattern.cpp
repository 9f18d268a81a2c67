// Terms: all plain ones must occur, none of the excluded ones may, and of the optional ones
// at least one must, unless there are others beside them: then AWS ignores the optional ones.
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/logs/errors.hpp"
#include "services/logs/filter/pattern.hpp"
#include "services/logs/filter/regex.hpp"
#include "services/logs/filter/scanner.hpp"

namespace lapwing::logs {
namespace {

struct Term {
  std::string text;
  std::optional<Regex> regex;

  bool occurs_in(std::string_view message) const {
    if (regex) return regex->search(message);
    return memmem(message.data(), message.size(), text.data(), text.size()) != nullptr;
  }
};

class TextPattern final : public PatternMatcher {
 public:
  std::vector<Term> wanted, excluded, optional;

  bool matches(std::string_view message) const override {
    for (const Term& term : wanted) {
      if (!term.occurs_in(message)) return false;
    }
    for (const Term& term : excluded) {
      if (term.occurs_in(message)) return false;
    }
    if (optional.empty() || !wanted.empty() || !excluded.empty()) return true;
    for (const Term& term : optional) {
      if (term.occurs_in(message)) return true;
    }
    return false;
  }
};

bool is_term_char(char c) { return is_word_char(c) || c == '.' || c == '-' || c == '/'; }

Result<Term> parse_term(Scanner& in) {
  Term term;
  if (in.peek() == '"') {
    LAPWING_TRY(term.text, in.quoted(false));
    // Blanks alone match everything: " " is AWS's own example.
    if (term.text.find_first_not_of(" \t") == std::string::npos) term.text.clear();
    return term;
  }
  if (in.peek() == '%') {
    LAPWING_TRY(const std::string_view body, in.percented());
    LAPWING_TRY(term.regex, Regex::parse(body));
    return term;
  }
  while (!in.done() && is_term_char(in.peek())) {
    term.text += in.peek();
    in.advance();
  }
  if (!in.done() && !is_space_char(in.peek()) && in.peek() != '"' && in.peek() != '%')
    return fail(invalid_characters(in.rest()));
  if (term.text.empty()) return fail(invalid_filter_pattern());
  return term;
}

}  // namespace

Result<MatcherPtr> parse_text_pattern(std::string_view pattern) {
  auto result = std::make_shared<TextPattern>();
  Scanner in(pattern);
  while (true) {
    in.skip_space();
    if (in.done()) return result;
    std::vector<Term>* list = &result->wanted;
    if (in.take("-")) {
      list = &result->excluded;
      in.skip_space();  // AWS's example writes: "ERROR" - "Exiting"
    } else if (in.take("?")) {
      list = &result->optional;
    }
    LAPWING_TRY(Term term, parse_term(in));
    list->push_back(std::move(term));
  }
}

}  // namespace lapwing::logs
