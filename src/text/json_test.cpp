#include "text/json.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "text/json_writer.hpp"
#include "text/utf8.hpp"

namespace lapwing::text {
namespace {

std::string problem(std::string_view text) {
  const auto checked = check_json(text);
  if (checked) return "ok";
  const JsonError& error = checked.error();
  return error.message + " @" + std::to_string(error.line) + ":" + std::to_string(error.column);
}

constexpr std::string_view kValues =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
constexpr std::string_view kSource =
    "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); ";

TEST(Json, ReadsEveryKindInOrder) {
  const auto doc = parse_json(R"( {"a": [1, -2.5e3, "x", true, false, null, {}, []], "b": ""} )");
  ASSERT_TRUE(doc) << doc.error().message();
  const JsonValue& root = doc->root();
  ASSERT_TRUE(root.is_object());
  ASSERT_EQ(root.members().size(), 2u);
  EXPECT_EQ(root.members()[0].key, "a");
  const auto items = root.find("a")->items();
  ASSERT_EQ(items.size(), 8u);
  EXPECT_EQ(items[0].as_int64(), 1);
  EXPECT_EQ(items[1].as_double(), -2500);
  EXPECT_FALSE(items[1].as_int64());
  EXPECT_EQ(items[2].as_string(), "x");
  EXPECT_TRUE(items[3].as_bool());
  EXPECT_TRUE(items[4].is_bool());
  EXPECT_FALSE(items[4].as_bool());
  EXPECT_TRUE(items[5].is_null());
  EXPECT_TRUE(items[6].is_object());
  EXPECT_TRUE(items[7].is_array());
  EXPECT_EQ(root.find("b")->as_string(), "");
  EXPECT_EQ(root.find("c"), nullptr);
}

TEST(Json, AccessorsOfAnotherKindGiveZero) {
  const auto doc = parse_json("[\"1\", 1]").value();
  const auto items = doc.root().items();
  EXPECT_FALSE(items[0].as_int64());
  EXPECT_EQ(items[0].as_double(), 0);
  EXPECT_EQ(items[1].as_string(), "");
  EXPECT_TRUE(doc.root().members().empty());
}

TEST(Json, TheLastOfRepeatedKeysWinsAndAllAreKept) {
  const auto doc = parse_json(R"({"k":1,"other":2,"k":3})").value();
  EXPECT_EQ(doc.root().members().size(), 3u);
  EXPECT_EQ(doc.root().find("k")->as_int64(), 3);
}

TEST(Json, NumbersKeepTheirTextAndConvertExactly) {
  const auto doc = parse_json(
                       "[9223372036854775807,9223372036854775808,18446744073709551616,1.0,1e2,-0,"
                       "0.1,1e400,-1e400,1e-400,1.7976931348623157e308,-9223372036854775808]")
                       .value();
  const auto n = doc.root().items();
  EXPECT_EQ(n[0].as_int64(), INT64_MAX);
  EXPECT_FALSE(n[1].as_int64());
  EXPECT_EQ(n[1].as_uint64(), 9223372036854775808u);
  EXPECT_FALSE(n[2].as_uint64());
  EXPECT_EQ(n[2].number_text(), "18446744073709551616");
  EXPECT_FALSE(n[3].is_integer());
  EXPECT_EQ(n[3].as_double(), 1);
  EXPECT_FALSE(n[4].as_int64());
  EXPECT_EQ(n[5].as_int64(), 0);
  EXPECT_EQ(n[5].as_uint64(), 0u);
  EXPECT_TRUE(std::signbit(n[5].as_double()));
  EXPECT_EQ(n[6].as_double(), 0.1);
  EXPECT_EQ(n[7].as_double(), HUGE_VAL);
  EXPECT_EQ(n[8].as_double(), -HUGE_VAL);
  EXPECT_EQ(n[9].as_double(), 0);
  EXPECT_EQ(n[10].as_double(), 1.7976931348623157e308);
  EXPECT_EQ(n[11].as_int64(), INT64_MIN);
}

TEST(Json, DecodesEscapes) {
  const auto doc = parse_json(R"(["\"\\\/\b\f\n\r\t", "\u0041\u00e9\u20AC\ud83d\ude00", "a\u0000b",
      "\ud83d", "\ude00x", "\ud83d\u0041"])");
  ASSERT_TRUE(doc) << doc.error().message();
  const auto s = doc->root().items();
  EXPECT_EQ(s[0].as_string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(s[1].as_string(), "A\u00e9\u20AC\U0001F600");
  EXPECT_EQ(s[2].as_string(), std::string_view("a\0b", 3));
  EXPECT_EQ(s[3].as_string(), "\uFFFD");
  EXPECT_EQ(s[4].as_string(), "\uFFFDx");
  EXPECT_EQ(s[5].as_string(), "\uFFFDA");
}

TEST(Json, CopyOutlivesItsText) {
  JsonDocument doc;
  {
    std::string text = R"({"name":"value","n":12})";
    doc = parse_json_copy(text).value();
    text.assign(text.size(), '#');
  }
  EXPECT_EQ(doc.root().find("name")->as_string(), "value");
  EXPECT_EQ(doc.root().find("n")->as_int64(), 12);
}

TEST(Json, LimitsOfDepthAndSize) {
  const std::string deepest = std::string(kJsonMaxDepth, '[') + std::string(kJsonMaxDepth, ']');
  EXPECT_TRUE(parse_json(deepest));
  EXPECT_FALSE(parse_json("[" + deepest + "]"));
  EXPECT_EQ(problem(std::string(1001, '[')),
            "Document nesting depth (1001) exceeds the maximum allowed (1000, from "
            "`StreamReadConstraints.getMaxNestingDepth()`) @0:0");
  EXPECT_EQ(problem(std::string(1000, '[') + std::string(1000, ']')), "ok");
  EXPECT_TRUE(parse_json("[1]", {.max_bytes = 3}));
  const auto large = parse_json("[12]", {.max_bytes = 3});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind(), ErrorKind::kTooLarge);
}

TEST(Json, ErrorOfParseNamesLineAndColumn) {
  const auto bad = parse_json("{\n  \"a\": tru\n}");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), "SerializationException");
  EXPECT_TRUE(bad.error().message().starts_with("Unrecognized token 'tru'"));
  EXPECT_TRUE(bad.error().message().ends_with("at line 2, column 12")) << bad.error().message();
}

TEST(CheckJson, GoodDocuments) {
  for (const std::string_view text :
       {"0", "-1.5E+10", " null ", "\"\\u00e9\xC3\xA9\"", "[]", "{}", "[[],{}]", "{\"\":0}",
        "true\n", "[0.0e-0]", "\"\xF4\x8F\xBF\xBF\"", "\"12345678\\\"12345678\""}) {
    EXPECT_EQ(problem(text), "ok") << text;
  }
}

TEST(CheckJson, UnexpectedCharacters) {
  const std::string values(kValues);
  EXPECT_EQ(problem("'a'"),
            "Unexpected character (''' (code 39)): expected a valid value " + values + " @1:1");
  EXPECT_EQ(problem("{a:1}"),
            "Unexpected character ('a' (code 97)): was expecting double-quote to start field name "
            "@1:2");
  EXPECT_EQ(problem("{\"a\" 1}"),
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name "
            "and value @1:6");
  EXPECT_EQ(problem("{\"a\":1 \"b\":2}"),
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries "
            "@1:8");
  EXPECT_EQ(problem("[1\n 2]"),
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries "
            "@2:2");
  EXPECT_EQ(problem("[1,]"), "Unexpected character (']' (code 93)): expected a value @1:4");
  EXPECT_EQ(problem("[,1]"), "Unexpected character (',' (code 44)): expected a value @1:2");
  EXPECT_EQ(problem("{\"a\":}"), "Unexpected character ('}' (code 125)): expected a value @1:6");
  EXPECT_EQ(problem("{\"a\":1,}"),
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name "
            "@1:8");
  EXPECT_EQ(problem("// x"),
            "Unexpected character ('/' (code 47)): maybe a (non-standard) comment? (not recognized "
            "as one since Feature 'ALLOW_COMMENTS' not enabled for parser) @1:1");
  EXPECT_EQ(problem("\xB2"), "Unexpected character ('\u00b2' (code 178)): expected a valid value " +
                                 values + " @1:1");
  EXPECT_EQ(problem("[1\u20AC]"),
            "Unexpected character ('\u00e2' (code 226)): was expecting comma to separate Array "
            "entries @1:3");
  EXPECT_EQ(problem("{\u20AC:1}"),
            "Unexpected character ('\u20AC' (code 8364 / 0x20ac)): was expecting double-quote to "
            "start field name @1:4");
}

TEST(CheckJson, Numbers) {
  EXPECT_EQ(problem("-a"),
            "Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to follow "
            "minus sign, for valid numeric value @1:2");
  EXPECT_EQ(problem("01"), "Invalid numeric value: Leading zeroes not allowed @1:2");
  EXPECT_EQ(problem("[1.]"),
            "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by "
            "a digit @1:4");
  EXPECT_EQ(problem("1."),
            "Unexpected character ('.' (code 46)) in numeric value: Decimal point not followed by "
            "a digit @1:2");
  EXPECT_EQ(problem("[1e+]"),
            "Unexpected character (']' (code 93)) in numeric value: Exponent indicator not "
            "followed by a digit @1:5");
  EXPECT_EQ(problem("-"), "Unexpected end-of-input in null @1:2");
  EXPECT_EQ(problem("[12,-"), "Unexpected end-of-input in VALUE_NUMBER_INT @1:6");
  EXPECT_EQ(problem("[true, 1e"), "Unexpected end-of-input in VALUE_TRUE @1:10");
  EXPECT_EQ(problem("{\"a\":-"), "Unexpected end-of-input in FIELD_NAME @1:7");
  EXPECT_EQ(problem("12a"),
            "Unexpected character ('a' (code 97)): Expected space separating root-level values "
            "@1:3");
  EXPECT_TRUE(
      problem("+1").starts_with("Unexpected character ('+' (code 43)) in numeric value: "
                                "JSON spec does not allow numbers to have plus signs"));
  EXPECT_TRUE(problem("NaN").starts_with("Non-standard token 'NaN'"));
}

TEST(CheckJson, UnrecognizedTokens) {
  const std::string tail = "': was expecting " + std::string(kValues);
  EXPECT_EQ(problem("asdf"), "Unrecognized token 'asdf" + tail + " @1:5");
  EXPECT_EQ(problem("hello world"), "Unrecognized token 'hello" + tail + " @1:7");
  EXPECT_EQ(problem("{\"a\":tru}"), "Unrecognized token 'tru" + tail + " @1:10");
  EXPECT_EQ(problem("[nullx]"), "Unrecognized token 'nullx" + tail + " @1:8");
  EXPECT_EQ(problem("nul"), "Unrecognized token 'nul" + tail + " @1:4");
  const std::string endless(300, 'a');
  EXPECT_EQ(problem(endless),
            "Unrecognized token '" + endless.substr(0, 256) + "..." + tail + " @1:257");
}

TEST(CheckJson, EndOfInput) {
  EXPECT_EQ(problem(""), "No content to map due to end-of-input @1:0");
  EXPECT_EQ(problem("  \n"), "No content to map due to end-of-input @1:0");
  EXPECT_EQ(problem("{"),
            "Unexpected end-of-input: expected close marker for Object (start marker "
            "at " +
                std::string(kSource) + "line: 1, column: 1]) @1:2");
  EXPECT_EQ(problem("{\"a\":\n[1"),
            "Unexpected end-of-input: expected close marker for Array (start marker at " +
                std::string(kSource) + "line: 2, column: 1]) @2:3");
  EXPECT_EQ(problem("[1,"), "Unexpected end-of-input within/between Array entries @1:4");
  EXPECT_EQ(problem("{\"a\""), "Unexpected end-of-input within/between Object entries @1:5");
  EXPECT_EQ(problem("{\"a\":"), "Unexpected end-of-input within/between Object entries @1:6");
  EXPECT_EQ(problem("\"ab"), "Unexpected end-of-input in VALUE_STRING @1:4");
  EXPECT_EQ(problem("\"\xC3"), "Unexpected end-of-input in VALUE_STRING @1:3");
  EXPECT_EQ(problem("{\""), "Unexpected end-of-input: was expecting closing '\"' for name @1:3");
  EXPECT_EQ(problem("{\"ab"), "Unexpected end-of-input in field name @1:5");
  EXPECT_EQ(problem("\"\\"), "Unexpected end-of-input in character escape sequence @1:3");
  EXPECT_EQ(problem("\"\\u12"), "Unexpected end-of-input in character escape sequence @1:6");
}

TEST(CheckJson, StringsAndSpaces) {
  EXPECT_EQ(problem("\"a\nb\""),
            "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash "
            "to be included in string value @1:3");
  EXPECT_EQ(problem("{\"a\tb\":1}"),
            "Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped using backslash "
            "to be included in name @1:4");
  EXPECT_EQ(problem("\"\\x\""), "Unrecognized character escape 'x' (code 120) @1:3");
  EXPECT_EQ(problem("\"\\u12g4\""),
            "Unexpected character ('g' (code 103)): expected a hex-digit for character escape "
            "sequence @1:6");
  EXPECT_EQ(problem("\"\xA7\""), "Invalid UTF-8 start byte 0xa7 @1:3");
  EXPECT_EQ(problem("\"\xC3(\""), "Invalid UTF-8 middle byte 0x28 @1:4");
  EXPECT_EQ(problem("\"\xED\xA0\x80\""), "Invalid UTF-8 middle byte 0xa0 @1:4");
  EXPECT_EQ(problem(std::string_view("\0", 1)),
            "Illegal character ((CTRL-CHAR, code 0)): only regular white space (\\r, \\n, \\t) is "
            "allowed between tokens @1:2");
}

TEST(CheckJson, ClosersAndTrailers) {
  EXPECT_EQ(problem("{\"a\":[1}"),
            "Unexpected close marker '}': expected ']' (for Array starting at " +
                std::string(kSource) + "line: 1, column: 6]) @1:8");
  EXPECT_EQ(problem("{]"), "Unexpected close marker ']': expected '}' (for Object starting at " +
                               std::string(kSource) + "line: 1, column: 1]) @1:2");
  EXPECT_EQ(problem("]"), "Unexpected close marker ']': expected '}' (for root starting at " +
                              std::string(kSource) + "line: 1]) @1:1");
  EXPECT_TRUE(problem("{} {}").starts_with("Trailing token (of type START_OBJECT) found"));
  EXPECT_TRUE(problem("{} x").starts_with("Unrecognized token 'x'"));
}

TEST(CheckJson, LinesEndAtEitherNewline) {
  EXPECT_TRUE(problem("[\r\n\r\n \n ,").ends_with("@4:2"));
  EXPECT_TRUE(problem("[\r\r ,").ends_with("@3:2"));
}

TEST(CheckJson, LocationSuffixIsJacksons) {
  EXPECT_EQ(check_json("[1,]").error().with_location(),
            "Unexpected character (']' (code 93)): expected a value\n at " + std::string(kSource) +
                "line: 1, column: 4]");
}

// Every stop byte at every offset of the eight-byte step.
TEST(CheckJson, StopsAtTheRightByteOfAWord) {
  for (std::size_t at = 0; at < 17; ++at) {
    std::string text = "\"" + std::string(17, 'x') + "\"";
    text[1 + at] = '\x1f';
    EXPECT_TRUE(problem(text).ends_with("@1:" + std::to_string(at + 2))) << at;
    text[1 + at] = '\x7f';
    EXPECT_EQ(problem(text), "ok");
    text[1 + at] = '\xff';
    EXPECT_TRUE(problem(text).starts_with("Invalid UTF-8 start byte 0xff")) << at;
  }
}

TEST(JsonWriter, WritesWhatTheReaderReads) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("s", "a\"\\\n\x01\u20AC");
  json.member("bad", std::string("\xff\xC3"));
  json.member("i", -5);
  json.member("u", std::size_t{5});
  json.member("b", true);
  json.member("d", 0.1);
  json.key("list");
  json.begin_array();
  json.null();
  json.begin_object();
  json.end_object();
  json.begin_array();
  json.end_array();
  json.raw("{\"x\":1}");
  json.end_array();
  json.end_object();
  EXPECT_EQ(out,
            "{\"s\":\"a\\\"\\\\\\n\\u0001\u20AC\",\"bad\":\"\uFFFD\uFFFD\",\"i\":-5,\"u\":5,"
            "\"b\":true,\"d\":0.1,\"list\":[null,{},[],{\"x\":1}]}");
  EXPECT_TRUE(check_json(out));
}

TEST(JsonWriter, WritesWhatWasReadAsItWasWritten) {
  const auto read =
      parse_json(" { \"b\" : [ 1.50 , -0, 1e3, true, null, { } , [] ],\n\"a\" : \"\\u0041\" } ");
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(read->root()), R"({"b":[1.50,-0,1e3,true,null,{},[]],"a":"A"})");
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("x");
  json.value(*read->root().find("a"));
  json.member("y", 1);
  json.end_object();
  EXPECT_EQ(out, R"({"x":"A","y":1})");
}

TEST(JsonWriter, NumbersAsAwsWritesThem) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.number(std::nan(""));
  json.number(HUGE_VAL);
  json.number(-HUGE_VAL);
  json.number(1);
  json.number(1e21);
  json.number(5e-324);
  json.epoch_seconds(1573755365568);
  json.epoch_seconds(1573755365500);
  json.epoch_seconds(1573755365000);
  json.epoch_seconds(-1500);
  json.end_array();
  EXPECT_EQ(out,
            "[\"NaN\",\"Infinity\",\"-Infinity\",1,1e+21,5e-324,1573755365.568,1573755365.5,"
            "1573755365,-1.5]");
}

TEST(Utf8, ValidatesTruncatesAndRepairs) {
  EXPECT_TRUE(is_valid_utf8("aaaaaaaaaaaaaaa\u00e9\u20AC\U0001F600"));
  EXPECT_FALSE(is_valid_utf8("\xC0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
  EXPECT_EQ(valid_utf8_prefix("abc\xE2\x82"), 3u);
  EXPECT_EQ(truncate_utf8("a\u20ACb", 3), "a");
  EXPECT_EQ(truncate_utf8("a\u20ACb", 4), "a\u20AC");
  EXPECT_EQ(truncate_utf8("a\u20ACb", 5), "a\u20ACb");
  EXPECT_EQ(truncate_utf8("\u20AC", 0), "");
  EXPECT_EQ(truncate_utf8("\x80\x80\x80\x80\x80\x80", 5), "\x80\x80\x80\x80\x80");
  EXPECT_EQ(utf8_length("a\u20AC\xff"), 3u);
  // The Unicode standard's example of the recommended practice (section 3.9).
  EXPECT_EQ(replace_invalid_utf8("a\xF1\x80\x80\xE1\x80\xC2"
                                 "b\x80"
                                 "c\x80\xBF"
                                 "d"),
            "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
}

}  // namespace
}  // namespace lapwing::text
