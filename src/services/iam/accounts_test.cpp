#include <string>

#include <gtest/gtest.h>

#include "services/iam/testing/iam_host.hpp"
#include "text/base64.hpp"

namespace lapwing::iam::testing {
namespace {

std::string metadata(std::string_view attributes = "") {
  return R"(<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" )"
         R"(entityID="https://idp.example.com")" +
         std::string(attributes) + "><md:IDPSSODescriptor><!--" + std::string(1000, ' ') +
         "--></md:IDPSSODescriptor></md:EntityDescriptor>";
}

Answer create_saml(Host& host, std::string_view name, std::string_view document) {
  return host.call("CreateSAMLProvider",
                   input({{"Name", name}, {"SAMLMetadataDocument", document}}));
}

TEST(SamlProviders, RoundTrip) {
  Host host;
  const Answer made = create_saml(host, "idp", metadata());
  ASSERT_TRUE(made.ok()) << made.text;
  const std::string name = arn("saml-provider/idp");
  EXPECT_EQ(made.at("SAMLProviderArn"), name);
  EXPECT_EQ(create_saml(host, "idp", metadata()).error, "EntityAlreadyExists");
  const std::string named = input({{"SAMLProviderArn", name}});
  EXPECT_EQ(host.call("GetSAMLProvider", named).at("SAMLMetadataDocument"), metadata());
  EXPECT_EQ(host.call("ListSAMLProviders").at("SAMLProviderList.0.Arn"), name);
  const std::string later = metadata(R"( validUntil="2040-01-01T00:00:00Z")");
  ASSERT_TRUE(host.call("UpdateSAMLProvider",
                        input({{"SAMLProviderArn", name}, {"SAMLMetadataDocument", later}}))
                  .ok());
  EXPECT_EQ(host.call("GetSAMLProvider", named).at("SAMLMetadataDocument"), later);
  ASSERT_TRUE(host.call("TagSAMLProvider",
                        R"({"SAMLProviderArn":")" + name + R"(","Tags":[{"Key":"a","Value":"b"}]})")
                  .ok());
  EXPECT_EQ(host.call("ListSAMLProviderTags", named).at("Tags.0.Value"), "b");
  EXPECT_EQ(host.call("GetAccountSummary").at("SummaryMap.Providers"), "1");
  ASSERT_TRUE(host.call("DeleteSAMLProvider", named).ok());
  EXPECT_EQ(host.call("GetSAMLProvider", named).text, "Manifest not found for arn " + name);
}

TEST(SamlProviders, WhatIsNoMetadataIsRefused) {
  Host host;
  const std::string spaces(1000, ' ');
  for (const std::string& bad : {"<a>" + spaces + "</a>", "no xml" + spaces,
                                 "<EntityDescriptor>" + spaces + "</EntityDescriptor>",
                                 metadata(R"( validUntil="tomorrow")")}) {
    EXPECT_EQ(create_saml(host, "idp", bad).text, "Could not parse metadata") << bad;
  }
  EXPECT_EQ(
      create_saml(host, "idp", metadata(" a=\"" + std::string(kSamlDocumentBytesMax, 'x') + "\""))
          .error,
      "LimitExceeded");
  EXPECT_EQ(host.call("CreateSAMLProvider", input({{"Name", "idp"},
                                                   {"SAMLMetadataDocument", metadata()},
                                                   {"AssertionEncryptionMode", "Required"}}))
                .error,
            "NotImplemented");
  EXPECT_EQ(host.call("ListSAMLProviders").size("SAMLProviderList"), 0U);
}

TEST(SamlProviders, AreTrustedOnlyWhereTheyAre) {
  Host host;
  const std::string trust =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":")" +
      arn("saml-provider/idp") + R"("},"Action":"sts:AssumeRoleWithSAML"}})";
  EXPECT_EQ(create_role(host, "r", trust).error, "MalformedPolicyDocument");
  ASSERT_TRUE(create_saml(host, "idp", metadata()).ok());
  EXPECT_TRUE(create_role(host, "r", trust).ok());
}

std::string report(Host& host) {
  return text::base64_decode(host.call("GetCredentialReport").at("Content")).value_or("");
}

TEST(CredentialReport, TellsOfEveryUser) {
  Host host;
  EXPECT_EQ(host.call("GetCredentialReport").error, "ReportNotPresent");
  const Answer begun = host.call("GenerateCredentialReport");
  EXPECT_EQ(begun.at("State"), "STARTED");
  EXPECT_EQ(begun.at("Description"), "No report exists. Starting a new report generation task");
  EXPECT_EQ(host.call("GenerateCredentialReport").at("State"), "COMPLETE");
  create_user(host, "ann");
  create_user(host, "bob");
  const Answer key = host.call("CreateAccessKey", R"({"UserName":"ann"})");
  host.service().keys().used(key.at("AccessKey.AccessKeyId"), {"sqs", "eu-west-1"});
  ASSERT_TRUE(
      host.call("CreateLoginProfile", R"({"UserName":"bob","Password":"First-passw0rd"})").ok());
  EXPECT_EQ(host.call("GetCredentialReport").at("ReportFormat"), "text/csv");
  const std::string text = report(host);
  const std::string time = "2023-11-14T22:13:20+00:00";
  EXPECT_EQ(text.find("user,arn,user_creation_time,password_enabled"), 0U);
  EXPECT_NE(text.find("\n<root_account>,arn:aws:iam::000000000000:root,"), std::string::npos);
  EXPECT_NE(
      text.find("\nann," + arn("user/ann") + "," + time + ",false,N/A,N/A,N/A,false,true," + time +
                "," + time + ",eu-west-1,sqs,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("\nbob," + arn("user/bob") + "," + time + ",true,no_information," + time +
                      ",N/A,false,false,N/A"),
            std::string::npos)
      << text;
  host.advance(kReportLife);
  EXPECT_EQ(host.call("GetCredentialReport").error, "ReportExpired");
  EXPECT_EQ(host.call("GenerateCredentialReport").at("State"), "STARTED");
  EXPECT_TRUE(host.call("GetCredentialReport").ok());
}

TEST(ContextKeys, OfDocuments) {
  Host host;
  const std::string document =
      R"({\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",)"
      R"(\"Resource\":\"arn:aws:s3:::b/${aws:username}/${*}\",\"Condition\":{\"StringEquals\":)"
      R"({\"aws:PrincipalTag/team\":\"${aws:RequestTag/team, 'none'}\",\"AWS:UserName\":\"x\"}}}})";
  const Answer answer =
      host.call("GetContextKeysForCustomPolicy", R"({"PolicyInputList":[")" + document + R"("]})");
  ASSERT_TRUE(answer.ok()) << answer.text;
  EXPECT_EQ(answer.size("ContextKeyNames"), 3U) << answer.text;
  EXPECT_EQ(answer.at("ContextKeyNames.0"), "aws:username");
  EXPECT_EQ(answer.at("ContextKeyNames.1"), "aws:PrincipalTag/team");
  EXPECT_EQ(answer.at("ContextKeyNames.2"), "aws:RequestTag/team");
  EXPECT_EQ(host.call("GetContextKeysForCustomPolicy", R"({"PolicyInputList":["{"]})").error,
            "InvalidInput");
}

TEST(ContextKeys, OfAllThatAUserHas) {
  Host host;
  create_user(host, "ann");
  ASSERT_TRUE(host.call("CreateGroup", R"({"GroupName":"g"})").ok());
  ASSERT_TRUE(host.call("AddUserToGroup", R"({"GroupName":"g","UserName":"ann"})").ok());
  const auto document = [](std::string_view key) {
    return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",)"
           R"("Resource":"*","Condition":{"Bool":{")" +
           std::string(key) + R"(":"true"}}}})";
  };
  ASSERT_TRUE(host.call("PutUserPolicy", input({{"UserName", "ann"},
                                                {"PolicyName", "p"},
                                                {"PolicyDocument", document("aws:a")}}))
                  .ok());
  ASSERT_TRUE(host.call("PutGroupPolicy", input({{"GroupName", "g"},
                                                 {"PolicyName", "p"},
                                                 {"PolicyDocument", document("aws:b")}}))
                  .ok());
  ASSERT_TRUE(create_policy(host, "m", document("aws:c")).ok());
  ASSERT_TRUE(
      host.call("AttachUserPolicy", input({{"UserName", "ann"}, {"PolicyArn", arn("policy/m")}}))
          .ok());
  const Answer answer =
      host.call("GetContextKeysForPrincipalPolicy", input({{"PolicySourceArn", arn("user/ann")}}));
  ASSERT_TRUE(answer.ok()) << answer.text;
  EXPECT_EQ(answer.size("ContextKeyNames"), 3U) << answer.text;
  EXPECT_EQ(host.call("GetContextKeysForPrincipalPolicy",
                      input({{"PolicySourceArn", arn("user/nobody")}}))
                .error,
            "NoSuchEntity");
  EXPECT_EQ(
      host.call("GetContextKeysForPrincipalPolicy", input({{"PolicySourceArn", arn("policy/m")}}))
          .error,
      "InvalidInput");
}

TEST(Account, SaysWhichTokensItWants) {
  Host host;
  EXPECT_EQ(host.call("GetAccountSummary").at("SummaryMap.GlobalEndpointTokenVersion"), "1");
  ASSERT_TRUE(
      host.call("SetSecurityTokenServicePreferences", R"({"GlobalEndpointTokenVersion":"v2Token"})")
          .ok());
  EXPECT_EQ(host.call("GetAccountSummary").at("SummaryMap.GlobalEndpointTokenVersion"), "2");
}

}  // namespace
}  // namespace lapwing::iam::testing
