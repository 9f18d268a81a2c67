// Buses, rules, targets: making, reading, changing, deleting them.
#include "base/testing/eventually.hpp"
#include "services/events/limits.hpp"
#include "services/events/testing/bus_host.hpp"

namespace lapwing::events {
namespace {

using testing::Answer;
using testing::BusHost;
using testing::in_quotes;

constexpr const char* kPattern = R"({"source":["app"]})";

TEST(EventBuses, TheDefaultOneIsThereEverywhere) {
  BusHost h;
  const Answer got = h.call("DescribeEventBus");
  EXPECT_EQ(got.text,
            fmt::format(R"({{"Arn":"{}","Name":"default"}})", BusHost::arn("event-bus/default")));
  EXPECT_EQ(h.call("ListEventBuses").at("EventBuses.0.Name"), "default");
  aws::Caller other = h.caller;
  other.account = AccountId("111111111111");
  other.region = Region("eu-west-1");
  EXPECT_EQ(h.call_as(other, "DescribeEventBus", "{}").at("Arn"),
            "arn:aws:events:eu-west-1:111111111111:event-bus/default");
  EXPECT_EQ(h.call("DeleteEventBus", R"({"Name":"default"})").text,
            "Cannot delete event bus default.");
  EXPECT_EQ(h.call("CreateEventBus", R"({"Name":"default"})").text,
            "Event bus default already exists.");
}

TEST(EventBuses, AreMadeListedChangedAndDeleted) {
  BusHost h;
  const Answer made = h.call(
      "CreateEventBus", R"({"Name":"orders","Description":"d","Tags":[{"Key":"k","Value":"v"}],)"
                        R"("DeadLetterConfig":{"Arn":"arn:aws:sqs:us-east-1:000000000000:d"}})");
  EXPECT_EQ(made.at("EventBusArn"), BusHost::arn("event-bus/orders"));
  EXPECT_EQ(made.at("Description"), "d");
  EXPECT_EQ(h.call("CreateEventBus", R"({"Name":"orders"})").error,
            "ResourceAlreadyExistsException");
  EXPECT_EQ(h.call("CreateEventBus", R"({"Name":"logs","LogConfig":{"Level":"ERROR"}})").error,
            "NotImplemented");
  EXPECT_EQ(h.call("UpdateEventBus", R"({"Name":"orders","LogConfig":{"Level":"INFO"}})").error,
            "NotImplemented");
  h.restart();
  EXPECT_EQ(h.call("DescribeEventBus", R"({"Name":"orders"})").at("DeadLetterConfig.Arn"),
            BusHost::queue("d"));
  EXPECT_EQ(h.call("ListEventBuses").size("EventBuses"), 2u);
  EXPECT_EQ(h.call("ListEventBuses", R"({"NamePrefix":"o"})").size("EventBuses"), 1u);
  const Answer page = h.call("ListEventBuses", R"({"Limit":1})");
  EXPECT_EQ(page.at("EventBuses.0.Name"), "default");
  EXPECT_EQ(h.call("ListEventBuses",
                   fmt::format(R"({{"NextToken":{}}})", in_quotes(page.at("NextToken"))))
                .at("EventBuses.0.Name"),
            "orders");
  const std::string tagged =
      fmt::format(R"({{"ResourceARN":"{}"}})", BusHost::arn("event-bus/orders"));
  EXPECT_EQ(h.call("ListTagsForResource", tagged).text, R"({"Tags":[{"Key":"k","Value":"v"}]})");
  ASSERT_TRUE(
      h.call("UpdateEventBus", R"({"Name":"orders","Description":"e","LogConfig":{"Level":"OFF"}})")
          .ok());
  const Answer off = h.call("DescribeEventBus", R"({"Name":"orders"})");
  EXPECT_EQ(off.at("LogConfig.Level"), "OFF");
  ASSERT_TRUE(h.call("UpdateEventBus", R"({"Name":"orders","Description":"e"})").ok());
  const Answer changed = h.call("DescribeEventBus", R"({"Name":"orders"})");
  EXPECT_EQ(changed.at("Description"), "e");
  // What changes nothing is no change.
  h.advance(std::chrono::seconds(5));
  ASSERT_TRUE(h.call("UpdateEventBus", R"({"Name":"orders","Description":"e"})").ok());
  EXPECT_EQ(h.call("DescribeEventBus", R"({"Name":"orders"})").text, changed.text);
  EXPECT_EQ(changed.at("DeadLetterConfig.Arn"), "");
  ASSERT_TRUE(h.rule("r", kPattern, R"("EventBusName":"orders")").ok());
  EXPECT_EQ(h.call("DeleteEventBus", R"({"Name":"orders"})").text,
            "Event bus can't be deleted since it has rules.");
  ASSERT_TRUE(h.call("DeleteRule", R"({"Name":"r","EventBusName":"orders"})").ok());
  EXPECT_TRUE(h.call("DeleteEventBus", R"({"Name":"orders"})").ok());
  EXPECT_TRUE(h.call("DeleteEventBus", R"({"Name":"orders"})").ok());
  EXPECT_EQ(h.call("DescribeEventBus", R"({"Name":"orders"})").text,
            "Event bus orders does not exist.");
}

// Nobody else is told apart by a test: both ways are taken at once, again and again.
TEST(EventBuses, ABusIsNotDeletedWhileARuleIsPutOnIt) {
  BusHost h(2);
  for (int i = 0; i < 300; ++i) {
    const std::string bus = fmt::format("b{}", i);
    const std::string named = fmt::format(R"({{"Name":"{}"}})", bus);
    ASSERT_TRUE(h.call("CreateEventBus", named).ok());
    auto put = h.begin("PutRule", fmt::format(R"({{"Name":"r","EventBusName":"{}",)"
                                              R"("EventPattern":{}}})",
                                              bus, in_quotes(kPattern)));
    auto gone = h.begin("DeleteEventBus", named);
    const bool there = put.get().ok();
    EXPECT_NE(gone.get().ok(), there) << i;
  }
}

struct Refused {
  const char* operation;
  const char* input;
  const char* error;
  const char* text;  // a part of it
};

TEST(EventRules, AreRefusedInAwssWords) {
  BusHost h;
  ASSERT_TRUE(h.call("CreateEventBus", R"({"Name":"b"})").ok());
  ASSERT_TRUE(h.rule("r", kPattern).ok());
  const Refused cases[] = {
      {"PutRule", R"({"Name":"x"})", "ValidationException",
       "Parameter(s) EventPattern or ScheduleExpression must be specified."},
      {"PutRule", R"({"Name":"x","EventPattern":"{\"a\":\"x\"}"})", "InvalidEventPatternException",
       "Event pattern is not valid. Reason: \"a\" must be an object or an array"},
      {"PutRule", R"({"Name":"x","EventPattern":"{\"resources\":[]}"})",
       "InvalidEventPatternException", "Empty arrays are not allowed"},
      {"PutRule", R"x({"Name":"x","ScheduleExpression":"rate(1 minutes)"})x", "ValidationException",
       "Parameter ScheduleExpression is not valid."},
      {"PutRule", R"x({"Name":"x","ScheduleExpression":"rate(5 minute)"})x", "ValidationException",
       "Parameter ScheduleExpression is not valid."},
      {"PutRule", R"x({"Name":"x","ScheduleExpression":"cron(0 1 * * * *)"})x",
       "ValidationException", "Parameter ScheduleExpression is not valid."},
      {"PutRule", R"x({"Name":"x","ScheduleExpression":"at(2030-01-01T00:00:00)"})x",
       "ValidationException", "Parameter ScheduleExpression is not valid."},
      {"PutRule", R"x({"Name":"x","EventBusName":"b","ScheduleExpression":"rate(1 minute)"})x",
       "ValidationException", "ScheduleExpression is supported only on the default event bus."},
      {"PutRule", R"({"Name":"x","EventBusName":"no","EventPattern":"{\"a\":[1]}"})",
       "ResourceNotFoundException", "Event bus no does not exist."},
      {"DescribeRule", R"({"Name":"no"})", "ResourceNotFoundException",
       "Rule no does not exist on EventBus default."},
      {"EnableRule", R"({"Name":"no","EventBusName":"b"})", "ResourceNotFoundException",
       "Rule no does not exist on EventBus b."},
      {"ListRules", R"({"EventBusName":"no"})", "ResourceNotFoundException",
       "Event bus no does not exist."},
      {"ListRules", R"({"NextToken":"no"})", "ValidationException", "NextToken"},
      {"PutTargets", R"({"Rule":"no","Targets":[{"Id":"1","Arn":"arn:aws:sqs:r:1:q"}]})",
       "ResourceNotFoundException", "Rule no does not exist on EventBus default."},
      {"PutTargets", R"({"Rule":"r","Targets":[{"Id":"!@","Arn":"arn:aws:sqs:r:1:q"}]})",
       "ValidationException",
       "1 validation error detected: Value '!@' at 'targets.1.member.id' failed to satisfy "
       "constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"},
      {"PutTargets", R"({"Rule":"r","Targets":[{"Id":"1","Arn":"queue"}]})", "ValidationException",
       "Parameter queue is not valid. Reason: Provided Arn is not in correct format."},
      {"PutTargets", R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:ecs:r:1:cluster/c"}]})",
       "NotImplemented", "nothing here takes events for arn:aws:ecs:r:1:cluster/c"},
      {"PutTargets", R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:events:r:1:rule/c"}]})",
       "NotImplemented", "nothing here takes events for"},
      {"PutTargets",
       R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:r:1:q","Input":"1","InputPath":"$"}]})",
       "ValidationException",
       "Only one of Input, InputPath, or InputTransformer must be provided for target 1."},
      {"PutTargets", R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:r:1:q","Input":"{"}]})",
       "ValidationException", "JSON syntax error in Input for target 1."},
      {"PutTargets",
       R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:r:1:q",)"
       R"("InputTransformer":{"InputTemplate":"\"<x>\""}}]})",
       "ValidationException", "InputTemplate for target 1 contains invalid placeholder x."},
      {"PutTargets",
       R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:r:1:q",)"
       R"("InputTransformer":{"InputPathsMap":{"AWS-x":"$"},"InputTemplate":"{\"<AWS-x>\":1}"}}]})",
       "ValidationException", "as a key"},
      {"PutTargets", R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:r:1:q.fifo"}]})",
       "ValidationException", "Parameter(s) SqsParameters must be specified for target: 1."},
      {"PutTargets",
       R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:r:1:q",)"
       R"("DeadLetterConfig":{"Arn":"arn:aws:sns:r:1:q"}}]})",
       "ValidationException", "Provided Arn is not in correct format."},
      {"TestEventPattern", R"({"EventPattern":"{\"a\":[1]}","Event":"{}"})", "ValidationException",
       "Parameter Event is not valid."},
      {"TestEventPattern", R"({"EventPattern":"{\"a\":1}","Event":"{}"})",
       "InvalidEventPatternException", "Event pattern is not valid."},
      {"CreateEventBus", R"({"Name":"a/b"})", "ValidationException",
       "Event bus name must not contain '/'."},
      {"CreateEventBus", R"({"Name":"k","KmsKeyIdentifier":"key"})", "NotImplemented",
       "KmsKeyIdentifier"},
      {"TagResource", R"({"ResourceARN":"x","Tags":[]})", "ValidationException", "x"},
      {"PutPermission", R"({"Policy":"{}"})", "ValidationException", "Policy"},
      {"PutPermission", R"({"Action":"events:PutEvents","Principal":"*"})", "ValidationException",
       "StatementId"},
      {"RemovePermission", R"({"StatementId":"x"})", "ResourceNotFoundException",
       "Statement with the provided id does not exist."},
      {"PutPermission",
       R"({"EventBusName":"no","Action":"events:PutEvents","Principal":"*","StatementId":"x"})",
       "ResourceNotFoundException", "Event bus no does not exist."},
      {"ListEndpoints", "{}", "NotImplemented", "ListEndpoints"},
  };
  for (const Refused& each : cases) {
    const Answer got = h.call(each.operation, each.input);
    EXPECT_EQ(got.error, each.error) << each.operation << each.input << " " << got.text;
    EXPECT_NE(got.text.find(each.text), std::string::npos) << each.input << " " << got.text;
  }
  EXPECT_EQ(h.call("ListRules").size("Rules"), 1u);
  EXPECT_EQ(h.call("ListTargetsByRule", R"({"Rule":"r"})").size("Targets"), 0u);
}

// Infrastructure as code replaces a target so: removed, and put again at once.
TEST(EventRules, ATargetPutAgainGetsItsOwnAndNothingOfTheOneBefore) {
  BusHost h;
  h.to_queue("q");
  const ports::Delivered later{.kind = ports::Delivered::Kind::kLater, .code = "Throttled"};
  h.queues.answers(BusHost::queue("q"), {later, later});
  h.put("app", R"({"n":1})");  // waits
  ASSERT_TRUE(h.call("RemoveTargets", R"({"Rule":"r","Ids":["t"]})").ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q"), R"("InputPath":"$.detail.n")").ok());
  ASSERT_TRUE(
      h.call("PutEvents", fmt::format(R"({{"Entries":[{}]}})", BusHost::entry("app", R"({"n":2})")))
          .ok());
  ASSERT_TRUE(
      lapwing::testing::eventually([&] { return h.queues.attempts(BusHost::queue("q")) == 2; }));
  h.restart();  // as it is kept
  h.advance(std::chrono::minutes(60));
  EXPECT_EQ(h.bodies("q"), "2");
}

TEST(EventRules, WhoGetsAnEventIsNamedAsItWasWhereATargetHasNoMark) {
  Rule rule;
  rule.address.name = "r.1";
  rule.id = "0123456789abcdef";
  EXPECT_EQ(addressee(rule, "a.b"), "r.1/a.b/0123456789abcdef");
  EXPECT_EQ(read_addressee("r.1/a.b/0123456789abcdef").rule_id, rule.id);
  EXPECT_EQ(read_addressee("r.1/a.b/0123456789abcdef").target_id, "a.b");
  EXPECT_EQ(read_addressee("r.1/a.b/0123456789abcdef").mark, "");
  rule.target_marks["a.b"] = "ff";
  EXPECT_EQ(addressee(rule, "a.b"), "r.1/a.b/0123456789abcdef.ff");
  EXPECT_EQ(read_addressee("r.1/a.b/0123456789abcdef.ff").rule_id, rule.id);
  EXPECT_EQ(read_addressee("r.1/a.b/0123456789abcdef.ff").mark, "ff");
}

TEST(EventRules, PuttingAgainReplacesAndKeepsTargetsAndTags) {
  BusHost h;
  ASSERT_TRUE(h.call("CreateEventBus", R"({"Name":"b"})").ok());
  EXPECT_EQ(
      h.rule("r", kPattern, R"("Description":"d","Tags":[{"Key":"k","Value":"v"}])").at("RuleArn"),
      BusHost::arn("rule/r"));
  EXPECT_EQ(h.rule("r", kPattern, R"("EventBusName":"b")").at("RuleArn"), BusHost::arn("rule/b/r"));
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  EXPECT_EQ(
      h.call("DescribeRule", R"({"Name":"r"})").text,
      fmt::format(R"({{"Arn":"{}","CreatedBy":"000000000000","Description":"d",)"
                  R"("EventBusName":"default","EventPattern":{},"Name":"r","State":"ENABLED"}})",
                  BusHost::arn("rule/r"), in_quotes(kPattern)));
  ASSERT_TRUE(h.rule("r", R"({ "source": ["other"] })", R"("State":"DISABLED")").ok());
  h.restart();
  const Answer got = h.call("DescribeRule", R"({"Name":"r"})");
  EXPECT_EQ(got.at("Description"), "");
  EXPECT_EQ(got.at("State"), "DISABLED");
  EXPECT_EQ(got.at("EventPattern"), R"({ "source": ["other"] })");
  EXPECT_EQ(h.call("ListTargetsByRule", R"({"Rule":"r"})").size("Targets"), 1u);
  const std::string tagged = fmt::format(R"("ResourceARN":"{}")", BusHost::arn("rule/r"));
  EXPECT_EQ(h.call("ListTagsForResource", "{" + tagged + "}").at("Tags.0.Value"), "v");
  ASSERT_TRUE(h.call("TagResource", "{" + tagged + R"(,"Tags":[{"Key":"l","Value":"w"}]})").ok());
  ASSERT_TRUE(h.call("UntagResource", "{" + tagged + R"(,"TagKeys":["k"]})").ok());
  EXPECT_EQ(h.call("ListTagsForResource", "{" + tagged + "}").text,
            R"({"Tags":[{"Key":"l","Value":"w"}]})");
  ASSERT_TRUE(h.call("EnableRule", R"({"Name":"r"})").ok());
  EXPECT_EQ(h.call("DescribeRule", R"({"Name":"r"})").at("State"), "ENABLED");
  ASSERT_TRUE(h.call("DisableRule", R"({"Name":"r"})").ok());
  EXPECT_EQ(h.call("DescribeRule", R"({"Name":"r"})").at("State"), "DISABLED");
}

TEST(EventRules, AreListedByBusPrefixPageAndTarget) {
  BusHost h;
  ASSERT_TRUE(h.call("CreateEventBus", R"({"Name":"b"})").ok());
  for (const char* name : {"a-2", "a-1", "b-1"}) ASSERT_TRUE(h.rule(name, kPattern).ok());
  ASSERT_TRUE(h.rule("z", kPattern, R"("EventBusName":"b")").ok());
  EXPECT_EQ(h.call("ListRules").size("Rules"), 3u);
  EXPECT_EQ(h.call("ListRules", R"({"EventBusName":"b"})").at("Rules.0.Arn"),
            BusHost::arn("rule/b/z"));
  const Answer first = h.call("ListRules", R"({"NamePrefix":"a-","Limit":1})");
  EXPECT_EQ(first.at("Rules.0.Name"), "a-1");
  const Answer second =
      h.call("ListRules", fmt::format(R"({{"NamePrefix":"a-","Limit":1,"NextToken":{}}})",
                                      in_quotes(first.at("NextToken"))));
  EXPECT_EQ(second.at("Rules.0.Name"), "a-2");
  EXPECT_EQ(second.at("NextToken"), "");
  ASSERT_TRUE(h.target("a-2", "t", BusHost::queue("q")).ok());
  EXPECT_EQ(
      h.call("ListRuleNamesByTarget", fmt::format(R"({{"TargetArn":"{}"}})", BusHost::queue("q")))
          .text,
      R"({"RuleNames":["a-2"]})");
}

TEST(EventRules, AreDeletedOnceTheirTargetsAre) {
  BusHost h;
  ASSERT_TRUE(h.rule("r", kPattern).ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  EXPECT_EQ(h.call("DeleteRule", R"({"Name":"r"})").text,
            "Rule can't be deleted since it has targets.");
  const Answer removed = h.call("RemoveTargets", R"({"Rule":"r","Ids":["t","no"]})");
  EXPECT_EQ(removed.at("FailedEntryCount"), "1");
  EXPECT_EQ(removed.at("FailedEntries.0.ErrorMessage"), "Rule r does not have target no");
  EXPECT_TRUE(h.call("DeleteRule", R"({"Name":"r"})").ok());
  EXPECT_TRUE(h.call("DeleteRule", R"({"Name":"r"})").ok());
  EXPECT_TRUE(h.call("DeleteRule", R"({"Name":"r","EventBusName":"no"})").ok());
  EXPECT_EQ(h.call("DescribeRule", R"({"Name":"r"})").error, "ResourceNotFoundException");
}

TEST(EventTargets, AreGivenBackExactlyAndReplacedById) {
  BusHost h;
  ASSERT_TRUE(h.rule("r", kPattern).ok());
  const std::string whole = fmt::format(
      R"({{"Arn":"{}","DeadLetterConfig":{{"Arn":"{}"}},)"
      R"("EcsParameters":{{"TaskCount":1,"TaskDefinitionArn":"arn:aws:ecs:r:1:t"}},"Id":"t",)"
      R"("InputTransformer":{{"InputPathsMap":{{"a":"$.detail.a"}},"InputTemplate":"\"<a>\""}},)"
      R"("RetryPolicy":{{"MaximumEventAgeInSeconds":60,"MaximumRetryAttempts":0}},)"
      R"("RoleArn":"arn:aws:iam::000000000000:role/r","SqsParameters":{{"MessageGroupId":"g"}}}})",
      BusHost::queue("q.fifo"), BusHost::queue("d"));
  const Answer put = h.call("PutTargets", fmt::format(R"({{"Rule":"r","Targets":[{}]}})", whole));
  EXPECT_EQ(put.text, R"({"FailedEntries":[],"FailedEntryCount":0})");
  h.restart();
  EXPECT_EQ(h.call("ListTargetsByRule", R"({"Rule":"r"})").text,
            fmt::format(R"({{"Targets":[{}]}})", whole));
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  EXPECT_EQ(h.call("ListTargetsByRule", R"({"Rule":"r"})").text,
            fmt::format(R"({{"Targets":[{{"Arn":"{}","Id":"t"}}]}})", BusHost::queue("q")));
  for (int i = 1; i < 5; ++i) {
    ASSERT_TRUE(h.target("r", fmt::format("t{}", i), BusHost::queue("q")).ok());
  }
  const Answer sixth = h.target("r", "t5", BusHost::queue("q"));
  EXPECT_EQ(sixth.error, "LimitExceededException");
  EXPECT_EQ(sixth.text, "The requested resource exceeds the maximum number allowed.");
  const Answer large = h.target("r", "t", BusHost::queue("q"),
                                fmt::format(R"("AppSyncParameters":{{"GraphQLOperation":"{}"}})",
                                            std::string(kTargetsBytesMax, 'x')));
  EXPECT_EQ(large.error, "LimitExceededException");
  EXPECT_EQ(h.call("ListTargetsByRule", R"({"Rule":"r"})").size("Targets"), 5u);
}

// What patterns take is bounded for all of an account together, however small their texts are.
TEST(EventRules, OfAnAccountHaveSoManyTestsInAll) {
  BusHost h;
  // 1,000 alternatives of 20 tests.
  std::string heavy = R"({"p":[)";
  for (int i = 0; i < 17; ++i) heavy += fmt::format("{}{}", i == 0 ? "" : ",", i);
  heavy += "]";
  for (const char* const key : {"x", "y", "z"}) {
    heavy += fmt::format(R"(,"{}":{{"$or":[)", key);
    for (int i = 0; i < 10; ++i) heavy += fmt::format(R"({}{{"k{}":[1]}})", i == 0 ? "" : ",", i);
    heavy += "]}";
  }
  heavy += "}";
  const std::size_t most = kAccountPatternsMax / 20'000;
  for (std::size_t i = 0; i < most; ++i) {
    ASSERT_TRUE(h.rule(fmt::format("r{}", i), heavy).ok()) << i;
  }
  const Answer refused = h.rule("more", kPattern);
  EXPECT_EQ(refused.error, "LimitExceededException");
  EXPECT_EQ(h.call("CreateArchive",
                   fmt::format(R"({{"ArchiveName":"a","EventSourceArn":"{}","EventPattern":{}}})",
                               BusHost::arn("event-bus/default"), in_quotes(kPattern)))
                .error,
            "LimitExceededException");
  EXPECT_TRUE(h.rule("r0", heavy).ok()) << "the same again";
  ASSERT_TRUE(h.rule("off", kPattern, R"("State":"DISABLED")").ok()) << "takes nothing";
  EXPECT_EQ(h.call("EnableRule", R"({"Name":"off"})").error, "LimitExceededException");
  ASSERT_TRUE(h.call("DisableRule", R"({"Name":"r1"})").ok());
  EXPECT_TRUE(h.call("EnableRule", R"({"Name":"off"})").ok());
  EXPECT_EQ(h.call("EnableRule", R"({"Name":"r1"})").error, "LimitExceededException");
  h.restart();
  EXPECT_EQ(h.call("EnableRule", R"({"Name":"r1"})").error, "LimitExceededException");
  ASSERT_TRUE(h.call("DeleteRule", R"({"Name":"off"})").ok());
  EXPECT_TRUE(h.call("EnableRule", R"({"Name":"r1"})").ok());
}

TEST(EventBuses, HavePolicies) {
  BusHost h;
  const std::string account =
      R"({"Action":"events:PutEvents","Principal":"111111111111","StatementId":"one"})";
  ASSERT_TRUE(h.call("PutPermission", account).ok());
  EXPECT_EQ(h.call("DescribeEventBus").at("Policy"),
            fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Sid":"one","Effect":"Allow",)"
                        R"("Principal":{{"AWS":"arn:aws:iam::111111111111:root"}},)"
                        R"("Action":"events:PutEvents","Resource":"{}"}}]}})",
                        BusHost::arn("event-bus/default")));
  ASSERT_TRUE(h.call("PutPermission", account).ok());
  ASSERT_TRUE(
      h.call("PutPermission",
             R"({"Action":"events:PutEvents","Principal":"*","StatementId":"two",)"
             R"("Condition":{"Type":"StringEquals","Key":"aws:PrincipalOrgID","Value":"o"}})")
          .ok());
  const std::string both = h.call("DescribeEventBus").at("Policy");
  EXPECT_NE(both.find(R"("Principal":"*")"), std::string::npos) << both;
  EXPECT_NE(both.find(R"("Condition":{"StringEquals":{"aws:PrincipalOrgID":"o"}})"),
            std::string::npos)
      << both;
  EXPECT_EQ(both.find(R"("Sid":"one")"), both.rfind(R"("Sid":"one")"));
  ASSERT_TRUE(h.call("RemovePermission", R"({"StatementId":"one"})").ok());
  ASSERT_TRUE(h.call("RemovePermission", R"({"StatementId":"two"})").ok());
  EXPECT_EQ(h.call("DescribeEventBus").at("Policy"), "");
  ASSERT_TRUE(h.call("PutPermission", account).ok());
  ASSERT_TRUE(h.call("RemovePermission", R"({"RemoveAllPermissions":true})").ok());
  EXPECT_EQ(h.call("DescribeEventBus").at("Policy"), "");
  const std::string large = fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Sid":"{}","Effect":"Allow","Principal":"*",)"
      R"("Action":"events:PutEvents","Resource":"*"}}]}})",
      std::string(kPolicyBytesMax, 'x'));
  EXPECT_EQ(h.call("PutPermission", fmt::format(R"({{"Policy":{}}})", in_quotes(large))).error,
            "PolicyLengthExceededException");
}

struct Tried {
  const char* pattern;
  const char* more;  // members of the event
  const char* result;
};

TEST(EventPatterns, AreTriedOut) {
  BusHost h;
  const Tried cases[] = {
      {R"({"source":["s"]})", "", "true"},
      {R"({"source":["x"]})", "", "false"},
      {R"({"n":[300]})", R"(,"n":300.0)", "true"},
      {R"({"n":[{"numeric":[">",100]}]})", R"(,"n":"300")", "false"},
      {R"({"resources":[null]})", "", "false"},
      {R"({"resources":[{"exists":true}]})", "", "false"},
      {R"({"x":{"y":[{"exists":false}]}})", "", "true"},
      {R"({"a.b":["v"]})", R"(,"a":{"b":"v"})", "true"},
      {R"({"s":[{"anything-but":"x"}]})", "", "false"},
      {R"({"s":[{"anything-but":"x"}]})", R"(,"s":null)", "true"},
      {R"({"l":{"a":[1],"b":[4]}})", R"(,"l":[{"a":1,"b":2},{"a":3,"b":4}])", "false"},
  };
  for (const Tried& each : cases) {
    const std::string event = fmt::format(
        R"({{"id":"1","detail-type":"t","source":"s","account":"1","time":"2023-01-01T00:00:00Z",)"
        R"("region":"r","resources":[],"detail":{{}}{}}})",
        each.more);
    EXPECT_EQ(h.call("TestEventPattern", fmt::format(R"({{"EventPattern":{},"Event":{}}})",
                                                     in_quotes(each.pattern), in_quotes(event)))
                  .at("Result"),
              each.result)
        << each.pattern << each.more;
  }
}

}  // namespace
}  // namespace lapwing::events
