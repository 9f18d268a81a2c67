#include "images/manifest.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "images/challenge.hpp"
#include "images/credentials.hpp"
#include "images/limits.hpp"
#include "images/testing/tar_builder.hpp"
#include "os/file.hpp"
#include "text/base64.hpp"

namespace lapwing::images {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string descriptor(std::string_view type, std::string_view more = "") {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":10{}}})", type, kDigest, more);
}
std::string manifest(std::string_view type, std::string_view config, std::string_view layer) {
  return fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}})", type,
                     descriptor(config), descriptor(layer));
}

constexpr std::string_view kOci = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";

TEST(ManifestDocuments, OfBothMakes) {
  const auto docker = manifest("application/vnd.docker.distribution.manifest.v2+json",
                               "application/vnd.docker.container.image.v1+json",
                               "application/vnd.docker.image.rootfs.diff.tar.gzip");
  for (const std::string& text : {manifest(kOci, kOciConfig, kOciLayer), docker}) {
    const auto parsed = parse_manifest(text, "");
    ASSERT_TRUE(parsed) << parsed.error().to_log();
    const auto& read = std::get<Manifest>(*parsed);
    EXPECT_EQ(read.layers.size(), 1u);
    EXPECT_EQ(read.config.size, 10u);
  }
}

TEST(ManifestDocuments, OthersAreNamed) {
  const std::string refused[] = {
      R"({"schemaVersion":1,"fsLayers":[]})",
      manifest("application/x-other", kOciConfig, kOciLayer),
      manifest(kOci, "application/vnd.oci.empty.v1+json", kOciLayer),
      manifest(kOci, kOciConfig, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")};
  for (const std::string& text : refused) {
    const auto parsed = parse_manifest(text, "");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kUnsupported) << parsed.error().to_log();
  }
}

TEST(ManifestDocuments, DamagedAndOverLimits) {
  std::string layers;
  for (std::size_t i = 0; i <= kLayersMax; ++i) {
    layers += (i == 0 ? "" : ",") + descriptor(kOciLayer);
  }
  const std::string refused[] = {
      "",
      "[]",
      "{",
      R"({"schemaVersion":2})",
      fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{}]}})", descriptor(kOciConfig),
                  layers),
      fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{{"mediaType":"{}"}}]}})",
                  descriptor(kOciConfig), kOciLayer),
      fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{{"mediaType":"{}","digest":"{}",)"
                  R"("size":-1}}]}})",
                  descriptor(kOciConfig), kOciLayer, kDigest),
      fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{{"mediaType":"{}","digest":"{}",)"
                  R"("size":{}}}]}})",
                  descriptor(kOciConfig), kOciLayer, kDigest, kLayerBytesMax + 1),
      std::string(kManifestBytesMax + 1, ' ')};
  for (const std::string& text : refused) {
    EXPECT_FALSE(parse_manifest(text, kOci)) << text.substr(0, 200);
  }
}

TEST(Indexes, TheMachinesManifestIsChosen) {
  const auto platform = [](std::string_view os, std::string_view architecture) {
    return descriptor(
        kOci, fmt::format(R"(,"platform":{{"os":"{}","architecture":"{}"}})", os, architecture));
  };
  const std::string text = fmt::format(R"({{"schemaVersion":2,"manifests":[{},{},{},{}]}})",
                                       platform("windows", "amd64"), platform("unknown", "unknown"),
                                       platform("linux", "arm64"), platform("linux", "amd64"));
  const auto parsed = parse_manifest(text, kOciIndex);
  ASSERT_TRUE(parsed) << parsed.error().to_log();
  auto index = std::get<Index>(*parsed);
  const auto chosen = choose_platform(index);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->architecture, machine_architecture());
  std::erase_if(index.manifests, [](const IndexEntry& entry) { return entry.os == "linux"; });
  const auto none = choose_platform(index);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), ErrorKind::kUnsupported);
  EXPECT_NE(none.error().message().find("windows/amd64"), std::string::npos);
}

TEST(Configurations, SayWhatIsRun) {
  const auto config = parse_config(
      R"({"os":"linux","config":{"Env":["A=1","B=x=y","=no","none"],"Entrypoint":["/e"],)"
      R"("Cmd":["c",""],"WorkingDir":"/w","User":"nobody"},"rootfs":{"diff_ids":[")" +
      kDigest + R"("]}})");
  ASSERT_TRUE(config) << config.error().to_log();
  EXPECT_EQ(config->environment.size(), 2u);
  EXPECT_EQ(config->environment[1].second, "x=y");
  EXPECT_EQ(config->command, (std::vector<std::string>{"c", ""}));
  EXPECT_EQ(config->working_directory, "/w");
  EXPECT_EQ(config->diff_ids.size(), 1u);
  EXPECT_TRUE(parse_config(R"({"config":{"Env":null,"Cmd":null,"Entrypoint":null}})"));
}

TEST(Configurations, HostileOnesAreRefused) {
  std::string many = R"({"config":{"Cmd":[)";
  for (std::size_t i = 0; i <= kArgumentsMax; ++i) many += i == 0 ? "\"\"" : ",\"\"";
  for (const std::string& text :
       {many + "]}}", std::string(R"({"os":"windows"})"), std::string(R"({"config":{"Cmd":[1]}})"),
        std::string(R"({"config":{"Cmd":["a\u0000b"]}})"),
        std::string(R"({"config":{"WorkingDir":"/a\u0000b"}})"),
        R"({"config":{"Env":["A=)" + std::string(kSettingsBytesMax, 'x') + R"("]}})",
        std::string(R"({"rootfs":{"diff_ids":["sha512:x"]}})"), std::string("null")}) {
    EXPECT_FALSE(parse_config(text)) << text.substr(0, 100);
  }
}

TEST(Challenges, OfRegistries) {
  const auto bearer = parse_challenge(
      R"(Bearer realm="https://auth.example/token?a=b",service="reg, \"x\"",scope="s")");
  ASSERT_TRUE(bearer);
  EXPECT_TRUE(bearer->bearer);
  EXPECT_EQ(bearer->realm, "https://auth.example/token?a=b");
  EXPECT_EQ(bearer->service, "reg, \"x\"");
  const auto basic = parse_challenge(R"(Negotiate, Basic realm="r", Bearer realm="other")");
  ASSERT_TRUE(basic);
  EXPECT_FALSE(basic->bearer);
  EXPECT_EQ(basic->realm, "r");
  for (const char* text : {"", "Digest realm=\"x\"", "=", "Bearer=", "\"", ",,,"}) {
    EXPECT_FALSE(parse_challenge(text)) << text;
  }
}

TEST(Credentials, FromAFileOfDockers) {
  const testing::ScratchDirectory scratch;
  const std::string file = scratch / "config.json";
  const std::string auth = text::base64_encode(std::string_view("user:secret"));
  ASSERT_TRUE(os::write_atomically(
      file, fmt::format(R"({{"auths":{{"localhost:5000":{{"auth":"{0}"}},"bad":{{"auth":"!"}},)"
                        R"("https://index.docker.io/v1/":{{"auth":"{0}"}}}},)"
                        R"("credHelpers":{{"helped":"ecr-login"}}}})",
                        auth)));
  EXPECT_EQ(*find_credentials(file, "localhost:5000"), auth);
  EXPECT_EQ(*find_credentials(file, "registry-1.docker.io"), auth);
  EXPECT_EQ(*find_credentials(file, "elsewhere"), std::nullopt);
  EXPECT_EQ(*find_credentials("", "localhost:5000"), std::nullopt);
  EXPECT_FALSE(find_credentials(file, "bad"));
  EXPECT_EQ(find_credentials(file, "helped").error().kind(), ErrorKind::kUnsupported);
  EXPECT_FALSE(find_credentials(scratch / "none", "localhost:5000"));
  ASSERT_TRUE(os::write_atomically(file, std::string(kCredentialFileBytesMax + 1, ' ')));
  EXPECT_FALSE(find_credentials(file, "localhost:5000"));
}

}  // namespace
}  // namespace lapwing::images
