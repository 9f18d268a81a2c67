#include <string>

#include <gtest/gtest.h>

#include "policy/document.hpp"
#include "services/iam/managed_policies.hpp"
#include "services/iam/testing/iam_host.hpp"

namespace lapwing::iam::testing {
namespace {

TEST(Policies, AreToldAsIamTellsThem) {
  Host host;
  const Answer made = host.call("CreatePolicy", input({{"PolicyName", "p"},
                                                       {"Path", "/x/"},
                                                       {"Description", "d"},
                                                       {"PolicyDocument", kPolicy}}));
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.at("Policy.Arn"), arn("policy/x/p"));
  EXPECT_EQ(made.at("Policy.PolicyId").substr(0, 4), "ANPA");
  EXPECT_EQ(made.at("Policy.DefaultVersionId"), "v1");
  EXPECT_EQ(made.at("Policy.AttachmentCount"), "0");
  EXPECT_EQ(made.at("Policy.PermissionsBoundaryUsageCount"), "0");
  EXPECT_EQ(made.at("Policy.IsAttachable"), "true");
  EXPECT_EQ(made.at("Policy.Description"), "");
  const std::string asked = input({{"PolicyArn", arn("policy/x/p")}});
  EXPECT_EQ(host.call("GetPolicy", asked).at("Policy.Description"), "d");
  const Answer listed = host.call("ListPolicies", R"({"Scope":"Local"})");
  EXPECT_EQ(listed.size("Policies"), 1U);
  EXPECT_EQ(listed.at("Policies.0.Description"), "");
  EXPECT_EQ(create_policy(host, "P").text,
            "A policy called P already exists. Duplicate names are not allowed.");
  EXPECT_EQ(host.call("GetPolicy", input({{"PolicyArn", arn("policy/p")}})).text,
            "Policy " + arn("policy/p") + " was not found.");
}

TEST(Policies, PathsAreOfTheCharactersOfNames) {
  Host host;
  for (const std::string_view bad : {"a/", "/a", "/a b/", "//", "/a//b/", "/a%/"}) {
    const Answer answer = host.call(
        "CreatePolicy", input({{"PolicyName", "p"}, {"Path", bad}, {"PolicyDocument", kPolicy}}));
    EXPECT_EQ(answer.error, "ValidationError") << bad;
  }
  EXPECT_TRUE(
      host.call("CreatePolicy",
                input({{"PolicyName", "p"}, {"Path", "/a/b.c/"}, {"PolicyDocument", kPolicy}}))
          .ok());
}

TEST(Policies, HaveVersions) {
  Host host;
  ASSERT_TRUE(create_policy(host, "p").ok());
  const std::string policy = arn("policy/p");
  const auto add = [&](bool as_default) {
    return host.call(
        "CreatePolicyVersion",
        R"({"PolicyArn":")" + policy + R"(","PolicyDocument":)" +
            R"("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}","SetAsDefault":)" +
            (as_default ? "true}" : "false}"));
  };
  EXPECT_EQ(add(true).at("PolicyVersion.VersionId"), "v2");
  EXPECT_EQ(add(false).at("PolicyVersion.IsDefaultVersion"), "false");
  EXPECT_EQ(add(false).at("PolicyVersion.VersionId"), "v4");
  EXPECT_EQ(add(false).at("PolicyVersion.VersionId"), "v5");
  const Answer more = add(false);
  EXPECT_EQ(more.error, "LimitExceeded");
  EXPECT_EQ(more.text,
            "A managed policy can have up to 5 versions. Before you create a new version, you "
            "must delete an existing version.");
  const Answer listed = host.call("ListPolicyVersions", input({{"PolicyArn", policy}}));
  EXPECT_EQ(listed.size("Versions"), 5U);
  EXPECT_EQ(listed.at("Versions.0.VersionId"), "v5");
  EXPECT_EQ(listed.at("Versions.3.IsDefaultVersion"), "true");
  EXPECT_EQ(listed.at("Versions.0.Document"), "");
  const auto version = [&](const char* operation, std::string_view id) {
    return host.call(operation, input({{"PolicyArn", policy}, {"VersionId", id}}));
  };
  EXPECT_EQ(decoded(version("GetPolicyVersion", "v1"), "PolicyVersion.Document"), kPolicy);
  EXPECT_EQ(version("DeletePolicyVersion", "v2").text,
            "Cannot delete the default version of a policy.");
  EXPECT_EQ(host.call("DeletePolicy", input({{"PolicyArn", policy}})).text,
            "This policy has more than one version. Before you delete a policy, you must delete "
            "the policy's versions. The default version is deleted with the policy.");
  ASSERT_TRUE(version("DeletePolicyVersion", "v5").ok());
  EXPECT_EQ(add(false).at("PolicyVersion.VersionId"), "v6") << "numbers are not used again";
  ASSERT_TRUE(version("SetDefaultPolicyVersion", "v6").ok());
  EXPECT_EQ(host.call("GetPolicy", input({{"PolicyArn", policy}})).at("Policy.DefaultVersionId"),
            "v6");
  EXPECT_EQ(version("GetPolicyVersion", "v5").text,
            "Policy " + policy + " version v5 does not exist or is not attachable.");
  EXPECT_EQ(version("GetPolicyVersion", "5").error, "ValidationError");
  for (const char* id : {"v1", "v2", "v3", "v4"}) {
    EXPECT_TRUE(version("DeletePolicyVersion", id).ok());
  }
  EXPECT_TRUE(host.call("DeletePolicy", input({{"PolicyArn", policy}})).ok());
  EXPECT_TRUE(create_policy(host, "p").ok());
}

TEST(Policies, SizesOfDocuments) {
  Host host;
  EXPECT_EQ(create_policy(host, "p", document_of(kManagedPolicySizeMax + 1)).text,
            "Cannot exceed quota for PolicySize: 6144");
  EXPECT_TRUE(create_policy(host, "p", document_of(kManagedPolicySizeMax)).ok());
  EXPECT_EQ(create_policy(host, "q", "{}").text, "Syntax errors in policy.");
  EXPECT_EQ(create_policy(host, "q", std::string(131'073, ' ')).error, "ValidationError");
}

TEST(Policies, AreAttached) {
  Host host;
  ASSERT_TRUE(create_policy(host, "p").ok());
  ASSERT_TRUE(create_role(host, "r").ok());
  ASSERT_TRUE(create_user(host, "u").ok());
  ASSERT_TRUE(host.call("CreateGroup", R"({"GroupName":"g"})").ok());
  const std::string policy = arn("policy/p");
  const auto attach = [&](std::string_view which, std::string_view member, std::string_view name,
                          std::string_view to) {
    return host.call(which, input({{member, name}, {"PolicyArn", to}}));
  };
  EXPECT_TRUE(attach("AttachRolePolicy", "RoleName", "r", policy).ok());
  EXPECT_TRUE(attach("AttachUserPolicy", "UserName", "u", policy).ok());
  EXPECT_TRUE(attach("AttachGroupPolicy", "GroupName", "g", policy).ok());
  EXPECT_EQ(attach("AttachRolePolicy", "RoleName", "r", arn("policy/none")).text,
            "Policy " + arn("policy/none") + " does not exist or is not attachable.");
  EXPECT_EQ(attach("AttachRolePolicy", "RoleName", "r", "something that is no ARN").text,
            "Invalid ARN:  Could not be parsed!");
  EXPECT_EQ(attach("AttachRolePolicy", "RoleName", "r", arn("role/some-role")).text,
            "ARN " + arn("role/some-role") + " is not valid.");
  EXPECT_EQ(attach("DetachRolePolicy", "RoleName", "r", kAdministrator).text,
            "Policy arn:aws:iam::aws:policy/AdministratorAccess was not found.");
  EXPECT_EQ(host.call("GetPolicy", input({{"PolicyArn", policy}})).at("Policy.AttachmentCount"),
            "3");
  EXPECT_EQ(host.call("DeletePolicy", input({{"PolicyArn", policy}})).text,
            "Cannot delete a policy attached to entities.");
  ASSERT_TRUE(host.call("PutUserPermissionsBoundary",
                        input({{"UserName", "u"}, {"PermissionsBoundary", policy}}))
                  .ok());
  const Answer all = host.call("ListEntitiesForPolicy", input({{"PolicyArn", policy}}));
  EXPECT_EQ(all.at("PolicyRoles.0.RoleName"), "r");
  EXPECT_EQ(all.size("PolicyUsers"), 1U);
  EXPECT_EQ(all.at("PolicyGroups.0.GroupName"), "g");
  const Answer bounded =
      host.call("ListEntitiesForPolicy",
                input({{"PolicyArn", policy}, {"PolicyUsageFilter", "PermissionsBoundary"}}));
  EXPECT_EQ(bounded.size("PolicyRoles"), 0U);
  EXPECT_EQ(bounded.at("PolicyUsers.0.UserName"), "u");
  EXPECT_EQ(host.call("GetUser", R"({"UserName":"u"})")
                .at("User.PermissionsBoundary.PermissionsBoundaryArn"),
            policy);
  EXPECT_EQ(host.call("PutRolePermissionsBoundary",
                      input({{"RoleName", "r"}, {"PermissionsBoundary", arn("policy/none")}}))
                .text,
            "Scope ARN: " + arn("policy/none") + " does not exist or is not attachable.");
  ASSERT_TRUE(host.call("DeleteUserPermissionsBoundary", R"({"UserName":"u"})").ok());
  EXPECT_EQ(host.call("GetUser", R"({"UserName":"u"})").at("User.PermissionsBoundary"), "");
}

TEST(Policies, KeysOfTagsDifferByCase) {
  Host host;
  ASSERT_TRUE(create_policy(host, "p").ok());
  const std::string named = R"({"PolicyArn":")" + arn("policy/p") + '"';
  ASSERT_TRUE(host.call("TagPolicy",
                        named + R"(,"Tags":[{"Key":"A","Value":"1"},{"Key":"a","Value":"2"}]})")
                  .ok());
  EXPECT_EQ(host.call("TagPolicy",
                      named + R"(,"Tags":[{"Key":"A","Value":"1"},{"Key":"A","Value":"2"}]})")
                .error,
            "InvalidInput");
  ASSERT_TRUE(host.call("UntagPolicy", named + R"(,"TagKeys":["A"]})").ok());
  EXPECT_EQ(host.call("ListPolicyTags", named + "}").at("Tags.0.Value"), "2");
}

TEST(Policies, OfAwsAreThere) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  const std::string basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
  EXPECT_TRUE(host.call("AttachRolePolicy", input({{"RoleName", "r"}, {"PolicyArn", basic}})).ok());
  EXPECT_EQ(host.call("AttachRolePolicy",
                      input({{"RoleName", "r"},
                             {"PolicyArn", "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"}}))
                .error,
            "NoSuchEntity");
  const Answer got = host.call("GetPolicy", input({{"PolicyArn", basic}}));
  EXPECT_EQ(got.at("Policy.Path"), "/service-role/");
  EXPECT_EQ(got.at("Policy.AttachmentCount"), "1");
  const Answer version =
      host.call("GetPolicyVersion",
                input({{"PolicyArn", basic}, {"VersionId", got.at("Policy.DefaultVersionId")}}));
  EXPECT_NE(decoded(version, "PolicyVersion.Document").find("logs:PutLogEvents"),
            std::string::npos);
  EXPECT_EQ(host.call("DeletePolicy", input({{"PolicyArn", basic}})).error, "AccessDenied");
  EXPECT_EQ(
      host.call("CreatePolicyVersion", input({{"PolicyArn", basic}, {"PolicyDocument", kPolicy}}))
          .error,
      "AccessDenied");
  const Answer used = host.call("ListPolicies", R"({"Scope":"AWS","OnlyAttached":true})");
  EXPECT_EQ(used.size("Policies"), 1U);
  EXPECT_GT(host.call("ListPolicies", R"({"Scope":"AWS","MaxItems":1000})").size("Policies"), 100U);
}

TEST(Policies, OfAwsAreSortedAndWellFormed) {
  ASSERT_GT(aws_policies().size(), 100U);
  std::string_view before;
  for (const AwsPolicy& policy : aws_policies()) {
    EXPECT_LT(before, policy.name);
    before = policy.name;
    const auto parsed = policy::parse(policy.document, policy::Use::kIdentity);
    EXPECT_TRUE(parsed) << policy.name << ": " << parsed.error().message;
    EXPECT_EQ(find_aws_policy(policy.path, policy.name), &policy);
    EXPECT_EQ(policy.id.size(), 21U);
  }
}

TEST(Policies, AreListedPageByPage) {
  Host host;
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(create_policy(host, "p" + std::to_string(i)).ok());
  std::string marker;
  std::size_t seen = 0;
  std::size_t pages = 0;
  do {
    const Answer page =
        host.call("ListPolicies", marker.empty() ? R"({"MaxItems":50})"
                                                 : R"({"MaxItems":50,"Marker":")" + marker + "\"}");
    ASSERT_TRUE(page.ok()) << page.text;
    seen += page.size("Policies");
    marker = page.at("Marker");
    ++pages;
  } while (!marker.empty());
  EXPECT_EQ(seen, 7U + aws_policies().size());
  EXPECT_EQ(pages, (seen + 49) / 50);
}

}  // namespace
}  // namespace lapwing::iam::testing
