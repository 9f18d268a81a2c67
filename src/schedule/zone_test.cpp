// Time zones: files made by hand, rules, and the machine's own where it has any.
#include "schedule/zone.hpp"

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "schedule/limits.hpp"
#include "schedule/testing/tzif.hpp"
#include "schedule/zone_rule.hpp"
#include "schedule/zones.hpp"
#include "text/time_format.hpp"

namespace lapwing::schedule {
namespace {

using testing::old_tzif;
using testing::tzif;

// Seconds since 1970; without a zone's name: local times, too.
std::int64_t at(std::string_view text) {
  const auto time = text::parse_iso8601(std::string(text) + "Z");
  EXPECT_TRUE(time) << text;
  return time ? unix_ms(*time) / 1000 : 0;
}

Zone read(std::string_view bytes) {
  auto zone = Zone::read(bytes);
  EXPECT_TRUE(zone) << (zone ? "" : zone.error());
  return zone ? *std::move(zone) : Zone::fixed();
}

TEST(Zone, BeforeBetweenAndAfterChanges) {
  const Zone zone = read(tzif(100, {{1000, 3600}, {2000, -7200}, {3000, -7200}}, ""));
  EXPECT_EQ(zone.transitions(), 2U) << "a change of the name alone is none";
  EXPECT_EQ(zone.offset_at(-5'000'000'000), 100);
  EXPECT_EQ(zone.offset_at(999), 100);
  EXPECT_EQ(zone.offset_at(1000), 3600);
  EXPECT_EQ(zone.offset_at(2000), -7200);
  EXPECT_EQ(zone.offset_at(9'000'000'000), -7200);
}

TEST(Zone, OldFilesHaveNoRule) {
  const Zone zone = read(old_tzif(0, {{-1000, 3600}, {2'000'000'000, 7200}}));
  EXPECT_EQ(zone.offset_at(-1001), 0);
  EXPECT_EQ(zone.offset_at(0), 3600);
  EXPECT_EQ(zone.offset_at(4'000'000'000), 7200);
}

TEST(Zone, TheRuleHoldsAfterTheLastChange) {
  const std::int64_t last = at("2007-11-04T06:00:00");
  const Zone zone = read(tzif(-18'000, {{last, -18'000}}, "EST5EDT,M3.2.0,M11.1.0"));
  EXPECT_EQ(zone.offset_at(at("2007-07-01T00:00:00")), -18'000) << "not before it";
  EXPECT_EQ(zone.offset_at(at("2008-03-09T06:59:59")), -18'000);
  EXPECT_EQ(zone.offset_at(at("2008-03-09T07:00:00")), -14'400);
  EXPECT_EQ(zone.offset_at(at("2008-11-02T05:59:59")), -14'400);
  EXPECT_EQ(zone.offset_at(at("2008-11-02T06:00:00")), -18'000);
  EXPECT_EQ(zone.offset_at(at("2200-07-01T00:00:00")), -14'400);
  EXPECT_EQ(zone.offset_at(at("2250-07-01T00:00:00")), -18'000) << "rules end with 2200";
}

TEST(Zone, FirstShown) {
  const Zone zone = read(tzif(3600, {}, "CET-1CEST,M3.5.0,M10.5.0/3"));
  const auto shown = [&](std::string_view local) { return zone.first(at(local)); };
  EXPECT_EQ(shown("2024-01-15T12:00:00").utc, at("2024-01-15T11:00:00"));
  EXPECT_EQ(shown("2024-07-15T12:00:00").utc, at("2024-07-15T10:00:00"));
  EXPECT_EQ(shown("2024-03-31T01:59:59").utc, at("2024-03-31T00:59:59"));
  EXPECT_EQ(shown("2024-03-31T02:00:00").utc, std::nullopt);
  EXPECT_EQ(shown("2024-03-31T02:59:59").utc, std::nullopt);
  EXPECT_EQ(shown("2024-03-31T02:30:00").resume_local, at("2024-03-31T03:00:00"));
  EXPECT_EQ(shown("2024-03-31T03:00:00").utc, at("2024-03-31T01:00:00"));
  EXPECT_EQ(shown("2024-10-27T02:00:00").utc, at("2024-10-27T00:00:00"));
  EXPECT_EQ(shown("2024-10-27T02:59:59").utc, at("2024-10-27T00:59:59"));
  EXPECT_EQ(shown("2024-10-27T02:30:00").resume_local, at("2024-10-27T03:00:00"));
  EXPECT_EQ(shown("2024-10-27T03:00:00").utc, at("2024-10-27T02:00:00"));
}

TEST(Zone, ADayThatNeverWas) {
  // Apia went over the date line: no 30 December 2011.
  const Zone zone = read(tzif(-36'000, {{1'325'239'200, 50'400}}, ""));
  EXPECT_EQ(zone.first(at("2011-12-29T23:59:59")).utc, 1'325'239'199);
  EXPECT_EQ(zone.first(at("2011-12-30T12:00:00")).utc, std::nullopt);
  EXPECT_EQ(zone.first(at("2011-12-30T12:00:00")).resume_local, at("2011-12-31T00:00:00"));
  EXPECT_EQ(zone.first(at("2011-12-31T00:00:00")).utc, 1'325'239'200);
}

TEST(Zone, OffsetsWithSeconds) {
  // Monrovia kept 44 minutes and 30 seconds until 1972.
  const Zone zone = read(tzif(-2670, {{63'593'070, 0}}, "GMT0"));
  EXPECT_EQ(zone.first(at("1971-06-01T00:00:00")).utc, at("1971-06-01T00:44:30"));
  EXPECT_EQ(zone.first(at("1972-01-07T00:10:00")).utc, std::nullopt);
  EXPECT_EQ(zone.first(at("1972-01-07T00:10:00")).resume_local, at("1972-01-07T00:44:30"));
}

TEST(Zone, NothingElseIsAFile) {
  const std::string good = tzif(3600, {{0, 0}}, "CET-1CEST,M3.5.0,M10.5.0/3");
  ASSERT_TRUE(Zone::read(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Zone::read(std::string_view(good).substr(0, size))) << size;
  }
  EXPECT_FALSE(Zone::read("TZjf" + good.substr(4)));
  EXPECT_FALSE(Zone::read(good + std::string(kZoneFileBytesMax, '\n')));
  EXPECT_FALSE(Zone::read(tzif(0, {{5, 1}, {5, 2}}, ""))) << "out of order";
  EXPECT_FALSE(Zone::read(tzif(0, {{5, 1}, {4, 2}}, ""))) << "out of order";
  EXPECT_FALSE(Zone::read(tzif(0, {{5, kZoneOffsetSecondsMax + 1}}, "")));
  EXPECT_FALSE(Zone::read(tzif(-kZoneOffsetSecondsMax - 1, {}, "")));
  EXPECT_TRUE(Zone::read(tzif(0, {{5, kZoneOffsetSecondsMax}}, "")));
  EXPECT_FALSE(Zone::read(tzif(0, {{std::int64_t{1} << 60, 1}}, "")));
  EXPECT_FALSE(Zone::read(tzif(0, {}, "nonsense")));
  std::string leaps = good;
  leaps[44 + 7 + 44 - 13] = 1;  // the second header's count of leap seconds
  EXPECT_FALSE(Zone::read(leaps));
}

TEST(Zone, TransitionsHaveALimit) {
  std::string bytes = old_tzif(0, std::vector<testing::Change>(200, {0, 0}));
  EXPECT_FALSE(Zone::read(bytes)) << "out of order";
  // 2,001 transitions of one type.
  std::string many = "TZif" + std::string(16, '\0');
  const auto put = [&](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) many += static_cast<char>(value >> shift & 0xff);
  };
  const std::uint32_t count = kZoneTransitionsMax + 1;
  for (const std::uint32_t each : {0U, 0U, 0U, count, 1U, 1U}) put(each);
  for (std::uint32_t i = 0; i < count; ++i) put(i);
  many.append(count, '\0');
  many.append(7, '\0');
  const auto read_many = Zone::read(many);
  ASSERT_FALSE(read_many);
  EXPECT_EQ(read_many.error(), "no or too many transitions");
}

TEST(ZoneRule, Moments) {
  const auto moment = [](std::string_view rule) {
    const auto parsed = read_zone_rule("AAA0BBB," + std::string(rule) + ",J1");
    EXPECT_TRUE(parsed && parsed->summer) << rule;
    return parsed && parsed->summer ? parsed->summer->start : YearlyMoment{};
  };
  EXPECT_EQ(moment("M3.5.0").local_seconds(2024), at("2024-03-31T02:00:00"));
  EXPECT_EQ(moment("M3.2.0").local_seconds(2024), at("2024-03-10T02:00:00"));
  EXPECT_EQ(moment("M4.1.6/24").local_seconds(2024), at("2024-04-07T00:00:00"));
  EXPECT_EQ(moment("M3.5.0/-1").local_seconds(2024), at("2024-03-30T23:00:00"));
  EXPECT_EQ(moment("M2.5.4/1:30:15").local_seconds(2024), at("2024-02-29T01:30:15"));
  EXPECT_EQ(moment("J59").local_seconds(2024), at("2024-02-28T02:00:00"));
  EXPECT_EQ(moment("J60").local_seconds(2024), at("2024-03-01T02:00:00"));
  EXPECT_EQ(moment("J60").local_seconds(2023), at("2023-03-01T02:00:00"));
  EXPECT_EQ(moment("J365/25").local_seconds(2024), at("2025-01-01T01:00:00"));
  EXPECT_EQ(moment("59").local_seconds(2024), at("2024-02-29T02:00:00"));
  EXPECT_EQ(moment("59").local_seconds(2023), at("2023-03-01T02:00:00"));
  EXPECT_EQ(moment("0/0").local_seconds(2024), at("2024-01-01T00:00:00"));
  EXPECT_EQ(moment("M1.1.1/167").local_seconds(2024), at("2024-01-07T23:00:00"));
}

TEST(ZoneRule, Offsets) {
  EXPECT_EQ(read_zone_rule("UTC0")->standard_offset, 0);
  EXPECT_EQ(read_zone_rule("IST-5:30")->standard_offset, 19'800);
  EXPECT_EQ(read_zone_rule("<-03>3")->standard_offset, -10'800);
  EXPECT_EQ(read_zone_rule("<+0545>-5:45")->standard_offset, 20'700);
  EXPECT_EQ(read_zone_rule("CET-1CEST,M3.5.0,M10.5.0/3")->summer->offset, 7200);
  EXPECT_EQ(read_zone_rule("IST-1GMT0,M10.5.0,M3.5.0/1")->summer->offset, 0);
  EXPECT_FALSE(read_zone_rule("IST-1")->summer);
}

TEST(ZoneRule, SummerAllYear) {
  const Zone zone = read(tzif(0, {}, "AAA3EDT4,0/0,J365/23"));
  EXPECT_EQ(zone.offset_at(at("2030-01-01T03:00:00")), -14'400);
  EXPECT_EQ(zone.offset_at(at("2030-12-31T23:59:59")), -14'400);
  EXPECT_EQ(zone.offset_at(at("2031-01-01T03:00:00")), -14'400);
  EXPECT_EQ(zone.offset_at(at("2031-01-01T02:59:59")), -14'400);
}

TEST(ZoneRule, NothingElseIsOne) {
  for (const std::string_view text : {"",
                                      "CET",
                                      "C-1",
                                      "-1",
                                      "CET-25",
                                      "CET-1:60",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M3.5.0,",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.0.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,J0,J5",
                                      "CET-1CEST,J366,J5",
                                      "CET-1CEST,366,5",
                                      "CET-1CEST,M3.5.0/168,M10.5.0",
                                      "CET-1CEST,M3.5.0,M10.5.0/3x",
                                      "<CET-1",
                                      "<+1>-1",
                                      "CET-1CEST,M3,5,0",
                                      "CET-99999999999999999999",
                                      "CET-1 CEST"}) {
    EXPECT_FALSE(read_zone_rule(text)) << text;
  }
}

TEST(Zones, Names) {
  for (const std::string_view name : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
                                      "Etc/GMT+5", "GMT-0", "America/Port-au-Prince", "EST5EDT"}) {
    EXPECT_TRUE(is_zone_name(name)) << name;
  }
  for (const std::string_view name :
       {"", "/", "/UTC", "UTC/", "Europe//Berlin", "../../etc/passwd", "Europe/../UTC", ".",
        "tzdata.zi", "Europe/Berlin ", "right/UTC", "posix/UTC", "posixrules", "localtime",
        "Factory", "Europe\\Berlin", "Ümlaut"}) {
    EXPECT_FALSE(is_zone_name(name)) << name;
  }
  EXPECT_TRUE(is_zone_name(std::string(kZoneNameBytesMax, 'a')));
  EXPECT_FALSE(is_zone_name(std::string(kZoneNameBytesMax + 1, 'a')));
}

TEST(Zones, AreReadFromTheirDirectory) {
  const std::string directory = ::testing::TempDir();
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(directory + "/" + name, std::ios::binary) << bytes;
  };
  write("Lapwing_Half", tzif(1800, {}, "AAA-0:30"));
  write("Lapwing_Text", "not a zone");
  Zones zones(directory);
  const auto half = zones.find("Lapwing_Half");
  ASSERT_NE(half, nullptr);
  EXPECT_EQ(half->offset_at(0), 1800);
  EXPECT_EQ(zones.find("Lapwing_Half"), half) << "kept";
  EXPECT_EQ(zones.find("Lapwing_Text"), nullptr);
  EXPECT_EQ(zones.find("Lapwing_None"), nullptr);
  Zones nowhere("/nonexistent");
  ASSERT_NE(nowhere.find("UTC"), nullptr);
  EXPECT_EQ(nowhere.find("UTC")->transitions(), 0U);
  EXPECT_EQ(nowhere.find("Europe/Berlin"), nullptr);
}

// What the database has said for years, in whichever version and form the machine has it.
TEST(Zones, TheMachinesOwn) {
  Zones zones;
  const auto berlin = zones.find("Europe/Berlin");
  if (berlin == nullptr) GTEST_SKIP() << "no /usr/share/zoneinfo";
  EXPECT_EQ(berlin->first(at("2024-03-31T02:30:00")).utc, std::nullopt);
  EXPECT_EQ(berlin->first(at("2024-10-27T02:30:00")).utc, at("2024-10-27T00:30:00"));
  EXPECT_EQ(berlin->offset_at(at("1975-07-01T00:00:00")), 3600);
  const auto apia = zones.find("Pacific/Apia");
  ASSERT_NE(apia, nullptr);
  EXPECT_EQ(apia->first(at("2011-12-30T12:00:00")).utc, std::nullopt);
  const auto new_york = zones.find("America/New_York");
  ASSERT_NE(new_york, nullptr);
  EXPECT_EQ(new_york->offset_at(at("2024-07-01T00:00:00")), -14'400);
  EXPECT_EQ(new_york->offset_at(at("2006-04-01T12:00:00")), -18'000);
  EXPECT_EQ(zones.find("Europe/Atlantis"), nullptr);
  EXPECT_EQ(zones.find("zone.tab"), nullptr);
  EXPECT_EQ(zones.find("Europe"), nullptr) << "a folder";
}

}  // namespace
}  // namespace lapwing::schedule
