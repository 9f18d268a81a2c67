// Expressions and their occurrences: the cases of data/, and what holds for all of them.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "schedule/expression.hpp"
#include "schedule/occurrence.hpp"
#include "schedule/testing/tzif.hpp"
#include "schedule/zone.hpp"
#include "schedule/zone_rule.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"
#include "text/time_format.hpp"

namespace lapwing::schedule {
namespace {

std::string contents(const std::string& name) {
  std::ifstream file(std::string(kSourceDir) + "/src/schedule/data/" + name);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

Zone by_rule(std::string_view rule) {
  const auto parsed = read_zone_rule(rule);
  EXPECT_TRUE(parsed) << rule;
  auto zone = Zone::read(testing::tzif(parsed ? parsed->standard_offset : 0, {}, rule));
  EXPECT_TRUE(zone) << rule;
  return zone ? *std::move(zone) : Zone::fixed();
}

Dialect dialect_of(std::string_view name) {
  return name == "rule" ? Dialect::kRule : Dialect::kScheduler;
}

WallTime at(std::string_view text) {
  const auto time = text::parse_iso8601(text);
  EXPECT_TRUE(time) << text;
  return time.value_or(WallTime{});
}

std::string form(const std::optional<WallTime>& time) {
  return time ? text::format_date_time(*time) : "never";
}

Frame frame_of(const text::JsonValue* members, const Zone& zone) {
  Frame frame = {.zone = &zone};
  if (members == nullptr) return frame;
  if (const auto* value = members->find("anchor")) frame.anchor = at(value->as_string());
  if (const auto* value = members->find("start")) frame.start = at(value->as_string());
  if (const auto* value = members->find("end")) frame.end = at(value->as_string());
  return frame;
}

// Each line: dialect, zone, expression, instant, the occurrences after it (null: no more), frame.
void check_case(std::span<const text::JsonValue> line, const Zone& zone) {
  const std::string_view text = line[2].as_string();
  SCOPED_TRACE(std::string(text) + " after " + std::string(line[3].as_string()));
  const auto expression = parse(text, dialect_of(line[0].as_string()));
  ASSERT_TRUE(expression) << expression.error().message;
  const Frame frame = frame_of(line.size() > 5 ? &line[5] : nullptr, zone);
  const WallTime from = at(line[3].as_string());
  WallTime after = from;
  for (const text::JsonValue& expected : line[4].items()) {
    const auto due = next(*expression, frame, after);
    EXPECT_EQ(form(due), expected.is_null() ? "never" : expected.as_string());
    if (!due) break;
    // Whatever lies before it, it is the newest up to itself; and not up to just before itself.
    EXPECT_EQ(form(latest(*expression, frame, from, *due)), form(due));
    EXPECT_EQ(form(latest(*expression, frame, from, *due - Duration(1))),
              form(after == from ? std::optional<WallTime>() : after));
    after = *due;
  }
}

TEST(Schedule, OccursWhenItShould) {
  const std::string zone_text = contents("zones.json");
  const auto zone_rules = text::parse_json(zone_text);
  ASSERT_TRUE(zone_rules) << zone_rules.error().message();
  std::map<std::string_view, Zone, std::less<>> zones;
  for (const auto& [name, rule] : zone_rules->root().members()) {
    zones.emplace(name, by_rule(rule.as_string()));
  }
  const std::string text = contents("occurrences.json");
  const auto cases = text::parse_json(text);
  ASSERT_TRUE(cases) << cases.error().message();
  EXPECT_GE(cases->root().size(), 240U);
  for (const text::JsonValue& each : cases->root().items()) {
    const auto zone = zones.find(each.items()[1].as_string());
    ASSERT_NE(zone, zones.end()) << each.items()[1].as_string();
    check_case(each.items(), zone->second);
  }
}

// Each line: dialect, expression, message.
TEST(Schedule, RefusesInAwsWords) {
  const std::string text = contents("refused.json");
  const auto cases = text::parse_json(text);
  ASSERT_TRUE(cases) << cases.error().message();
  EXPECT_GE(cases->root().size(), 300U);
  for (const text::JsonValue& each : cases->root().items()) {
    const auto parsed = parse(each.items()[1].as_string(), dialect_of(each.items()[0].as_string()));
    EXPECT_EQ(parsed ? "accepted" : parsed.error().message, each.items()[2].as_string());
  }
}

TEST(Schedule, LengthHasALimit) {
  std::string minutes = "0";
  while (minutes.size() + 21 < kExpressionBytesMax) minutes += ",0";
  std::string fits = "cron(" + minutes + " 12 * * ? *)";
  ASSERT_LE(fits.size(), kExpressionBytesMax);
  EXPECT_TRUE(parse(fits, Dialect::kRule));
  std::string longer = "cron(" + minutes + std::string(kExpressionBytesMax, ' ') + "12 * * ? *)";
  EXPECT_FALSE(parse(longer, Dialect::kRule));
}

TEST(Schedule, ZoneUnknownIsSaid) {
  EXPECT_EQ(unknown_zone("Mars/Base"), "Invalid Schedule Expression Timezone Mars/Base.");
}

std::uint64_t bits(Random& random) {
  std::uint64_t value = 0;
  random.fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::string some_field(Random& random, int low, int high) {
  const auto value = [&] {
    return std::to_string(low + static_cast<int>(bits(random) % (high - low + 1)));
  };
  switch (bits(random) % 4) {
    case 0:
      return "*";
    case 1:
      return value() + "," + value();
    case 2:
      return value() + "-" + value();
    default:
      return value() + "/" + std::to_string(1 + bits(random) % 20);
  }
}

// A walk over every minute of some days, in which each local minute counts when it is first shown.
TEST(Schedule, IsWhatAWalkFinds) {
  SeededRandom random(7);
  const struct {
    std::string_view rule;
    std::string_view from;
  } places[] = {{"CET-1CEST,M3.5.0,M10.5.0/3", "2024-03-30T00:00:00Z"},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2024-10-26T00:00:00Z"},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2025-04-05T00:00:00Z"},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2025-10-04T00:00:00Z"},
                {"<-01>1<+00>,M3.5.0/0,M10.5.0/1", "2025-10-25T00:00:00Z"}};
  for (int round = 0; round < 200; ++round) {
    const auto& [rule, start] = places[static_cast<std::size_t>(round) % std::size(places)];
    const Zone zone = by_rule(rule);
    const std::string fields = some_field(random, 0, 59) + " " + some_field(random, 0, 23) + " " +
                               some_field(random, 1, 31) + " * ? *";
    const auto cron = Cron::parse(fields);
    ASSERT_TRUE(cron) << fields;
    const Frame frame = {.zone = &zone};
    WallTime after = at(start);
    std::set<LocalMinute> shown;
    const std::int64_t from = unix_ms(after) / 60'000;
    for (std::int64_t minute = from - 24 * 60; minute < from + 3 * 24 * 60; ++minute) {
      const LocalMinute local = minute + zone.offset_at(minute * 60) / 60;
      const bool first = shown.insert(local).second;
      if (minute <= from || !first || cron->at_or_after(local) != local) continue;
      const auto due = next(*cron, frame, after);
      ASSERT_EQ(form(due), form(wall_from_unix_ms(minute * 60'000))) << fields << " in " << rule;
      after = *due;
    }
  }
}

TEST(Schedule, LatestOfManyYears) {
  const auto every_minute = parse("cron(* * * * ? *)", Dialect::kRule);
  const auto leap_days = parse("cron(0 12 29 2 ? *)", Dialect::kRule);
  const auto second = parse("rate(1 minute)", Dialect::kRule);
  const Frame frame = {.anchor = at("2000-01-01T00:00:30Z")};
  const WallTime then = at("2000-01-01T00:00:00Z");
  const WallTime now = at("2150-06-01T12:34:56Z");
  EXPECT_EQ(form(latest(*every_minute, frame, then, now)), "2150-06-01T12:34:00Z");
  EXPECT_EQ(form(latest(*leap_days, frame, then, now)), "2148-02-29T12:00:00Z");
  EXPECT_EQ(form(latest(*second, frame, then, now)), "2150-06-01T12:34:30Z");
  EXPECT_EQ(form(latest(*every_minute, frame, now, then)), "never");
  EXPECT_EQ(form(latest(*every_minute, frame, WallTime::min(), WallTime::max())),
            "2199-12-31T23:59:00Z");
  EXPECT_EQ(form(latest(*second, frame, WallTime::min(), WallTime::max())), "2199-12-31T23:59:30Z");
}

TEST(Schedule, WestOfGreenwichTheLastYearEndsLater) {
  const Zone zone = Zone::fixed(-10 * 3600);
  const auto every_minute = parse("cron(* * * * ? *)", Dialect::kScheduler);
  const Frame frame = {.zone = &zone};
  EXPECT_EQ(form(latest(*every_minute, frame, at("2199-01-01T00:00:00Z"), WallTime::max())),
            "2200-01-01T09:59:00Z");
}

TEST(Schedule, WindowsAreFilledEvenly) {
  const WallTime due = at("2024-03-01T12:00:00Z");
  EXPECT_EQ(within_window(due, 15, 0), due);
  EXPECT_EQ(form(within_window(due, 15, ~std::uint64_t{0})), "2024-03-01T12:14:59Z");
  EXPECT_EQ(form(within_window(due, 15, std::uint64_t{1} << 63)), "2024-03-01T12:07:30Z");
  EXPECT_EQ(within_window(due, 0, ~std::uint64_t{0}), due);
  EXPECT_EQ(within_window(due, -5, ~std::uint64_t{0}), due);
  EXPECT_EQ(form(within_window(due, 1440, ~std::uint64_t{0})), "2024-03-02T11:59:59Z");
  EXPECT_EQ(within_window(due, 100'000, 12345), within_window(due, kWindowMinutesMax, 12345));
}

}  // namespace
}  // namespace lapwing::schedule
