// Signed requests to the whole server: who may still sign, who sees what is the operator's, and
// whose share a request counts to.
#include <thread>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "aws/sigv4_signer.hpp"
#include "base/testing/eventually.hpp"
#include "server/admission.hpp"
#include "server/testing/test_server.hpp"
#include "text/time_format.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using testing::HttpAnswer;
using testing::TestServer;

const aws::Credentials kOperator{"AKIDOPERATOR", "secret", ""};

testing::TestServerOptions verifying(std::vector<std::string> services) {
  return {
      .services = std::move(services),
      .settings = {"auth=verify", "metrics.signed=always"},
      .credentials = {{kOperator.access_key_id, kOperator.secret_access_key, "000000000000", ""}}};
}

HttpAnswer signed_request(TestServer& server, const aws::Credentials& by, std::string_view service,
                          std::string_view method, std::string_view path, std::string_view type,
                          std::string_view body, const aws::SigningOptions& how = {}) {
  aws::Request request;
  request.method = method;
  request.raw_path = path;
  request.body = body;
  const std::vector<aws::HeaderView> plain = {{"Host", "localhost"}, {"Content-Type", type}};
  request.headers = plain;
  std::string fields = "Content-Type: " + std::string(type) + "\r\n";
  for (const aws::HeaderField& field :
       aws::sign(request, by, {"us-east-1", service}, server.real.wall(), how)) {
    fields += field.name + ": " + field.value + "\r\n";
  }
  return server.request(method, path, fields, body);
}

HttpAnswer query(TestServer& server, const aws::Credentials& by, std::string_view service,
                 std::string_view body) {
  return signed_request(server, by, service, "POST", "/", "application/x-www-form-urlencoded",
                        body);
}

HttpAnswer who_am_i(TestServer& server, const aws::Credentials& by) {
  return query(server, by, "sts", "Action=GetCallerIdentity&Version=2011-06-15");
}

std::string between(const std::string& text, std::string_view before, std::string_view after) {
  const std::size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

aws::Credentials session(TestServer& server, const aws::Credentials& by, std::string_view what) {
  const HttpAnswer made =
      query(server, by, "sts", "Version=2011-06-15&Action=" + std::string(what));
  EXPECT_EQ(made.status, 200) << made.body;
  return {between(made.body, "<AccessKeyId>", "<"), between(made.body, "<SecretAccessKey>", "<"),
          between(made.body, "<SessionToken>", "<")};
}

aws::Credentials make_user(TestServer& server) {
  EXPECT_TRUE(server.call("iam", "CreateUser", R"({"UserName":"ann"})").ok());
  const Answer key = server.call("iam", "CreateAccessKey", R"({"UserName":"ann"})");
  return {key.at("AccessKey.AccessKeyId"), key.at("AccessKey.SecretAccessKey"), ""};
}

void delete_user(TestServer& server, const aws::Credentials& key) {
  ASSERT_TRUE(server
                  .call("iam", "DeleteAccessKey",
                        R"({"UserName":"ann","AccessKeyId":")" + key.access_key_id + "\"}")
                  .ok());
  ASSERT_TRUE(server.call("iam", "DeleteUser", R"({"UserName":"ann"})").ok());
}

constexpr std::string_view kMakeRole =
    R"({"RoleName":"worker","AssumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",)"
    R"(\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},)"
    R"(\"Action\":\"sts:AssumeRole\"}]}"})";
constexpr std::string_view kAssume =
    "AssumeRole&RoleSessionName=me&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2F";

void expect_refused(const HttpAnswer& answer) {
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body.find("<Code>InvalidClientTokenId</Code>"), std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find("The security token included in the request is invalid."),
            std::string::npos);
}

TEST(Signed, SessionsOfADeletedUserSignNothing) {
  TestServer server(verifying({"sts"}));
  const aws::Credentials key = make_user(server);
  const aws::Credentials own = session(server, key, "GetSessionToken");
  const aws::Credentials federated = session(server, key, "GetFederationToken&Name=guest");
  EXPECT_EQ(who_am_i(server, own).status, 200);
  EXPECT_EQ(who_am_i(server, federated).status, 200);
  delete_user(server, key);
  expect_refused(who_am_i(server, own));
  expect_refused(who_am_i(server, federated));
  // Another user of the same name is another one.
  const aws::Credentials again = make_user(server);
  EXPECT_EQ(who_am_i(server, again).status, 200);
  expect_refused(who_am_i(server, own));
  expect_refused(who_am_i(server, federated));
}

TEST(Signed, SessionsOfADeletedRoleSignNothing) {
  TestServer server(verifying({"sts"}));
  ASSERT_TRUE(server.call("iam", "CreateRole", kMakeRole).ok());
  const aws::Credentials worker = session(server, kOperator, std::string(kAssume) + "worker");
  const aws::Credentials nobody = session(server, kOperator, std::string(kAssume) + "nobody");
  EXPECT_EQ(who_am_i(server, worker).status, 200);
  ASSERT_TRUE(server.call("iam", "DeleteRole", R"({"RoleName":"worker"})").ok());
  expect_refused(who_am_i(server, worker));
  ASSERT_TRUE(server.call("iam", "CreateRole", kMakeRole).ok());
  expect_refused(who_am_i(server, worker));
  // A role that nobody made was not deleted.
  EXPECT_EQ(who_am_i(server, nobody).status, 200);
}

TEST(Signed, MetricsAreTheOperators) {
  TestServer server(verifying({"sts"}));
  const aws::Credentials user = make_user(server);
  const auto get = [&](const aws::Credentials& by, std::string_view path) {
    return signed_request(server, by, "sts", "GET", path, "text/plain", "");
  };
  for (const aws::Credentials& one : {kOperator, session(server, kOperator, "GetSessionToken")}) {
    EXPECT_EQ(get(one, "/_lapwing/metrics").status, 200);
    EXPECT_NE(get(one, "/_lapwing/health").body.find("\"version\""), std::string::npos);
    EXPECT_EQ(get(one, "/_lapwing/clock").status, 200);
  }
  for (const aws::Credentials& one :
       {user, session(server, user, "GetSessionToken"),
        session(server, kOperator, std::string(kAssume) + "nobody")}) {
    const HttpAnswer refused = get(one, "/_lapwing/metrics");
    EXPECT_EQ(refused.status, 403);
    EXPECT_NE(refused.body.find("is not the operator of this server"), std::string::npos)
        << refused.body;
    EXPECT_EQ(get(one, "/_lapwing/health").body, R"({"status":"ok"})");
    EXPECT_EQ(get(one, "/_lapwing/clock").status, 403);
  }
}

// Whatever the metrics are.
TEST(Signed, OnlyTheOperatorMovesTheClock) {
  for (const char* const metrics : {"auto", "never", "always"}) {
    testing::TestServerOptions options = verifying({"sts"});
    options.settings = {"auth=verify", std::string("metrics.signed=") + metrics};
    TestServer server(std::move(options));
    const aws::Credentials user = make_user(server);
    constexpr std::string_view kBody = R"({"advance_seconds":60})";
    const auto now = [&] {
      return signed_request(server, kOperator, "lapwing", "GET", "/_lapwing/clock", "text/plain",
                            "")
          .body;
    };
    const std::string before = now();
    EXPECT_EQ(server.request("POST", "/_lapwing/clock", {}, kBody).status, 403) << metrics;
    EXPECT_EQ(signed_request(server, user, "lapwing", "POST", "/_lapwing/clock", "application/json",
                             kBody)
                  .status,
              403)
        << metrics;
    EXPECT_EQ(now(), before);
    const HttpAnswer moved = signed_request(server, kOperator, "lapwing", "POST", "/_lapwing/clock",
                                            "application/json", kBody);
    EXPECT_EQ(moved.status, 200) << metrics << " " << moved.body;
    EXPECT_EQ(now(), moved.body);
    EXPECT_NE(now(), before);
  }
}

// ---- whose share

aws::Caller caller(std::string_view arn, std::string_view user_id, std::string_view identity = "") {
  aws::Caller out;
  out.authenticated = true;
  out.principal_arn = arn;
  out.user_id = user_id;
  out.identity = identity;
  return out;
}

TEST(Signed, AUserOrRoleHasOneShareHoweverManyKeys) {
  aws::Caller one = caller("arn:aws:iam::000000000000:user/ann", "AIDAANN", "AIDAANN");
  one.access_key_id = "AKIAONE";
  aws::Caller two = one;
  two.access_key_id = "ASIATWO";
  EXPECT_EQ(share_of(one), share_of(two));
  EXPECT_EQ(share_of(one), share_of(caller("arn:aws:sts::000000000000:federated-user/guest",
                                           "000000000000:guest", "AIDAANN")));
  EXPECT_NE(share_of(one),
            share_of(caller("arn:aws:iam::000000000000:user/ben", "AIDABEN", "AIDABEN")));
  // Sessions of a role, also of one that nobody made.
  const auto role = [](std::string_view session, std::string_view identity) {
    return share_of(caller("arn:aws:sts::000000000000:assumed-role/r/" + std::string(session),
                           "AROAROLE:" + std::string(session), identity));
  };
  EXPECT_EQ(role("a", "AROAROLE"), role("b", "AROAROLE"));
  EXPECT_EQ(role("a", ""), role("b", ""));
  // The root of an account and whom it lets in; and another account's.
  const aws::Caller root = caller("arn:aws:iam::000000000000:root", "000000000000");
  EXPECT_EQ(share_of(root), share_of(caller("arn:aws:sts::000000000000:federated-user/guest",
                                            "000000000000:guest")));
  aws::Caller other = caller("arn:aws:iam::111111111111:root", "111111111111");
  other.account = AccountId("111111111111");
  EXPECT_NE(share_of(root), share_of(other));
  // Principals that the configuration names have no id.
  EXPECT_NE(share_of(caller("arn:aws:iam::000000000000:user/a", "")),
            share_of(caller("arn:aws:iam::000000000000:user/b", "")));
}

// A body that comes slowly, of somebody who knows the operator's key by name: its large bodies are
// read one at a time. The owner's client says in the head what its body is.
TEST(Signed, WhoOnlyNamesAKeyDoesNotHoldUpItsOwnersBodies) {
  TestServer server(verifying({"lambda"}));
  const std::string now = text::format_basic(server.real.wall());
  const os::UniqueFd stranger = server.connect();
  testing::send_to(
      stranger,
      fmt::format("POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\n"
                  "Content-Type: application/json\r\nContent-Length: 20000000\r\n"
                  "X-Amz-Date: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={}/{}/us-east-1/"
                  "lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature={}\r\n\r\n{}",
                  now, kOperator.access_key_id, now.substr(0, 8), std::string(64, '0'),
                  std::string(100'000, 'x')));
  ASSERT_TRUE(lapwing::testing::eventually([&] {
    const HttpAnswer metrics =
        signed_request(server, kOperator, "sts", "GET", "/_lapwing/metrics", "text/plain", "");
    return metrics.body.find("\nlapwing_request_body_bytes 0\n") == std::string::npos;
  }));
  const HttpAnswer answer = signed_request(
      server, kOperator, "lambda", "POST", "/2015-03-31/functions", "application/json",
      std::string(17'000'000, 'x'), {.content_hash_header = true});
  EXPECT_EQ(answer.status, 400) << answer.body;
}

// ---- roles of functions

TEST(Signed, AFunctionWhoseRoleIsNotKnownAnyLongerDoesNotStart) {
  TestServer server({.services = {"lambda"},
                     .settings = {"iam.roles=known"},
                     .script = [](const runtime::FunctionVersion&, const runtime::Invocation&) {
                       // What an environment answers that could not be made.
                       runtime::Outcome out;
                       out.kind = runtime::Outcome::Kind::kPlatformError;
                       return out;
                     }});
  constexpr char kZip[] =
      "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
      "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
      "AQABADQAAABOAAAAAAA=";
  ASSERT_TRUE(server.call("iam", "CreateRole", kMakeRole).ok());
  const Answer made = server.call(
      "lambda", "CreateFunction",
      std::string(R"({"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler",)") +
          R"("Role":"arn:aws:iam::000000000000:role/worker","Code":{"ZipFile":")" + kZip +
          R"("}})");
  ASSERT_TRUE(made.ok()) << made.text;
  while (
      server.call("lambda", "GetFunction", R"({"FunctionName":"f"})").at("Configuration.State") ==
      "Pending") {
    std::this_thread::yield();
  }
  const auto invoke = [&] {
    return server.request("POST", "/2015-03-31/functions/f/invocations", {}, "{}");
  };
  EXPECT_NE(invoke().status, 403);
  ASSERT_TRUE(server.call("iam", "DeleteRole", R"({"RoleName":"worker"})").ok());
  const HttpAnswer refused = invoke();
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.head.find("AccessDeniedException"), std::string::npos) << refused.head;
  EXPECT_NE(refused.body.find("The role defined for the function cannot be assumed by Lambda."),
            std::string::npos)
      << refused.body;
}

}  // namespace
}  // namespace lapwing::server
