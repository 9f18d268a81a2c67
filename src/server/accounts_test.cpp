// Two accounts on one server: what one of them sets up reaches nothing of the other's, unless that
// lets it. Functions are scripted; time is moved by hand.
#include <map>
#include <mutex>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "server/testing/test_server.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using hosting::testing::in_quotes;
using lapwing::testing::eventually;
using testing::TestServer;

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";
const AccountId kA("111111111111");
const AccountId kB("222222222222");

std::string arn(std::string_view service, const AccountId& of, std::string_view resource) {
  return fmt::format("arn:aws:{}:us-east-1:{}:{}", service, of.view(), resource);
}

std::string role(const AccountId& of) { return fmt::format("arn:aws:iam::{}:role/r", of.view()); }

class Accounts : public ::testing::Test {
 protected:
  Answer as(const AccountId& who, std::string_view service, std::string_view operation,
            const std::string& input) {
    Answer out = server_.call_as(who, service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  std::string refused(const AccountId& who, std::string_view service, std::string_view operation,
                      const std::string& input) {
    const Answer out = server_.call_as(who, service, operation, input);
    return out.error + ": " + out.text;
  }
  static std::string url(const AccountId& of, std::string_view queue) {
    return fmt::format("http://localhost:4566/{}/{}", of.view(), queue);
  }
  void queue(const AccountId& of, std::string_view name) {
    as(of, "sqs", "CreateQueue", fmt::format(R"({{"QueueName":"{}"}})", name));
  }
  // Lets A's role, by B's queue's policy.
  void let_into_queue(std::string_view name) {
    const std::string policy = fmt::format(
        R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{}"}},)"
        R"("Action":"sqs:SendMessage","Resource":"{}"}}]}})",
        role(kA), arn("sqs", kB, name));
    as(kB, "sqs", "SetQueueAttributes",
       fmt::format(R"({{"QueueUrl":"{}","Attributes":{{"Policy":{}}}}})", url(kB, name),
                   in_quotes(policy)));
  }
  void function(const AccountId& of, std::string_view name) {
    as(of, "lambda", "CreateFunction",
       fmt::format(R"({{"FunctionName":"{}","Runtime":"python3.12","Handler":"app.handler",)"
                   R"("Role":"{}","Code":{{"ZipFile":"{}"}}}})",
                   name, role(of), kZip));
    ASSERT_TRUE(eventually([&] {
      return as(of, "lambda", "GetFunction", fmt::format(R"({{"FunctionName":"{}"}})", name))
                 .at("Configuration.State") == "Active";
    }));
  }
  void let_into_function(std::string_view name) {
    as(kB, "lambda", "AddPermission",
       fmt::format(R"({{"FunctionName":"{}","StatementId":"s","Action":"lambda:InvokeFunction",)"
                   R"("Principal":"{}"}})",
                   name, kA.view()));
  }
  void pipe(std::string_view name, const std::string& target, const std::string& more = {}) {
    queue(kA, fmt::format("source-{}", name));
    as(kA, "pipes", "CreatePipe",
       fmt::format(R"({{"Name":"{0}","Source":"{1}","Target":"{2}","RoleArn":"{3}"{4}}})", name,
                   arn("sqs", kA, fmt::format("source-{}", name)), target, role(kA), more));
    ASSERT_TRUE(eventually([&] {
      return as(kA, "pipes", "DescribePipe", fmt::format(R"({{"Name":"{}"}})", name))
                 .at("CurrentState") == "RUNNING";
    }));
    as(kA, "sqs", "SendMessage",
       fmt::format(R"({{"QueueUrl":"{}","MessageBody":"hello"}})",
                   url(kA, fmt::format("source-{}", name))));
  }
  std::size_t visible(const AccountId& of, std::string_view name) {
    return as(of, "sqs", "ReceiveMessage",
              fmt::format(R"({{"QueueUrl":"{}","VisibilityTimeout":0}})", url(of, name)))
        .size("Messages");
  }
  // What the pipe's last execution said is wrong.
  bool pipe_says(std::string_view name, std::string_view what) {
    return eventually([&] {
      return server_
                 .call_as(kA, "sqs", "GetQueueAttributes",
                          fmt::format(R"({{"QueueUrl":"{}","AttributeNames":["All"]}})",
                                      url(kA, fmt::format("source-{}", name))))
                 .at("Attributes.ApproximateNumberOfMessagesNotVisible") == what;
    });
  }
  std::size_t runs(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return runs_[std::string(name)];
  }

  std::mutex mutex_;
  std::map<std::string, std::size_t> runs_;  // before the server, which calls for them
  TestServer server_{{.services = {"sqs", "lambda", "events", "pipes", "scheduler", "sns", "logs"},
                      .script = [this](const runtime::FunctionVersion& function,
                                       const runtime::Invocation& invocation) {
                        const std::lock_guard lock(mutex_);
                        ++runs_[function.name.str()];
                        runtime::Outcome out;
                        out.body = invocation.payload;
                        return out;
                      }}};
};

TEST_F(Accounts, APipeRunsAnothersFunctionWhereThatLetsItAlone) {
  function(kB, "secret");
  function(kB, "open");
  let_into_function("open");
  queue(kA, "target");
  const auto enriched = [](std::string_view name) {
    return fmt::format(R"(,"Enrichment":"{}")",
                       arn("lambda", kB, fmt::format("function:{}", name)));
  };
  pipe("to-secret", arn("lambda", kB, "function:secret"));
  pipe("by-secret", arn("sqs", kA, "target"), enriched("secret"));
  pipe("to-open", arn("lambda", kB, "function:open"));
  pipe("by-open", arn("sqs", kA, "target"), enriched("open"));
  EXPECT_TRUE(eventually([&] { return runs("open") == 2; }));
  EXPECT_TRUE(eventually([&] { return visible(kA, "target") == 1; }));
  EXPECT_TRUE(pipe_says("to-secret", "1"));
  EXPECT_TRUE(pipe_says("by-secret", "1"));
  EXPECT_EQ(runs("secret"), 0U);
}

TEST_F(Accounts, ARuleUnderARoleReachesWhatLetsItAlone) {
  queue(kB, "closed");
  queue(kB, "open");
  let_into_queue("open");
  function(kB, "secret");
  as(kB, "sns", "CreateTopic", R"({"Name":"t"})");
  as(kB, "logs", "CreateLogGroup", R"({"logGroupName":"/g"})");
  queue(kA, "dead");
  const std::string dead =
      fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}})", arn("sqs", kA, "dead"));
  const std::string policy =
      fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*",)"
                  R"("Action":"sqs:SendMessage","Resource":"{}"}}]}})",
                  arn("sqs", kA, "dead"));
  as(kA, "sqs", "SetQueueAttributes",
     fmt::format(R"({{"QueueUrl":"{}","Attributes":{{"Policy":{}}}}})", url(kA, "dead"),
                 in_quotes(policy)));
  as(kA, "events", "PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"app\"]}"})");
  std::string targets;
  int id = 0;
  for (const std::string& target :
       {arn("sqs", kB, "closed"), arn("sqs", kB, "open"), arn("lambda", kB, "function:secret"),
        arn("sns", kB, "t"), arn("events", kB, "event-bus/default")}) {
    targets += fmt::format(R"({}{{"Id":"{}","Arn":"{}","RoleArn":"{}",{}}})", id == 0 ? "" : ",",
                           id, target, role(kA), dead);
    ++id;
  }
  as(kA, "events", "PutTargets", fmt::format(R"({{"Rule":"r","Targets":[{}]}})", targets));
  as(kA, "events", "PutEvents", R"({"Entries":[{"Source":"app","DetailType":"t","Detail":"{}"}]})");
  EXPECT_TRUE(eventually([&] { return visible(kB, "open") == 1; }));
  EXPECT_TRUE(eventually([&] {
    return as(kA, "sqs", "GetQueueAttributes",
              fmt::format(R"({{"QueueUrl":"{}","AttributeNames":["All"]}})", url(kA, "dead")))
               .at("Attributes.ApproximateNumberOfMessages") == "4";
  })) << "all but the one that lets it";
  EXPECT_EQ(visible(kB, "closed"), 0U);
  EXPECT_EQ(runs("secret"), 0U);
}

TEST_F(Accounts, NobodyNamesARoleOfAnother) {
  queue(kA, "q");
  const std::string mine = arn("sqs", kA, "q");
  as(kA, "events", "PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"app\"]}"})");
  const std::string words = "AccessDeniedException: Cross-account pass role is not allowed.";
  EXPECT_EQ(
      refused(kA, "events", "PutTargets",
              fmt::format(R"({{"Rule":"r","Targets":[{{"Id":"1","Arn":"{}","RoleArn":"{}"}}]}})",
                          mine, role(kB))),
      words);
  EXPECT_EQ(refused(kA, "events", "PutRule",
                    fmt::format(R"({{"Name":"r","EventPattern":"{{\"source\":[\"app\"]}}",)"
                                R"("RoleArn":"{}"}})",
                                role(kB))),
            words);
  const auto schedule = [&](const AccountId& of) {
    return fmt::format(R"j({{"Name":"s","ScheduleExpression":"rate(1 hour)","FlexibleTimeWindow":)j"
                       R"({{"Mode":"OFF"}},"Target":{{"Arn":"{}","RoleArn":"{}"}}}})",
                       mine, role(of));
  };
  EXPECT_EQ(refused(kA, "scheduler", "CreateSchedule", schedule(kB)), words);
  as(kA, "scheduler", "CreateSchedule", schedule(kA));
  EXPECT_EQ(refused(kA, "scheduler", "UpdateSchedule", schedule(kB)), words);
  const auto pipe_under = [&](const AccountId& of) {
    return fmt::format(R"({{"Name":"p","Source":"{0}","Target":"{0}","RoleArn":"{1}"}})", mine,
                       role(of));
  };
  EXPECT_EQ(refused(kA, "pipes", "CreatePipe", pipe_under(kB)), words);
}

TEST_F(Accounts, AFunctionsRoleOpensNoOthersQueue) {
  queue(kB, "theirs");
  queue(kA, "mine");
  as(kA, "lambda", "CreateFunction",
     fmt::format(R"({{"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler",)"
                 R"("Role":"{}","Code":{{"ZipFile":"{}"}}}})",
                 role(kB), kZip));
  const auto mapping = [&](const std::string& source) {
    return fmt::format(R"({{"FunctionName":"f","EventSourceArn":"{}"}})", source);
  };
  EXPECT_NE(refused(kA, "lambda", "CreateEventSourceMapping", mapping(arn("sqs", kB, "theirs"))),
            ": ");
  EXPECT_FALSE(
      server_.call_as(kA, "lambda", "CreateEventSourceMapping", mapping(arn("sqs", kB, "theirs")))
          .ok());
  as(kA, "lambda", "CreateEventSourceMapping", mapping(arn("sqs", kA, "mine")));
}

TEST_F(Accounts, AnApiDestinationIsItsAccountsAlone) {
  const Answer connection =
      as(kB, "events", "CreateConnection",
         R"({"Name":"c","AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":)"
         R"({"ApiKeyName":"x","ApiKeyValue":"secret"}}})");
  EXPECT_EQ(refused(kA, "events", "CreateApiDestination",
                    fmt::format(R"({{"Name":"d","ConnectionArn":"{}","HttpMethod":"POST",)"
                                R"("InvocationEndpoint":"https://example.com/"}})",
                                connection.at("ConnectionArn"))),
            fmt::format("ResourceNotFoundException: Connection '{}' does not exist.",
                        connection.at("ConnectionArn")));
}

}  // namespace
}  // namespace lapwing::server
