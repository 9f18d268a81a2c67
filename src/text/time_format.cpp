#include "text/time_format.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace lapwing::text {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Parts {
  int year;
  unsigned month;
  unsigned day;
  unsigned weekday;  // 0 is Sunday
  int hour;
  int minute;
  int second;
  int millisecond;
};

Parts split(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
  return {int(date.year()),
          unsigned(date.month()),
          unsigned(date.day()),
          std::chrono::weekday(day).c_encoding(),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

std::unexpected<Error> bad(std::string_view text) {
  return fail(
      make_error(ErrorKind::kInvalid, fmt::format("Invalid timestamp: '{}'", text.substr(0, 64))));
}

// Reads a text from left to right; once something does not fit, ok() stays false.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }

  void expect(std::string_view literal) {
    if (!text_.starts_with(literal)) return fail_now();
    text_.remove_prefix(literal.size());
  }
  void expect_one_of(std::string_view letters) {
    if (text_.empty() || !letters.contains(text_.front())) return fail_now();
    text_.remove_prefix(1);
  }
  bool accept(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits.
  int number(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }
  // Position in a list of three-letter names, from 0.
  template <std::size_t N>
  unsigned name(const std::array<std::string_view, N>& names) {
    for (unsigned i = 0; i < N; ++i) {
      if (text_.starts_with(names[i])) {
        text_.remove_prefix(names[i].size());
        return i;
      }
    }
    fail_now();
    return 0;
  }
  // Digits after a decimal point, as nanoseconds; at least one, at most nine.
  std::int64_t fraction() {
    std::int64_t value = 0;
    int digits = 0;
    while (ok_ && peek() >= '0' && peek() <= '9') {
      if (++digits > 9) fail_now();
      value = value * 10 + digit();
    }
    if (digits == 0) fail_now();
    for (; digits < 9; ++digits) value *= 10;
    return value;
  }

 private:
  int digit() {
    const char c = peek();
    if (c < '0' || c > '9') {
      fail_now();
      return 0;
    }
    text_.remove_prefix(1);
    return c - '0';
  }
  void fail_now() {
    ok_ = false;
    text_ = {};
  }

  std::string_view text_;
  bool ok_ = true;
};

std::optional<WallTime> join(int year, unsigned month, unsigned day, int hour, int minute,
                             int second, std::int64_t nanoseconds, int offset_minutes) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || year < 1 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  // 64 bits of nanoseconds reach from 1677 to 2262.
  if (year < 1678 || year > 2261) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute - offset_minutes) + std::chrono::seconds(second) +
         Duration(nanoseconds);
}

int read_offset(Reader& reader) {
  if (reader.accept('Z') || reader.accept('z')) return 0;
  const int sign = reader.peek() == '-' ? -1 : 1;
  reader.expect_one_of("+-");
  const int hours = reader.number(2);
  reader.accept(':');
  const int minutes = reader.number(2);
  if (hours > 23 || minutes > 59) reader.expect("offset out of range");
  return sign * (hours * 60 + minutes);
}

}  // namespace

std::string format_lambda_time(WallTime time) {
  const Parts t = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000", t.year, t.month, t.day,
                     t.hour, t.minute, t.second, t.millisecond);
}

std::string format_iso8601(WallTime time, bool milliseconds) {
  const Parts t = split(time);
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year, t.month, t.day,
                                t.hour, t.minute, t.second);
  if (milliseconds) out += fmt::format(".{:03}", t.millisecond);
  return out + 'Z';
}

std::string format_date_time(WallTime time) {
  return format_iso8601(time, split(time).millisecond != 0);
}

std::string format_http_date(WallTime time) {
  const Parts t = split(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[t.weekday], t.day,
                     kMonths[t.month - 1], t.year, t.hour, t.minute, t.second);
}

std::string format_basic(WallTime time) {
  const Parts t = split(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                     t.second);
}

std::string format_day_path(WallTime time) {
  const Parts t = split(time);
  return fmt::format("{:04}/{:02}/{:02}", t.year, t.month, t.day);
}

std::string format_epoch_seconds(WallTime time) {
  const std::int64_t ms =
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::int64_t size = ms < 0 ? -ms : ms;
  std::string out = fmt::format("{}{}", ms < 0 ? "-" : "", size / 1000);
  if (size % 1000 != 0) {
    out += fmt::format(".{:03}", size % 1000);
    while (out.back() == '0') out.pop_back();
  }
  return out;
}

Result<WallTime> parse_iso8601(std::string_view text) {
  Reader reader(text);
  const int year = reader.number(4);
  reader.expect("-");
  const int month = reader.number(2);
  reader.expect("-");
  const int day = reader.number(2);
  reader.expect_one_of("Tt ");
  const int hour = reader.number(2);
  reader.expect(":");
  const int minute = reader.number(2);
  reader.expect(":");
  const int second = reader.number(2);
  const std::int64_t nanoseconds = reader.accept('.') ? reader.fraction() : 0;
  const int offset = read_offset(reader);
  if (!reader.done()) return bad(text);
  const auto time = join(year, static_cast<unsigned>(month), static_cast<unsigned>(day), hour,
                         minute, second, nanoseconds, offset);
  if (!time) return bad(text);
  return *time;
}

Result<WallTime> parse_http_date(std::string_view text) {
  Reader reader(text);
  reader.name(kWeekdays);
  reader.expect(", ");
  const int day = reader.number(2);
  reader.expect(" ");
  const unsigned month = reader.name(kMonths) + 1;
  reader.expect(" ");
  const int year = reader.number(4);
  reader.expect(" ");
  const int hour = reader.number(2);
  reader.expect(":");
  const int minute = reader.number(2);
  reader.expect(":");
  const int second = reader.number(2);
  const std::int64_t nanoseconds = reader.accept('.') ? reader.fraction() : 0;
  reader.expect(" GMT");
  if (!reader.done()) return bad(text);
  const auto time =
      join(year, month, static_cast<unsigned>(day), hour, minute, second, nanoseconds, 0);
  if (!time) return bad(text);
  return *time;
}

Result<WallTime> parse_basic(std::string_view text) {
  Reader reader(text);
  const int year = reader.number(4);
  const int month = reader.number(2);
  const int day = reader.number(2);
  reader.expect("T");
  const int hour = reader.number(2);
  const int minute = reader.number(2);
  const int second = reader.number(2);
  reader.expect("Z");
  if (!reader.done()) return bad(text);
  const auto time = join(year, static_cast<unsigned>(month), static_cast<unsigned>(day), hour,
                         minute, second, 0, 0);
  if (!time) return bad(text);
  return *time;
}

Result<WallTime> parse_epoch_seconds(std::string_view text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stopped != end) return bad(text);
  return from_epoch_seconds(seconds);
}

Result<WallTime> from_epoch_seconds(double seconds) {
  // The range of WallTime, with room to spare.
  if (!(std::fabs(seconds) < 9.2e9)) return bad(fmt::format("{}", seconds));
  // A double holds today's seconds to a quarter of a microsecond; more digits would be noise.
  const auto microseconds = static_cast<std::int64_t>(std::llround(seconds * 1e6));
  return WallTime(std::chrono::microseconds(microseconds));
}

}  // namespace lapwing::text
