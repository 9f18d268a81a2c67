// Metric filters: their records, what they count where somebody takes it, and what they would
// match.
#include <string>

#include "services/logs/testing/follow_host.hpp"

namespace lapwing::logs::testing {
namespace {

std::string filter(std::string_view name, std::string_view pattern, std::string_view value,
                   std::string_view more = "", std::string_view metric = "m") {
  return fmt::format(
      R"({{"logGroupName":"g","filterName":"{}","filterPattern":{},"metricTransformations":[)"
      R"({{"metricName":"{}","metricNamespace":"N","metricValue":"{}"{}}}]}})",
      name, in_quotes(pattern), metric, value, more);
}

TEST(MetricFilters, AreKeptDescribedAndDeleted) {
  FollowHost host(false);
  host.make("g", "s");
  ASSERT_TRUE(host.call("PutMetricFilter", filter("b", "{ $.n > 1 }", "$.n",
                                                  R"(,"unit":"Count","dimensions":{"d":"$.d"})"))
                  .ok());
  ASSERT_TRUE(
      host.call("PutMetricFilter", filter("a", "ERROR", "1", R"(,"defaultValue":0)", "other"))
          .ok());
  const Answer all = host.call("DescribeMetricFilters", R"({"logGroupName":"g"})");
  EXPECT_EQ(all.size("metricFilters"), 2U) << all.text;
  EXPECT_EQ(all.at("metricFilters.0.filterName"), "a");
  EXPECT_EQ(all.at("metricFilters.0.metricTransformations.0.defaultValue"), "0");
  EXPECT_EQ(all.at("metricFilters.0.metricTransformations.0.unit"), "");
  EXPECT_EQ(all.at("metricFilters.0.applyOnTransformedLogs"), "false");
  EXPECT_EQ(all.at("metricFilters.1.metricTransformations.0.dimensions.d"), "$.d");
  EXPECT_EQ(all.at("metricFilters.1.metricTransformations.0.unit"), "Count");
  EXPECT_EQ(host.call("DescribeLogGroups").at("logGroups.0.metricFilterCount"), "2");
  EXPECT_EQ(host.call("DescribeMetricFilters", R"({"metricName":"m","metricNamespace":"N"})")
                .at("metricFilters.0.filterName"),
            "b");
  EXPECT_EQ(host.call("DescribeMetricFilters", R"({"metricName":"m"})").error,
            "InvalidParameterException");
  EXPECT_EQ(host.call("DescribeMetricFilters", R"({"filterNamePrefix":"a"})").size("metricFilters"),
            1U);
  EXPECT_EQ(host.call("DescribeMetricFilters", R"({"logGroupName":"x"})").error,
            "ResourceNotFoundException");
  host.restart();
  ASSERT_TRUE(host.call("DeleteMetricFilter", R"({"logGroupName":"g","filterName":"a"})").ok());
  const Answer again = host.call("DeleteMetricFilter", R"({"logGroupName":"g","filterName":"a"})");
  EXPECT_EQ(again.text, "The specified metric filter does not exist.");
  ASSERT_TRUE(host.call("DeleteLogGroup", R"({"logGroupName":"g"})").ok());
  EXPECT_EQ(host.call("DescribeMetricFilters").size("metricFilters"), 0U);
}

TEST(MetricFilters, RefuseValuesThatNothingCanBe) {
  FollowHost host;
  host.make("g", "s");
  const auto error = [&](const std::string& input) {
    return host.call("PutMetricFilter", input).error;
  };
  EXPECT_EQ(error(filter("f", "ERROR", "$.n")), "InvalidParameterException");
  EXPECT_EQ(error(filter("f", "ERROR", "many")), "InvalidParameterException");
  EXPECT_EQ(error(filter("f", "{ $.n = 1 }", "1", R"(,"defaultValue":0,"dimensions":{"d":"$.d"})")),
            "InvalidParameterException");
  EXPECT_EQ(error(filter("f", "{ $.n = 1 }", "1",
                         R"(,"dimensions":{"a":"$.a","b":"$.b","c":"$.c","d":"$.d"})")),
            "InvalidParameterException");
  EXPECT_EQ(error(filter("f", "[", "1")), "InvalidParameterException");
  EXPECT_EQ(host.call("PutMetricFilter",
                      R"({"logGroupName":"g","filterName":"f","filterPattern":"",)"
                      R"("fieldSelectionCriteria":"x","metricTransformations":[{"metricName":"m",)"
                      R"("metricNamespace":"N","metricValue":"1"}]})")
                .error,
            "NotImplemented");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(host.call("PutMetricFilter", filter(fmt::format("f{}", i), "x", "1")).ok());
  }
  EXPECT_EQ(error(filter("one-more", "x", "1")), "LimitExceededException");
  EXPECT_EQ(error(filter("f0", "y", "1")), "");
}

TEST(MetricFilters, CountWhereSomebodyTakesValues) {
  FollowHost host;
  host.make("g", "s");
  ASSERT_TRUE(host.call("PutMetricFilter",
                        filter("latency", "{ $.latency > 100 }", "$.latency",
                               R"(,"unit":"Milliseconds","dimensions":{"path":"$.path"})"))
                  .ok());
  ASSERT_TRUE(
      host.call("PutMetricFilter", filter("errors", "ERROR", "1", R"(,"defaultValue":0)", "errors"))
          .ok());
  ASSERT_TRUE(host.call("PutMetricFilter", filter("size", "[ip, size]", "$size", "", "size")).ok());
  ASSERT_TRUE(host.put("g", "s",
                       {R"({"latency":250,"path":"/a"})", R"({"latency":300})",
                        R"({"latency":50,"path":"/b"})"})
                  .ok());
  host.settle();
  EXPECT_EQ(host.gauges.all(), (Messages{"N/errors None = 0", "N/m path=/a Milliseconds = 250"}));
  ASSERT_TRUE(host.put("g", "s", {"ERROR 12"}).ok());
  host.settle();
  const auto all = host.gauges.all();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2], "N/errors None = 1");
  EXPECT_EQ(all[3], "N/size None = 12");
}

TEST(MetricFilters, AreTriedOutOnSamples) {
  FollowHost host(false);
  const Answer got =
      host.call("TestMetricFilter", R"({"filterPattern":"[ip, ..., size > 10]","logEventMessages":)"
                                    R"(["1.2.3.4 GET 12","1.2.3.4 GET 1","4.3.2.1 POST /x 99"]})");
  EXPECT_EQ(got.size("matches"), 2U) << got.text;
  EXPECT_EQ(got.at("matches.0.eventNumber"), "1");
  EXPECT_EQ(got.at("matches.1.eventNumber"), "3");
  EXPECT_EQ(got.at("matches.1.eventMessage"), "4.3.2.1 POST /x 99");
  const auto document = text::parse_json_copy(got.text);
  const text::JsonValue* const values =
      document->root().find("matches")->items()[1].find("extractedValues");
  ASSERT_NE(values, nullptr);
  EXPECT_EQ(values->size(), 4U);
  EXPECT_EQ(values->find("$ip")->as_string(), "4.3.2.1");
  EXPECT_EQ(values->find("$2")->as_string(), "POST");
  EXPECT_EQ(values->find("$size")->as_string(), "99");
  const Answer json =
      host.call("TestMetricFilter",
                R"({"filterPattern":"{ $.n = 1 }","logEventMessages":["{\"n\":1}","no"]})");
  EXPECT_EQ(json.size("matches"), 1U);
  EXPECT_EQ(
      host.call("TestMetricFilter", R"({"filterPattern":"{","logEventMessages":["x"]})").error,
      "InvalidParameterException");
}

}  // namespace
}  // namespace lapwing::logs::testing
