#include "services/lambda/operations/invoke.hpp"

#include <map>

#include <gtest/gtest.h>

#include "services/lambda/limits.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda {
namespace {

const AccountId kAccount("000000000000");
const Region kRegion("us-east-1");
const InvokeScope kScope{kAccount, kRegion, "arn:aws:iam::000000000000:root"};
const std::string kPath = "/2015-03-31/functions/hello/invocations";
const std::string kStreamPath = "/2021-11-15/functions/hello/response-streaming-invocations";

using Headers = std::map<std::string, std::string, std::less<>>;

Result<InvokeRequest> parse(const std::string& target, const Headers& headers = {}) {
  const auto lookup = [&](std::string_view name) -> std::optional<std::string_view> {
    const auto found = headers.find(name);
    return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  };
  return parse_invoke_head(target, lookup, kScope);
}

TEST(Invoke, KnowsItsTarget) {
  EXPECT_EQ(invoke_mode(kPath), InvokeMode::kBuffered);
  EXPECT_EQ(invoke_mode(kPath + "/?Qualifier=1"), InvokeMode::kBuffered);
  EXPECT_EQ(invoke_mode(kStreamPath), InvokeMode::kStream);
  EXPECT_EQ(invoke_mode(kStreamPath + "?Qualifier=1"), InvokeMode::kStream);
  for (const char* other :
       {"/2015-03-31/functions/hello", "/2015-03-31/functions//invocations",
        "/2015-03-31/functions/a/b/invocations", "/2014-11-13/functions/hello/invoke-async",
        "/2021-11-15/functions/hello/invocations",
        "/2015-03-31/functions/hello/response-streaming-invocations"}) {
    EXPECT_FALSE(invoke_mode(other)) << other;
  }
}

TEST(Invoke, KnowsItsTenant) {
  EXPECT_EQ(parse(kPath)->tenant_id, "");
  EXPECT_EQ(parse(kPath, {{"X-Amz-Tenant-Id", "blue/1 @x"}})->tenant_id, "blue/1 @x");
  EXPECT_EQ(parse(kStreamPath, {{"X-Amz-Tenant-Id", "b"}})->tenant_id, "b");
  for (const std::string& bad :
       {std::string("a;b"), std::string(257, 'a'), std::string("\xc3\xa4")}) {
    EXPECT_EQ(parse(kPath, {{"X-Amz-Tenant-Id", bad}}).error().code(), "ValidationException")
        << bad;
  }
}

TEST(Invoke, ParsesTheHead) {
  const auto plain = parse(kPath);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->function.view(), "hello");
  EXPECT_EQ(plain->qualifier, "");
  EXPECT_EQ(plain->log_type, LogType::kNone);

  const auto full = parse(
      "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahello/"
      "invocations?Qualifier=%24LATEST",
      {{"X-Amz-Invocation-Type", "DryRun"},
       {"X-Amz-Log-Type", "Tail"},
       {"X-Amz-Client-Context", text::base64_encode(R"({"custom":{}})")}});
  ASSERT_TRUE(full) << full.error().to_log();
  EXPECT_EQ(full->qualifier, "$LATEST");
  EXPECT_EQ(full->type, InvocationType::kDryRun);
  EXPECT_EQ(full->log_type, LogType::kTail);
  EXPECT_EQ(full->client_context, R"({"custom":{}})");
}

TEST(Invoke, AStreamIsAskedForInTheSameWay) {
  const auto got = parse(kStreamPath + "?Qualifier=%24LATEST",
                         {{"X-Amz-Invocation-Type", "DryRun"}, {"X-Amz-Log-Type", "Tail"}});
  ASSERT_TRUE(got) << got.error().to_log();
  EXPECT_EQ(got->mode, InvokeMode::kStream);
  EXPECT_EQ(got->function.view(), "hello");
  EXPECT_EQ(got->qualifier, "$LATEST");
  EXPECT_EQ(got->type, InvocationType::kDryRun);
  EXPECT_EQ(got->log_type, LogType::kTail);
}

TEST(Invoke, RefusesBadHeads) {
  const auto code = [](const Result<InvokeRequest>& got) { return got ? "" : got.error().code(); };
  EXPECT_EQ(code(parse("/2015-03-31/functions/bad%20name/invocations")), "ValidationException");
  EXPECT_EQ(code(parse("/2015-03-31/functions/bad%zzname/invocations")), "ValidationException");
  EXPECT_EQ(code(parse(kPath, {{"X-Amz-Invocation-Type", "Later"}})), "ValidationException");
  EXPECT_EQ(parse(kPath, {{"X-Amz-Invocation-Type", "Event"}})->type, InvocationType::kEvent);
  EXPECT_EQ(code(parse(kPath, {{"X-Amz-Durable-Execution-Name", "t"}})), "NotImplemented");
  EXPECT_EQ(code(parse(kStreamPath, {{"X-Amz-Invocation-Type", "Event"}})), "ValidationException");
  EXPECT_EQ(code(parse(kStreamPath, {{"X-Amz-Durable-Execution-Name", "t"}})), "NotImplemented");
  EXPECT_EQ(code(parse(kPath, {{"X-Amz-Client-Context", "%%%"}})),
            "InvalidRequestContentException");
  const std::string most = text::base64_encode("\"" + std::string(2683, 'c') + "\"");
  ASSERT_LE(most.size(), kMaxClientContextBytes);
  EXPECT_TRUE(parse(kPath, {{"X-Amz-Client-Context", most}}));
  EXPECT_EQ(code(parse(kPath, {{"X-Amz-Client-Context", most + "AAAA"}})),
            "InvalidRequestContentException");
}

TEST(Invoke, AnEmptyPayloadIsAnEmptyObject) {
  EXPECT_EQ(event_of(""), "{}");
  EXPECT_EQ(event_of("null"), "null");
  EXPECT_EQ(event_of(" "), " ");
}

TEST(Invoke, ChecksThePayload) {
  EXPECT_TRUE(check_invoke_payload(""));
  EXPECT_TRUE(check_invoke_payload(R"({"name": "World"})"));
  const Status broken = check_invoke_payload("{\"name\": ");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), "InvalidRequestContentException");
  EXPECT_TRUE(broken.error().message().starts_with(
      "Could not parse request body into json: Could not parse payload into json: "));
  EXPECT_NE(broken.error().message().find("\n at [Source: REDACTED"), std::string::npos);

  std::string huge = "\"" + std::string(kMaxRequestPayloadBytes - 2, 'x') + "\"";
  EXPECT_TRUE(check_invoke_payload(huge));
  huge += ' ';
  const Status too_large = check_invoke_payload(huge);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code(), "RequestTooLargeException");
  EXPECT_EQ(too_large.error().message(),
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation");
}

TEST(Invoke, RendersTheAnswer) {
  InvokeRequest request;
  request.log_type = LogType::kTail;
  InvokeOutcome outcome;
  outcome.request_id = RequestId("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  outcome.payload = R"({"errorMessage":"no"})";
  outcome.function_error = "Unhandled";
  outcome.log_tail = "END\n";
  const aws::Response answer = render_invoke_answer(request, outcome);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"errorMessage":"no"})");
  EXPECT_EQ(answer.header("X-Amz-Executed-Version"), "$LATEST");
  EXPECT_EQ(answer.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(answer.header("X-Amz-Log-Result"), text::base64_encode("END\n"));
  EXPECT_EQ(answer.header("x-amzn-RequestId"), "3f2504e0-4f89-41d3-9a0c-0305e82c3301");

  request.log_type = LogType::kNone;
  outcome.function_error.clear();
  const aws::Response success = render_invoke_answer(request, outcome);
  EXPECT_FALSE(success.header("X-Amz-Function-Error"));
  EXPECT_FALSE(success.header("X-Amz-Log-Result"));
  EXPECT_EQ(render_dry_run_answer(outcome.request_id).status, 204);
}

}  // namespace
}  // namespace lapwing::lambda
