#include "runtime/log/log_level.hpp"

#include <string>

#include <gtest/gtest.h>

#include "ports/log_sink.hpp"

namespace lapwing::runtime {
namespace {

using Level = ApplicationLevel;

TEST(ApplicationLevel, NamesInAnyCase) {
  EXPECT_EQ(parse_application_level("trace"), Level::kTrace);
  EXPECT_EQ(parse_application_level("Debug"), Level::kDebug);
  EXPECT_EQ(parse_application_level("INFO"), Level::kInfo);
  EXPECT_EQ(parse_application_level("WARNING"), Level::kWarn);
  EXPECT_EQ(parse_application_level("error"), Level::kError);
  EXPECT_EQ(parse_application_level("CRITICAL"), Level::kFatal);
  EXPECT_EQ(parse_application_level("loud"), std::nullopt);
  EXPECT_EQ(parse_application_level(""), std::nullopt);
}

TEST(ApplicationLevel, OfTheObjectsOwnMember) {
  EXPECT_EQ(level_of_line(R"({"level":"debug","msg":"x"})"), Level::kDebug);
  EXPECT_EQ(level_of_line(R"({ "msg" : "x" , "level" : "ERROR" })"), Level::kError);
  EXPECT_EQ(level_of_line(R"({"inner":{"level":"FATAL"},"level":"warn"})"), Level::kWarn);
  EXPECT_EQ(level_of_line(R"({"list":[{"level":"FATAL"}]})"), Level::kInfo);
  EXPECT_EQ(level_of_line(R"({"msg":"\"level\":\"FATAL\" {","level":"trace"})"), Level::kTrace);
  EXPECT_EQ(level_of_line(R"({"msg":"level","x":"FATAL"})"), Level::kInfo);
}

TEST(ApplicationLevel, WithoutAValidOneItIsInfo) {
  EXPECT_EQ(level_of_line(R"({"msg":"x"})"), Level::kInfo);
  EXPECT_EQ(level_of_line(R"({"level":30})"), Level::kInfo);
  EXPECT_EQ(level_of_line(R"({"level":"loud"})"), Level::kInfo);
  EXPECT_EQ(level_of_line(R"({"level":null})"), Level::kInfo);
  EXPECT_EQ(level_of_line(R"({"level":{"level":"FATAL"}})"), Level::kInfo);
  for (const char* broken : {"", "{", "{\"", "{\"level", "{\"level\"",
                             "{\"level\":", "{\"level\":\"", "{\"level\":\"\\", "}}}}", "{\"a\\"}) {
    EXPECT_EQ(level_of_line(broken), Level::kInfo) << broken;
  }
}

TEST(ApplicationLevel, WhatIsBelowDoesNotPass) {
  EXPECT_FALSE(passes(R"({"level":"debug"})", Level::kInfo));
  EXPECT_TRUE(passes(R"({"level":"debug"})", Level::kDebug));
  EXPECT_TRUE(passes(R"({"level":"error"})", Level::kWarn));
  EXPECT_FALSE(passes(" {\"level\":\"error\"} \r", Level::kFatal));
  EXPECT_FALSE(passes(R"({"msg":"no level"})", Level::kWarn));
  EXPECT_TRUE(passes(R"({"msg":"no level"})", Level::kInfo));
}

TEST(ApplicationLevel, TextPasses) {
  EXPECT_TRUE(passes("level: debug", Level::kFatal));
  EXPECT_TRUE(passes("{", Level::kFatal));
  EXPECT_TRUE(passes(R"({"level":"debug")", Level::kFatal));
  EXPECT_TRUE(passes(R"(["level","debug"])", Level::kFatal));
  EXPECT_TRUE(passes("", Level::kFatal));
}

TEST(ApplicationLevel, TheLongestLine) {
  const std::string filler(ports::kLogEventBytesMax, 'x');
  EXPECT_FALSE(passes(R"({"m":")" + filler + R"(","level":"debug"})", Level::kInfo));
  // Cut in two, as longer ones are: neither half is an object.
  EXPECT_TRUE(passes(R"({"level":"debug","m":")" + filler, Level::kInfo));
  const std::string deep = R"({"level":"debug","m":)" + std::string(100'000, '[');
  EXPECT_TRUE(passes(deep, Level::kInfo));
}

}  // namespace
}  // namespace lapwing::runtime
