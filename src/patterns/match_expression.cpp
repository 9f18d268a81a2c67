#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "patterns/fold.hpp"
#include "patterns/number.hpp"
#include "patterns/reader.hpp"

namespace lapwing::patterns {
namespace {

constexpr std::string_view kOneKey = "Only one key allowed in match expression";
constexpr std::string_view kTooMany = "Too many elements in numeric expression";
constexpr std::string_view kTooComplex =
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
    "sequences after a wildcard character";

constexpr std::string_view kReserved[] = {"exactly",
                                          "equals-ignore-case",
                                          "prefix",
                                          "suffix",
                                          "anything-but",
                                          "exists",
                                          "wildcard",
                                          "numeric",
                                          "cidr",
                                          "=",
                                          "<",
                                          "<=",
                                          ">",
                                          ">=",
                                          "regex",
                                          "not-wildcard",
                                          "not-equals-ignore-case",
                                          "date-after",
                                          "date-on-or-after",
                                          "date-before",
                                          "date-on-or-before",
                                          "in-date-range",
                                          "ip-address-in-range",
                                          "ip-address-not-in-range"};

std::string beyond_reason(const Reader& reader) {
  return fmt::format("Value must be between -{0:.1f}E9 and {0:.1f}E9, inclusive",
                     reader.grammar.number_limit / 1e9);
}

bool read_glob(Reader& reader, Test& test) {
  auto glob = parse_glob(reader.tokens.text());
  if (!glob) return reader.refuse(glob.error());
  if (complexity(*glob) > kMaxWildcardComplexity) return reader.refuse_bare(kTooComplex);
  test.kind = TestKind::kWildcard;
  test.glob = *std::move(glob);
  return true;
}

// {"prefix": "a"}, {"prefix": {"equals-ignore-case": "a"}}
bool read_affix(Reader& reader, std::vector<Test>& tests, bool prefix) {
  const std::string_view name = prefix ? "prefix" : "suffix";
  const bool nested = reader.next() == Token::kBeginObject && reader.grammar.wildcard;
  Test test{.kind = prefix ? TestKind::kPrefix : TestKind::kSuffix};
  if (nested) {
    if (reader.next() != Token::kName)
      return reader.refuse(
          fmt::format("{} expression name not found", prefix ? "Prefix" : "Suffix"));
    const std::string inner = reader.tokens.text_of(0);
    if (inner != "equals-ignore-case")
      return reader.refuse(fmt::format("Unsupported {} pattern: {}", name, inner));
    if (!reader.expect(Token::kString, "equals-ignore-case match pattern must be a string"))
      return false;
    test.kind = prefix ? TestKind::kPrefixIgnoreCase : TestKind::kSuffixIgnoreCase;
    test.text = folded(reader.tokens.text());
    if (!reader.expect(Token::kEndObject, kOneKey)) return false;
  } else {
    if (reader.tokens.current() != Token::kString)
      return reader.refuse(fmt::format("{} match pattern must be a string", name));
    test.text = reader.tokens.text();
  }
  tests.push_back(std::move(test));
  return reader.expect(Token::kEndObject, kOneKey);
}

// ["=", 1]; [">", 0, "<=", 5]: the current token is the bracket.
class Numeric {
 public:
  explicit Numeric(Reader& reader) : reader_(reader) {}

  bool read(Test& test) {
    if (reader_.next() != Token::kString)
      return reader_.refuse("Invalid member in numeric match: " + reader_.tokens.text());
    const std::string sign = reader_.tokens.text();
    if (sign != "=" && sign != ">" && sign != ">=" && sign != "<" && sign != "<=")
      return after_bad_sign("Unrecognized numeric range operator: " + sign);
    test.kind = sign == "=" ? TestKind::kNumber : TestKind::kRange;
    test.low = number_key(-reader_.grammar.number_limit);
    test.high = number_key(reader_.grammar.number_limit);
    std::uint64_t key = 0;
    if (!value(sign == "=" ? "equals" : sign, key)) return false;
    if (sign == "=" || sign[0] == '<') {
      if (sign == "=") test.low = key;
      test.high = sign == "<" ? key - 1 : key;
      return reader_.expect(Token::kEndArray, kTooMany) && within();
    }
    test.low = sign == ">" ? key + 1 : key;
    return reader_.next() == Token::kEndArray ? within() : upper(key, test);
  }

 private:
  // The parser has moved to the operator's value by the time it is looked at.
  bool after_bad_sign(std::string_view reason) {
    reader_.next();
    return reader_.refuse(reason);
  }
  bool value(std::string_view of, std::uint64_t& key) {
    if (reader_.next() != Token::kNumber)
      return reader_.refuse(fmt::format("Value of {} must be numeric", of));
    const double number = to_double(reader_.tokens.text());
    beyond_ = beyond_ || !number_compares(reader_, number);
    key = number_key(number);
    return true;
  }
  // Numbers are looked at when the expression has been read.
  bool within() { return !beyond_ || reader_.refuse(beyond_reason(reader_)); }
  bool upper(std::uint64_t bottom, Test& test) {
    if (reader_.tokens.current() != Token::kString)
      return reader_.refuse("Bad value in numeric range: " + reader_.tokens.text());
    const std::string sign = reader_.tokens.text();
    if (sign != "<" && sign != "<=") return reader_.refuse("Bad numeric range operator: " + sign);
    std::uint64_t key = 0;
    if (!value(sign, key)) return false;
    test.high = sign == "<" ? key - 1 : key;
    if (!reader_.expect(Token::kEndArray, "Too many terms in numeric range expression"))
      return false;
    return within() && (bottom < key || reader_.refuse("Bottom must be less than top"));
  }

  Reader& reader_;
  bool beyond_ = false;
};

bool read_numeric(Reader& reader, std::vector<Test>& tests) {
  if (!reader.expect(Token::kBeginArray, "Value of numeric must be an array.")) return false;
  Test test;
  if (!Numeric(reader).read(test)) return false;
  tests.push_back(std::move(test));
  return reader.expect(Token::kEndObject, kTooMany);
}

// {"anything-but": ...} and what may stand in it.
class AnythingBut {
 public:
  explicit AnythingBut(Reader& reader) : reader_(reader) {}

  bool read(std::vector<Test>& tests) {
    Token token = reader_.next();
    const bool inner = token == Token::kBeginObject;
    if (inner) {
      if (!operation()) return false;
      token = reader_.next();
    }
    if (token != Token::kBeginArray && token != Token::kString && token != Token::kNumber)
      return reader_.refuse(
          "Value of anything-but must be an array or single string/number value.");
    if (token == Token::kBeginArray) {
      while (reader_.next() != Token::kEndArray) {
        if (!item(true)) return false;
      }
      if (kind_ == TestKind::kString && strings_ == numbers_)
        return reader_.refuse(
            "Inside anything but list, either all values are number or string, mixed type is not "
            "supported");
    } else if (!item(false)) {
      return false;
    }
    tests.push_back(Test{.kind = TestKind::kAnythingBut, .none_of = std::move(none_of_)});
    if (!reader_.expect(Token::kEndObject, kTooMany)) return false;
    return !inner || reader_.expect(Token::kEndObject, kTooMany);
  }

 private:
  bool operation() {
    if (!reader_.expect(Token::kName, "Anything-But expression name not found")) return false;
    const std::string name = reader_.tokens.text_of(0);
    const bool all = reader_.grammar.wildcard;
    if (name == "prefix") {
      kind_ = TestKind::kPrefix;
    } else if (name == "suffix" && all) {
      kind_ = TestKind::kSuffix;
    } else if (name == "equals-ignore-case" && all) {
      kind_ = TestKind::kIgnoreCase;
    } else if (name == "wildcard" && all) {
      kind_ = TestKind::kWildcard;
    } else {
      return reader_.refuse("Unsupported anything-but pattern: " + name);
    }
    return true;
  }

  bool item(bool in_list) {
    if (kind_ == TestKind::kString) return plain(in_list);
    if (reader_.tokens.current() != Token::kString) {
      if (kind_ == TestKind::kIgnoreCase)
        return reader_.refuse(
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not "
            "supported.");
      return reader_.refuse(kind_ == TestKind::kWildcard
                                ? "wildcard match pattern must be a string"
                                : "prefix/suffix match pattern must be a string");
    }
    Test test{.kind = kind_};
    if (kind_ == TestKind::kWildcard) {
      if (!read_glob(reader_, test)) return false;
    } else {
      test.text = reader_.tokens.text();
      if (kind_ == TestKind::kIgnoreCase) {
        test.text = folded(test.text);
      } else if (test.text.empty()) {
        return reader_.refuse("Null prefix/suffix not allowed");
      }
    }
    none_of_.push_back(std::move(test));
    return true;
  }

  bool plain(bool in_list) {
    Test test;
    if (reader_.tokens.current() == Token::kString) {
      strings_ = true;
      test.text = reader_.tokens.text();
    } else if (reader_.tokens.current() == Token::kNumber) {
      numbers_ = true;
      test.kind = TestKind::kNumber;
      const double number = to_double(reader_.tokens.text());
      test.low = number_key(number);
      if (!number_compares(reader_, number)) {
        const std::string reason = beyond_reason(reader_);
        return in_list ? reader_.refuse(reason) : reader_.refuse_bare(reason);
      }
    } else {
      return reader_.refuse("Inside anything but list, start|null|boolean is not supported.");
    }
    none_of_.push_back(std::move(test));
    return true;
  }

  Reader& reader_;
  TestKind kind_ = TestKind::kString;
  std::vector<Test> none_of_;
  bool strings_ = false;
  bool numbers_ = false;
};

bool read_cidr(Reader& reader, std::vector<Test>& tests) {
  // The words are those of prefix: so says the service.
  if (!reader.expect(Token::kString, "prefix match pattern must be a string")) return false;
  const auto range = parse_cidr(reader.tokens.text());
  if (!range) return reader.refuse_bare(range.error());
  tests.push_back(Test{.kind = TestKind::kAddress, .addresses = *range});
  return reader.expect(Token::kEndObject, kOneKey);
}

bool read_exists(Reader& reader, std::vector<Test>& tests) {
  const Token token = reader.next();
  if (token != Token::kTrue && token != Token::kFalse)
    return reader.refuse("exists match pattern must be either true or false.");
  tests.push_back(Test{.kind = token == Token::kTrue ? TestKind::kExists : TestKind::kAbsent});
  return reader.expect(Token::kEndObject, kOneKey);
}

// "exactly", "equals-ignore-case", "wildcard": one string each.
bool read_text(Reader& reader, std::vector<Test>& tests, std::string_view name) {
  const std::string_view called = name == "exactly" ? "exact" : name;
  if (reader.next() != Token::kString)
    return reader.refuse(fmt::format("{} match pattern must be a string", called));
  Test test;
  if (name == "wildcard") {
    if (!read_glob(reader, test)) return false;
  } else {
    test.text = reader.tokens.text();
    if (name == "equals-ignore-case") {
      test.kind = TestKind::kIgnoreCase;
      test.text = folded(test.text);
    }
  }
  tests.push_back(std::move(test));
  return reader.expect(Token::kEndObject, kOneKey);
}

}  // namespace

bool is_reserved(std::string_view name) {
  return std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
}

bool number_compares(const Reader& reader, double number) {
  return std::abs(number) <= reader.grammar.number_limit;
}

bool read_match_expression(Reader& reader, std::vector<Test>& tests) {
  if (!reader.expect(Token::kName, "Match expression name not found")) return false;
  const std::string name = reader.tokens.text_of(0);
  if (name == "prefix" || name == "suffix") return read_affix(reader, tests, name == "prefix");
  if (name == "numeric") return read_numeric(reader, tests);
  if (name == "anything-but") return AnythingBut(reader).read(tests);
  if (name == "exists") return read_exists(reader, tests);
  if (name == "cidr") return read_cidr(reader, tests);
  if (name == "equals-ignore-case" ||
      (reader.grammar.wildcard && (name == "wildcard" || name == "exactly"))) {
    return read_text(reader, tests, name);
  }
  return reader.refuse("Unrecognized match type " + name);
}

}  // namespace lapwing::patterns
