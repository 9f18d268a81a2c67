#include "schedule/expression.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "schedule/limits.hpp"

namespace lapwing::schedule {
namespace {

struct Unit {
  std::string_view one;
  std::string_view many;
  std::int64_t seconds;
};
constexpr std::array<Unit, 3> kUnits = {
    {{"minute", "minutes", 60}, {"hour", "hours", 3600}, {"day", "days", 86'400}}};

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool equal(std::string_view text, std::string_view lower_case, Dialect dialect) {
  if (dialect == Dialect::kRule) return text == lower_case;
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != lower_case[i]) return false;
  }
  return true;
}

std::optional<Rate> rate(std::string_view text, Dialect dialect) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank > kRateDigitsMax) return std::nullopt;
  const auto count = digits(text.substr(0, blank));
  if (!count || *count == 0) return std::nullopt;
  const std::string_view unit = text.substr(blank + 1);
  for (const Unit& each : kUnits) {
    const bool one = equal(unit, each.one, dialect);
    if (!one && !equal(unit, each.many, dialect)) continue;
    if (dialect == Dialect::kRule && one != (*count == 1)) return std::nullopt;
    return Rate{*count * each.seconds};
  }
  return std::nullopt;
}

// "2021-12-31T23:59:59"
std::optional<At> at(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  const auto part = [&](std::size_t from, std::size_t size) {
    return digits(text.substr(from, size)).value_or(0);
  };
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(part(0, 4))),
                                         std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  const std::int64_t hour = part(11, 2);
  const std::int64_t minute = part(14, 2);
  const std::int64_t second = part(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return At{((days * 24 + hour) * 60 + minute) * 60 + second};
}

template <class T>
std::optional<Expression> wrap(const std::optional<T>& parsed) {
  if (!parsed) return std::nullopt;
  return Expression(*parsed);
}

std::optional<Expression> read(std::string_view text, Dialect dialect) {
  if (text.size() > kExpressionBytesMax || !text.ends_with(')')) return std::nullopt;
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) return std::nullopt;
  const std::string_view word = text.substr(0, open);
  const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  if (word == "cron") return wrap(Cron::parse(inside));
  if (word == "rate") return wrap(rate(inside, dialect));
  if (word == "at" && dialect == Dialect::kScheduler) return wrap(at(inside));
  return std::nullopt;
}

}  // namespace

std::expected<Expression, Fault> parse(std::string_view text, Dialect dialect) {
  const auto expression = read(text, dialect);
  if (expression) return *expression;
  if (dialect == Dialect::kRule) {
    return std::unexpected(Fault{"Parameter ScheduleExpression is not valid."});
  }
  return std::unexpected(Fault{fmt::format("Invalid Schedule Expression {}.", text)});
}

std::string unknown_zone(std::string_view name) {
  return fmt::format("Invalid Schedule Expression Timezone {}.", name);
}

}  // namespace lapwing::schedule
