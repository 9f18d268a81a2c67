#include <string>

#include <gtest/gtest.h>

#include "services/iam/one_time_codes.hpp"
#include "services/iam/ssh_key.hpp"
#include "services/iam/testing/iam_host.hpp"
#include "text/base64.hpp"

namespace lapwing::iam::testing {
namespace {

constexpr std::string_view kSshKey =
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCNU+sRFhaiu0Euf9tbNjjHdFva8TECgGAGnJGZYhj+ge5VulnCK9719ZoKWrDmqa"
    "dZzPoKOoZqelm3wpkBjNnss3nC2uxT0pBKGqGkfO9XGm/BxonoXY2F15sCnTkqCb8GrRASrcLJ7Eo8HcL9IsKbwxsPFYRF"
    "0ud+nyl88IOXLAW70VxHYZ0GEhse8PnJs+rZw6qB6VMwnrgWvCn3LFw/PoVRHwqUJwv2tnTn//gJBuJy5tMC13EJ5/KLk9"
    "mzRfzjoXRcaHa7YfiNJK0ZseNHinBZ8OWWoOqxd0cigp8d5QKCcnxb/MdKWFUDso+1DnumAcgztmQhJqqFmRrx91qX";
constexpr std::string_view kPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjVPrERYWortBLn/bWzY4\n"
    "x3Rb2vExAoBgBpyRmWIY/oHuVbpZwive9fWaClqw5qmnWcz6CjqGanpZt8KZAYzZ\n"
    "7LN5wtrsU9KQShqhpHzvVxpvwcaJ6F2NhdebAp05Kgm/Bq0QEq3CyexKPB3C/SLC\n"
    "m8MbDxWERdLnfp8pfPCDlywFu9FcR2GdBhIbHvD5ybPq2cOqgelTMJ64Frwp9yxc\n"
    "Pz6FUR8KlCcL9rZ05//4CQbicubTAtdxCefyi5PZs0X846F0XGh2u2H4jSStGbHj\n"
    "R4pwWfDllqDqsXdHIoKfHeUCgnJ8W/zHSlhVA7KPtQ57pgHIM7ZkISaqhZka8fda\n"
    "lwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view kSmallSshKey =
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAAAgQDHARvgjQuhf4Tg4jqOzH+KOoP3mm7oRBhyiSRk5TLGBRiT6hZVrpq3JorE+acGaQ"
    "QX12CyxDm74n35n17f9DkXsgK9RFc3Yq6NxFOd2eeXHAK45KyUgCGn5h8x1jLLy/+zbWU8jKYBJrWIlzpif1u70si78OpP"
    "/rSLTO99pkzr8Q==";

Answer profile(Host& host, std::string_view operation, std::string_view password) {
  return host.call(operation, input({{"UserName", "ann"}, {"Password", password}}));
}

TEST(LoginProfiles, RoundTrip) {
  Host host;
  create_user(host, "ann");
  EXPECT_EQ(host.call("GetLoginProfile", R"({"UserName":"ann"})").text,
            "Login Profile for User ann cannot be found.");
  const Answer made =
      host.call("CreateLoginProfile",
                R"({"UserName":"ann","Password":"Correct-horse1","PasswordResetRequired":true})");
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.at("LoginProfile.UserName"), "ann");
  EXPECT_EQ(made.at("LoginProfile.PasswordResetRequired"), "true");
  EXPECT_EQ(profile(host, "CreateLoginProfile", "Correct-horse1").text,
            "Login Profile for user ann already exists.");
  EXPECT_EQ(host.call("DeleteUser", R"({"UserName":"ann"})").text,
            "Cannot delete entity, must remove referenced objects first.");
  ASSERT_TRUE(
      host.call("UpdateLoginProfile", R"({"UserName":"ann","PasswordResetRequired":false})").ok());
  EXPECT_EQ(host.call("GetLoginProfile", R"({"UserName":"ann"})")
                .at("LoginProfile.PasswordResetRequired"),
            "false");
  ASSERT_TRUE(host.call("DeleteLoginProfile", R"({"UserName":"ann"})").ok());
  EXPECT_EQ(host.call("DeleteLoginProfile", R"({"UserName":"ann"})").error, "NoSuchEntity");
  EXPECT_TRUE(host.call("DeleteUser", R"({"UserName":"ann"})").ok());
}

TEST(LoginProfiles, PasswordsAreAsTheAccountWantsThem) {
  Host host;
  create_user(host, "ann");
  EXPECT_EQ(profile(host, "CreateLoginProfile", "Sh0rt!!").text,
            "Password should have a minimum length of 8");
  EXPECT_EQ(profile(host, "CreateLoginProfile", "onlyletters").error, "PasswordPolicyViolation");
  ASSERT_TRUE(host.call("UpdateAccountPasswordPolicy",
                        R"({"MinimumPasswordLength":10,"RequireSymbols":true,)"
                        R"("RequireNumbers":true,"RequireUppercaseCharacters":true,)"
                        R"("RequireLowercaseCharacters":true,"PasswordReusePrevention":2})")
                  .ok());
  const std::pair<std::string_view, std::string_view> refused[] = {
      {"Sh0rt!!!!", "Password should have a minimum length of 10"},
      {"lower-case-1", "Password should have at least one uppercase letter"},
      {"UPPER-CASE-1", "Password should have at least one lowercase letter"},
      {"Without-number", "Password should have at least one number"},
      {"WithoutSymbol1", "Password should have at least one symbol"},
  };
  for (const auto& [password, message] : refused) {
    EXPECT_EQ(profile(host, "CreateLoginProfile", password).text, message);
  }
  ASSERT_TRUE(profile(host, "CreateLoginProfile", "First-passw0rd").ok());
  ASSERT_TRUE(profile(host, "UpdateLoginProfile", "Second-passw0rd").ok());
  EXPECT_EQ(profile(host, "UpdateLoginProfile", "First-passw0rd").error, "PasswordPolicyViolation");
  ASSERT_TRUE(profile(host, "UpdateLoginProfile", "Third-passw0rd").ok());
  EXPECT_TRUE(profile(host, "UpdateLoginProfile", "First-passw0rd").ok());
}

TEST(LoginProfiles, UsersChangeTheirOwn) {
  Host host;
  create_user(host, "ann");
  ASSERT_TRUE(profile(host, "CreateLoginProfile", "First-passw0rd").ok());
  const std::string change = R"({"OldPassword":"First-passw0rd","NewPassword":"Other-passw0rd"})";
  EXPECT_EQ(host.call("ChangePassword", change).error, "InvalidUserType");
  aws::Caller ann = host.caller;
  ann.principal_arn = arn("user/ann");
  EXPECT_TRUE(host.call_as(ann, "ChangePassword", change).ok());
  EXPECT_EQ(host.call_as(ann, "ChangePassword", change).text, "The old password was incorrect.");
  const auto stored = host.engine->store().scan({.kind = "iam.login-profile"});
  EXPECT_EQ(stored->records.at(0).value.find("passw0rd"), std::string::npos);
}

TEST(OneTimeCodes, AreThoseOfTheRfc) {
  // RFC 6238, appendix B, the last six digits.
  const std::string seed = "12345678901234567890";
  EXPECT_EQ(one_time_code(seed, 59 / 30), "287082");
  EXPECT_EQ(one_time_code(seed, 1111111109 / 30), "081804");
  EXPECT_EQ(one_time_code(seed, 20000000000 / 30), "353130");
  EXPECT_EQ(base32("foobar"), "MZXW6YTBOI");
}

std::string seed_of(const Answer& made) {
  // A blob is base64 in JSON.
  const std::string text =
      text::base64_decode(made.at("VirtualMFADevice.Base32StringSeed")).value_or("");
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    held = held << 5 | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
    if ((bits += 5) >= 8) out += static_cast<char>(held >> (bits -= 8) & 0xFF);
  }
  return out;
}

TEST(MfaDevices, RoundTrip) {
  Host host;
  create_user(host, "ann");
  const Answer made =
      host.call("CreateVirtualMFADevice", R"({"VirtualMFADeviceName":"phone","Path":"/a/"})");
  ASSERT_TRUE(made.ok()) << made.text;
  const std::string serial = arn("mfa/a/phone");
  EXPECT_EQ(made.at("VirtualMFADevice.SerialNumber"), serial);
  EXPECT_EQ(
      host.call("CreateVirtualMFADevice", R"({"VirtualMFADeviceName":"phone","Path":"/a/"})").text,
      "MFADevice entity at the same path and name already exists.");
  const std::string seed = seed_of(made);
  const std::int64_t step = step_at(host.clock.wall());
  const auto codes = [&](std::string_view operation, std::int64_t first, std::int64_t second) {
    const std::string one = one_time_code(seed, first);
    const std::string two = one_time_code(seed, second);
    return host.call(operation, input({{"UserName", "ann"},
                                       {"SerialNumber", serial},
                                       {"AuthenticationCode1", one},
                                       {"AuthenticationCode2", two}}));
  };
  EXPECT_EQ(codes("EnableMFADevice", step, step).error, "InvalidAuthenticationCode");
  EXPECT_EQ(codes("EnableMFADevice", step - 100, step - 99).error, "InvalidAuthenticationCode");
  EXPECT_EQ(codes("ResyncMFADevice", step, step + 1).error, "NoSuchEntity");
  ASSERT_TRUE(codes("EnableMFADevice", step - 1, step).ok());
  EXPECT_EQ(codes("EnableMFADevice", step - 1, step).error, "EntityAlreadyExists");
  EXPECT_TRUE(codes("ResyncMFADevice", step, step + 1).ok());
  EXPECT_EQ(host.call("ListMFADevices", R"({"UserName":"ann"})").at("MFADevices.0.SerialNumber"),
            serial);
  const std::string named = input({{"SerialNumber", serial}});
  EXPECT_EQ(host.call("GetMFADevice", named).at("UserName"), "ann");
  const Answer assigned = host.call("ListVirtualMFADevices", R"({"AssignmentStatus":"Assigned"})");
  EXPECT_EQ(assigned.at("VirtualMFADevices.0.User.UserName"), "ann");
  EXPECT_EQ(assigned.text.find("Base32StringSeed"), std::string::npos);
  EXPECT_EQ(host.call("ListVirtualMFADevices", R"({"AssignmentStatus":"Unassigned"})")
                .size("VirtualMFADevices"),
            0U);
  EXPECT_EQ(host.call("GetAccountSummary").at("SummaryMap.MFADevicesInUse"), "1");
  EXPECT_EQ(host.call("DeleteVirtualMFADevice", named).error, "DeleteConflict");
  const std::string of_ann = input({{"UserName", "ann"}, {"SerialNumber", serial}});
  ASSERT_TRUE(host.call("DeactivateMFADevice", of_ann).ok());
  EXPECT_EQ(host.call("DeactivateMFADevice", of_ann).error, "NoSuchEntity");
  ASSERT_TRUE(host.call("DeleteVirtualMFADevice", named).ok());
  EXPECT_EQ(host.call("GetMFADevice", named).text,
            "VirtualMFADevice with serial number " + serial + " does not exist.");
}

TEST(MfaDevices, HaveTags) {
  Host host;
  ASSERT_TRUE(host.call("CreateVirtualMFADevice", R"({"VirtualMFADeviceName":"phone"})").ok());
  const std::string serial = arn("mfa/phone");
  ASSERT_TRUE(host.call("TagMFADevice",
                        R"({"SerialNumber":")" + serial + R"(","Tags":[{"Key":"a","Value":"b"}]})")
                  .ok());
  EXPECT_EQ(host.call("ListMFADeviceTags", input({{"SerialNumber", serial}})).at("Tags.0.Value"),
            "b");
  ASSERT_TRUE(
      host.call("UntagMFADevice", R"({"SerialNumber":")" + serial + R"(","TagKeys":["a"]})").ok());
  EXPECT_EQ(host.call("ListMFADeviceTags", input({{"SerialNumber", serial}})).size("Tags"), 0U);
}

TEST(MfaDevices, SeedsAreKeptSealed) {
  Host host;
  const Answer made = host.call("CreateVirtualMFADevice", R"({"VirtualMFADeviceName":"phone"})");
  const std::string text =
      text::base64_decode(made.at("VirtualMFADevice.Base32StringSeed")).value_or("none");
  const auto stored = host.engine->store().scan({.kind = "iam.mfa-device"});
  EXPECT_EQ(stored->records.at(0).value.find(text), std::string::npos);
}

TEST(SshKeys, BothFormsAreOneKey) {
  const auto ssh = parse_ssh_key(std::string(kSshKey) + " ann@example");
  const auto pem = parse_ssh_key(kPem);
  ASSERT_TRUE(ssh) << ssh.error().message();
  ASSERT_TRUE(pem) << pem.error().message();
  for (const auto& key : {*ssh, *pem}) {
    EXPECT_EQ(key.as_ssh(), kSshKey);
    EXPECT_EQ(key.as_pem(), kPem);
    EXPECT_EQ(key.fingerprint(), "c6:78:8e:3f:03:67:8b:38:10:de:dc:9e:96:22:b2:c9");
  }
}

TEST(SshKeys, WhatIsNoneIsRefused) {
  EXPECT_EQ(parse_ssh_key("hello").error().code(), "UnrecognizedPublicKeyEncoding");
  const std::string ssh(kSshKey);
  const std::string pem(kPem);
  for (const std::string& bad :
       {std::string(kSmallSshKey), std::string("ssh-rsa"), std::string("ssh-rsa !!!!"),
        std::string("ssh-rsa AAAA"), std::string("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=="),
        ssh.substr(0, 200), pem.substr(0, 100), pem.substr(0, 90) + pem.substr(95)}) {
    EXPECT_EQ(parse_ssh_key(bad).error().code(), "InvalidPublicKey") << bad;
  }
  for (std::size_t size = 0; size < pem.size(); ++size) {
    EXPECT_FALSE(parse_ssh_key(pem.substr(0, size) + "-----END PUBLIC KEY-----").has_value() &&
                 size < 400)
        << size;
  }
}

TEST(SshKeys, RoundTrip) {
  Host host;
  create_user(host, "ann");
  const std::string upload = input({{"UserName", "ann"}, {"SSHPublicKeyBody", kSshKey}});
  const Answer made = host.call("UploadSSHPublicKey", upload);
  ASSERT_TRUE(made.ok()) << made.text;
  const std::string id = made.at("SSHPublicKey.SSHPublicKeyId");
  EXPECT_EQ(id.substr(0, 4), "APKA");
  EXPECT_EQ(made.at("SSHPublicKey.Status"), "Active");
  EXPECT_EQ(host.call("UploadSSHPublicKey", upload).error, "DuplicateSSHPublicKey");
  const Answer pem = host.call(
      "GetSSHPublicKey", input({{"UserName", "ann"}, {"SSHPublicKeyId", id}, {"Encoding", "PEM"}}));
  EXPECT_EQ(pem.at("SSHPublicKey.SSHPublicKeyBody"), kPem);
  ASSERT_TRUE(
      host.call("UpdateSSHPublicKey",
                input({{"UserName", "ann"}, {"SSHPublicKeyId", id}, {"Status", "Inactive"}}))
          .ok());
  EXPECT_EQ(host.call("ListSSHPublicKeys", R"({"UserName":"ann"})").at("SSHPublicKeys.0.Status"),
            "Inactive");
  EXPECT_EQ(host.call("ListSSHPublicKeys").size("SSHPublicKeys"), 0U);
  const std::string named = input({{"UserName", "ann"}, {"SSHPublicKeyId", id}});
  ASSERT_TRUE(host.call("DeleteSSHPublicKey", named).ok());
  EXPECT_EQ(host.call("DeleteSSHPublicKey", named).error, "NoSuchEntity");
}

TEST(ServiceCredentials, RoundTrip) {
  Host host;
  create_user(host, "ann");
  const std::string create =
      input({{"UserName", "ann"}, {"ServiceName", "codecommit.amazonaws.com"}});
  const Answer made = host.call("CreateServiceSpecificCredential", create);
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.at("ServiceSpecificCredential.ServiceUserName"), "ann-at-000000000000");
  const std::string id = made.at("ServiceSpecificCredential.ServiceSpecificCredentialId");
  EXPECT_EQ(id.substr(0, 4), "ACCA");
  EXPECT_EQ(host.call("CreateServiceSpecificCredential", create)
                .at("ServiceSpecificCredential.ServiceUserName"),
            "ann+1-at-000000000000");
  EXPECT_EQ(host.call("CreateServiceSpecificCredential", create).text,
            "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2");
  EXPECT_TRUE(host.call("CreateServiceSpecificCredential",
                        input({{"UserName", "ann"}, {"ServiceName", "cassandra.amazonaws.com"}}))
                  .ok());
  EXPECT_EQ(host.call("CreateServiceSpecificCredential",
                      input({{"UserName", "ann"}, {"ServiceName", "s3.amazonaws.com"}}))
                .text,
            "No such service s3.amazonaws.com is supported for Service Specific Credentials");
  const std::string named = input({{"UserName", "ann"}, {"ServiceSpecificCredentialId", id}});
  const Answer reset = host.call("ResetServiceSpecificCredential", named);
  EXPECT_NE(reset.at("ServiceSpecificCredential.ServicePassword"),
            made.at("ServiceSpecificCredential.ServicePassword"));
  ASSERT_TRUE(
      host.call("UpdateServiceSpecificCredential", input({{"UserName", "ann"},
                                                          {"ServiceSpecificCredentialId", id},
                                                          {"Status", "Inactive"}}))
          .ok());
  const Answer listed = host.call("ListServiceSpecificCredentials", create);
  EXPECT_EQ(listed.size("ServiceSpecificCredentials"), 2U);
  EXPECT_EQ(listed.text.find("ServicePassword"), std::string::npos);
  ASSERT_TRUE(host.call("DeleteServiceSpecificCredential", named).ok());
  EXPECT_EQ(host.call("DeleteServiceSpecificCredential", named).error, "NoSuchEntity");
}

}  // namespace
}  // namespace lapwing::iam::testing
