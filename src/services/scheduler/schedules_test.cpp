// Schedules as records: what is answered, what is refused in which words.
#include <algorithm>

#include "ports/roles.hpp"
#include "services/scheduler/testing/host.hpp"

namespace lapwing::scheduler::testing {
namespace {

TEST(Schedules, AreShownWithWhatStandsForWhatWasNotSaid) {
  Host host;
  const Answer made = host.create("s", "rate(5 minutes)");
  EXPECT_EQ(made.at("ScheduleArn"), "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s");
  EXPECT_EQ(host.last_resource(), made.at("ScheduleArn"));
  const Answer shown = host.get("s");
  EXPECT_EQ(shown.at("Arn"), made.at("ScheduleArn"));
  EXPECT_EQ(shown.at("Name"), "s");
  EXPECT_EQ(shown.at("GroupName"), "default");
  EXPECT_EQ(shown.at("ScheduleExpression"), "rate(5 minutes)");
  EXPECT_EQ(shown.at("ScheduleExpressionTimezone"), "UTC");
  EXPECT_EQ(shown.at("State"), "ENABLED");
  EXPECT_EQ(shown.at("ActionAfterCompletion"), "NONE");
  EXPECT_EQ(shown.at("FlexibleTimeWindow.Mode"), "OFF");
  EXPECT_EQ(shown.at("Target.Arn"), queue_arn("q"));
  EXPECT_EQ(shown.at("Target.RoleArn"), kRole);
  EXPECT_EQ(shown.at("Target.RetryPolicy.MaximumEventAgeInSeconds"), "86400");
  EXPECT_EQ(shown.at("Target.RetryPolicy.MaximumRetryAttempts"), "185");
  EXPECT_EQ(shown.at("CreationDate"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(shown.at("LastModificationDate"), "2024-01-01T00:00:00Z");
  for (const char* const absent :
       {"Description", "StartDate", "EndDate", "KmsKeyArn", "Target.Input", "Target.SqsParameters",
        "Target.DeadLetterConfig", "Target.EventBridgeParameters"}) {
    EXPECT_EQ(shown.at(absent), "") << absent;
  }
}

TEST(Schedules, ShowAllThatWasSaid) {
  Host host;
  ASSERT_TRUE(host.create("s", "cron(0 6 * * ? *)",
                          R"("ScheduleExpressionTimezone":"Europe/Berlin","Description":"d",)"
                          R"("StartDate":"2024-02-01T00:00:00Z","EndDate":"2024-03-01T00:00:00Z",)"
                          R"("State":"DISABLED","ActionAfterCompletion":"DELETE",)"
                          R"("FlexibleTimeWindow":{"Mode":"FLEXIBLE","MaximumWindowInMinutes":15})",
                          R"("Input":"text","SqsParameters":{"MessageGroupId":"g"},)"
                          R"("RetryPolicy":{"MaximumRetryAttempts":0},"DeadLetterConfig":)"
                          R"({"Arn":"arn:aws:sqs:us-east-1:000000000000:d"})")
                  .ok());
  const Answer shown = host.get("s");
  EXPECT_EQ(shown.at("ScheduleExpressionTimezone"), "Europe/Berlin");
  EXPECT_EQ(shown.at("Description"), "d");
  EXPECT_EQ(shown.at("StartDate"), "2024-02-01T00:00:00Z");
  EXPECT_EQ(shown.at("EndDate"), "2024-03-01T00:00:00Z");
  EXPECT_EQ(shown.at("State"), "DISABLED");
  EXPECT_EQ(shown.at("ActionAfterCompletion"), "DELETE");
  EXPECT_EQ(shown.at("FlexibleTimeWindow.MaximumWindowInMinutes"), "15");
  EXPECT_EQ(shown.at("Target.Input"), "text");
  EXPECT_EQ(shown.at("Target.SqsParameters.MessageGroupId"), "g");
  EXPECT_EQ(shown.at("Target.RetryPolicy.MaximumRetryAttempts"), "0");
  EXPECT_EQ(shown.at("Target.DeadLetterConfig.Arn"), queue_arn("d"));
  // An update replaces everything.
  host.advance(hours(1));
  ASSERT_TRUE(host.create("s", "rate(1 hour)", "", "", "UpdateSchedule").ok());
  const Answer after = host.get("s");
  EXPECT_EQ(after.at("Description"), "");
  EXPECT_EQ(after.at("State"), "ENABLED");
  EXPECT_EQ(after.at("Target.Input"), "");
  EXPECT_EQ(after.at("Target.RetryPolicy.MaximumRetryAttempts"), "185");
  EXPECT_EQ(after.at("CreationDate"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(after.at("LastModificationDate"), "2024-01-01T01:00:00Z");
}

struct Refusal {
  std::string operation;
  std::string input;
  std::string error;
  std::string text;
};

std::string with_target(std::string_view arn, std::string_view more = "") {
  return Host::input("n", "rate(1 hour)", "",
                     fmt::format(R"("Arn":"{}"{}{})", arn, more.empty() ? "" : ",", more));
}

TEST(Schedules, AreRefusedInAwssWords) {
  const Refusal cases[] = {
      {"CreateSchedule", Host::input("s", "rate(1 hour)"), "ConflictException",
       "Schedule s already exists."},
      {"CreateSchedule", Host::input("n", "rate(10 seconds)"), "ValidationException",
       "Invalid Schedule Expression rate(10 seconds)."},
      {"CreateSchedule", Host::input("n", "cron(0 1 * * * *)"), "ValidationException",
       "Invalid Schedule Expression cron(0 1 * * * *)."},
      {"UpdateSchedule", Host::input("s", "at(2021-12-31)"), "ValidationException",
       "Invalid Schedule Expression at(2021-12-31)."},
      {"CreateSchedule", Host::input("n", "rate(1 hour)", R"("GroupName":"g")"),
       "ResourceNotFoundException", "Schedule group g does not exist."},
      {"CreateSchedule", Host::input("n", "rate(1 hour)", R"("StartDate":"2023-12-31T23:54:59Z")"),
       "ValidationException", "The StartDate you specify cannot be earlier than 5 minutes ago."},
      {"CreateSchedule",
       Host::input("n", "rate(1 hour)",
                   R"("StartDate":"2024-01-02T00:00:00Z","EndDate":"2024-01-01T00:00:00Z")"),
       "ValidationException", "EndDate"},
      {"CreateSchedule",
       Host::input("n", "rate(1 hour)", R"("ScheduleExpressionTimezone":"Europe/Nowhere")"),
       "ValidationException", "Europe/Nowhere"},
      {"CreateSchedule",
       Host::input("n", "rate(1 hour)", R"("FlexibleTimeWindow":{"Mode":"FLEXIBLE"})"),
       "ValidationException", "MaximumWindowInMinutes"},
      {"CreateSchedule",
       Host::input("n", "rate(1 hour)",
                   R"("KmsKeyArn":"arn:aws:kms:us-east-1:000000000000:key/k")"),
       "NotImplemented", "KmsKeyArn"},
      {"CreateSchedule",
       Host::input("n", "rate(1 hour)", "",
                   R"("Input":")" + std::string(256 * 1024 + 1, 'x') + "\""),
       "ValidationException", "262144"},
      {"CreateSchedule", with_target("arn:aws:s3:::bucket"), "ValidationException",
       "Provided Arn is not in correct format."},
      {"CreateSchedule", with_target("arn:aws:kinesis:us-east-1:000000000000:stream/s"),
       "NotImplemented", "kinesis"},
      {"CreateSchedule",
       with_target("arn:aws:lambda:us-east-1:000000000000:function:f", R"("Input":"not json")"),
       "ValidationException", "JSON"},
      {"CreateSchedule", with_target("arn:aws:events:us-east-1:000000000000:event-bus/default"),
       "ValidationException", "EventBridgeParameters"},
      {"CreateSchedule",
       with_target("arn:aws:scheduler:::aws-sdk:lambda:getFunction", R"("Input":"{}")"),
       "ValidationException", "getFunction"},
      {"CreateSchedule",
       with_target("arn:aws:scheduler:::aws-sdk:sqs:ReceiveMessage", R"("Input":"{}")"),
       "ValidationException", "The action receiveMessage of sqs only reads"},
      {"CreateSchedule",
       with_target("arn:aws:scheduler:::aws-sdk:lambda:invokeWithResponseStream",
                   R"("Input":"{}")"),
       "ValidationException", "is a stream"},
      {"CreateSchedule",
       with_target("arn:aws:scheduler:::aws-sdk:cloudwatchlogs:startLiveTail", R"("Input":"{}")"),
       "ValidationException", "is a stream"},
      {"CreateSchedule", with_target("arn:aws:scheduler:::aws-sdk:lambda:fly", R"("Input":"{}")"),
       "ValidationException", "fly"},
      {"CreateSchedule", with_target("arn:aws:scheduler:::aws-sdk:mars:invoke", R"("Input":"{}")"),
       "NotImplemented", "mars"},
      {"CreateSchedule", with_target("arn:aws:scheduler:::aws-sdk:lambda", R"("Input":"{}")"),
       "ValidationException", "Provided Arn is not in correct format."},
      {"CreateSchedule", with_target("arn:aws:scheduler:::aws-sdk:lambda:invoke"),
       "ValidationException", "Input"},
      {"CreateSchedule",
       with_target("arn:aws:scheduler:::aws-sdk:lambda:invoke", R"("Input":"[]")"),
       "ValidationException", "JSON object"},
      {"UpdateSchedule", Host::input("n", "rate(1 hour)"), "ResourceNotFoundException",
       "Schedule n does not exist."},
      {"GetSchedule", R"({"Name":"n"})", "ResourceNotFoundException", "Schedule n does not exist."},
      {"GetSchedule", R"({"Name":"n","GroupName":"g"})", "ResourceNotFoundException",
       "Schedule group g does not exist."},
      {"DeleteSchedule", R"({"Name":"n"})", "ResourceNotFoundException",
       "Schedule n does not exist."},
      {"ListSchedules", R"({"GroupName":"g"})", "ResourceNotFoundException",
       "Schedule group g does not exist."},
      {"ListSchedules", R"({"NextToken":"x"})", "ValidationException", "token"},
      {"GetSchedule", R"({"Name":"a b"})", "ValidationException",
       "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member "
       "must satisfy regular expression pattern: [0-9a-zA-Z-_.]+"},
  };
  Host host;
  ASSERT_TRUE(host.create("s", "rate(1 hour)").ok());
  const std::uint64_t changes = host.changes();
  for (const Refusal& each : cases) {
    const Answer got = host.call(each.operation, each.input);
    const std::string asked = each.operation + " " + each.input.substr(0, 300);
    EXPECT_EQ(got.error, each.error) << asked << ": " << got.text;
    EXPECT_NE(got.text.find(each.text), std::string::npos) << asked << ": " << got.text;
  }
  EXPECT_EQ(host.changes(), changes);
}

class KnownRoles final : public ports::Roles {
 public:
  Result<ports::Role> find(std::string_view arn) override {
    ports::Role out;
    out.known = arn != "arn:aws:iam::000000000000:role/none";
    if (arn == kRole) out.trusted_services = {"scheduler.amazonaws.com"};
    return out;
  }
  bool known_only() const override { return true; }
};

TEST(Schedules, NeedARoleThatSchedulerMayAssume) {
  Host host;
  KnownRoles roles;
  host.ports.roles = &roles;
  host.restart();
  EXPECT_TRUE(host.create("s", "rate(1 hour)").ok());
  for (const std::string_view role : {"none", "untrusting"}) {
    std::string input = Host::input("n", "rate(1 hour)");
    input.replace(input.find(kRole), kRole.size(),
                  fmt::format("arn:aws:iam::000000000000:role/{}", role));
    const Answer got = host.call("CreateSchedule", input);
    EXPECT_EQ(got.error, "ValidationException");
    EXPECT_EQ(got.text,
              "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
              "role.");
  }
}

TEST(Schedules, WithTheSameTokenAreTheSame) {
  Host host;
  const std::string token = R"("ClientToken":"t")";
  ASSERT_TRUE(host.create("s", "rate(1 hour)", token).ok());
  host.advance(minutes(1));
  EXPECT_TRUE(host.create("s", "rate(1 hour)", token).ok());
  const Answer other = host.create("s", "rate(2 hours)", token);
  EXPECT_EQ(other.error, "ConflictException");
  EXPECT_EQ(host.create("s", "rate(1 hour)", R"("ClientToken":"u")").error, "ConflictException");
  EXPECT_EQ(host.get("s").at("ScheduleExpression"), "rate(1 hour)");
  // What comes again of a deletion is answered as it was.
  const std::string gone = R"({"Name":"s","ClientToken":"d"})";
  EXPECT_TRUE(host.call("DeleteSchedule", gone).ok());
  EXPECT_TRUE(host.call("DeleteSchedule", gone).ok());
  EXPECT_EQ(host.call("DeleteSchedule", R"({"Name":"s"})").error, "ResourceNotFoundException");
}

TEST(Schedules, AreListed) {
  Host host;
  ASSERT_TRUE(host.call("CreateScheduleGroup", R"({"Name":"g"})").ok());
  for (const char* const name : {"a1", "a2", "b1"}) {
    ASSERT_TRUE(host.create(name, "rate(1 hour)").ok());
  }
  ASSERT_TRUE(host.create("a3", "rate(1 hour)", R"("GroupName":"g","State":"DISABLED")").ok());
  const auto names = [&](std::string_view input) {
    const Answer got = host.call("ListSchedules", input);
    EXPECT_TRUE(got.ok()) << got.text;
    std::string out;
    for (std::size_t i = 0; i < got.size("Schedules"); ++i) {
      out += got.at(fmt::format("Schedules.{}.Name", i)) + " ";
    }
    return out;
  };
  EXPECT_EQ(names("{}"), "a1 a2 b1 a3 ");
  EXPECT_EQ(names(R"({"GroupName":"g"})"), "a3 ");
  EXPECT_EQ(names(R"({"GroupName":"default","NamePrefix":"a"})"), "a1 a2 ");
  EXPECT_EQ(names(R"({"NamePrefix":"a"})"), "a1 a2 a3 ");
  EXPECT_EQ(names(R"({"State":"DISABLED"})"), "a3 ");
  EXPECT_EQ(names(R"({"State":"ENABLED","NamePrefix":"b"})"), "b1 ");
  const Answer first = host.call("ListSchedules", R"({"MaxResults":3})");
  EXPECT_EQ(first.size("Schedules"), 3U);
  EXPECT_EQ(first.at("Schedules.0.Target.Arn"), queue_arn("q"));
  EXPECT_EQ(first.size("Schedules.0.Target"), 1U);
  EXPECT_EQ(first.at("Schedules.0.State"), "ENABLED");
  EXPECT_EQ(
      names(fmt::format(R"({{"MaxResults":3,"NextToken":{}}})", in_quotes(first.at("NextToken")))),
      "a3 ");
  // Of another account there are none.
  aws::Caller other = host.caller;
  other.account = AccountId("111111111111");
  EXPECT_EQ(host.call_as(other, "ListSchedules", "{}").size("Schedules"), 0U);
}

TEST(ScheduleGroups, AreMadeShownAndListed) {
  Host host;
  const Answer made =
      host.call("CreateScheduleGroup", R"({"Name":"g","Tags":[{"Key":"a","Value":"1"}]})");
  const std::string arn = "arn:aws:scheduler:us-east-1:000000000000:schedule-group/g";
  EXPECT_EQ(made.at("ScheduleGroupArn"), arn);
  EXPECT_EQ(host.last_resource(), arn);
  const Answer again = host.call("CreateScheduleGroup", R"({"Name":"g"})");
  EXPECT_EQ(again.error, "ConflictException");
  EXPECT_EQ(again.text, "Schedule group g already exists.");
  EXPECT_EQ(host.call("CreateScheduleGroup", R"({"Name":"default"})").error, "ConflictException");
  const Answer shown = host.call("GetScheduleGroup", R"({"Name":"g"})");
  EXPECT_EQ(shown.at("Arn"), arn);
  EXPECT_EQ(shown.at("State"), "ACTIVE");
  EXPECT_EQ(shown.at("CreationDate"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(host.call("GetScheduleGroup", R"({"Name":"default"})").at("State"), "ACTIVE");
  EXPECT_EQ(host.call("GetScheduleGroup", R"({"Name":"none"})").text,
            "Schedule group none does not exist.");
  const Answer list = host.call("ListScheduleGroups");
  ASSERT_EQ(list.size("ScheduleGroups"), 2U);
  EXPECT_EQ(list.at("ScheduleGroups.0.Name"), "default");
  EXPECT_EQ(list.at("ScheduleGroups.1.Name"), "g");
  EXPECT_EQ(host.call("ListScheduleGroups", R"({"NamePrefix":"g"})").size("ScheduleGroups"), 1U);
}

TEST(ScheduleGroups, HaveTags) {
  Host host;
  ASSERT_TRUE(
      host.call("CreateScheduleGroup", R"({"Name":"g","Tags":[{"Key":"a","Value":"1"}]})").ok());
  for (const std::string name : {"g", "default"}) {
    const std::string arn = "arn:aws:scheduler:us-east-1:000000000000:schedule-group/" + name;
    const std::string at = fmt::format(R"("ResourceArn":"{}")", arn);
    EXPECT_TRUE(
        host.call("TagResource",
                  "{" + at + R"(,"Tags":[{"Key":"b","Value":"2"},{"Key":"a","Value":"3"}]})")
            .ok());
    EXPECT_TRUE(host.call("UntagResource", "{" + at + R"(,"TagKeys":["a","never"]})").ok());
    const Answer tags = host.call("ListTagsForResource", "{" + at + "}");
    EXPECT_EQ(tags.size("Tags"), 1U);
    EXPECT_EQ(tags.at("Tags.0.Key"), "b");
    EXPECT_EQ(
        host.call("TagResource", "{" + at + R"(,"Tags":[{"Key":"aws:x","Value":"2"}]})").error,
        "ValidationException");
    host.restart();
  }
  EXPECT_EQ(host.call("ListScheduleGroups").size("ScheduleGroups"), 2U);
  EXPECT_EQ(
      host.call("ListTagsForResource",
                R"({"ResourceArn":"arn:aws:scheduler:us-east-1:000000000000:schedule-group/n"})")
          .error,
      "ResourceNotFoundException");
}

TEST(ScheduleGroups, GoWithTheirSchedules) {
  Host host;
  ASSERT_TRUE(host.call("CreateScheduleGroup", R"({"Name":"g"})").ok());
  ASSERT_TRUE(host.call("CreateScheduleGroup", R"({"Name":"g2"})").ok());
  for (int i = 0; i < 450; ++i) {
    ASSERT_TRUE(host.create(fmt::format("s{}", i), "rate(1 hour)", R"("GroupName":"g")").ok());
  }
  ASSERT_TRUE(host.create("s", "rate(1 hour)", R"("GroupName":"g2")").ok());
  EXPECT_EQ(host.call("DeleteScheduleGroup", R"({"Name":"default"})").error, "ValidationException");
  ASSERT_TRUE(host.call("DeleteScheduleGroup", R"({"Name":"g"})").ok());
  host.advance(seconds(0));
  EXPECT_EQ(host.call("GetScheduleGroup", R"({"Name":"g"})").error, "ResourceNotFoundException");
  EXPECT_EQ(host.call("ListSchedules").size("Schedules"), 1U);
  host.advance(hours(1));
  EXPECT_EQ(host.targets.all().size(), 1U);
  EXPECT_TRUE(host.call("CreateScheduleGroup", R"({"Name":"g"})").ok());
  EXPECT_EQ(host.call("ListSchedules", R"({"GroupName":"g"})").size("Schedules"), 0U);
}

TEST(ScheduleGroups, AreSoManyAtMost) {
  Host host;
  for (std::size_t i = 1; i < kGroupsMax; ++i) {
    ASSERT_TRUE(host.call("CreateScheduleGroup", fmt::format(R"({{"Name":"g{}"}})", i)).ok());
  }
  EXPECT_EQ(host.call("CreateScheduleGroup", R"({"Name":"more"})").error,
            "ServiceQuotaExceededException");
}

}  // namespace
}  // namespace lapwing::scheduler::testing
