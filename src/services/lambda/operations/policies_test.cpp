// Policies of functions, versions and aliases through the wire, and what they let services do.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/limits.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"
#include "text/json_writer.hpp"
#include "text/percent.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;

const std::string kArn = "arn:aws:lambda:us-east-1:000000000000:function:f";

class Policies : public ::testing::Test, public testing::Harness {
 protected:
  void SetUp() override {
    create_active("f");
    publish("f");
    put_alias("f", "live", "1");
  }
  Answer add(std::string_view function, std::string_view id, std::string_view more = {},
             std::string_view qualifier = {}) {
    const std::string_view principal = more.find("Principal\"") == std::string_view::npos
                                           ? R"("Principal":"s3.amazonaws.com",)"
                                           : "";
    const std::string_view action = more.find("\"Action\"") == std::string_view::npos
                                        ? R"("Action":"lambda:InvokeFunction",)"
                                        : "";
    return send("AddPermission", "POST", fmt::format("/2015-03-31/functions/{}/policy", function),
                qualifier.empty() ? "" : fmt::format("Qualifier={}", qualifier),
                fmt::format(R"({{{}{}"StatementId":"{}"{}{}}})", principal, action, id,
                            more.empty() ? "" : ",", more));
  }
  Answer policy(std::string_view function, std::string_view qualifier = {}) {
    return send("GetPolicy", "GET", fmt::format("/2015-03-31/functions/{}/policy", function),
                qualifier.empty() ? "" : fmt::format("Qualifier={}", qualifier));
  }
  Answer remove(std::string_view function, std::string_view id, std::string_view query = {}) {
    return send("RemovePermission", "DELETE",
                fmt::format("/2015-03-31/functions/{}/policy/{}", function, id), query);
  }
  Answer resource(std::string_view operation, std::string_view method, const std::string& arn,
                  std::string_view query = {}, std::string_view body = {}) {
    return send(operation, method,
                fmt::format("/2026-07-09/resource-policy/{}", text::uri_encode(arn)), query, body);
  }
  Answer put_resource(const std::string& arn, std::string_view document,
                      std::string_view more = {}) {
    std::string quoted;
    text::JsonWriter(quoted).string(document);
    return resource("PutResourcePolicy", "PUT", arn, "",
                    fmt::format(R"({{"Policy":{}{}{}}})", quoted, more.empty() ? "" : ",", more));
  }
  std::string revision(std::string_view qualifier = {}) {
    return get_configuration("f", qualifier.empty() ? "$LATEST" : qualifier).at("RevisionId");
  }
  bool allows(std::string_view arn, std::string_view service, std::string_view source_arn = {},
              std::string_view source_account = {}) const {
    const ports::OnBehalf as{.service = std::string(service),
                             .source_arn = std::string(source_arn),
                             .source_account = AccountId(std::string(source_account)),
                             .role_arn = {}};
    return this->service->attachments().allows(arn, as);
  }
};

struct StatementCase {
  const char* given;
  const char* statement;  // behind the Effect, with the function's ARN for {}
};
const StatementCase kStatements[] = {
    {R"("Principal":"s3.amazonaws.com","SourceArn":"arn:aws:s3:::b")",
     R"("Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",)"
     R"("Resource":"{}","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}})"},
    {R"("Principal":"*","SourceAccount":"000000000000")",
     R"("Principal":"*","Action":"lambda:InvokeFunction","Resource":"{}",)"
     R"("Condition":{"StringEquals":{"AWS:SourceAccount":"000000000000"}}})"},
    {R"("Principal":"111111111111")",
     R"("Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"lambda:InvokeFunction",)"
     R"("Resource":"{}"})"},
    {R"("Principal":"arn:aws:iam::000000000000:user/u")",
     R"("Principal":{"AWS":"arn:aws:iam::000000000000:user/u"},"Action":"lambda:InvokeFunction",)"
     R"("Resource":"{}"})"},
    {R"("Principal":"*","Action":"lambda:InvokeFunctionUrl","SourceArn":"arn:aws:s3:::b",)"
     R"("SourceAccount":"000000000000","PrincipalOrgID":"o-1234567890",)"
     R"("FunctionUrlAuthType":"NONE")",
     R"("Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"{}","Condition":{)"
     R"("StringEquals":{"AWS:SourceAccount":"000000000000","lambda:FunctionUrlAuthType":"NONE",)"
     R"("aws:PrincipalOrgID":"o-1234567890"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}})"},
    {R"("Principal":"alexa-appkit.amazon.com","EventSourceToken":"amzn1.ask.skill.x")",
     R"("Principal":{"Service":"alexa-appkit.amazon.com"},"Action":"lambda:InvokeFunction",)"
     R"("Resource":"{}","Condition":{"StringEquals":{"lambda:EventSourceToken":)"
     R"("amzn1.ask.skill.x"}}})"},
    {R"("Principal":"*","InvokedViaFunctionUrl":true)",
     R"("Principal":"*","Action":"lambda:InvokeFunction","Resource":"{}",)"
     R"("Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}})"},
};

TEST_F(Policies, StatementsAreWrittenAsRecorded) {
  std::string all;
  int number = 0;
  for (const StatementCase& c : kStatements) {
    const std::string id = fmt::format("s{}", number++);
    const Answer answer = add("f", id, c.given);
    EXPECT_EQ(answer.status, 201) << answer.body;
    std::string wanted = fmt::format(R"({{"Sid":"{}","Effect":"Allow",)", id) + c.statement;
    wanted.replace(wanted.find("{}"), 2, kArn);
    EXPECT_EQ(answer.at("Statement"), wanted);
    all += (all.empty() ? "" : ",") + wanted;
  }
  EXPECT_EQ(policy("f").at("Policy"),
            R"({"Version":"2012-10-17","Id":"default","Statement":[)" + all + "]}");
}

struct Refusal {
  const char* function;
  const char* id;
  const char* more;
  const char* qualifier;
  int status;
  const char* error;
  const char* message;
};
const Refusal kRefusals[] = {
    {"f", "example.com", "", "", 400, "ValidationException",
     "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy "
     "constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"},
    {"f:live", "s", "", "1", 400, "InvalidParameterValueException",
     "The derived qualifier from the function name does not match the specified qualifier."},
    {"f:$LATEST", "s", "", "$LATEST", 400, "InvalidParameterValueException",
     "We currently do not support adding policies for $LATEST."},
    {"f", "s", R"("Principal":"invalid.nonaws.com")", "", 400, "InvalidParameterValueException",
     "The provided principal was invalid. Please check the principal and try again."},
    {"f", "s", R"("Principal":"arn:aws:s3:::b")", "", 400, "InvalidParameterValueException",
     "The provided principal was invalid. Please check the principal and try again."},
    {"f", "s", R"("FunctionUrlAuthType":"NONE")", "", 400, "InvalidParameterValueException",
     "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"},
    {"g", "s", "", "", 404, "ResourceNotFoundException",
     "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g"},
    {"f:none", "s", "", "", 404, "ResourceNotFoundException",
     "Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:f:none"},
    {"f", "s", "", "42", 404, "ResourceNotFoundException",
     "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:42"},
    {"f", "s", "", "with-$-in-it", 404, "ResourceNotFoundException",
     "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:with-$-in-it"},
    {"f", "there", "", "", 409, "ResourceConflictException",
     "The statement id (there) provided already exists. Please provide a new statement id, or "
     "remove the existing statement."},
    {"f", "s", R"("RevisionId":"wrong")", "", 412, "PreconditionFailedException",
     "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to "
     "retrieve the latest Revision Id"},
    {"f:live", "s", R"("RevisionId":"wrong")", "", 412, "PreconditionFailedException",
     "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to "
     "retrieve the latest Revision Id"},
};

TEST_F(Policies, WhatIsNotAdded) {
  add("f", "there");
  const std::string before = policy("f").body;
  for (const Refusal& c : kRefusals) {
    const Answer answer = add(c.function, c.id, c.more, c.qualifier);
    EXPECT_EQ(answer.status, c.status) << c.message << answer.body;
    EXPECT_EQ(answer.error, c.error) << c.message;
    EXPECT_EQ(answer.message(), c.message);
  }
  EXPECT_EQ(policy("f").body, before);
  EXPECT_EQ(policy("f", "live").status, 404);
}

TEST_F(Policies, EachQualifierHasItsOwn) {
  EXPECT_EQ(add("f", "s").status, 201);
  EXPECT_EQ(policy("f", "1").message(), "The resource you requested does not exist.");
  EXPECT_EQ(policy("f", "$LATEST").status, 404);
  EXPECT_EQ(add("f:1", "s", "", "1").status, 201);
  EXPECT_EQ(add("f:live", "s").status, 201);
  EXPECT_NE(policy("f", "1").at("Policy").find(kArn + ":1\""), std::string::npos);
  EXPECT_NE(policy("f:live").at("Policy").find(kArn + ":live\""), std::string::npos);
  EXPECT_EQ(remove("f", "s", "Qualifier=1").status, 204);
  EXPECT_EQ(policy("f", "1").status, 404);
  EXPECT_EQ(policy("f").status, 200);
  // What is deleted takes its policy along, and one made again has none.
  EXPECT_EQ(send("DeleteAlias", "DELETE", "/2015-03-31/functions/f/aliases/live").status, 204);
  EXPECT_FALSE(allows(kArn + ":live", "s3.amazonaws.com"));
  put_alias("f", "live", "1");
  EXPECT_EQ(policy("f", "live").status, 404);
  EXPECT_TRUE(allows(kArn, "s3.amazonaws.com"));
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f");
  EXPECT_FALSE(allows(kArn, "s3.amazonaws.com"));
  create_active("f");
  EXPECT_EQ(policy("f").status, 404);
}

// A policy's revision is that of what it is attached to.
TEST_F(Policies, Revisions) {
  const std::string first = revision();
  EXPECT_EQ(add("f", "s", fmt::format(R"("RevisionId":"{}")", first)).status, 201);
  const std::string second = policy("f").at("RevisionId");
  EXPECT_NE(second, first);
  EXPECT_EQ(revision(), second);
  const Answer refused = remove("f", "s", "RevisionId=" + first);
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(refused.message(),
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id");
  EXPECT_EQ(remove("f", "s", "RevisionId=" + second).status, 204);
  EXPECT_NE(revision(), second);
  const Answer alias = send("GetAlias", "GET", "/2015-03-31/functions/f/aliases/live");
  EXPECT_EQ(add("f:live", "s", fmt::format(R"("RevisionId":"{}")", alias.at("RevisionId"))).status,
            201);
  const Answer after = send("GetAlias", "GET", "/2015-03-31/functions/f/aliases/live");
  EXPECT_NE(after.at("RevisionId"), alias.at("RevisionId"));
  EXPECT_EQ(after.at("RevisionId"), policy("f:live").at("RevisionId"));
}

TEST_F(Policies, Removals) {
  EXPECT_EQ(remove("f", "s").message(), "No policy is associated with the given resource.");
  EXPECT_EQ(remove("g", "s").message(),
            "No policy found for: arn:aws:lambda:us-east-1:000000000000:function:g");
  EXPECT_EQ(remove("f", "s", "Qualifier=none").message(),
            "Cannot find alias arn: " + kArn + ":none");
  add("f", "s");
  add("f", "t");
  EXPECT_EQ(remove("f", "none").message(), "Statement none is not found in resource policy.");
  EXPECT_EQ(remove("f", "s").status, 204);
  EXPECT_EQ(policy("f").at("Policy").find("\"Sid\":\"s\""), std::string::npos);
  EXPECT_EQ(remove("f", "t").status, 204);
  EXPECT_EQ(policy("f").message(), "The resource you requested does not exist.");
}

TEST_F(Policies, EndAtTheirSize) {
  Answer last;
  int added = 0;
  const std::string source = R"("SourceArn":"arn:aws:s3:::)" + std::string(900, 'b') + "\"";
  for (; added < 40; ++added) {
    last = add("f", fmt::format("s{}", added), source);
    if (last.status != 201) break;
  }
  EXPECT_GT(added, 10);
  EXPECT_EQ(last.status, 400);
  EXPECT_EQ(last.error, "PolicyLengthExceededException");
  EXPECT_TRUE(last.message().ends_with(") is bigger than the limit (20480).")) << last.message();
  EXPECT_LE(policy("f").at("Policy").size(), kMaxPolicyBytes);
}

TEST_F(Policies, LetServicesInvoke) {
  const std::string topic = "arn:aws:sns:us-east-1:000000000000:t";
  EXPECT_FALSE(allows(kArn, "sns.amazonaws.com", topic));
  add("f", "sns",
      R"("Principal":"sns.amazonaws.com","SourceArn":"arn:aws:sns:us-east-1:000000000000:?")");
  add("f", "s3",
      R"("Principal":"s3.amazonaws.com","SourceArn":"arn:aws:s3:::b",)"
      R"("SourceAccount":"000000000000")");
  add("f:live", "any", R"("Principal":"*")");
  add("f", "url", R"("Principal":"*","Action":"lambda:InvokeFunctionUrl")");
  const auto check = [&] {
    EXPECT_TRUE(allows(kArn, "sns.amazonaws.com", topic, "000000000000"));
    EXPECT_FALSE(allows(kArn, "sns.amazonaws.com", topic + "2"));
    EXPECT_FALSE(allows(kArn, "sns.amazonaws.com"));
    EXPECT_FALSE(allows(kArn, "events.amazonaws.com", topic));
    EXPECT_TRUE(allows(kArn, "s3.amazonaws.com", "arn:aws:s3:::b", "000000000000"));
    EXPECT_FALSE(allows(kArn, "s3.amazonaws.com", "arn:aws:s3:::b", "111111111111"));
    // Each ARN has its own policy.
    EXPECT_FALSE(allows(kArn + ":1", "sns.amazonaws.com", topic));
    EXPECT_FALSE(allows(kArn + ":$LATEST", "sns.amazonaws.com", topic));
    EXPECT_TRUE(allows(kArn + ":live", "events.amazonaws.com", topic));
    EXPECT_FALSE(allows("arn:aws:sqs:us-east-1:000000000000:f", "sns.amazonaws.com", topic));
    EXPECT_FALSE(allows("f", "sns.amazonaws.com", topic));
  };
  check();
  restart();
  check();
  remove("f", "sns");
  EXPECT_FALSE(allows(kArn, "sns.amazonaws.com", topic));
}

TEST_F(Policies, WholeDocuments) {
  EXPECT_EQ(resource("GetResourcePolicy", "GET", kArn).message(),
            "The resource you requested does not exist.");
  EXPECT_EQ(resource("DeleteResourcePolicy", "DELETE", kArn).message(),
            "No policy is associated with the given resource.");
  add("f", "gone");
  const std::string document =
      R"({"Version": "2012-10-17", "Statement": [{"Sid": "kept", "Effect": "Allow", "Principal":)"
      R"( {"Service": "events.amazonaws.com"}, "Action": "lambda:*", "Resource": ")" +
      kArn +
      R"("}, {"Sid": "not", "Effect": "Deny", "Principal": "*", "Action": "lambda:*",)"
      R"( "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceAccount":)"
      R"( "000000000000"}}}]})";
  const Answer put = put_resource(kArn, document);
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.at("Policy"), document);
  EXPECT_EQ(put.at("RevisionId"), revision());
  const Answer got = resource("GetResourcePolicy", "GET", kArn);
  EXPECT_EQ(got.at("Policy"), document);
  EXPECT_EQ(got.at("RevisionId"), revision());
  EXPECT_EQ(policy("f").at("Policy"), document);
  EXPECT_TRUE(allows(kArn, "events.amazonaws.com", "", "000000000000"));
  EXPECT_FALSE(allows(kArn, "events.amazonaws.com", "", "111111111111"));
  EXPECT_EQ(add("f", "more").status, 201);
  EXPECT_EQ(add("f", "kept").status, 409);
  const Answer stale =
      put_resource(kArn, document, fmt::format(R"("RevisionId":"{}")", put.at("RevisionId")));
  EXPECT_EQ(stale.status, 412) << stale.body;
  EXPECT_EQ(
      resource("DeleteResourcePolicy", "DELETE", kArn, "RevisionId=" + put.at("RevisionId")).status,
      412);
  EXPECT_EQ(resource("DeleteResourcePolicy", "DELETE", kArn, "RevisionId=" + revision()).status,
            204);
  EXPECT_EQ(policy("f").status, 404);
  EXPECT_FALSE(allows(kArn, "events.amazonaws.com", "", "000000000000"));
}

TEST_F(Policies, DocumentsThatAreNone) {
  struct Case {
    std::string arn;
    std::string document;
    int status;
    std::string message;
  };
  const std::string good =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",)"
      R"("Action":"lambda:InvokeFunction","Resource":"*"}]})";
  const Case cases[] = {
      {kArn, "{}", 400, "The resource policy is not valid: Syntax errors in policy."},
      {kArn, "no json", 400, "The resource policy is not valid: Syntax errors in policy."},
      {kArn, R"({"Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"}]})", 400,
       "The resource policy is not valid: Missing required field Principal"},
      {kArn + ":$LATEST", good, 400, "We currently do not support adding policies for $LATEST."},
      {kArn + ":42", good, 404, "Function not found: " + kArn + ":42"},
      {kArn + ":none", good, 404, "Cannot find alias arn: " + kArn + ":none"},
      {"arn:aws:lambda:us-east-1:000000000000:runtime/r", good, 404,
       "The resource you requested does not exist."},
      {"arn:aws:lambda:eu-west-1:000000000000:function:f", good, 404,
       "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"},
  };
  for (const Case& c : cases) {
    const Answer answer = put_resource(c.arn, c.document);
    EXPECT_EQ(answer.status, c.status) << c.arn << c.document << answer.body;
    EXPECT_EQ(answer.message(), c.message);
  }
  EXPECT_EQ(put_resource("arn:aws:lambda:us-east-1:111111111111:function:f", good).status, 403);
  EXPECT_EQ(put_resource(kArn, good + std::string(kMaxPolicyBytes, ' ')).status, 400);
  EXPECT_EQ(policy("f").status, 404);
  EXPECT_EQ(put_resource(kArn + ":live", good).status, 200);
  EXPECT_TRUE(allows(kArn + ":live", "sns.amazonaws.com"));
}

}  // namespace
}  // namespace lapwing::lambda
