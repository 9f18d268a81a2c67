#include <string>

#include <gtest/gtest.h>

#include "services/iam/testing/iam_host.hpp"

namespace lapwing::iam::testing {
namespace {

// Made for this test: example.com, until 27 November 2036.
constexpr std::string_view kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgTCCASegAwIBAgIUOVJahHH6ImM63ijjkzcZVnszpw4wCgYIKoZIzj0EAwIw\n"
    "FjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wHhcNMjYxMTMwMDIyMDM3WhcNMzYxMTI3\n"
    "MDIyMDM3WjAWMRQwEgYDVQQDDAtleGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqG\n"
    "SM49AwEHA0IABCtjJvoyMt71chqv58dIZqyaPWkboj2C2+NPtjEIjxufhJEcX1Fc\n"
    "FNu661H9a33wG5xdPjMOVD5Yztn+prRdpNujUzBRMB0GA1UdDgQWBBRAD7JbiJBx\n"
    "AzmzA8HgCM4l8gHpGDAfBgNVHSMEGDAWgBRAD7JbiJBxAzmzA8HgCM4l8gHpGDAP\n"
    "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEu5bZL3f2MSls29ZHtf\n"
    "4DJOL/ltJiWj+ucRjIJDlSU8AiEAzRKHGiiylpw8gAlzHHgDC+f6snMYgInR/lq2\n"
    "gm9eSuE=\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvv//fvkTeCXwWCy2\n"
    "fpZXsihbghUVXBgeX9V5VQ1mAgihRANCAAQrYyb6MjLe9XIar+fHSGasmj1pG6I9\n"
    "gtvjT7YxCI8bn4SRHF9RXBTbuutR/Wt98BucXT4zDlQ+WM7Z/qa0XaTb\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kAnotherKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoau8Ux9J/HsgrVYO\n"
    "I+8Q8nrDvB9+kUpw6/8ScPeBKAOhRANCAARyPaD8KLvayzpx/LtcTSQ6tfuS6Nti\n"
    "HlQyvr4sbGKoipUB1PJroJeFJ5KaPO7ksQowp5kYS8LWrIMg1P/r1pu/\n"
    "-----END PRIVATE KEY-----\n";

Answer upload(Host& host, std::string_view name, std::string_view key = kKey) {
  return host.call("UploadServerCertificate", input({{"ServerCertificateName", name},
                                                     {"Path", "/lb/"},
                                                     {"CertificateBody", kCertificate},
                                                     {"CertificateChain", kCertificate},
                                                     {"PrivateKey", key}}));
}

TEST(ServerCertificates, RoundTrip) {
  Host host;
  const Answer made = upload(host, "site");
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.at("ServerCertificateMetadata.Arn"), arn("server-certificate/lb/site"));
  EXPECT_EQ(made.at("ServerCertificateMetadata.ServerCertificateId").substr(0, 4), "ASCA");
  EXPECT_EQ(upload(host, "site").text, "The Server Certificate with name site already exists.");
  const std::string named = input({{"ServerCertificateName", "site"}});
  const Answer got = host.call("GetServerCertificate", named);
  EXPECT_EQ(got.at("ServerCertificate.CertificateBody"), kCertificate);
  EXPECT_EQ(got.at("ServerCertificate.CertificateChain"), kCertificate);
  EXPECT_NE(got.at("ServerCertificate.ServerCertificateMetadata.Expiration"), "");
  EXPECT_EQ(got.text.find("PRIVATE"), std::string::npos);
  EXPECT_EQ(host.call("GetAccountSummary").at("SummaryMap.ServerCertificates"), "1");
  ASSERT_TRUE(host.call("TagServerCertificate",
                        R"({"ServerCertificateName":"site","Tags":[{"Key":"a","Value":"b"}]})")
                  .ok());
  EXPECT_EQ(host.call("ListServerCertificateTags", named).at("Tags.0.Value"), "b");
  ASSERT_TRUE(host.call("UpdateServerCertificate", input({{"ServerCertificateName", "site"},
                                                          {"NewServerCertificateName", "other"},
                                                          {"NewPath", "/x/"}}))
                  .ok());
  EXPECT_EQ(host.call("GetServerCertificate", named).text,
            "The Server Certificate with name site cannot be found.");
  EXPECT_EQ(host.call("ListServerCertificates", R"({"PathPrefix":"/x/"})")
                .at("ServerCertificateMetadataList.0.ServerCertificateName"),
            "other");
  EXPECT_EQ(host.call("ListServerCertificates", R"({"PathPrefix":"/lb/"})")
                .size("ServerCertificateMetadataList"),
            0U);
  ASSERT_TRUE(host.call("DeleteServerCertificate", R"({"ServerCertificateName":"other"})").ok());
  EXPECT_EQ(host.call("GetAccountSummary").at("SummaryMap.ServerCertificates"), "0");
}

TEST(ServerCertificates, WhatIsNoneIsRefused) {
  Host host;
  EXPECT_EQ(upload(host, "site", kAnotherKey).error, "KeyPairMismatch");
  EXPECT_EQ(upload(host, "site", "no key").error, "MalformedCertificate");
  EXPECT_EQ(upload(host, "site", kCertificate).error, "MalformedCertificate");
  EXPECT_EQ(host.call("UploadServerCertificate", input({{"ServerCertificateName", "site"},
                                                        {"CertificateBody", "none"},
                                                        {"PrivateKey", kKey}}))
                .text,
            "Unable to parse certificate. Please ensure the certificate is in PEM format.");
  const std::string chain(kCertificateChainBytesMax + 1, 'a');
  EXPECT_EQ(host.call("UploadServerCertificate", input({{"ServerCertificateName", "site"},
                                                        {"CertificateBody", kCertificate},
                                                        {"CertificateChain", chain},
                                                        {"PrivateKey", kKey}}))
                .error,
            "LimitExceeded");
  EXPECT_EQ(host.call("ListServerCertificates").size("ServerCertificateMetadataList"), 0U);
}

TEST(ServerCertificates, KeysAreKeptSealed) {
  Host host;
  ASSERT_TRUE(upload(host, "site").ok());
  const auto stored = host.engine->store().scan({.kind = "iam.server-certificate"});
  const std::string line(kKey.substr(40, 60));
  EXPECT_EQ(stored->records.at(0).value.find(line), std::string::npos);
}

TEST(ServerCertificates, AreSoManyAtMost) {
  Host host;
  for (std::int64_t i = 0; i < kServerCertificatesMax; ++i) {
    ASSERT_TRUE(upload(host, "site" + std::to_string(i)).ok());
  }
  EXPECT_EQ(upload(host, "more").text, "Cannot exceed quota for ServerCertificatesPerAccount: 20");
}

TEST(SigningCertificates, RoundTrip) {
  Host host;
  create_user(host, "ann");
  const std::string given = input({{"UserName", "ann"}, {"CertificateBody", kCertificate}});
  const Answer made = host.call("UploadSigningCertificate", given);
  ASSERT_TRUE(made.ok()) << made.text;
  const std::string id = made.at("Certificate.CertificateId");
  EXPECT_EQ(host.call("UploadSigningCertificate", given).error, "DuplicateCertificate");
  EXPECT_EQ(host.call("UploadSigningCertificate",
                      input({{"UserName", "ann"}, {"CertificateBody", "none"}}))
                .error,
            "MalformedCertificate");
  ASSERT_TRUE(host.call("UpdateSigningCertificate",
                        input({{"UserName", "ann"}, {"CertificateId", id}, {"Status", "Inactive"}}))
                  .ok());
  EXPECT_EQ(
      host.call("ListSigningCertificates", R"({"UserName":"ann"})").at("Certificates.0.Status"),
      "Inactive");
  EXPECT_EQ(host.call("DeleteUser", R"({"UserName":"ann"})").error, "DeleteConflict");
  const std::string named = input({{"UserName", "ann"}, {"CertificateId", id}});
  ASSERT_TRUE(host.call("DeleteSigningCertificate", named).ok());
  EXPECT_EQ(host.call("DeleteSigningCertificate", named).error, "NoSuchEntity");
  EXPECT_TRUE(host.call("DeleteUser", R"({"UserName":"ann"})").ok());
}

}  // namespace
}  // namespace lapwing::iam::testing
