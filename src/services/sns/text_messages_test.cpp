// Text messages' settings, the sandbox, and platform applications.
#include "services/sns/testing/topics.hpp"

namespace lapwing::sns::testing {

TEST(SnsTextMessages, Settings) {
  Host host;
  EXPECT_EQ(host.call("GetSMSAttributes").at("attributes.MonthlySpendLimit"), "1");
  ASSERT_TRUE(
      host.call("SetSMSAttributes",
                R"({"attributes":{"DefaultSMSType":"Transactional","DefaultSenderID":"me"}})")
          .ok());
  const Answer got = host.call("GetSMSAttributes", R"({"attributes":["DefaultSMSType"]})");
  EXPECT_EQ(got.at("attributes.DefaultSMSType"), "Transactional");
  EXPECT_EQ(got.size("attributes"), 1u);
  const Refusal cases[] = {
      {"unknown", R"({"attributes":{"x":"y"}})", "InvalidParameter", "attributes"},
      {"type", R"({"attributes":{"DefaultSMSType":"y"}})", "InvalidParameter", "DefaultSMSType"},
      {"sender", R"({"attributes":{"DefaultSenderID":"123"}})", "InvalidParameter", "SenderID"},
      {"limit", R"({"attributes":{"MonthlySpendLimit":"-1"}})", "InvalidParameter", "SpendLimit"},
      {"report", R"({"attributes":{"UsageReportS3Bucket":"b"}})", "NotImplemented", "S3Bucket"},
  };
  for (const Refusal& each : cases) expect_refused(host, "SetSMSAttributes", each);
  EXPECT_EQ(host.call("CheckIfPhoneNumberIsOptedOut", R"({"phoneNumber":"+4917012345"})")
                .at("isOptedOut"),
            "false");
  EXPECT_EQ(host.call("ListPhoneNumbersOptedOut").size("phoneNumbers"), 0u);
  EXPECT_TRUE(host.call("OptInPhoneNumber", R"({"phoneNumber":"+4917012345"})").ok());
  EXPECT_EQ(host.call("ListOriginationNumbers").size("PhoneNumbers"), 0u);
  EXPECT_EQ(host.call("GetSMSSandboxAccountStatus").at("IsInSandbox"), "false");
}

TEST(SnsTextMessages, ASandboxNumberIsVerifiedByWhatItWasSent) {
  Host host;
  constexpr std::string_view kNumber = R"({"PhoneNumber":"+4917012345"})";
  ASSERT_TRUE(host.call("CreateSMSSandboxPhoneNumber", kNumber).ok());
  EXPECT_EQ(host.call("ListSMSSandboxPhoneNumbers").at("PhoneNumbers.0.Status"), "Pending");
  const std::string body = host.service().kept(0, 10)->back().body;
  const std::string code = body.substr(body.size() - 6);
  const auto verify = [&](std::string_view password) {
    return host.call("VerifySMSSandboxPhoneNumber",
                     fmt::format("{{{}}}", members({{"PhoneNumber", "+4917012345"},
                                                    {"OneTimePassword", password}})));
  };
  EXPECT_EQ(verify(code == "000000" ? "000001" : "000000").error, "VerificationException");
  EXPECT_TRUE(verify(code).ok());
  EXPECT_EQ(host.call("ListSMSSandboxPhoneNumbers").at("PhoneNumbers.0.Status"), "Verified");
  EXPECT_TRUE(host.call("DeleteSMSSandboxPhoneNumber", kNumber).ok());
  EXPECT_EQ(host.call("DeleteSMSSandboxPhoneNumber", kNumber).error, "ResourceNotFound");
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(host.call("CreateSMSSandboxPhoneNumber",
                          fmt::format(R"({{"PhoneNumber":"+491709999{}"}})", i))
                    .ok());
  }
  EXPECT_EQ(host.call("CreateSMSSandboxPhoneNumber", kNumber).error, "UserError");
}

TEST(SnsPlatforms, ApplicationsAndEndpoints) {
  Host host;
  const std::string make =
      R"({"Name":"a","Platform":"GCM","Attributes":{"PlatformCredential":"secret"}})";
  const std::string application =
      host.call("CreatePlatformApplication", make).at("PlatformApplicationArn");
  EXPECT_EQ(application, "arn:aws:sns:us-east-1:000000000000:app/GCM/a");
  EXPECT_TRUE(host.call("CreatePlatformApplication", make).ok());
  const Refusal cases[] = {
      {"platform", R"({"Name":"a","Platform":"X","Attributes":{}})", "InvalidParameter",
       "Platform Reason: X is not supported"},
      {"credential", R"({"Name":"a","Platform":"GCM","Attributes":{}})", "InvalidParameter",
       "PlatformCredential"},
      {"name", R"({"Name":"a b","Platform":"GCM","Attributes":{"PlatformCredential":"s"}})",
       "InvalidParameter", "Name"},
      {"others", R"({"Name":"a","Platform":"GCM","Attributes":{"PlatformCredential":"t"}})",
       "InvalidParameter", "already exists"},
      {"event",
       R"({"Name":"b","Platform":"GCM","Attributes":{"PlatformCredential":"t","EventDeliveryFailure":"arn:aws:sns:us-east-1:000000000000:t"}})",
       "NotImplemented", "EventDeliveryFailure"},
  };
  for (const Refusal& each : cases) expect_refused(host, "CreatePlatformApplication", each);
  const std::string of = members({{"PlatformApplicationArn", application}});
  const Answer shown = host.call("GetPlatformApplicationAttributes", "{" + of + "}");
  EXPECT_EQ(shown.at("Attributes.PlatformCredential"), "") << "a secret";
  EXPECT_EQ(host.call("ListPlatformApplications").size("PlatformApplications"), 1u);
  const auto endpoint = [&](std::string_view token, std::string_view data) {
    return host.call(
        "CreatePlatformEndpoint",
        fmt::format("{{{},{}}}", of, members({{"Token", token}, {"CustomUserData", data}})));
  };
  const std::string first = endpoint("token", "d").at("EndpointArn");
  EXPECT_EQ(endpoint("token", "d").at("EndpointArn"), first);
  EXPECT_NE(endpoint("token", "e")
                .text.find("already exists with the same Token, but different attributes."),
            std::string::npos);
  EXPECT_EQ(endpoint("token2", std::string(2049, 'x')).error, "InvalidParameter");
  ASSERT_TRUE(endpoint("token2", "d").ok());
  EXPECT_EQ(host.call("ListEndpointsByPlatformApplication", "{" + of + "}").size("Endpoints"), 2u);
  const std::string that = members({{"EndpointArn", first}});
  EXPECT_EQ(host.call("GetEndpointAttributes", "{" + that + "}").at("Attributes.Enabled"), "true");
  ASSERT_TRUE(host.create("t").ok());
  EXPECT_TRUE(host.subscribe("t", "application", first).ok());
  EXPECT_TRUE(host.call("DeleteEndpoint", "{" + that + "}").ok());
  EXPECT_EQ(host.call("GetEndpointAttributes", "{" + that + "}").error, "NotFound");
  EXPECT_TRUE(host.call("DeletePlatformApplication", "{" + of + "}").ok());
  EXPECT_EQ(host.call("ListEndpointsByPlatformApplication", "{" + of + "}").error, "NotFound");
}

}  // namespace lapwing::sns::testing
