#include "schedule/zone_rule.hpp"

#include <chrono>
#include <cstddef>

namespace lapwing::schedule {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads from left to right; once something does not fit, ok() stays false.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool done() const { return text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool accept(char c) {
    if (peek() != c || done()) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  int number(int low, int high) {
    if (!is_digit(peek())) fail();
    int value = 0;
    while (is_digit(peek()) && value <= high) {
      value = value * 10 + (peek() - '0');
      text_.remove_prefix(1);
    }
    if (value < low || value > high) fail();
    return value;
  }
  // "EST" or "<-03>"
  void name() {
    const bool quoted = accept('<');
    std::size_t size = 0;
    while (is_letter(peek()) || (quoted && (is_digit(peek()) || peek() == '+' || peek() == '-'))) {
      text_.remove_prefix(1);
      ++size;
    }
    if (quoted) expect('>');
    if (size < 3) fail();
  }
  // "[+-]hh[:mm[:ss]]" in seconds
  std::int32_t time(int hours_max) {
    const bool negative = accept('-');
    if (!negative) accept('+');
    std::int32_t seconds = number(0, hours_max) * 3600;
    if (accept(':')) {
      seconds += number(0, 59) * 60;
      if (accept(':')) seconds += number(0, 59);
    }
    return negative ? -seconds : seconds;
  }
  YearlyMoment moment() {
    YearlyMoment out;
    if (accept('M')) {
      out.month = static_cast<std::uint8_t>(number(1, 12));
      expect('.');
      out.week = static_cast<std::uint8_t>(number(1, 5));
      expect('.');
      out.day = static_cast<std::uint16_t>(number(0, 6));
    } else if (accept('J')) {
      out.kind = YearlyMoment::Kind::kJulian;
      out.day = static_cast<std::uint16_t>(number(1, 365));
    } else {
      out.kind = YearlyMoment::Kind::kDayOfYear;
      out.day = static_cast<std::uint16_t>(number(0, 365));
    }
    if (accept('/')) out.time_seconds = time(167);
    return out;
  }

 private:
  void fail() {
    ok_ = false;
    text_ = {};
  }

  std::string_view text_;
  bool ok_ = true;
};

std::chrono::sys_days day_of(const YearlyMoment& moment, std::chrono::year year) {
  const std::chrono::sys_days first(year / 1 / 1);
  switch (moment.kind) {
    case YearlyMoment::Kind::kJulian:
      return first + std::chrono::days(moment.day - 1 + (moment.day >= 60 && year.is_leap()));
    case YearlyMoment::Kind::kDayOfYear:
      return first + std::chrono::days(moment.day);
    case YearlyMoment::Kind::kMonthWeekDay:
      break;
  }
  const std::chrono::month month(moment.month);
  const std::chrono::weekday weekday(moment.day);
  if (moment.week == 5) return std::chrono::sys_days(year / month / weekday[std::chrono::last]);
  return std::chrono::sys_days(year / month / weekday[moment.week]);
}

}  // namespace

std::int64_t YearlyMoment::local_seconds(int year) const {
  const auto date = day_of(*this, std::chrono::year(year));
  return std::int64_t{date.time_since_epoch().count()} * 86'400 + time_seconds;
}

std::optional<ZoneRule> read_zone_rule(std::string_view text) {
  Reader reader(text);
  ZoneRule rule;
  reader.name();
  // POSIX counts westward.
  rule.standard_offset = -reader.time(24);
  if (reader.ok() && !reader.done()) {
    ZoneRule::Summer summer;
    reader.name();
    summer.offset = reader.peek() == ',' ? rule.standard_offset + 3600 : -reader.time(24);
    reader.expect(',');
    summer.start = reader.moment();
    reader.expect(',');
    summer.end = reader.moment();
    rule.summer = summer;
  }
  if (!reader.ok() || !reader.done()) return std::nullopt;
  return rule;
}

}  // namespace lapwing::schedule
