#include "services/logs/filter/pattern.hpp"

#include <array>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

struct Case {
  const char* pattern;
  const char* message;
  bool matches;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    const auto pattern = FilterPattern::parse(c.pattern);
    ASSERT_TRUE(pattern) << c.pattern << ": " << pattern.error().message();
    EXPECT_EQ(pattern->matches(c.message), c.matches) << c.pattern << " on " << c.message;
  }
}

std::string error_of(std::string_view pattern) {
  const auto result = FilterPattern::parse(pattern);
  if (result) return "accepted";
  return result.error().code() + ": " + result.error().message();
}

const std::string kInvalidPattern = "InvalidParameterException: Invalid filter pattern";

TEST(TextPattern, Terms) {
  check({
      {"", "anything", true},
      {"   ", "", true},
      {"\" \"", "nospace", true},
      {"ERROR", "[ERROR 400] BAD REQUEST", true},
      {"ERROR", "Exiting with ERRORCODE: -1", true},
      {"ERROR", "error", false},
      {"ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true},
      {"ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false},
      {"?ERROR ?ARGUMENTS", "[INFO] ARGUMENTS", true},
      {"?ERROR ?ARGUMENTS", "[INFO] fine", false},
      {"?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED", true},
      {"?ERROR ?ARGUMENTS REQUEST", "[ERROR] failed", false},
      {"?ERROR -REQUEST", "nothing", true},
      {"\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR", true},
      {"\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL ERROR SERVER", false},
      {"ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", true},
      {"ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", false},
      {"\"ERROR\" - \"Exiting\"", "Exiting with ERRORCODE: -1", false},
      {"-\"a b\"", "a b", false},
      {"-\"a b\"", "b a", true},
      {"\"level\\\":\\\"error\"", "{\"level\":\"error\"}", true},
      {"\"a\\\\b\"", "a\\b", true},
      {"\"\xC3\xA9t\xC3\xA9\"", "un \xC3\xA9t\xC3\xA9", true},
      {"%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", true},
      {"-%[45][0-9]{2}%", "status 404", false},
      {"?%warn|error% ?fatal", "an error", true},
  });
}

TEST(TextPattern, RefusesAsAwsDoes) {
  EXPECT_EQ(error_of("Status: timeout"),
            "InvalidParameterException: Invalid character(s) in term ':'");
  EXPECT_EQ(error_of("(foo)"), "InvalidParameterException: Invalid character(s) in term '('");
  EXPECT_EQ(error_of("a,b"), "InvalidParameterException: Invalid character(s) in term ','");
  EXPECT_EQ(error_of("level\\\":\\\"error"),
            "InvalidParameterException: Invalid character(s) in term '\\\":\\\"'");
  EXPECT_EQ(error_of("\"open"), kInvalidPattern);
  EXPECT_EQ(error_of("%open"), kInvalidPattern);
  EXPECT_EQ(error_of("-"), kInvalidPattern);
  EXPECT_EQ(error_of("?"), kInvalidPattern);
  EXPECT_EQ(error_of("{ $.a = 1"),
            "InvalidParameterException: If a filter pattern starts with '{' it must end with '}'");
  EXPECT_EQ(error_of("[a"),
            "InvalidParameterException: If a filter pattern starts with '[' it must end with ']'");
  EXPECT_EQ(error_of(std::string(kFilterPatternBytesMax + 1, 'a')), kInvalidPattern);
  EXPECT_EQ(error_of(std::string(kFilterPatternBytesMax, 'a')), "accepted");
}

TEST(SpacePattern, AwsExamples) {
  const char* apache =
      "127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";
  const char* error = "ERROR 09/25/2014 12:00:02 Failed to process request";
  const char* warning = "WARNING 09/25/2014 12:00:02 Invalid user request";
  const char* get = "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200";
  const char* post = "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310";
  check({
      {"[ip=%127\\.0\\.0\\.[1-9]%, user, username, timestamp, request =*.html*, "
       "status_code = 4*, bytes]",
       apache, true},
      {"[..., request =*.html*, status_code = 4*, bytes]", apache, true},
      {"[..., request =*.html*, status_code = 5*, bytes]", apache, false},
      {"[..., request=*.html*, status_code=4*,]", apache, true},
      {"[ip, user, username, timestamp, request =*.html*, status_code = 404 || "
       "status_code = 410, bytes]",
       apache, true},
      {"[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]",
       apache, true},
      {"[ip, user, username, timestamp, request, status_code, bytes > 1000]", apache, true},
      {"[ip, user, username, timestamp, request, status_code, bytes > 1534]", apache, false},
      {"[ip, user, username, timestamp, request, status_code, bytes >= 1.534e3]", apache, true},
      {"[ip, user, ..., status_code, bytes]", apache, true},
      {"[ip, user = frank, ...]", apache, false},
      {"[..., timestamp = \"10/Oct/*\", request, status_code, bytes]", apache, true},
      {"[w1=ERROR, w2]", error, true},
      {"[w1=ERROR, w2]", warning, false},
      {"[w1=ERROR]", error, false},
      {"[w1=ERROR]", "ERROR", true},
      {"[w1=ERROR || w1=WARNING, w2]", warning, true},
      {"[w1!=ERROR && w1!=WARNING, w2]", get, true},
      {"[w1!=ERROR&&w1!=WARNING, w2]", error, false},
      {"[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]", get, true},
      {"[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]", post,
       false},
      {"[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, "
       "response_time]",
       post, true},
      {"[report=REPORT, r, id, d, duration > 3.5, ...]",
       "REPORT RequestId: 1\tDuration: 3.01 ms\tBilled Duration: 4 ms", false},
      {"[report=REPORT, r, id, d, duration > 3, ...]",
       "REPORT RequestId: 1\tDuration: 3.01 ms\tBilled", true},
      {"[a, b, c]", "x y", false},
      {"[a, b, c]", "", false},
      {"[...]", "", true},
      {"[a, (b = 1 || b = 2) && b != 2]", "x 1", true},
      {"[a, (b = 1 || b = 2) && b != 2]", "x 2", false},
      {"[a = \"[x]\", b]", "\"[x]\" y", true},
      {"[a = open*, b]", "[open", false},
      {"[a = \"[open\", b]", "[open y", true},
  });
}

TEST(SpacePattern, ReportLineFieldsAreCutAtTabsToo) {
  check({{"[r=REPORT, i, id, n, duration >= 3, unit=ms, ...]",
          "REPORT RequestId: 6f\tDuration: 3.01 ms\tBilled Duration: 4 ms", true}});
}

TEST(SpacePattern, Refuses) {
  for (const char* pattern :
       {"[a = ]", "[a b]", "[a = 1 ||]", "[a = 1, ..., b, ...]", "[a > x]", "[a = 1 && b = 2]",
        "[(a = 1]", "[a = %x%, b = %y%, c = %z%]", "[a = \"x]", "[a > %x%]", "[a > \"x\"]"}) {
    EXPECT_EQ(error_of(pattern), kInvalidPattern) << pattern;
  }
  EXPECT_EQ(error_of("[a = x!y]"), "InvalidParameterException: Invalid character(s) in term '!'");
}

constexpr const char* kTrail = R"({"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111",
  "arrayKey":["value","another value"],"objectList":[{"name":"a","id":1},{"name":"b","id":2}],
  "SomeObject":null,"ThisFlag":true,"cluster.name":"c","errorCode":400,"latency":49.5,
  "number":[1000,0.001],"text":"400","empty":""})";
constexpr const char* kUsers = R"({"user":{"id":1,"email":"John.Stiles@example.com"},
  "users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],
  "actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]})";

TEST(JsonPattern, AwsExamples) {
  check({
      {"{ $.eventType = \"UpdateTrail\" }", kTrail, true},
      {"{$.eventType=UpdateTrail}", kTrail, true},
      {"{ $.eventType = \"*Trail\" }", kTrail, true},
      {"{ $.eventType = \"Up*ail\" }", kTrail, true},
      {"{ $.eventType = \"Trail\" }", kTrail, false},
      {"{ $.sourceIPAddress != 123.123.* }", kTrail, true},
      {"{ $.sourceIPAddress != 111.111.* }", kTrail, false},
      {"{ $.arrayKey[0] = \"value\" }", kTrail, true},
      {"{ $.arrayKey[1] = \"value\" }", kTrail, false},
      {"{ $.arrayKey[9] = \"value\" }", kTrail, false},
      {"{ $.eventType = %Trail% }", kTrail, true},
      {"{ $.arrayKey[*] = %val.{2}% }", kTrail, true},
      {"{ $.* = %111\\.111\\.111\\.1[0-9]{1,2}% }", kTrail, true},
      {"{ $.objectList[*].id = 2 }", kTrail, true},
      {"{ $.objectList[*].id = 3 }", kTrail, false},
      {"{ $.['cluster.name'] = \"c\" }", kTrail, true},
      {"{ $[\"cluster.name\"] = \"c\" }", kTrail, true},
      {"{ $.objectList[1].id = 2 }", kTrail, true},
      {"{ $.SomeObject IS NULL }", kTrail, true},
      {"{ $.eventType IS NULL }", kTrail, false},
      {"{ $.SomeOtherObject NOT EXISTS }", kTrail, true},
      {"{ $.SomeObject NOT EXISTS }", kTrail, false},
      {"{ $.ThisFlag IS TRUE }", kTrail, true},
      {"{ $.ThisFlag IS FALSE }", kTrail, false},
      {"{ $.SomeOtherObject IS TRUE }", kTrail, false},
      {"{ $.errorCode = 400}", kTrail, true},
      {"{ $.errorCode = 4.0e2 }", kTrail, true},
      {"{ $.errorCode = \"400\" }", kTrail, true},
      {"{ $.errorCode = 4* }", kTrail, true},
      {"{ $.errorCode != 500 }", kTrail, true},
      {"{ $.text = 400 }", kTrail, true},
      {"{ $.text > 300 }", kTrail, false},
      {"{ $.latency < 50 }", kTrail, true},
      {"{ $.latency <= 49.5 && $.latency >= 49.5 }", kTrail, true},
      {"{ $.latency > +49 }", kTrail, true},
      {"{ $.number[0] = 1e+3 }", kTrail, true},
      {"{ $.number[1] != 1e-3 }", kTrail, false},
      {"{ $.latency = * }", kTrail, true},
      {"{ $.missing = * }", kTrail, false},
      {"{ $.missing != \"x\" }", kTrail, false},
      {"{ $.arrayKey = \"value\" }", kTrail, false},
      {"{ $.arrayKey != \"value\" }", kTrail, false},
      {"{ $.empty = \"\" }", kTrail, true},
      {"{ ($.user.id = 1) && ($.users[0].email = \"John.Doe@example.com\") }", kUsers, true},
      {"{ $.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = \"nonmatch\" && "
       "$.actions[2] = \"nonmatch\" }",
       kUsers, true},
      {"{ ($.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = \"nonmatch\") && "
       "$.actions[2] = \"nonmatch\" }",
       kUsers, false},
      {"{ ($.user.id = 2 && $.users[0].email = \"nonmatch\") || $.actions[2] = \"GET\" }", kUsers,
       false},
      {"{ $.coordinates[1][2] = 6 }", kUsers, true},
      {"{ $.level = \"a*b\" }", "{\"level\":\"axxb\"}", true},
      {"{ $.level = \"a\\*b\" }", "{\"level\":\"axxb\"}", false},
      {"{ $.level = \"a\\*b\" }", "{\"level\":\"a*b\"}", true},
      {"{ $.say = \"\\\"hi\\\"\" }", "{\"say\":\"\\\"hi\\\"\"}", true},
      {"{ $.detail-type = \"x\" }", "{\"detail-type\":\"x\"}", true},
      {"{ $.a = 1 }", "{\"a\":1}\n", true},
      {"{ $.a = 1 }", "  {\"a\":1}", true},
      {"{ $.a = 1 }", "prefix {\"a\":1}", false},
      {"{ $.a NOT EXISTS }", "not json", false},
      {"{ $.a = 1 }", "{\"a\":1", false},
      {"{ $.a = 1 }", "", false},
  });
}

TEST(JsonPattern, Refuses) {
  for (const char* pattern : {"{}",
                              "{ }",
                              "{ $ = 1 }",
                              "{ $.a }",
                              "{ $.a = }",
                              "{ $.a IS NOT NULL }",
                              "{ $.a EXISTS }",
                              "{ a = 1 }",
                              "{ $.a = 1 && }",
                              "{ $.a = 1 || || $.b = 1 }",
                              "{ ($.a = 1 }",
                              "{ $.a = 1) }",
                              "{ $.a > x }",
                              "{ $.a > \"1\" }",
                              "{ $.a = \"x }",
                              "{ $.a[x] = 1 }",
                              "{ $.a[1 = 1 }",
                              "{ $.*.* = 1 }",
                              "{ $.a[*][*] = 1 }",
                              "{ $.a ~ 1 }",
                              "{ $.a = 1 $.b = 2 }",
                              "{ $.* = 1 || $.a.* = 1 || $.b.* = 1 || $.c.* = 1 }",
                              "{ $.a = %a% && $.b = %b% && $.c = %c% }",
                              "{ $.[''] = 1 }",
                              "{ $.a = %( }"}) {
    const std::string error = error_of(pattern);
    EXPECT_TRUE(error == kInvalidPattern || error.contains("Invalid character(s) in term"))
        << pattern << ": " << error;
  }
  EXPECT_EQ(error_of("{ $.\"sc-status\" = 5* }"),
            "InvalidParameterException: Invalid character(s) in term '$.\"'");
}

TEST(JsonPattern, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return "{ " + std::string(depth, '(') + "$.a = 1" + std::string(depth, ')') + " }";
  };
  EXPECT_EQ(error_of(nested(kFilterNestingMax)), "accepted");
  EXPECT_EQ(error_of(nested(kFilterNestingMax + 1)), kInvalidPattern);
}

// No input may crash it, and what it accepts it can match. Seeds are cut and spliced.
TEST(FilterPattern, AnyBytesAreAcceptedOrRefused) {
  const std::string seeds[] = {"{ ($.a[0] = \"x*\" || $.b >= 1e3) && $.c IS NULL }",
                               "[a, b = 4* && b != %x{1,3}%, ..., \"c\"]",
                               "ERROR -\"two words\" ?any %[a-z]+|^x$% \\"};
  SeededRandom random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::array<std::byte, 8> dice{};
    random.fill(dice);
    const auto roll = [&](std::size_t at) { return static_cast<unsigned char>(dice[at]); };
    std::string pattern = seeds[roll(0) % 3];
    pattern.erase(roll(1) % pattern.size(), roll(2) % 8);
    if (!pattern.empty()) pattern[roll(3) % pattern.size()] = static_cast<char>(roll(4));
    pattern += seeds[roll(5) % 3].substr(roll(6) % 20, roll(7) % 10);
    const auto parsed = FilterPattern::parse(pattern);
    if (!parsed) {
      EXPECT_EQ(parsed.error().code(), "InvalidParameterException");
      continue;
    }
    (void)parsed->matches(kTrail);
    (void)parsed->matches("ERROR \"two words\" [x y] 404");
  }
}

TEST(FilterPattern, TellsWhatItReads) {
  const auto read = [](std::string_view pattern, std::string_view message) {
    std::string out;
    for (const auto& [name, value] : FilterPattern::parse(pattern)->extract(message)) {
      out += name + "=" + value + " ";
    }
    return out;
  };
  EXPECT_EQ(read("[ip, , size > 1]", "1.2.3.4 x 12"), "$2=x $ip=1.2.3.4 $size=12 ");
  EXPECT_EQ(read("[(a = x || a = y), b]", "x rest of it"), "$a=x $b=rest of it ");
  EXPECT_EQ(read("[..., last]", "a b c"), "$1=a $2=b $last=c ");
  EXPECT_EQ(read("{ $.a = 1 && $.b[0].c = x* }", R"({"a":1,"b":[{"c":"xyz"}]})"),
            "$.a=1 $.b[0].c=xyz ");
  EXPECT_EQ(read("ERROR", "ERROR"), "");
  EXPECT_EQ(read("", "anything"), "");
}

}  // namespace
}  // namespace lapwing::logs
