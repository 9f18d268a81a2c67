#include <string>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "text/base64.hpp"
#include "text/gzip.hpp"
#include "text/hex.hpp"
#include "text/limits.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"
#include "text/time_format.hpp"

namespace lapwing::text {
namespace {

TEST(Base64, KnownAnswersOfTheStandard) {
  const char* const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
  const char* const coded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(base64_encode(std::string_view(plain[i])), coded[i]);
    EXPECT_EQ(base64_decode(coded[i]).value(), plain[i]);
  }
}

TEST(Base64, RoundTripsEveryByteAndLength) {
  SeededRandom random(3);
  for (std::size_t size = 0; size < 100; ++size) {
    std::string bytes(size, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
    EXPECT_EQ(base64_decode(base64_encode(std::string_view(bytes))).value(), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
  }
}

TEST(Base64, IsStrictAndSaysWhere) {
  EXPECT_EQ(base64_decode("Zm9*").error().message(),
            "Invalid base64: invalid character at position 3");
  EXPECT_EQ(base64_decode("{\"a\": 1}").error().message(),
            "Invalid base64: invalid character at position 0");
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zg===", "====", "Zm9v\n", "Zh==", "Zm9=", "=Zg=", "Zg==Zg==", "Zm-_"}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
  EXPECT_EQ(base64url_decode("Zg").value(), "f");
  EXPECT_FALSE(base64url_decode("Zg=="));
  EXPECT_FALSE(base64url_decode("Z"));
}

TEST(Hex, BothWays) {
  EXPECT_EQ(hex_encode(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(hex_decode("00Ff1A").value(), std::string_view("\x00\xff\x1a", 3));
  EXPECT_FALSE(hex_decode("abc"));
  EXPECT_EQ(hex_decode("0g").error().message(), "Invalid hexadecimal digit at position 1");
}

TEST(Percent, EncodesAsAwsDoes) {
  EXPECT_EQ(uri_encode("a b/c+~-._\xC3\xA9"), "a%20b%2Fc%2B~-._%C3%A9");
  EXPECT_EQ(uri_encode("a/b", false), "a/b");
}

TEST(Percent, Decodes) {
  EXPECT_EQ(percent_decode("%41%2f+%e9").value(), "A/+\xE9");
  EXPECT_EQ(form_decode("a+b%2B").value(), "a b+");
  EXPECT_EQ(percent_decode("ab%4").error().message(), "Invalid percent encoding at position 2");
  EXPECT_FALSE(percent_decode("%"));
  EXPECT_FALSE(percent_decode("%zz"));
  EXPECT_EQ(percent_decode_lenient("%zz%41%"), "%zzA%");
}

TEST(QueryString, KeepsOrderAndRepeats) {
  const QueryString query = QueryString::parse("b=2&a=1&&b=&c&d=x%3Dy=z+w&=v").value();
  const std::vector<QueryPair> expected = {{"b", "2"},       {"a", "1"},       {"b", ""},
                                           {"c", "", false}, {"d", "x=y=z w"}, {"", "v"}};
  EXPECT_EQ(query.pairs(), expected);
  EXPECT_EQ(query.get("b"), "2");
  EXPECT_TRUE(query.contains("c"));
  EXPECT_FALSE(query.get("x"));
  EXPECT_TRUE(QueryString::parse("").value().pairs().empty());
}

TEST(QueryString, RefusesBadEncodingAndTooManyPairs) {
  EXPECT_FALSE(QueryString::parse("a=%"));
  EXPECT_FALSE(QueryString::parse("%x=1"));
  std::string many;
  for (std::size_t i = 0; i < kQueryMaxPairs; ++i) many += "a&";
  EXPECT_TRUE(QueryString::parse(many));
  EXPECT_EQ(QueryString::parse(many + "a").error().kind(), ErrorKind::kTooLarge);
}

TEST(Time, Formats) {
  const WallTime time = wall_from_unix_ms(1573755365568);
  EXPECT_EQ(format_lambda_time(time), "2019-11-14T18:16:05.568+0000");
  EXPECT_EQ(format_iso8601(time), "2019-11-14T18:16:05Z");
  EXPECT_EQ(format_iso8601(time, true), "2019-11-14T18:16:05.568Z");
  EXPECT_EQ(format_date_time(time), "2019-11-14T18:16:05.568Z");
  EXPECT_EQ(format_date_time(wall_from_unix_ms(1573755365000)), "2019-11-14T18:16:05Z");
  EXPECT_EQ(format_http_date(time), "Thu, 14 Nov 2019 18:16:05 GMT");
  EXPECT_EQ(format_basic(time), "20191114T181605Z");
  EXPECT_EQ(format_day_path(time), "2019/11/14");
  EXPECT_EQ(format_epoch_seconds(time), "1573755365.568");
  EXPECT_EQ(format_epoch_seconds(wall_from_unix_ms(1573755365500)), "1573755365.5");
  EXPECT_EQ(format_epoch_seconds(wall_from_unix_ms(-1500)), "-1.5");
  EXPECT_EQ(format_epoch_seconds(wall_from_unix_ms(0)), "0");
  EXPECT_EQ(format_iso8601(wall_from_unix_ms(-1), true), "1969-12-31T23:59:59.999Z");
}

TEST(Time, ParsersReadWhatFormattersWrite) {
  for (const std::int64_t ms :
       {0LL, 1573755365568LL, 951782400000LL, -86400001LL, 4102444799999LL}) {
    const WallTime time = wall_from_unix_ms(ms);
    const WallTime second = std::chrono::floor<std::chrono::seconds>(time);
    EXPECT_EQ(parse_iso8601(format_lambda_time(time)).value(), time);
    EXPECT_EQ(parse_iso8601(format_iso8601(time, true)).value(), time);
    EXPECT_EQ(parse_http_date(format_http_date(time)).value(), second);
    EXPECT_EQ(parse_basic(format_basic(time)).value(), second);
    EXPECT_EQ(parse_epoch_seconds(format_epoch_seconds(time)).value(), time);
  }
}

TEST(Time, OffsetsFractionsAndLeapSeconds) {
  const WallTime time = wall_from_unix_ms(1573755365000);
  EXPECT_EQ(parse_iso8601("2019-11-14T19:46:05+01:30").value(), time);
  EXPECT_EQ(parse_iso8601("2019-11-14t10:16:05-0800").value(), time);
  EXPECT_EQ(parse_iso8601("2019-11-14 18:16:05.000000001Z").value(), time + Duration(1));
  EXPECT_EQ(parse_iso8601("2016-12-31T23:59:60Z").value(),
            parse_iso8601("2017-01-01T00:00:00Z").value());
  EXPECT_EQ(parse_http_date("Thu, 14 Nov 2019 18:16:05.123 GMT").value(),
            time + std::chrono::milliseconds(123));
  EXPECT_EQ(parse_epoch_seconds("1.573755365E9").value(), time);
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* bad :
       {"", "2019-02-30T00:00:00Z", "2019-11-14T24:00:00Z", "2019-11-14T18:60:00Z",
        "2019-11-14T18:16:05", "2019-11-14T18:16:05.Z", "2019-11-14T18:16:05.1234567890Z",
        "2019-11-14T18:16:05+24:00", "2019-11-14T18:16:05Zx", "19-11-14T18:16:05Z",
        "2019-1-14T18:16:05Z", "0000-01-01T00:00:00Z", "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_iso8601(bad)) << bad;
  }
  EXPECT_FALSE(parse_http_date("Thu, 14 Nov 2019 18:16:05 UTC"));
  EXPECT_FALSE(parse_http_date("Xyz, 14 Nov 2019 18:16:05 GMT"));
  EXPECT_FALSE(parse_basic("20191114T181605"));
  EXPECT_FALSE(parse_basic("20191314T181605Z"));
  for (const char* bad : {"", "x", "1e400", "nan", "inf", "1 ", "99999999999"}) {
    EXPECT_FALSE(parse_epoch_seconds(bad)) << bad;
  }
}

TEST(Gzip, ComesBackAsItWas) {
  for (const std::string& plain : {std::string(), std::string("text"), std::string(300'000, 'x')}) {
    const std::string packed = gzip(plain);
    EXPECT_TRUE(packed.starts_with("\x1f\x8b"));
    const auto again = gunzip(packed, 300'000);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, plain);
    EXPECT_FALSE(gunzip(packed.substr(0, packed.size() / 2), 300'000));
  }
  EXPECT_EQ(gunzip(gzip(std::string(300'000, 'x')), 299'999).error().kind(), ErrorKind::kTooLarge);
  EXPECT_EQ(gunzip("no gzip", 10).error().kind(), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace lapwing::text
