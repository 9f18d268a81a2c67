#include <string>

#include <gtest/gtest.h>

#include "services/iam/testing/iam_host.hpp"

namespace lapwing::iam::testing {
namespace {

TEST(Roles, AreToldAsIamTellsThem) {
  Host host;
  const Answer made = host.call(
      "CreateRole", R"({"RoleName":"Worker","Path":"/a/b/","Description":"d","Tags":[{"Key":"k",)"
                    R"("Value":"v"}],"AssumeRolePolicyDocument":)"
                    R"("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",)"
                    R"(\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":)"
                    R"(\"sts:AssumeRole\"}}"})");
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.at("Role.Arn"), arn("role/a/b/Worker"));
  EXPECT_EQ(made.at("Role.RoleId").substr(0, 4), "AROA");
  EXPECT_EQ(made.at("Role.RoleId").size(), 21U);
  EXPECT_EQ(made.at("Role.Tags.0.Value"), "v");
  EXPECT_EQ(made.at("Role.Description"), "d");
  EXPECT_EQ(made.at("Role.MaxSessionDuration"), "");
  EXPECT_EQ(made.at("Role.RoleLastUsed"), "");

  const Answer got = host.call("GetRole", R"({"RoleName":"worker"})");
  EXPECT_EQ(got.at("Role.RoleName"), "Worker");
  EXPECT_EQ(got.at("Role.MaxSessionDuration"), "3600");
  EXPECT_EQ(got.at("Role.RoleLastUsed"), "{...}");
  EXPECT_EQ(got.at("Role.CreateDate"), made.at("Role.CreateDate"));

  const Answer listed = host.call("ListRoles", R"({"PathPrefix":"/a/"})");
  EXPECT_EQ(listed.size("Roles"), 1U);
  EXPECT_EQ(listed.at("IsTruncated"), "false");
  EXPECT_EQ(listed.at("Roles.0.MaxSessionDuration"), "3600");
  EXPECT_EQ(listed.at("Roles.0.Tags"), "");
  EXPECT_EQ(host.call("ListRoles", R"({"PathPrefix":"/b/"})").size("Roles"), 0U);
}

TEST(Roles, DocumentsComeBackByteForByte) {
  Host host;
  const std::string trust =
      " {\"Version\":\"2012-10-17\",\n\t\"Statement\":{\"Effect\":\"Allow\",\"Sid\":\"a%3Ab\","
      "\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\",\"Condition\":{\"StringLike\":"
      "{\"aws:x\":\"/+ \xc3\xa9\"}}}} ";
  ASSERT_TRUE(create_role(host, "r", trust).ok());
  const Answer got = host.call("GetRole", R"({"RoleName":"r"})");
  EXPECT_EQ(decoded(got, "Role.AssumeRolePolicyDocument"), trust);
  EXPECT_EQ(got.at("Role.AssumeRolePolicyDocument").find_first_of(" +/\"{\n"), std::string::npos);
}

TEST(Roles, NamesAreTakenInAnyCase) {
  Host host;
  ASSERT_TRUE(create_role(host, "Worker").ok());
  const Answer again = create_role(host, "WORKER");
  EXPECT_EQ(again.error, "EntityAlreadyExists");
  EXPECT_EQ(again.text, "Role with name WORKER already exists.");
  EXPECT_TRUE(create_user(host, "worker").ok()) << "names of users are others";
}

TEST(Roles, WhatIsNotThere) {
  Host host;
  const Answer got = host.call("GetRole", R"({"RoleName":"nobody"})");
  EXPECT_EQ(got.error, "NoSuchEntity");
  EXPECT_EQ(got.text, "The role with name nobody cannot be found.");
  EXPECT_EQ(host.call("DeleteRole", R"({"RoleName":"nobody"})").error, "NoSuchEntity");
  ASSERT_TRUE(create_role(host, "r").ok());
  EXPECT_EQ(host.call("GetRolePolicy", R"({"RoleName":"r","PolicyName":"p"})").text,
            "The role policy with name p cannot be found.");
  EXPECT_EQ(host.call("DeleteRolePolicy", R"({"RoleName":"r","PolicyName":"p"})").error,
            "NoSuchEntity");
}

TEST(Roles, WordsOfTheirOwnForNamesAndPaths) {
  Host host;
  const Answer name = create_role(host, "a b");
  EXPECT_EQ(name.error, "ValidationError");
  EXPECT_EQ(name.text,
            "The specified value for roleName is invalid. It must contain only alphanumeric "
            "characters and/or the following: +=,.@_-");
  const Answer path =
      host.call("CreateRole",
                input({{"RoleName", "r"}, {"AssumeRolePolicyDocument", kTrust}, {"Path", "a/"}}));
  EXPECT_EQ(path.text,
            "The specified value for path is invalid. It must begin and end with / and contain "
            "only alphanumeric characters and/or / characters.");
  EXPECT_EQ(create_role(host, std::string(65, 'a')).text,
            "1 validation error detected: Value '" + std::string(65, 'a') +
                "' at 'roleName' failed to satisfy constraint: Member must have length less than "
                "or equal to 64");
}

TEST(Roles, DeleteConflictsInTheirOrder) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  ASSERT_TRUE(
      host.call("AttachRolePolicy", input({{"RoleName", "r"}, {"PolicyArn", kAdministrator}}))
          .ok());
  ASSERT_TRUE(
      host.call("PutRolePolicy",
                input({{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", kPolicy}}))
          .ok());
  ASSERT_TRUE(host.call("CreateInstanceProfile", R"({"InstanceProfileName":"i"})").ok());
  ASSERT_TRUE(
      host.call("AddRoleToInstanceProfile", R"({"InstanceProfileName":"i","RoleName":"r"})").ok());
  const auto refused = [&] {
    const Answer answer = host.call("DeleteRole", R"({"RoleName":"r"})");
    EXPECT_EQ(answer.error, answer.ok() ? "" : "DeleteConflict");
    return answer.ok() ? "" : answer.text;
  };
  EXPECT_EQ(refused(), "Cannot delete entity, must detach all policies first.");
  ASSERT_TRUE(
      host.call("DetachRolePolicy", input({{"RoleName", "r"}, {"PolicyArn", kAdministrator}}))
          .ok());
  EXPECT_EQ(refused(), "Cannot delete entity, must delete policies first.");
  ASSERT_TRUE(host.call("DeleteRolePolicy", R"({"RoleName":"r","PolicyName":"p"})").ok());
  EXPECT_EQ(refused(), "Cannot delete entity, must remove roles from instance profile first.");
  EXPECT_EQ(host.call("ListInstanceProfilesForRole", R"({"RoleName":"r"})")
                .at("InstanceProfiles.0.InstanceProfileName"),
            "i");
  EXPECT_EQ(host.call("DeleteInstanceProfile", R"({"InstanceProfileName":"i"})").text,
            "Cannot delete entity, must remove roles from instance profile first.");
  ASSERT_TRUE(
      host.call("RemoveRoleFromInstanceProfile", R"({"InstanceProfileName":"i","RoleName":"r"})")
          .ok());
  EXPECT_EQ(refused(), "");
  EXPECT_TRUE(host.call("DeleteInstanceProfile", R"({"InstanceProfileName":"i"})").ok());
}

std::string trusting(std::string_view principal) {
  return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":")" +
         std::string(principal) + R"("},"Action":"sts:AssumeRole"}})";
}

TEST(Roles, WhoIsTrustedMustBeThere) {
  Host host;
  const Answer unknown = create_role(host, "r", trusting(arn("role/other")));
  EXPECT_EQ(unknown.error, "MalformedPolicyDocument");
  EXPECT_EQ(unknown.text,
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::000000000000:role/other\"");
  for (const std::string_view bad :
       {"12345", "arn:aws:iam::12345:root", "arn:aws:s3:::b", "AROAAAAAAAAAAAAAAAAAA", "me",
        "arn:aws:iam::000000000000:group/g"}) {
    EXPECT_EQ(create_role(host, "r", trusting(bad)).error, "MalformedPolicyDocument") << bad;
  }
  for (const std::string_view good :
       {"*", "123456789012", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/x",
        "arn:aws:sts::000000000000:assumed-role/r/s"}) {
    EXPECT_TRUE(create_role(host, "r", trusting(good)).ok()) << good;
    ASSERT_TRUE(host.call("DeleteRole", R"({"RoleName":"r"})").ok());
  }
}

TEST(Roles, WhoeverIsMadeAgainIsNotTrusted) {
  Host host;
  const std::string id = create_role(host, "trusted").at("Role.RoleId");
  const std::string trust = trusting(arn("role/trusted"));
  ASSERT_TRUE(create_role(host, "r", trust).ok());
  EXPECT_EQ(decoded(host.call("GetRole", R"({"RoleName":"r"})"), "Role.AssumeRolePolicyDocument"),
            trust);
  ASSERT_TRUE(host.call("DeleteRole", R"({"RoleName":"trusted"})").ok());
  ASSERT_TRUE(create_role(host, "trusted").ok());
  EXPECT_EQ(decoded(host.call("GetRole", R"({"RoleName":"r"})"), "Role.AssumeRolePolicyDocument"),
            trusting(id));
  // Terraform and others read it back and write it again: whom nobody knows is refused.
  EXPECT_EQ(host.call("UpdateAssumeRolePolicy",
                      input({{"RoleName", "r"}, {"PolicyDocument", trusting(id)}}))
                .error,
            "MalformedPolicyDocument");
}

TEST(Roles, AreUpdated) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  ASSERT_TRUE(
      host.call("UpdateRole", R"({"RoleName":"r","Description":"new","MaxSessionDuration":7200})")
          .ok());
  EXPECT_EQ(host.call("UpdateRole", R"({"RoleName":"r","MaxSessionDuration":100})").error,
            "ValidationError");
  EXPECT_EQ(host.call("UpdateRoleDescription", R"({"RoleName":"r","Description":"newer"})")
                .at("Role.Description"),
            "newer");
  EXPECT_EQ(host.call("GetRole", R"({"RoleName":"r"})").at("Role.MaxSessionDuration"), "7200");
  EXPECT_EQ(
      host.call("UpdateAssumeRolePolicy", input({{"RoleName", "r"}, {"PolicyDocument", "{"}})).text,
      "This policy contains invalid Json");
}

TEST(Roles, SizesOfDocuments) {
  Host host;
  std::string trust(kTrust);
  trust.insert(trust.find("\"Effect\""),
               "\"Sid\":\"" + std::string(kTrustPolicySizeMax, 'a') + "\",");
  EXPECT_EQ(create_role(host, "r", trust).text, "Cannot exceed quota for ACLSizePerRole: 2048");
  ASSERT_TRUE(create_role(host, "r").ok());
  const auto put = [&](std::string_view name, std::size_t size) {
    return host.call(
        "PutRolePolicy",
        input({{"RoleName", "r"}, {"PolicyName", name}, {"PolicyDocument", document_of(size)}}));
  };
  EXPECT_EQ(put("p", kRolePoliciesSizeMax + 1).text,
            "Maximum policy size of 10240 bytes exceeded for role r");
  EXPECT_TRUE(put("p", kRolePoliciesSizeMax).ok());
  EXPECT_EQ(put("q", 200).error, "LimitExceeded") << "all of them together count";
  EXPECT_TRUE(put("p", kRolePoliciesSizeMax - 200).ok());
  EXPECT_TRUE(put("q", 200).ok());
  EXPECT_EQ(
      decoded(host.call("GetRolePolicy", R"({"RoleName":"r","PolicyName":"q"})"), "PolicyDocument"),
      document_of(200));
}

TEST(Roles, NoMorePoliciesThanTheQuota) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  const auto attach = [&](const std::string& policy) {
    EXPECT_TRUE(create_policy(host, policy).ok());
    return host.call("AttachRolePolicy",
                     input({{"RoleName", "r"}, {"PolicyArn", arn("policy/" + policy)}}));
  };
  for (std::size_t i = 0; i < kAttachedPoliciesMax; ++i) {
    EXPECT_TRUE(attach("p" + std::to_string(i)).ok());
  }
  EXPECT_EQ(attach("one-more").text, "Cannot exceed quota for PoliciesPerRole: 10");
  EXPECT_TRUE(
      host.call("AttachRolePolicy", input({{"RoleName", "r"}, {"PolicyArn", arn("policy/p0")}}))
          .ok())
      << "it is there";
  const Answer page = host.call("ListAttachedRolePolicies", R"({"RoleName":"r","MaxItems":4})");
  EXPECT_EQ(page.size("AttachedPolicies"), 4U);
  EXPECT_EQ(page.at("IsTruncated"), "true");
  std::string marker = page.at("Marker");
  std::size_t seen = 4;
  while (!marker.empty()) {
    const Answer next = host.call("ListAttachedRolePolicies",
                                  R"({"RoleName":"r","MaxItems":4,"Marker":")" + marker + "\"}");
    seen += next.size("AttachedPolicies");
    marker = next.at("Marker");
  }
  EXPECT_EQ(seen, kAttachedPoliciesMax);
}

TEST(Roles, NoMoreOfThemThanTheQuota) {
  Host host;
  for (std::int64_t i = 0; i < kRolesMax; ++i) {
    ASSERT_TRUE(create_role(host, "r" + std::to_string(i)).ok());
  }
  const Answer more = create_role(host, "more");
  EXPECT_EQ(more.error, "LimitExceeded");
  EXPECT_EQ(more.text, "Cannot exceed quota for RolesPerAccount: 1000");
  std::size_t seen = 0;
  std::string marker;
  do {
    const Answer page =
        host.call("ListRoles", marker.empty() ? R"({"MaxItems":300})"
                                              : R"({"MaxItems":300,"Marker":")" + marker + "\"}");
    ASSERT_TRUE(page.ok()) << page.text;
    seen += page.size("Roles");
    marker = page.at("Marker");
  } while (!marker.empty());
  EXPECT_EQ(seen, static_cast<std::size_t>(kRolesMax));
  ASSERT_TRUE(host.call("DeleteRole", R"({"RoleName":"r7"})").ok());
  EXPECT_TRUE(create_role(host, "more").ok());
}

TEST(Roles, MarkersAreOfTheirList) {
  Host host;
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(create_role(host, name).ok());
  const std::string marker = host.call("ListRoles", R"({"MaxItems":1})").at("Marker");
  for (const std::string& bad : {std::string("x"), marker + "x"}) {
    EXPECT_EQ(host.call("ListRoles", R"({"Marker":")" + bad + "\"}").text, "Invalid Marker.");
  }
  EXPECT_EQ(host.call("ListUsers", R"({"Marker":")" + marker + "\"}").error, "ValidationError");
  EXPECT_EQ(host.call("ListRoles", R"({"Marker":")" + marker + "\"}").at("Roles.0.RoleName"), "b");
  EXPECT_EQ(host.call("ListRoles", R"({"MaxItems":0})").error, "ValidationError");
  EXPECT_EQ(host.call("ListRoles", R"({"MaxItems":1001})").error, "ValidationError");
}

TEST(Roles, HaveTags) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  const Answer twice = host.call(
      "TagRole", R"({"RoleName":"r","Tags":[{"Key":"A","Value":"1"},{"Key":"a","Value":"2"}]})");
  EXPECT_EQ(twice.error, "InvalidInput");
  EXPECT_EQ(twice.text,
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  ASSERT_TRUE(
      host.call("TagRole",
                R"({"RoleName":"r","Tags":[{"Key":"A","Value":"1"},{"Key":"b","Value":""}]})")
          .ok());
  ASSERT_TRUE(host.call("TagRole", R"({"RoleName":"r","Tags":[{"Key":"a","Value":"2"}]})").ok());
  const Answer tags = host.call("ListRoleTags", R"({"RoleName":"r"})");
  EXPECT_EQ(tags.size("Tags"), 2U);
  EXPECT_EQ(host.call("GetRole", R"({"RoleName":"r"})").at("Role.Tags.0.Value"), "2");
  ASSERT_TRUE(host.call("UntagRole", R"({"RoleName":"r","TagKeys":["A","missing"]})").ok());
  EXPECT_EQ(host.call("ListRoleTags", R"({"RoleName":"r"})").at("Tags.0.Key"), "b");
  std::string many;
  for (std::size_t i = 0; i < kTagsMax; ++i) {
    many += (i == 0 ? "" : ",") + (R"({"Key":"k)" + std::to_string(i)) + R"(","Value":"v"})";
  }
  EXPECT_EQ(host.call("TagRole", R"({"RoleName":"r","Tags":[)" + many + "]}").text,
            "The number of tags has reached the maximum limit.");
  EXPECT_EQ(host.call("TagRole", R"({"RoleName":"r","Tags":[{"Key":"aws:x","Value":""}]})").error,
            "InvalidInput");
}

TEST(Roles, OfServicesAreTheirs) {
  Host host;
  const std::string asked = R"({"AWSServiceName":"lambda.application-autoscaling.amazonaws.com"})";
  const Answer made = host.call("CreateServiceLinkedRole", asked);
  ASSERT_TRUE(made.ok()) << made.text;
  const std::string name = "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency";
  EXPECT_EQ(made.at("Role.Arn"),
            arn("role/aws-service-role/lambda.application-autoscaling.amazonaws.com/" + name));
  const Answer again = host.call("CreateServiceLinkedRole", asked);
  EXPECT_EQ(again.error, "InvalidInput");
  EXPECT_EQ(again.text, "Service role name " + name +
                            " has been taken in this account, please try a different suffix.");
  EXPECT_EQ(host.call("DeleteRole", input({{"RoleName", name}})).error, "UnmodifiableEntity");
  EXPECT_EQ(
      host.call("AttachRolePolicy", input({{"RoleName", name}, {"PolicyArn", kAdministrator}}))
          .error,
      "UnmodifiableEntity");
  EXPECT_EQ(host.call("ListAttachedRolePolicies", input({{"RoleName", name}}))
                .at("AttachedPolicies.0.PolicyName"),
            "AWSApplicationAutoscalingLambdaConcurrencyPolicy");
  const Answer deleted = host.call("DeleteServiceLinkedRole", input({{"RoleName", name}}));
  const std::string task = deleted.at("DeletionTaskId");
  EXPECT_EQ(task.substr(0, task.rfind('/')),
            "task/aws-service-role/lambda.application-autoscaling.amazonaws.com/" + name);
  EXPECT_EQ(host.call("GetServiceLinkedRoleDeletionStatus", input({{"DeletionTaskId", task}}))
                .at("Status"),
            "SUCCEEDED");
  EXPECT_EQ(host.call("GetRole", input({{"RoleName", name}})).error, "NoSuchEntity");
  EXPECT_EQ(host.call("CreateServiceLinkedRole",
                      R"({"AWSServiceName":"ssm.amazonaws.com","CustomSuffix":"x"})")
                .text,
            "Custom suffix is not allowed for ssm.amazonaws.com");
  EXPECT_TRUE(host.call("CreateServiceLinkedRole",
                        R"({"AWSServiceName":"autoscaling.amazonaws.com","CustomSuffix":"x"})")
                  .ok());
  EXPECT_EQ(host.call("CreateServiceLinkedRole", R"({"AWSServiceName":"no.amazonaws.com"})").error,
            "NotImplemented");
}

TEST(Roles, ARestartKeepsThem) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  host.restart();
  EXPECT_TRUE(host.call("GetRole", R"({"RoleName":"r"})").ok());
}

TEST(Roles, AreOfTheirAccountAndOfNoRegion) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  aws::Caller other = host.caller;
  other.region = Region("eu-west-1");
  EXPECT_TRUE(host.call_as(other, "GetRole", R"({"RoleName":"r"})").ok());
  other.account = AccountId("111111111111");
  EXPECT_EQ(host.call_as(other, "GetRole", R"({"RoleName":"r"})").error, "NoSuchEntity");
  EXPECT_EQ(host.call_as(other, "ListRoles", "{}").size("Roles"), 0U);
}

}  // namespace
}  // namespace lapwing::iam::testing
