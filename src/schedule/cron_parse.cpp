// The fields of cron() as sets of bits.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "schedule/cron.hpp"

namespace lapwing::schedule {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};

struct Field {
  int low;
  int high;
  std::size_t digits = 2;
  std::span<const std::string_view> names = {};  // of `low` and what follows
  bool steps = true;
  bool goes_round = true;
};

constexpr Field kMinuteField = {.low = 0, .high = 59};
constexpr Field kHourField = {.low = 0, .high = 23};
constexpr Field kDayField = {.low = 1, .high = 31};
constexpr Field kMonthField = {.low = 1, .high = 12, .names = kMonths};
constexpr Field kWeekdayField = {.low = 1, .high = 7, .names = kWeekdays, .steps = false};
constexpr Field kYearField = {
    .low = kYearFirst, .high = kYearLast, .digits = 4, .goes_round = false};

// Bit 0 is the field's lowest value.
using Values = std::bitset<kYearLast - kYearFirst + 1>;

std::optional<int> number(std::string_view text, std::size_t digits_max) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<int> value_of(std::string_view text, const Field& field) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (text == field.names[i]) return field.low + static_cast<int>(i);
  }
  const auto value = number(text, field.digits);
  if (!value || *value < field.low || *value > field.high) return std::nullopt;
  return value;
}

struct Range {
  int from;
  int to;  // below `from`: goes round
};

std::optional<Range> range_of(std::string_view text, const Field& field, bool open_end) {
  if (text == "*") return Range{field.low, field.high};
  const std::size_t dash = text.find('-');
  const auto from = value_of(text.substr(0, dash), field);
  if (!from) return std::nullopt;
  if (dash == std::string_view::npos) return Range{*from, open_end ? field.high : *from};
  const auto to = value_of(text.substr(dash + 1), field);
  if (!to || (*to < *from && !field.goes_round)) return std::nullopt;
  return Range{*from, *to};
}

bool add_item(std::string_view item, const Field& field, Values& values) {
  int step = 1;
  const std::size_t slash = item.find('/');
  if (slash != std::string_view::npos) {
    const auto given = number(item.substr(slash + 1), kStepDigitsMax);
    if (!field.steps || !given || *given == 0) return false;
    step = *given;
    item = item.substr(0, slash);
  }
  const auto range = range_of(item, field, slash != std::string_view::npos);
  if (!range) return false;
  const int size = field.high - field.low + 1;
  const int last = range->to < range->from ? range->to + size : range->to;
  for (int value = range->from; value <= last; value += step) {
    values.set(static_cast<std::size_t>((value - field.low) % size));
  }
  return true;
}

// A list of values and ranges, with steps where the field has them; or '*' alone.
std::optional<Values> values_of(std::string_view text, const Field& field) {
  const bool list = text.contains(',');
  Values values;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    if ((list && item == "*") || !add_item(item, field, values)) return std::nullopt;
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// Six fields with blanks between them, none before or behind.
std::optional<std::array<std::string_view, 6>> split(std::string_view text) {
  std::array<std::string_view, 6> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t blank = text.find_first_of(" \t");
    fields[i] = text.substr(0, blank);
    if (fields[i].empty()) return std::nullopt;
    if (blank == std::string_view::npos) {
      if (i + 1 == fields.size()) return fields;
      return std::nullopt;
    }
    text.remove_prefix(std::min(text.find_first_not_of(" \t", blank), text.size()));
  }
  return std::nullopt;
}

}  // namespace

bool Cron::set_day_of_month(std::string_view field) {
  if (field == "L" || field == "LW") {
    days_ = field == "L" ? Days::kLast : Days::kLastWeekday;
    return true;
  }
  if (field.ends_with('W')) {
    const auto day = value_of(field.substr(0, field.size() - 1), kDayField);
    days_ = Days::kNearestWeekday;
    day_ = static_cast<std::uint8_t>(day.value_or(0));
    return day.has_value();
  }
  const auto values = values_of(field, kDayField);
  if (!values) return false;
  days_ = Days::kOfMonth;
  day_bits_ = static_cast<std::uint32_t>(values->to_ullong() << 1);
  return true;
}

bool Cron::set_day_of_week(std::string_view field) {
  if (field == "L") field = "SAT";
  const std::size_t hash = field.find('#');
  const bool last = field.ends_with('L');
  if (hash == std::string_view::npos && !last) {
    const auto values = values_of(field, kWeekdayField);
    if (!values) return false;
    days_ = Days::kOfWeek;
    day_bits_ = static_cast<std::uint32_t>(values->to_ullong() << 1);
    return true;
  }
  const auto day = value_of(field.substr(0, last ? field.size() - 1 : hash), kWeekdayField);
  if (!day) return false;
  day_ = static_cast<std::uint8_t>(*day);
  days_ = last ? Days::kLastOfWeek : Days::kNthOfWeek;
  if (last) return true;
  const auto nth = number(field.substr(hash + 1), 1);
  if (!nth || *nth < 1 || *nth > 5) return false;
  nth_ = static_cast<std::uint8_t>(*nth);
  return true;
}

std::optional<Cron> Cron::parse(std::string_view text) {
  const std::string fields_text = upper(text);
  const auto fields = split(fields_text);
  if (!fields) return std::nullopt;
  const auto& [minutes, hours, day_of_month, months, day_of_week, years] = *fields;
  if ((day_of_month == "?") == (day_of_week == "?")) return std::nullopt;

  const auto minute_values = values_of(minutes, kMinuteField);
  const auto hour_values = values_of(hours, kHourField);
  const auto month_values = values_of(months, kMonthField);
  const auto year_values = values_of(years, kYearField);
  if (!minute_values || !hour_values || !month_values || !year_values) return std::nullopt;

  Cron cron;
  cron.minute_bits_ = minute_values->to_ullong();
  cron.hour_bits_ = static_cast<std::uint32_t>(hour_values->to_ullong());
  cron.month_bits_ = static_cast<std::uint16_t>(month_values->to_ullong() << 1);
  cron.year_bits_ = *year_values;
  const bool days =
      day_of_week == "?" ? cron.set_day_of_month(day_of_month) : cron.set_day_of_week(day_of_week);
  if (!days) return std::nullopt;
  return cron;
}

}  // namespace lapwing::schedule
