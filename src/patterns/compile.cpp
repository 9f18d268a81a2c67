#include "patterns/compile.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "patterns/number.hpp"
#include "patterns/reader.hpp"

namespace lapwing::patterns {
namespace {

using Alternatives = std::vector<std::vector<std::uint32_t>>;  // of conditions

constexpr std::string_view kOr = "$or";
// Beyond it a product of combinations only stays too large.
constexpr std::uint64_t kManyCombinations = 1'000'000;

class Compiler {
 public:
  Compiler(std::string_view text, Dialect dialect) : reader_(text, dialect) {}

  std::expected<Pattern, Fault> run() {
    Alternatives alternatives;
    std::uint64_t combinations = 1;
    const bool done = reader_.expect(Token::kBeginObject, "Filter is not an object") &&
                      keys_counted() && object(alternatives, "", 1, false, combinations) &&
                      ended() && few(combinations);
    if (!done) return std::unexpected(*std::move(reader_.fault));
    sort(alternatives);
    return Pattern{.dialect = reader_.dialect,
                   .conditions = std::move(conditions_),
                   .alternatives = std::move(alternatives)};
  }

 private:
  // SNS counts the keys at the top before it looks at anything else.
  bool keys_counted() {
    if (!reader_.grammar.policy || reader_.tokens.error()) return true;
    std::size_t keys = 0;
    std::size_t depth = 1;
    for (std::size_t ahead = 1; depth != 0; ++ahead) {
      const Token token = reader_.tokens.peek(ahead);
      if (token == Token::kBeginObject || token == Token::kBeginArray) ++depth;
      if (token == Token::kEndObject || token == Token::kEndArray) --depth;
      if (token == Token::kName && depth == 1) ++keys;
    }
    return keys <= kPolicyMaxKeys ||
           reader_.refuse_bare(
               fmt::format("Filter policy can not have more than {} keys", kPolicyMaxKeys));
  }
  // Nothing behind the object that is not JSON.
  bool ended() { return reader_.next() == Token::kNone && !reader_.fault; }
  bool few(std::uint64_t combinations) {
    return !reader_.grammar.policy || combinations <= kPolicyMaxCombinations ||
           reader_.refuse_bare("Filter policy is too complex");
  }

  // The current token is the object's bracket; afterwards, its closing one. Recursion is as deep as
  // the text, which the tokens bound.
  bool object(Alternatives& alternatives, const std::string& path, std::uint64_t depth, bool in_or,
              std::uint64_t& combinations) {
    bool any = false;
    bool any_or = false;
    while (reader_.next() != Token::kEndObject) {
      if (reader_.fault) return false;
      any = true;
      const std::string name = reader_.tokens.text_of(0);
      if (name == kOr && is_or()) {
        // Each would multiply what the others left.
        if (std::exchange(any_or, true))
          return reader_.refuse(fmt::format("Path `{}` cannot be allowed multiple times", kOr));
        if (!either(alternatives, path, depth, combinations)) return false;
        continue;
      }
      if (in_or && is_reserved(name))
        return reader_.refuse(fmt::format(
            "{} is Ruler reserved fieldName which cannot be used inside {}.", name, kOr));
      const Token token = reader_.next();
      const std::string below = path.empty() ? name : path + "." + name;
      if (token == Token::kBeginObject) {
        if (!reader_.grammar.nested)
          return reader_.refuse_whole(
              "Filter policy scope MessageAttributes does not support nested filter policy");
        if (!object(alternatives, below, depth + 1, in_or, combinations)) return false;
      } else if (token == Token::kBeginArray) {
        if (!field(alternatives, below, depth, combinations)) return false;
      } else {
        return reader_.refuse(fmt::format("\"{}\" must be an object or an array", name));
      }
    }
    return any || reader_.refuse("Empty objects are not allowed");
  }

  // SNS takes "$or" for a key where it cannot be one: not over two objects of fields.
  bool is_or() const {
    if (!reader_.grammar.policy) return true;
    if (reader_.tokens.peek(1) != Token::kBeginArray) return false;
    std::size_t objects = 0;
    std::size_t depth = 1;
    for (std::size_t ahead = 2; depth != 0; ++ahead) {
      const Token token = reader_.tokens.peek(ahead);
      if (token == Token::kNone) return false;
      if (depth == 1 && token != Token::kBeginObject && token != Token::kEndArray) return false;
      if (token == Token::kBeginObject && depth == 1) ++objects;
      if (token == Token::kBeginObject || token == Token::kBeginArray) ++depth;
      if (token == Token::kEndObject || token == Token::kEndArray) --depth;
      if (token == Token::kName && depth == 2 && is_reserved(reader_.tokens.text_of(ahead)))
        return false;
    }
    return objects >= 2;
  }

  // The current token is "$or"; afterwards, its array's closing bracket.
  bool either(Alternatives& alternatives, const std::string& path, std::uint64_t depth,
              std::uint64_t& combinations) {
    const Alternatives before = std::exchange(alternatives, {});
    if (!reader_.expect(Token::kBeginArray, "It must be an Array followed with $or.")) return false;
    std::size_t branches = 0;
    std::uint64_t sum = 0;
    while (reader_.next() != Token::kEndArray) {
      if (reader_.tokens.current() != Token::kBeginObject)
        return reader_.refuse("Only JSON object is allowed in array of $or relationship.");
      ++branches;
      Alternatives branch = before;
      if (branch.empty()) branch.emplace_back();
      std::uint64_t own = 1;
      if (!object(branch, path, depth, true, own)) return false;
      sum += own;
      std::move(branch.begin(), branch.end(), std::back_inserter(alternatives));
      if (!bounded(alternatives)) return false;
    }
    combinations = std::min(combinations * std::min(sum, kManyCombinations), kManyCombinations);
    return branches >= 2 ||
           reader_.refuse("There must have at least 2 Objects in $or relationship.");
  }

  bool bounded(const Alternatives& alternatives) {
    std::size_t conditions = 0;
    std::size_t tests = 0;
    for (const auto& each : alternatives) {
      conditions += each.size();
      for (const std::uint32_t condition : each) tests += conditions_[condition].tests.size();
    }
    if (alternatives.size() <= kMaxAlternatives && conditions <= kMaxAlternativeConditions &&
        tests <= kMaxAlternativeTests)
      return true;
    return reader_.refuse_bare(reader_.grammar.policy
                                   ? "Filter policy is too complex"
                                   : "Rule is too complex - try using fewer $or relationships");
  }

  // The current token is the array's bracket; afterwards, its closing one.
  bool field(Alternatives& alternatives, const std::string& path, std::uint64_t depth,
             std::uint64_t& combinations) {
    std::vector<Test> tests;
    std::uint64_t values = 0;
    while (reader_.next() != Token::kEndArray) {
      if (!value(tests)) return false;
      ++values;
    }
    if (values == 0) return reader_.refuse("Empty arrays are not allowed");
    combinations =
        std::min(combinations * std::min(values * depth, kManyCombinations), kManyCombinations);
    if (alternatives.empty()) alternatives.emplace_back();
    const std::uint32_t path_number = number_of(path);
    const auto condition = static_cast<std::uint32_t>(conditions_.size());
    conditions_.push_back({path, std::move(tests)});
    path_of_.push_back(path_number);
    for (auto& alternative : alternatives) {
      const auto same =
          std::find_if(alternative.begin(), alternative.end(),
                       [&](std::uint32_t each) { return path_of_[each] == path_number; });
      if (same == alternative.end()) {
        alternative.push_back(condition);
      } else if (reader_.grammar.repeated) {
        *same = condition;
      } else {
        return reader_.refuse(fmt::format("Path `{}` cannot be allowed multiple times", path));
      }
    }
    return bounded(alternatives);
  }

  bool value(std::vector<Test>& tests) {
    switch (reader_.tokens.current()) {
      case Token::kBeginObject:
        return read_match_expression(reader_, tests);
      case Token::kString: {
        Test test{.text = reader_.tokens.text()};
        // A text that is an address matches it in all its spellings.
        if (const auto address = parse_address(test.text)) {
          test = Test{.kind = TestKind::kAddress, .addresses = {*address, *address}};
        }
        tests.push_back(std::move(test));
        return true;
      }
      case Token::kNumber: {
        // Beyond what compares as a number (an account's), the digits are compared.
        Test test{.kind = TestKind::kNumber, .text = reader_.tokens.text()};
        const double number = to_double(test.text);
        if (number_compares(reader_, number)) test.low = number_key(number);
        tests.push_back(std::move(test));
        return true;
      }
      case Token::kNull:
      case Token::kTrue:
      case Token::kFalse: {
        const Token token = reader_.tokens.current();
        tests.push_back(Test{.kind = TestKind::kLiteral,
                             .literal = token == Token::kNull   ? ValueKind::kNull
                                        : token == Token::kTrue ? ValueKind::kTrue
                                                                : ValueKind::kFalse});
        return true;
      }
      default:
        return reader_.refuse("Match value must be String, number, true, false, or null");
    }
  }

  std::uint32_t number_of(const std::string& path) {
    return paths_.try_emplace(path, static_cast<std::uint32_t>(paths_.size())).first->second;
  }
  // By path: the order in which a match chooses elements of arrays.
  void sort(Alternatives& alternatives) const {
    for (auto& alternative : alternatives) {
      std::sort(alternative.begin(), alternative.end(), [&](std::uint32_t a, std::uint32_t b) {
        return conditions_[a].path < conditions_[b].path;
      });
    }
  }

  Reader reader_;
  std::vector<Condition> conditions_;
  std::vector<std::uint32_t> path_of_;
  std::unordered_map<std::string, std::uint32_t> paths_;
};

}  // namespace

Token Reader::next() {
  const Token token = tokens.next();
  if (token != Token::kNone || !tokens.error() || fault) return token;
  const text::JsonError& error = *tokens.error();
  const std::string place = tokens.location();
  // The place is the error's, not where the tokens end.
  const std::size_t line = place.rfind("; line: ");
  keep(dialect == Dialect::kRule ? error.message : "failed to parse JSON. " + error.message,
       fmt::format("{}; line: {}, column: {}]", place.substr(0, line), error.line, error.column));
  return token;
}

bool Reader::keep(std::string_view reason, std::string_view location) {
  if (fault) return false;
  fault = Fault{.reason = std::string(reason)};
  if (dialect == Dialect::kFilter) {
    fault->message = "Invalid filter pattern definition.";
  } else {
    fault->message = fmt::format(
        "{}{}{}",
        dialect == Dialect::kRule ? "Event pattern is not valid. Reason: " : "FilterPolicy: ",
        reason, location);
  }
  return false;
}

bool Reader::refuse_whole(std::string_view message) {
  if (!fault) fault = Fault{.message = std::string(message), .reason = std::string(message)};
  return false;
}

std::expected<Pattern, Fault> compile(std::string_view text, Dialect dialect) {
  if (text.size() > grammar_of(dialect).max_bytes) {
    const std::string reason =
        fmt::format("Pattern is longer than {} bytes", grammar_of(dialect).max_bytes);
    Reader reader("", dialect);
    reader.refuse_bare(reason);
    return std::unexpected(*std::move(reader.fault));
  }
  return Compiler(text, dialect).run();
}

}  // namespace lapwing::patterns
