// The condition operators (IAM user guide, "Condition operators").
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>

#include "base/clock.hpp"
#include "policy/elements.hpp"
#include "policy/evaluate.hpp"
#include "policy/variables.hpp"
#include "text/base64.hpp"
#include "text/time_format.hpp"

namespace lapwing::policy {
namespace {

constexpr std::size_t kArnParts = 6;

enum class Order : std::uint8_t { kEquals, kLess, kLessEquals, kGreater, kGreaterEquals };

// One value of the request against one of the condition; none: they cannot be compared, and then
// neither the test nor its negation holds.
struct Comparison {
  const Context& context;
  bool variables;
  Order order = Order::kEquals;
  bool ignore_case = false;

  const Context* names() const { return variables ? &context : nullptr; }
};
using Compare = std::optional<bool> (*)(const Comparison&, std::string_view asked,
                                        std::string_view wanted);

template <class T>
bool in_order(Order order, const T& a, const T& b) {
  switch (order) {
    case Order::kEquals:
      return a == b;
    case Order::kLess:
      return a < b;
    case Order::kLessEquals:
      return a <= b;
    case Order::kGreater:
      return a > b;
    case Order::kGreaterEquals:
      return a >= b;
  }
  return false;
}

std::optional<bool> string_equals(const Comparison& how, std::string_view asked,
                                  std::string_view wanted) {
  const auto tokens = read_tokens(wanted, {.wildcards = false, .variables = how.names()});
  return tokens && matches(*tokens, asked, how.ignore_case);
}

std::optional<bool> string_like(const Comparison& how, std::string_view asked,
                                std::string_view wanted) {
  const auto tokens = read_tokens(wanted, {.wildcards = true, .variables = how.names()});
  return tokens && matches(*tokens, asked);
}

std::optional<double> number(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<bool> numeric(const Comparison& how, std::string_view asked,
                            std::string_view wanted) {
  const auto a = number(asked);
  const auto b = number(wanted);
  if (!a || !b) return std::nullopt;
  return in_order(how.order, *a, *b);
}

// Seconds since the epoch, or ISO 8601 from a day on.
std::optional<WallTime> moment(std::string_view text) {
  if (!text.contains('-') || text.starts_with('-')) {
    auto seconds = text::parse_epoch_seconds(text);
    return seconds ? std::optional(*seconds) : std::nullopt;
  }
  const bool day_only = text.find_first_of("tT") == std::string_view::npos;
  auto time = text::parse_iso8601(day_only ? std::string(text) + "T00:00:00Z" : std::string(text));
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<bool> date(const Comparison& how, std::string_view asked, std::string_view wanted) {
  const auto a = moment(asked);
  const auto b = moment(wanted);
  if (!a || !b) return std::nullopt;
  return in_order(how.order, *a, *b);
}

std::optional<bool> boolean(const Comparison& how, std::string_view asked,
                            std::string_view wanted) {
  const auto tokens = read_tokens(wanted, {.wildcards = false, .variables = how.names()});
  return tokens && matches(*tokens, asked, true);
}

std::optional<bool> binary(const Comparison&, std::string_view asked, std::string_view wanted) {
  const auto a = text::base64_decode(asked);
  const auto b = text::base64_decode(wanted);
  if (!a || !b) return std::nullopt;
  return *a == *b;
}

struct Address {
  int family = 0;
  std::array<unsigned char, 16> bytes{};
};

// inet_pton(3) reads the text alone: nothing is looked up.
std::optional<Address> address(std::string_view text) {
  Address out;
  const std::string copy(text);
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, copy.c_str(), out.bytes.data()) != 1) continue;
    out.family = family;
    return out;
  }
  return std::nullopt;
}

std::optional<bool> ip_address(const Comparison&, std::string_view asked, std::string_view wanted) {
  const std::size_t slash = wanted.find('/');
  const auto a = address(asked);
  const auto net = address(wanted.substr(0, slash));
  if (!a || !net) return std::nullopt;
  if (a->family != net->family) return false;
  unsigned bits = net->family == AF_INET ? 32 : 128;
  if (slash != std::string_view::npos) {
    const std::string_view length = wanted.substr(slash + 1);
    unsigned given = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), given);
    if (error != std::errc() || end != length.data() + length.size() || given > bits) {
      return std::nullopt;
    }
    bits = given;
  }
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned char mask = static_cast<unsigned char>(0x80U >> (bit % 8));
    if (((a->bytes[bit / 8] ^ net->bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

std::optional<bool> arn_like(const Comparison& how, std::string_view asked,
                             std::string_view wanted) {
  const auto parts = split_colons(asked, kArnParts);
  const auto patterns = split_colons(wanted, kArnParts);
  if (parts.size() < kArnParts || parts[0] != "arn") return std::nullopt;
  if (patterns.size() < kArnParts) return false;
  for (std::size_t at = 0; at < kArnParts; ++at) {
    const auto tokens = read_tokens(patterns[at], {.wildcards = true, .variables = how.names()});
    if (!tokens || !matches(*tokens, parts[at])) return false;
  }
  return true;
}

struct Test {
  std::string_view name;
  Compare compare;
  Order order = Order::kEquals;
  bool negated = false;
  bool ignore_case = false;
};
constexpr std::array kTests = {
    Test{"StringEquals", string_equals},
    Test{"StringNotEquals", string_equals, Order::kEquals, true},
    Test{"StringEqualsIgnoreCase", string_equals, Order::kEquals, false, true},
    Test{"StringNotEqualsIgnoreCase", string_equals, Order::kEquals, true, true},
    Test{"StringLike", string_like},
    Test{"StringNotLike", string_like, Order::kEquals, true},
    Test{"NumericEquals", numeric},
    Test{"NumericNotEquals", numeric, Order::kEquals, true},
    Test{"NumericLessThan", numeric, Order::kLess},
    Test{"NumericLessThanEquals", numeric, Order::kLessEquals},
    Test{"NumericGreaterThan", numeric, Order::kGreater},
    Test{"NumericGreaterThanEquals", numeric, Order::kGreaterEquals},
    Test{"DateEquals", date},
    Test{"DateNotEquals", date, Order::kEquals, true},
    Test{"DateLessThan", date, Order::kLess},
    Test{"DateLessThanEquals", date, Order::kLessEquals},
    Test{"DateGreaterThan", date, Order::kGreater},
    Test{"DateGreaterThanEquals", date, Order::kGreaterEquals},
    Test{"Bool", boolean},
    Test{"BinaryEquals", binary},
    Test{"IpAddress", ip_address},
    Test{"NotIpAddress", ip_address, Order::kEquals, true},
    Test{"ArnEquals", arn_like},
    Test{"ArnLike", arn_like},
    Test{"ArnNotEquals", arn_like, Order::kEquals, true},
    Test{"ArnNotLike", arn_like, Order::kEquals, true},
};

const Test* find_test(std::string_view bare) {
  const auto found = std::ranges::find_if(
      kTests, [&](const Test& each) { return same_ignoring_case(each.name, bare); });
  return found == kTests.end() ? nullptr : &*found;
}

bool key_is_absent(const std::vector<std::string>* values) {
  return values == nullptr || values->empty();
}

bool holds_null(const Condition& condition, const std::vector<std::string>* values) {
  const std::string_view now = key_is_absent(values) ? "true" : "false";
  return std::ranges::any_of(
      condition.values, [&](const std::string& wanted) { return same_ignoring_case(wanted, now); });
}

}  // namespace

bool is_condition_test(std::string_view test) {
  const std::string_view bare = test_name(test).bare;
  return same_ignoring_case(bare, "Null") || find_test(bare) != nullptr;
}

bool holds(const Condition& condition, const Context& context, bool variables) {
  const std::vector<std::string>* const values = find(context, condition.key);
  const TestName name = test_name(condition.test);
  if (same_ignoring_case(name.bare, "Null")) return holds_null(condition, values);
  const Test* const test = find_test(name.bare);
  if (test == nullptr) return false;
  if (key_is_absent(values)) {
    if (name.if_exists || name.set == TestName::Set::kAllValues) return true;
    return test->negated && name.set == TestName::Set::kNone;
  }
  const Comparison how{context, variables, test->order, test->ignore_case};
  // Whether a value is one of those wanted; negated, whether it is none of them.
  const auto fits = [&](const std::string& asked) {
    const auto one = [&](const std::string& wanted) {
      const auto same = test->compare(how, asked, wanted);
      return same && *same != test->negated;
    };
    return test->negated ? std::ranges::all_of(condition.values, one)
                         : std::ranges::any_of(condition.values, one);
  };
  const bool all =
      name.set == TestName::Set::kAllValues || (name.set == TestName::Set::kNone && test->negated);
  return all ? std::ranges::all_of(*values, fits) : std::ranges::any_of(*values, fits);
}

}  // namespace lapwing::policy
