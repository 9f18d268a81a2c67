#include <fmt/core.h>
#include <gtest/gtest.h>

#include "crypto/sha256.hpp"
#include "os/file.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

// Functions whose code is an image in a layout below the harness's directory.
class Images : public ::testing::Test, protected testing::Harness {
 protected:
  // Writes a layout with one image; its digest.
  std::string layout(const std::string& name, const std::string& command) {
    const std::string directory = data_dir + "/layouts/" + name;
    EXPECT_TRUE(os::make_directories(directory + "/blobs/sha256"));
    const auto blob = [&](const std::string& content) {
      const std::string hex = crypto::sha256_hex(content);
      EXPECT_TRUE(os::write_atomically(directory + "/blobs/sha256/" + hex, content));
      return fmt::format(R"("digest":"sha256:{}","size":{})", hex, content.size());
    };
    const std::string config =
        blob(R"({"os":"linux","config":{"Entrypoint":["/e"],"Cmd":[")" + command +
             R"("],"Env":["A=1"]},"rootfs":{"type":"layers","diff_ids":[]}})");
    const std::string manifest =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
        R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json",)" +
        config + R"(},"layers":[]})";
    EXPECT_TRUE(os::write_atomically(directory + "/index.json",
                                     R"({"schemaVersion":2,"manifests":[{"mediaType":)"
                                     R"("application/vnd.oci.image.manifest.v1+json",)" +
                                         blob(manifest) + "}]}"));
    return crypto::sha256_hex(manifest);
  }
  std::string uri(const std::string& name) { return "oci:" + data_dir + "/layouts/" + name; }
  testing::Answer make(std::string_view name, const std::string& image,
                       std::string_view more = {}) {
    return send(
        "CreateFunction", "POST", "/2015-03-31/functions", "",
        fmt::format(R"({{"FunctionName":"{}","PackageType":"Image","Role":)"
                    R"("arn:aws:iam::000000000000:role/r","Code":{{"ImageUri":"{}"}}{}{}}})",
                    name, image, more.empty() ? "" : ",", more));
  }
  testing::Answer make_active(std::string_view name, const std::string& image,
                              std::string_view more = {}) {
    testing::Answer out = make(name, image, more);
    executor.run_all();
    return out;
  }
  testing::Answer put_image(std::string_view name, const std::string& image,
                            std::string_view more = {}) {
    return send("UpdateFunctionCode", "PUT", fmt::format("/2015-03-31/functions/{}/code", name), "",
                fmt::format(R"({{"ImageUri":"{}"{}{}}})", image, more.empty() ? "" : ",", more));
  }
};

TEST_F(Images, AreShownAsTheServiceShowsThem) {
  const std::string digest = layout("a", "c");
  const auto made = make("f", uri("a"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.at("State"), "Pending");
  EXPECT_EQ(made.at("PackageType"), "Image");
  EXPECT_EQ(made.at("CodeSha256"), digest);
  EXPECT_EQ(made.at("CodeSize"), "0");
  for (const char* member :
       {"Runtime", "Handler", "Layers", "ImageConfigResponse", "RuntimeVersionConfig"}) {
    EXPECT_FALSE(made.has(member)) << member;
  }
  executor.run_all();
  const auto got = get("f");
  EXPECT_EQ(got.at("Configuration.State"), "Active");
  EXPECT_EQ(got.at("Code.RepositoryType"), "ECR");
  EXPECT_EQ(got.at("Code.ImageUri"), uri("a"));
  EXPECT_EQ(got.at("Code.ResolvedImageUri"), uri("a") + "@sha256:" + digest);
  EXPECT_FALSE(got.has("Code.Location"));
}

TEST_F(Images, OverridesLieOverTheImagesSettings) {
  layout("a", "c");
  make_active("f", uri("a"), R"("ImageConfig":{"Command":["x","y"],"WorkingDirectory":"/w"})");
  auto version = resolve("f");
  ASSERT_TRUE(version) << version.error().to_log();
  const runtime::ImageProgram& image = *(*version)->image;
  EXPECT_EQ(image.entry_point, std::vector<std::string>{"/e"});
  EXPECT_EQ(image.command, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(image.working_directory, "/w");
  EXPECT_EQ(image.environment.size(), 1u);
  EXPECT_TRUE(os::is_directory(image.root));
  EXPECT_EQ(get("f").at("Configuration.ImageConfigResponse.ImageConfig.WorkingDirectory"), "/w");
  restart();  // all of it was kept
  EXPECT_EQ((*resolve("f"))->image->command, (std::vector<std::string>{"x", "y"}));
  put_configuration("f", R"({"ImageConfig":{"EntryPoint":["/other"]}})");
  executor.run_all();
  version = resolve("f");
  EXPECT_EQ((*version)->image->entry_point, std::vector<std::string>{"/other"});
  EXPECT_EQ((*version)->image->command, std::vector<std::string>{"c"});
  put_configuration("f", R"({"ImageConfig":{}})");
  executor.run_all();
  EXPECT_FALSE(get("f").has("Configuration.ImageConfigResponse"));
  EXPECT_EQ((*resolve("f"))->image->entry_point, std::vector<std::string>{"/e"});
}

TEST_F(Images, CodeIsUpdatedPublishedAndSwept) {
  const std::string first = layout("a", "one");
  const std::string second = layout("b", "two");
  make_active("f", uri("a"));
  publish("f");
  const auto changed = put_image("f", uri("b"));
  EXPECT_EQ(changed.at("LastUpdateStatus"), "InProgress");
  EXPECT_EQ(changed.at("CodeSha256"), second);
  EXPECT_EQ((*resolve("f"))->image->command.front(), "one");
  executor.run_all();
  EXPECT_EQ((*resolve("f"))->image->command.front(), "two");
  EXPECT_EQ((*resolve("f", "1"))->image->command.front(), "one");
  EXPECT_TRUE(os::is_directory(data_dir + "/images/" + first));
  // An image is no blob, and names none.
  EXPECT_FALSE(engine->blobs().exists(*store::BlobId::from_hex(first)).value());
  EXPECT_EQ(engine->collect_blobs(Duration(-1))->removed, 0u);
  EXPECT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", "Qualifier=1").status, 204);
  executor.run_all();
  EXPECT_FALSE(os::is_directory(data_dir + "/images/" + first));
  EXPECT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f").status, 204);
  executor.run_all();
  EXPECT_TRUE(os::list_directory(data_dir + "/images")->empty());
}

TEST_F(Images, HaveNoCodeSigning) {
  layout("a", "c");
  make_active("f", uri("a"));
  const auto answer =
      send("GetFunctionCodeSigningConfig", "GET", "/2020-06-30/functions/f/code-signing-config");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.message(),
            "Code signing is not supported for functions created with container images.");
}

TEST_F(Images, ADryRunChangesNothing) {
  const std::string first = layout("a", "one");
  const std::string second = layout("b", "two");
  make_active("f", uri("a"));
  EXPECT_EQ(put_image("f", uri("b"), R"("DryRun":true)").at("CodeSha256"), second);
  executor.run_all();
  EXPECT_EQ(get("f").at("Configuration.CodeSha256"), first);
}

TEST_F(Images, AreRefusedInTheServicesWords) {
  layout("a", "c");
  const std::string not_wanted =
      "Please don't provide Handler or Runtime or Layer when the intended function PackageType is "
      "Image.";
  for (const char* more : {R"("Runtime":"python3.12")", R"("Handler":"a.b")",
                           R"("Layers":["arn:aws:lambda:us-east-1:000000000000:layer:l:1"])"}) {
    EXPECT_EQ(make("g", uri("a"), more).message(), not_wanted) << more;
  }
  EXPECT_EQ(make("g", "app:v1").message(),
            "Source image app:v1 is not valid. Provide a valid source image.");
  EXPECT_EQ(make("g", uri("a:none")).message(),
            "Source image " + uri("a:none") + " does not exist. Provide a valid source image.");
  const auto outside = make("g", "oci:/etc");
  EXPECT_EQ(outside.status, 403);
  EXPECT_EQ(outside.error, "AccessDeniedException");
  EXPECT_EQ(make("g", uri("a"), R"("Code":{"ZipFile":"UEsFBg=="})").message(),
            "Please provide ImageUri when creating a function with packageType Image.");
  const std::string large(9'000, 'x');
  EXPECT_EQ(
      make("g", uri("a"), fmt::format(R"("ImageConfig":{{"Command":["{}","{}"]}})", large, large))
          .message(),
      "ImageConfig must be smaller than 16384 bytes");
  EXPECT_EQ(make("g", uri("a"), R"("ImageConfig":{"Command":["a\u0000b"]})").status, 400);
  EXPECT_EQ(get("g").status, 404);

  make_active("f", uri("a"));
  EXPECT_EQ(put_code("f", testing::hello_zip()).message(),
            "Please provide ImageUri when updating a function with packageType Image.");
  EXPECT_EQ(put_configuration("f", R"({"Handler":"a.b"})").message(), not_wanted);
  EXPECT_EQ(put_configuration("f", R"({"Runtime":"python3.12"})").message(), not_wanted);
  create_active("zip");
  EXPECT_EQ(put_image("zip", uri("a")).message(),
            "Please don't provide ImageUri when updating a function with packageType Zip.");
  EXPECT_EQ(put_configuration("zip", R"({"ImageConfig":{"Command":["x"]}})").status, 400);
  EXPECT_EQ(create("z2", testing::hello_zip(), R"("ImageConfig":{"Command":["x"]})").status, 400);
}

// Between the request and the pull a registry may change its mind.
TEST_F(Images, WhatFailsLaterIsTheFunctionsState) {
  const std::string digest = layout("a", "c");
  make("f", uri("a"));
  ASSERT_TRUE(os::write_atomically(data_dir + "/layouts/a/blobs/sha256/" + digest, "{}"));
  executor.run_all();
  auto got = get("f");
  EXPECT_EQ(got.at("Configuration.State"), "Failed");
  EXPECT_EQ(got.at("Configuration.StateReasonCode"), "InvalidImage");
  EXPECT_TRUE(os::list_directory(data_dir + "/images")->empty());

  layout("b", "d");
  make("g", uri("b"));
  ASSERT_TRUE(os::remove_tree(data_dir + "/layouts/b/blobs"));
  executor.run_all();
  got = get("g");
  EXPECT_EQ(got.at("Configuration.StateReasonCode"), "ImageDeleted");
  EXPECT_EQ(got.at("Configuration.StateReason"), "The function is trying to use a deleted image.");
}

TEST_F(Images, PullsThatACrashCutAreTakenUp) {
  layout("a", "c");
  make("f", uri("a"));
  restart();
  EXPECT_EQ(get("f").at("Configuration.State"), "Pending");
  executor.run_all();
  EXPECT_EQ(get("f").at("Configuration.State"), "Active");
  EXPECT_TRUE(resolve("f"));
}

TEST_F(Images, WhatIsLostIsPulledAgain) {
  layout("a", "c");
  make_active("f", uri("a"));
  service.reset();
  ASSERT_TRUE(os::remove_tree(data_dir + "/images"));
  restart();
  EXPECT_FALSE(resolve("f"));
  executor.run_all();
  EXPECT_TRUE(resolve("f"));
}

}  // namespace
}  // namespace lapwing::lambda
