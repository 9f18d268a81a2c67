// Resource policies, and what other services may write by them; what is asked of groups that have
// nothing.
#include <future>
#include <string>

#include "services/logs/testing/follow_host.hpp"

namespace lapwing::logs::testing {
namespace {

constexpr std::string_view kGroupArn =
    "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/g";

std::string policy(std::string_view service, std::string_view effect = "Allow") {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Principal":{{"Service":"{}"}},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/*:*"}}]}})",
      effect, service);
}

std::string put_named(std::string_view name, std::string_view document) {
  return fmt::format(R"({{"policyName":"{}","policyDocument":{}}})", name, in_quotes(document));
}
std::string put_own(std::string_view document, std::string_view more = "") {
  return fmt::format(R"({{"resourceArn":"{}","policyDocument":{}{}}})", kGroupArn,
                     in_quotes(document), more);
}

ports::Delivered send(FollowHost& host, std::string_view service) {
  ports::Destination* const logs = host.ports.destinations->find(kGroupArn);
  std::vector<ports::Parcel> parcels(1);
  parcels[0].target = kGroupArn;
  parcels[0].body = "event";
  parcels[0].as.service = service;
  auto promise = std::make_shared<std::promise<std::vector<ports::Delivered>>>();
  net::Loop& loop = host.loop();
  loop.post([&loop, logs, &parcels, promise] {
    loop.spawn(
        [](net::Loop& on, ports::Destination& to, const std::vector<ports::Parcel>& what,
           std::shared_ptr<std::promise<std::vector<ports::Delivered>>> answer) -> net::Task<void> {
          answer->set_value(co_await to.deliver(on, what));
        }(loop, *logs, parcels, promise));
  });
  return promise->get_future().get().at(0);
}

TEST(ResourcePolicies, AreKeptByNameAndByGroup) {
  FollowHost host(false);
  host.call("CreateLogGroup", R"({"logGroupName":"/aws/events/g"})");
  const Answer put = host.call("PutResourcePolicy", put_named("p", policy("events.amazonaws.com")));
  EXPECT_EQ(put.at("resourcePolicy.policyName"), "p") << put.text;
  EXPECT_EQ(put.at("resourcePolicy.policyScope"), "ACCOUNT");
  EXPECT_EQ(put.at("revisionId"), "");
  const Answer own = host.call("PutResourcePolicy", put_own(policy("events.amazonaws.com")));
  EXPECT_EQ(own.at("resourcePolicy.policyScope"), "RESOURCE") << own.text;
  const std::string revision = own.at("revisionId");
  EXPECT_EQ(revision.size(), 32U);
  EXPECT_EQ(host.call("PutResourcePolicy",
                      put_own(policy("a.amazonaws.com"), R"(,"expectedRevisionId":"other")"))
                .error,
            "OperationAbortedException");
  EXPECT_TRUE(host.call("PutResourcePolicy",
                        put_own(policy("a.amazonaws.com"),
                                fmt::format(R"(,"expectedRevisionId":"{}")", revision)))
                  .ok());
  host.restart();
  const Answer all = host.call("DescribeResourcePolicies");
  EXPECT_EQ(all.size("resourcePolicies"), 1U) << all.text;
  EXPECT_EQ(all.at("resourcePolicies.0.policyDocument"), policy("events.amazonaws.com"));
  const Answer groups = host.call("DescribeResourcePolicies", R"({"policyScope":"RESOURCE"})");
  EXPECT_EQ(groups.at("resourcePolicies.0.resourceArn"), kGroupArn) << groups.text;
  EXPECT_TRUE(host.call("DeleteResourcePolicy", R"({"policyName":"p"})").ok());
  const Answer gone = host.call("DeleteResourcePolicy", R"({"policyName":"p"})");
  EXPECT_EQ(gone.error + ": " + gone.text,
            "ResourceNotFoundException: Policy with name [p] does not exist");
  // A group that is made again has no policy.
  host.call("DeleteLogGroup", R"({"logGroupName":"/aws/events/g"})");
  host.call("CreateLogGroup", R"({"logGroupName":"/aws/events/g"})");
  EXPECT_EQ(host.call("DescribeResourcePolicies", R"({"policyScope":"RESOURCE"})")
                .size("resourcePolicies"),
            0U);
}

TEST(ResourcePolicies, HaveLimits) {
  FollowHost host(false);
  const auto error = [&](const std::string& input) {
    return host.call("PutResourcePolicy", input).error;
  };
  EXPECT_EQ(error(put_named("p", "{")), "InvalidParameterException");
  EXPECT_EQ(error(put_own(policy("x.amazonaws.com"))), "ResourceNotFoundException");
  EXPECT_EQ(error(R"({"policyDocument":"{}"})"), "InvalidParameterException");
  EXPECT_EQ(error(put_named("p", policy("a") + std::string(5200, ' '))), "LimitExceededException");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(error(put_named(fmt::format("p{}", i), policy("a.amazonaws.com"))), "");
  }
  EXPECT_EQ(error(put_named("one-more", policy("a.amazonaws.com"))), "LimitExceededException");
  EXPECT_EQ(error(put_named("p0", policy("b.amazonaws.com"))), "");
}

TEST(ResourcePolicies, LetServicesWrite) {
  FollowHost host(false);
  host.call("CreateLogGroup", R"({"logGroupName":"/aws/events/g"})");
  EXPECT_EQ(send(host, "events.amazonaws.com").code, "AccessDeniedException");
  ASSERT_TRUE(host.call("PutResourcePolicy", put_named("p", policy("events.amazonaws.com"))).ok());
  EXPECT_EQ(send(host, "events.amazonaws.com").kind, ports::Delivered::Kind::kTaken);
  EXPECT_EQ(send(host, "other.amazonaws.com").code, "AccessDeniedException");
  ASSERT_TRUE(host.call("PutResourcePolicy", put_own(policy("events.amazonaws.com", "Deny"))).ok());
  EXPECT_EQ(send(host, "events.amazonaws.com").kind, ports::Delivered::Kind::kRefused);
}

TEST(ReadBacks, AnswerAsWhereThereIsNone) {
  FollowHost host(false);
  host.call("CreateLogGroup", R"({"logGroupName":"g"})");
  EXPECT_EQ(host.call("DescribeAccountPolicies", R"({"policyType":"SUBSCRIPTION_FILTER_POLICY"})")
                .at("accountPolicies"),
            "[...]");
  EXPECT_EQ(host.call("DescribeAccountPolicies",
                      R"({"policyType":"SUBSCRIPTION_FILTER_POLICY","policyName":"p"})")
                .error,
            "ResourceNotFoundException");
  const Answer protection = host.call("GetDataProtectionPolicy", R"({"logGroupIdentifier":"g"})");
  EXPECT_EQ(protection.at("logGroupIdentifier"), "g");
  EXPECT_EQ(protection.at("policyDocument"), "");
  EXPECT_EQ(host.call("GetDataProtectionPolicy", R"({"logGroupIdentifier":"none"})").error,
            "ResourceNotFoundException");
  EXPECT_TRUE(host.call("GetTransformer", R"({"logGroupIdentifier":"g"})").ok());
  EXPECT_EQ(
      host.call("DescribeIndexPolicies", R"({"logGroupIdentifiers":["g"]})").at("indexPolicies"),
      "[...]");
  EXPECT_EQ(host.call("DescribeIndexPolicies", R"({"logGroupIdentifiers":["none"]})").error,
            "ResourceNotFoundException");
  EXPECT_EQ(
      host.call("DescribeFieldIndexes", R"({"logGroupIdentifiers":["g"]})").at("fieldIndexes"),
      "[...]");
  for (const auto& [operation, list] :
       {std::pair("DescribeDeliveries", "deliveries"),
        std::pair("DescribeDeliverySources", "deliverySources"),
        std::pair("DescribeDeliveryDestinations", "deliveryDestinations"),
        std::pair("DescribeQueryDefinitions", "queryDefinitions"),
        std::pair("DescribeQueries", "queries"), std::pair("DescribeExportTasks", "exportTasks"),
        std::pair("ListLogAnomalyDetectors", "anomalyDetectors"),
        std::pair("ListIntegrations", "integrationSummaries")}) {
    EXPECT_EQ(host.call(operation).at(list), "[...]") << operation;
  }
  EXPECT_EQ(host.call("GetDelivery", R"({"id":"a"})").error, "ResourceNotFoundException");
  EXPECT_EQ(host.call("StartQuery", R"({"startTime":0,"endTime":1,"queryString":"x"})").error,
            "NotImplemented");
}

TEST(ListLogGroups, FindsByPatternClassAndTags) {
  FollowHost host(false);
  for (const char* name : {"/aws/lambda/a", "/aws/lambda/b", "orders"}) {
    host.call("CreateLogGroup", fmt::format(R"({{"logGroupName":"{}"}})", name));
  }
  host.call("CreateLogGroup",
            R"({"logGroupName":"rare","logGroupClass":"INFREQUENT_ACCESS","tags":{"team":"x"}})");
  const auto names = [&](std::string_view input) {
    const Answer got = host.call("ListLogGroups", input);
    std::string out;
    for (std::size_t i = 0; i < got.size("logGroups"); ++i) {
      out += got.at(fmt::format("logGroups.{}.logGroupName", i)) + " ";
    }
    return out + got.error;
  };
  EXPECT_EQ(names("{}"), "/aws/lambda/a /aws/lambda/b orders rare ");
  EXPECT_EQ(names(R"({"logGroupNamePattern":"^/aws|rders"})"),
            "/aws/lambda/a /aws/lambda/b orders ");
  EXPECT_EQ(names(R"({"logGroupNamePattern":"^lambda"})"), "");
  EXPECT_EQ(names(R"({"logGroupClass":"INFREQUENT_ACCESS"})"), "rare ");
  EXPECT_EQ(names(R"({"logGroupTags":[{"key":"team","values":["x","y"]}]})"), "rare ");
  EXPECT_EQ(names(R"({"fieldIndexNames":["f"]})"), "NotImplemented");
  const Answer page = host.call("ListLogGroups", R"({"limit":3})");
  EXPECT_EQ(page.size("logGroups"), 3U);
  EXPECT_EQ(page.at("logGroups.0.logGroupArn"),
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/a");
  EXPECT_EQ(names(fmt::format(R"({{"limit":3,"nextToken":"{}"}})", page.at("nextToken"))), "rare ");
}

}  // namespace
}  // namespace lapwing::logs::testing
