#include "services/sts/service.hpp"

#include <gtest/gtest.h>

#include "hosting/testing/bad_input.hpp"

namespace lapwing::sts {
namespace {

constexpr std::string_view kKnown = "arn:aws:iam::000000000000:role/team/worker";
constexpr std::string_view kUnknown = "arn:aws:iam::111111111111:role/nobody";

class SomeRoles final : public ports::Roles {
 public:
  explicit SomeRoles(bool known_only) : known_only_(known_only) {}
  bool known_only() const override { return known_only_; }
  Result<ports::Role> find(std::string_view arn) override {
    if (arn == kKnown) return ports::Role{true, "AROAKNOWN", 7200, {}};
    return ports::Role{.id = "AROASTANDIN"};
  }

 private:
  bool known_only_;
};

class StsHost final : public hosting::testing::HostBase {
 public:
  explicit StsHost(bool known_roles_only = false) : roles(known_roles_only) {
    ports.roles = &roles;
    ports.sessions = &mint;
    caller.access_key_id = "AKIAEXAMPLE";
    begin_service();
  }
  ~StsHost() override { end_service(); }

  hosting::testing::Answer assume(std::string_view role, std::string_view more = "") {
    return call("AssumeRole",
                fmt::format(R"({{"RoleArn":"{}","RoleSessionName":"me"{}}})", role, more));
  }
  // Whom the credentials in an answer are.
  aws::Principal signs_as(const hosting::testing::Answer& answer) {
    const auto known = mint.open(answer.at("Credentials.AccessKeyId"),
                                 answer.at("Credentials.SessionToken"), clock.wall());
    EXPECT_TRUE(known) << answer.text;
    if (!known) return {};
    EXPECT_EQ(known->secret_access_key, answer.at("Credentials.SecretAccessKey"));
    return known->principal;
  }

  SomeRoles roles;
  aws::SessionMint mint{crypto::AesKey{}, random};

 protected:
  std::unique_ptr<hosting::Service> make() override {
    return std::make_unique<Service>(dependencies());
  }
};

TEST(Sts, SaysWhoSigned) {
  StsHost host;
  host.caller.principal_arn = "arn:aws:sts::000000000000:assumed-role/worker/hello";
  host.caller.user_id = "AROA:hello";
  const auto answer = host.call("GetCallerIdentity");
  EXPECT_EQ(answer.at("Arn"), "arn:aws:sts::000000000000:assumed-role/worker/hello");
  EXPECT_EQ(answer.at("UserId"), "AROA:hello");
  EXPECT_EQ(answer.at("Account"), "000000000000");
}

TEST(Sts, SessionsOfARoleCarryItsId) {
  StsHost host;
  const auto answer = host.assume(kKnown);
  ASSERT_TRUE(answer.ok()) << answer.text;
  EXPECT_EQ(answer.at("AssumedRoleUser.Arn"), "arn:aws:sts::000000000000:assumed-role/worker/me");
  EXPECT_EQ(answer.at("AssumedRoleUser.AssumedRoleId"), "AROAKNOWN:me");
  EXPECT_EQ(answer.at("PackedPolicySize"), "");
  const aws::Principal principal = host.signs_as(answer);
  EXPECT_EQ(principal.arn, answer.at("AssumedRoleUser.Arn"));
  EXPECT_EQ(principal.user_id, "AROAKNOWN:me");
  EXPECT_EQ(principal.identity, "AROAKNOWN");
  host.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(host.mint
                .open(answer.at("Credentials.AccessKeyId"), answer.at("Credentials.SessionToken"),
                      host.clock.wall())
                .error()
                .code(),
            "ExpiredTokenException");
}

TEST(Sts, RolesThatNobodyKnowsAreAssumedUnlessSaidOtherwise) {
  StsHost host;
  const auto answer = host.assume(kUnknown);
  EXPECT_EQ(answer.at("AssumedRoleUser.AssumedRoleId"), "AROASTANDIN:me");
  EXPECT_EQ(host.signs_as(answer).account.view(), "111111111111");
  EXPECT_EQ(host.signs_as(answer).identity, "");
  StsHost strict(true);
  EXPECT_TRUE(strict.assume(kKnown).ok());
  const auto refused = strict.assume(kUnknown);
  EXPECT_EQ(refused.error, "AccessDenied");
  EXPECT_EQ(refused.text,
            "User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws:iam::111111111111:role/nobody");
}

TEST(Sts, WhereSignaturesCountNoAccountEntersAnother) {
  StsHost host;
  host.caller.authenticated = true;
  EXPECT_TRUE(host.assume(kKnown).ok());
  EXPECT_EQ(host.assume(kUnknown).error, "AccessDenied");
}

TEST(Sts, SessionsAreNoLongerThanTheirRoleAllows) {
  StsHost host;
  EXPECT_TRUE(host.assume(kKnown, R"(,"DurationSeconds":7200)").ok());
  EXPECT_EQ(host.assume(kKnown, R"(,"DurationSeconds":7201)").text,
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  EXPECT_EQ(host.assume(kKnown, R"(,"DurationSeconds":899)").error, "ValidationError");
  host.caller.access_key_id = "ASIAEXAMPLE";
  host.caller.principal_arn = "arn:aws:sts::000000000000:assumed-role/other/s";
  EXPECT_TRUE(host.assume(kKnown).ok());
  EXPECT_EQ(host.assume(kKnown, R"(,"DurationSeconds":3601)").text,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining");
}

TEST(Sts, WhatIsNoRoleIsNotAssumed) {
  StsHost host;
  for (const std::string_view bad :
       {"nothing-valid-in-here", "arn:a:a::aaaaaaaaaa:", "arn:aws:iam::000000000000:user/u",
        "arn:aws:iam::000000000000:role/", "arn:aws:iam::0:role/some-name"}) {
    EXPECT_EQ(host.assume(bad).text, std::string(bad) + " is invalid");
  }
  const auto bad_name = host.call(
      "AssumeRole", fmt::format(R"({{"RoleArn":"{}","RoleSessionName":"Session1:2"}})", kKnown));
  EXPECT_EQ(bad_name.text,
            "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*");
}

TEST(Sts, WhatNothingWouldLookAtIsRefused) {
  StsHost host;
  for (const std::string_view more :
       {R"(,"Policy":"{}")", R"(,"Tags":[{"Key":"a","Value":"b"}])",
        R"(,"SourceIdentity":"somebody")", R"(,"SerialNumber":"123456789","TokenCode":"123456")"}) {
    EXPECT_EQ(host.assume(kKnown, more).error, "NotImplemented") << more;
  }
  EXPECT_TRUE(host.assume(kKnown, R"(,"ExternalId":"x1")").ok());
}

TEST(Sts, AUserHasSessions) {
  StsHost host;
  host.caller.principal_arn = "arn:aws:iam::000000000000:user/a/ann";
  host.caller.user_id = "AIDAANN";
  host.caller.identity = "AIDAANN";
  const auto answer = host.call("GetSessionToken");
  EXPECT_EQ(host.signs_as(answer).identity, "AIDAANN");
  EXPECT_EQ(host.signs_as(answer).arn, "arn:aws:iam::000000000000:user/a/ann");
  EXPECT_EQ(host.signs_as(answer).user_id, "AIDAANN");
  const auto federated = host.call("GetFederationToken", R"({"Name":"guest"})");
  EXPECT_EQ(host.signs_as(federated).identity, "AIDAANN");
  EXPECT_EQ(federated.at("FederatedUser.Arn"), "arn:aws:sts::000000000000:federated-user/guest");
  EXPECT_EQ(federated.at("FederatedUser.FederatedUserId"), "000000000000:guest");
  EXPECT_EQ(federated.at("PackedPolicySize"), "0");
  EXPECT_EQ(host.signs_as(federated).arn, federated.at("FederatedUser.Arn"));
  host.caller.access_key_id = "ASIAEXAMPLE";
  EXPECT_EQ(host.call("GetSessionToken").text,
            "Cannot call GetSessionToken with session credentials");
  EXPECT_EQ(host.call("GetFederationToken", R"({"Name":"guest"})").error, "AccessDenied");
}

TEST(Sts, SessionsOfTheRootAreShort) {
  StsHost host;
  const auto answer = host.call("GetSessionToken");
  host.clock.advance(std::chrono::hours(1));
  EXPECT_FALSE(host.mint.open(answer.at("Credentials.AccessKeyId"),
                              answer.at("Credentials.SessionToken"), host.clock.wall()));
}

TEST(Sts, RefusesBadInputAndChangesNothing) {
  StsHost host;
  EXPECT_EQ(hosting::testing::send_bad_input(host), "");
}

}  // namespace
}  // namespace lapwing::sts
