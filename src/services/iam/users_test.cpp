#include <string>

#include <gtest/gtest.h>

#include "services/iam/testing/iam_host.hpp"

namespace lapwing::iam::testing {
namespace {

TEST(Users, RoundTrip) {
  Host host;
  const Answer made = create_user(host, "Ann");
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.at("User.Arn"), arn("user/Ann"));
  EXPECT_EQ(made.at("User.UserId").substr(0, 4), "AIDA");
  EXPECT_EQ(create_user(host, "ann").text, "User with name ann already exists.");
  EXPECT_EQ(host.call("GetUser", R"({"UserName":"bob"})").text,
            "The user with name bob cannot be found.");
  ASSERT_TRUE(
      host.call("PutUserPolicy",
                input({{"UserName", "Ann"}, {"PolicyName", "p"}, {"PolicyDocument", kPolicy}}))
          .ok());
  EXPECT_EQ(
      host.call("PutUserPolicy", input({{"UserName", "Ann"},
                                        {"PolicyName", "q"},
                                        {"PolicyDocument", document_of(kUserPoliciesSizeMax)}}))
          .text,
      "Maximum policy size of 2048 bytes exceeded for user Ann");
  EXPECT_EQ(host.call("ListUserPolicies", R"({"UserName":"Ann"})").at("PolicyNames.0"), "p");
  EXPECT_EQ(host.call("DeleteUser", R"({"UserName":"Ann"})").text,
            "Cannot delete entity, must delete policies first.");
}

TEST(Users, KeepWhatIsTheirsUnderAnotherName) {
  Host host;
  ASSERT_TRUE(create_user(host, "ann").ok());
  ASSERT_TRUE(create_user(host, "bob").ok());
  ASSERT_TRUE(host.call("CreateGroup", R"({"GroupName":"g"})").ok());
  ASSERT_TRUE(host.call("AddUserToGroup", R"({"GroupName":"g","UserName":"ann"})").ok());
  ASSERT_TRUE(host.call("CreateAccessKey", R"({"UserName":"ann"})").ok());
  ASSERT_TRUE(
      host.call("PutUserPolicy",
                input({{"UserName", "ann"}, {"PolicyName", "p"}, {"PolicyDocument", kPolicy}}))
          .ok());
  EXPECT_EQ(host.call("UpdateUser", R"({"UserName":"ann","NewUserName":"Bob"})").error,
            "EntityAlreadyExists");
  ASSERT_TRUE(
      host.call("UpdateUser", R"({"UserName":"ann","NewUserName":"eve","NewPath":"/x/"})").ok());
  EXPECT_EQ(host.call("GetUser", R"({"UserName":"ann"})").error, "NoSuchEntity");
  EXPECT_EQ(host.call("GetUser", R"({"UserName":"eve"})").at("User.Arn"), arn("user/x/eve"));
  EXPECT_EQ(host.call("GetGroup", R"({"GroupName":"g"})").at("Users.0.UserName"), "eve");
  EXPECT_EQ(host.call("ListAccessKeys", R"({"UserName":"eve"})").size("AccessKeyMetadata"), 1U);
  EXPECT_EQ(host.call("ListUserPolicies", R"({"UserName":"eve"})").size("PolicyNames"), 1U);
  ASSERT_TRUE(host.call("UpdateUser", R"({"UserName":"eve","NewUserName":"EVE"})").ok());
  EXPECT_EQ(host.call("GetUser", R"({"UserName":"eve"})").at("User.UserName"), "EVE");
}

TEST(Users, WithoutANameItIsWhoeverCalls) {
  Host host;
  EXPECT_EQ(host.call("GetUser", "{}").at("User.Arn"), arn("root"));
  EXPECT_EQ(host.call("ListAccessKeys", "{}").size("AccessKeyMetadata"), 0U);
  ASSERT_TRUE(create_user(host, "ann").ok());
  aws::Caller caller = host.caller;
  caller.principal_arn = arn("user/ann");
  EXPECT_EQ(host.call_as(caller, "GetUser", "{}").at("User.UserName"), "ann");
  EXPECT_EQ(host.call_as(caller, "CreateAccessKey", "{}").at("AccessKey.UserName"), "ann");
  caller.principal_arn = "arn:aws:sts::000000000000:assumed-role/r/s";
  EXPECT_EQ(host.call_as(caller, "GetUser", "{}").text,
            "Must specify userName when calling with non-User credentials");
}

TEST(Users, HaveAccessKeys) {
  Host host;
  ASSERT_TRUE(create_user(host, "ann").ok());
  const Answer made = host.call("CreateAccessKey", R"({"UserName":"ann"})");
  const std::string id = made.at("AccessKey.AccessKeyId");
  EXPECT_EQ(id.substr(0, 4), "AKIA");
  EXPECT_EQ(id.size(), 20U);
  EXPECT_EQ(made.at("AccessKey.SecretAccessKey").size(), 40U);
  EXPECT_EQ(made.at("AccessKey.Status"), "Active");
  ASSERT_TRUE(host.call("CreateAccessKey", R"({"UserName":"ann"})").ok());
  EXPECT_EQ(host.call("CreateAccessKey", R"({"UserName":"ann"})").text,
            "Cannot exceed quota for AccessKeysPerUser: 2");
  const Answer listed = host.call("ListAccessKeys", R"({"UserName":"ann"})");
  EXPECT_EQ(listed.size("AccessKeyMetadata"), 2U);
  EXPECT_EQ(listed.text.find(made.at("AccessKey.SecretAccessKey")), std::string::npos);
  EXPECT_EQ(host.call("GetAccessKeyLastUsed", input({{"AccessKeyId", id}}))
                .at("AccessKeyLastUsed.ServiceName"),
            "N/A");
  ASSERT_TRUE(host.call("UpdateAccessKey",
                        input({{"UserName", "ann"}, {"AccessKeyId", id}, {"Status", "Inactive"}}))
                  .ok());
  EXPECT_EQ(host.call("DeleteUser", R"({"UserName":"ann"})").text,
            "Cannot delete entity, must delete access keys first.");
  ASSERT_TRUE(create_user(host, "bob").ok());
  const Answer others =
      host.call("DeleteAccessKey", input({{"UserName", "bob"}, {"AccessKeyId", id}}));
  EXPECT_EQ(others.text, "The Access Key with id " + id + " cannot be found.");
  EXPECT_TRUE(host.call("DeleteAccessKey", input({{"UserName", "ann"}, {"AccessKeyId", id}})).ok());
}

TEST(Users, AreInGroups) {
  Host host;
  ASSERT_TRUE(create_user(host, "ann").ok());
  for (std::size_t i = 0; i <= kGroupsOfUserMax; ++i) {
    const std::string name = "g" + std::to_string(i);
    ASSERT_TRUE(host.call("CreateGroup", input({{"GroupName", name}})).ok());
    const Answer added =
        host.call("AddUserToGroup", input({{"GroupName", name}, {"UserName", "ann"}}));
    EXPECT_EQ(added.text,
              i < kGroupsOfUserMax ? "{}" : "Cannot exceed quota for GroupsPerUser: 10");
  }
  EXPECT_EQ(host.call("ListGroupsForUser", R"({"UserName":"ann"})").size("Groups"),
            kGroupsOfUserMax);
  EXPECT_EQ(host.call("DeleteUser", R"({"UserName":"ann"})").text,
            "Cannot delete entity, must remove users from group first.");
  EXPECT_EQ(host.call("DeleteGroup", R"({"GroupName":"g0"})").text,
            "Cannot delete entity, must remove users from group first.");
  ASSERT_TRUE(host.call("RemoveUserFromGroup", R"({"GroupName":"g0","UserName":"ann"})").ok());
  EXPECT_EQ(host.call("RemoveUserFromGroup", R"({"GroupName":"g0","UserName":"ann"})").text,
            "User ann not in group g0");
  EXPECT_TRUE(host.call("DeleteGroup", R"({"GroupName":"g0"})").ok());
  EXPECT_EQ(host.call("CreateGroup", R"({"GroupName":"G1"})").text,
            "Group with name G1 already exists.");
  ASSERT_TRUE(host.call("UpdateGroup", R"({"GroupName":"g1","NewGroupName":"h"})").ok());
  EXPECT_EQ(host.call("GetGroup", R"({"GroupName":"h"})").at("Users.0.UserName"), "ann");
  EXPECT_EQ(host.call("PutGroupPolicy",
                      input({{"GroupName", "h"},
                             {"PolicyName", "p"},
                             {"PolicyDocument", document_of(kGroupPoliciesSizeMax + 1)}}))
                .text,
            "Maximum policy size of 5120 bytes exceeded for group h");
}

TEST(Users, HaveNothingElseAtFirst) {
  Host host;
  ASSERT_TRUE(create_user(host, "ann").ok());
  EXPECT_EQ(host.call("GetLoginProfile", R"({"UserName":"ann"})").text,
            "Login Profile for User ann cannot be found.");
  EXPECT_EQ(host.call("ListMFADevices", R"({"UserName":"ann"})").size("MFADevices"), 0U);
  EXPECT_EQ(host.call("ListMFADevices", R"({"UserName":"bob"})").error, "NoSuchEntity");
  EXPECT_TRUE(host.call("ListSSHPublicKeys", R"({"UserName":"ann"})").ok());
  EXPECT_EQ(host.call("ListOpenIDConnectProviders", "{}").at("OpenIDConnectProviderList"), "[...]");
  EXPECT_EQ(host.call("ListSAMLProviders", "{}").at("SAMLProviderList"), "[...]");
  EXPECT_EQ(host.call("ListServiceSpecificCredentials", R"({"UserName":"ann"})")
                .at("ServiceSpecificCredentials"),
            "[...]");
  EXPECT_EQ(host.call("ListSigningCertificates", R"({"UserName":"ann"})").size("Certificates"), 0U);
  EXPECT_EQ(
      host.call("SimulatePrincipalPolicy", input({{"PolicySourceArn", arn("user/ann-the-user")}}))
          .error,
      "NotImplemented");
}

TEST(Accounts, HaveOpenIdConnectProviders) {
  Host host;
  const std::string github = arn("oidc-provider/token.actions.githubusercontent.com");
  const std::string trust = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow",)"
                            R"("Principal":{"Federated":")" +
                            github + R"("},"Action":"sts:AssumeRoleWithWebIdentity"}})";
  EXPECT_EQ(create_role(host, "r", trust).text,
            "Invalid principal in policy: \"FEDERATED\":\"" + github + "\"");
  const std::string asked = R"({"Url":"https://token.actions.githubusercontent.com/",)"
                            R"("ClientIDList":["sts.amazonaws.com"],"ThumbprintList":[")" +
                            std::string(40, 'a') + R"("],"Tags":[{"Key":"k","Value":"v"}]})";
  EXPECT_EQ(host.call("CreateOpenIDConnectProvider", asked).at("OpenIDConnectProviderArn"), github);
  EXPECT_EQ(host.call("CreateOpenIDConnectProvider", asked).error, "EntityAlreadyExists");
  EXPECT_TRUE(create_role(host, "r", trust).ok());
  const std::string named = input({{"OpenIDConnectProviderArn", github}});
  const Answer got = host.call("GetOpenIDConnectProvider", named);
  EXPECT_EQ(got.at("Url"), "token.actions.githubusercontent.com");
  EXPECT_EQ(got.at("ClientIDList.0"), "sts.amazonaws.com");
  EXPECT_EQ(got.at("Tags.0.Value"), "v");
  EXPECT_EQ(host.call("ListOpenIDConnectProviders", "{}").at("OpenIDConnectProviderList.0.Arn"),
            github);
  const auto client = [&](const char* operation, const std::string& id) {
    return host.call(operation, input({{"OpenIDConnectProviderArn", github}, {"ClientID", id}}));
  };
  for (std::size_t i = 1; i < kClientIdsMax; ++i) {
    EXPECT_TRUE(client("AddClientIDToOpenIDConnectProvider", std::to_string(i)).ok());
  }
  EXPECT_EQ(client("AddClientIDToOpenIDConnectProvider", "more").text,
            "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
  EXPECT_TRUE(client("RemoveClientIDFromOpenIDConnectProvider", "1").ok());
  EXPECT_EQ(client("RemoveClientIDFromOpenIDConnectProvider", "1").text, "Client ID 1 not found.");
  std::string six = "\"" + std::string(40, 'b') + "\"";
  for (int i = 0; i < 5; ++i) six += ",\"" + std::string(40, 'b') + "\"";
  EXPECT_EQ(host.call("UpdateOpenIDConnectProviderThumbprint",
                      R"({"OpenIDConnectProviderArn":")" + github + R"(","ThumbprintList":[)" +
                          six + "]}")
                .error,
            "InvalidInput");
  for (const std::string_view bad : {"http://a", "https://", "https:///x", "a", "https://a b"}) {
    EXPECT_EQ(host.call("CreateOpenIDConnectProvider", input({{"Url", bad}})).text,
              "Invalid Open ID Connect Provider URL")
        << bad;
  }
  ASSERT_TRUE(host.call("DeleteOpenIDConnectProvider", named).ok());
  EXPECT_EQ(host.call("GetOpenIDConnectProvider", named).text,
            "OpenIDConnect Provider not found for arn " + github);
}

TEST(Accounts, TellWhatTheyHave) {
  Host host;
  ASSERT_TRUE(create_user(host, "ann").ok());
  ASSERT_TRUE(create_role(host, "r").ok());
  ASSERT_TRUE(create_policy(host, "p").ok());
  ASSERT_TRUE(host.call("CreateInstanceProfile", R"({"InstanceProfileName":"i"})").ok());
  const Answer summary = host.call("GetAccountSummary", "{}");
  EXPECT_EQ(summary.at("SummaryMap.Users"), "1");
  EXPECT_EQ(summary.at("SummaryMap.Roles"), "1");
  EXPECT_EQ(summary.at("SummaryMap.Policies"), "1");
  EXPECT_EQ(summary.at("SummaryMap.InstanceProfiles"), "1");
  EXPECT_EQ(summary.at("SummaryMap.AttachedPoliciesPerRoleQuota"), "10");
  EXPECT_EQ(host.call("ListAccountAliases", "{}").size("AccountAliases"), 0U);
  ASSERT_TRUE(host.call("CreateAccountAlias", R"({"AccountAlias":"house"})").ok());
  EXPECT_EQ(host.call("ListAccountAliases", "{}").at("AccountAliases.0"), "house");
  aws::Caller other = host.caller;
  other.account = AccountId("111111111111");
  EXPECT_EQ(host.call_as(other, "CreateAccountAlias", R"({"AccountAlias":"house"})").error,
            "EntityAlreadyExists");
  ASSERT_TRUE(host.call("DeleteAccountAlias", R"({"AccountAlias":"house"})").ok());
  EXPECT_EQ(host.call("GetAccountPasswordPolicy", "{}").text,
            "The Password Policy with domain name 000000000000 cannot be found.");
  ASSERT_TRUE(host.call("UpdateAccountPasswordPolicy",
                        R"({"MinimumPasswordLength":10,"RequireNumbers":true})")
                  .ok());
  EXPECT_EQ(host.call("GetAccountPasswordPolicy", "{}").at("PasswordPolicy.MinimumPasswordLength"),
            "10");
  ASSERT_TRUE(host.call("DeleteAccountPasswordPolicy", "{}").ok());
  EXPECT_EQ(host.call("DeleteAccountPasswordPolicy", "{}").text,
            "The account policy with name PasswordPolicy cannot be found.");
}

TEST(Accounts, HaveNoMoreThanTheQuota) {
  Host host;
  const auto fill = [&](const char* operation, const std::string& begin, const std::string& end,
                        std::int64_t limit, const std::string& quota) {
    for (std::int64_t i = 0; i < limit; ++i) {
      ASSERT_TRUE(host.call(operation, begin + std::to_string(i) + end).ok());
    }
    const Answer more = host.call(operation, begin + "more" + end);
    EXPECT_EQ(more.error, "LimitExceeded");
    EXPECT_EQ(more.text, "Cannot exceed quota for " + quota + ": " + std::to_string(limit));
  };
  fill("CreateUser", R"({"UserName":"u)", "\"}", kUsersMax, "UsersPerAccount");
  fill("CreateGroup", R"({"GroupName":"g)", "\"}", kGroupsMax, "GroupsPerAccount");
  fill("CreateInstanceProfile", R"({"InstanceProfileName":"i)", "\"}", kInstanceProfilesMax,
       "InstanceProfilesPerAccount");
  fill("CreateOpenIDConnectProvider", R"({"Url":"https://p)", "\"}", kOidcProvidersMax,
       "OpenIdConnectProvidersPerAccount");
  std::string document = input({{"PolicyDocument", kPolicy}});
  document.front() = ',';
  fill("CreatePolicy", R"({"PolicyName":"p)", "\"" + document, kPoliciesMax, "PoliciesPerAccount");
  EXPECT_EQ(host.call("ListUsers", "{}").size("Users"),
            static_cast<std::size_t>(kPageItemsDefault));
}

TEST(Accounts, TellEverything) {
  Host host;
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(create_user(host, name).ok());
    ASSERT_TRUE(create_role(host, name).ok());
    ASSERT_TRUE(create_policy(host, name).ok());
    ASSERT_TRUE(host.call("CreateGroup", input({{"GroupName", name}})).ok());
  }
  ASSERT_TRUE(
      host.call("AttachRolePolicy", input({{"RoleName", "a"}, {"PolicyArn", kAdministrator}}))
          .ok());
  ASSERT_TRUE(
      host.call("PutRolePolicy",
                input({{"RoleName", "a"}, {"PolicyName", "inline"}, {"PolicyDocument", kPolicy}}))
          .ok());
  const Answer all = host.call("GetAccountAuthorizationDetails", "{}");
  ASSERT_TRUE(all.ok()) << all.text;
  EXPECT_EQ(all.size("UserDetailList"), 3U);
  EXPECT_EQ(all.size("GroupDetailList"), 3U);
  EXPECT_EQ(all.size("RoleDetailList"), 3U);
  EXPECT_EQ(all.size("Policies"), 4U);
  EXPECT_EQ(decoded(all, "RoleDetailList.0.RolePolicyList.0.PolicyDocument"), kPolicy);
  EXPECT_EQ(all.at("RoleDetailList.0.AttachedManagedPolicies.0.PolicyName"), "AdministratorAccess");
  const Answer some =
      host.call("GetAccountAuthorizationDetails", R"({"Filter":["Role","AWSManagedPolicy"]})");
  EXPECT_EQ(some.size("UserDetailList"), 0U);
  EXPECT_EQ(some.size("RoleDetailList"), 3U);
  EXPECT_EQ(some.size("Policies"), 1U);

  std::size_t seen = 0;
  std::string marker;
  do {
    const Answer page = host.call(
        "GetAccountAuthorizationDetails",
        marker.empty() ? R"({"MaxItems":2})" : R"({"MaxItems":2,"Marker":")" + marker + "\"}");
    ASSERT_TRUE(page.ok()) << page.text;
    for (const char* list : {"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"}) {
      seen += page.size(list);
    }
    marker = page.at("Marker");
  } while (!marker.empty());
  EXPECT_EQ(seen, 13U);
}

}  // namespace
}  // namespace lapwing::iam::testing
