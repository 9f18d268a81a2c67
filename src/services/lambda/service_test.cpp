// Life of a function through the wire: states, what serves meanwhile, restarts, the zip's
// download. What single operations refuse is in operations/*_test.cpp.
#include "services/lambda/service.hpp"

#include <gtest/gtest.h>

#include "services/lambda/package_tree.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using testing::hello_zip;

class LambdaService : public ::testing::Test, public testing::Harness {
 protected:
  std::size_t packages_on_disk() { return list_directory(data_dir + "/code")->size(); }
};

TEST_F(LambdaService, CreateAnswersPendingThenBecomesActive) {
  const Answer created = create("hello", hello_zip());
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.at("State"), "Pending");
  EXPECT_EQ(created.at("StateReasonCode"), "Creating");
  EXPECT_FALSE(created.has("LastUpdateStatus"));
  EXPECT_EQ(created.at("FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:hello");

  const auto pending = resolve("hello");
  ASSERT_FALSE(pending);
  EXPECT_EQ(pending.error().code(), "ResourceConflictException");
  EXPECT_EQ(pending.error().message(),
            "The operation cannot be performed at this time. The function is currently in the "
            "following state: Pending");

  executor.run_all();
  const Answer got = get("hello");
  EXPECT_EQ(got.at("Configuration.State"), "Active");
  EXPECT_EQ(got.at("Configuration.LastUpdateStatus"), "Successful");
  EXPECT_NE(got.at("Configuration.RevisionId"), created.at("RevisionId"));
  const auto active = resolve("hello");
  ASSERT_TRUE(active) << active.error().to_log();
  EXPECT_EQ((*active)->runtime, "python3.8");
  EXPECT_EQ((*active)->logging.log_group, "/aws/lambda/hello");
  EXPECT_TRUE((*active)->code_dir.starts_with(data_dir + "/code/"));
}

TEST_F(LambdaService, DefaultsAreAlwaysThere) {
  const Answer created = create_active("hello");
  EXPECT_EQ(created.at("Architectures.0"), "x86_64");
  EXPECT_EQ(created.at("Description"), "");
  EXPECT_TRUE(created.has("Description"));
  EXPECT_EQ(created.at("EphemeralStorage.Size"), "512");
  EXPECT_EQ(created.at("LoggingConfig.LogFormat"), "Text");
  EXPECT_EQ(created.at("LoggingConfig.LogGroup"), "/aws/lambda/hello");
  EXPECT_EQ(created.at("MemorySize"), "128");
  EXPECT_EQ(created.at("PackageType"), "Zip");
  EXPECT_TRUE(created.at("RuntimeVersionConfig.RuntimeVersionArn")
                  .starts_with("arn:aws:lambda:us-east-1::runtime:"));
  EXPECT_EQ(created.at("SnapStart.ApplyOn"), "None");
  EXPECT_EQ(created.at("Timeout"), "3");
  EXPECT_EQ(created.at("TracingConfig.Mode"), "PassThrough");
  EXPECT_EQ(created.at("Version"), "$LATEST");
  EXPECT_FALSE(created.has("Environment"));
  EXPECT_FALSE(created.has("VpcConfig"));
  EXPECT_EQ(created.at("CodeSize"), std::to_string(hello_zip().size()));
  EXPECT_EQ(created.at("LastModified"), "2023-11-14T22:13:20.000+0000");
}

TEST_F(LambdaService, OldCodeServesUntilTheUpdateIsDone) {
  create_active("hello");
  const auto before = resolve("hello");
  ASSERT_TRUE(before);
  const Answer updated = put_code("hello", hello_zip("new"));
  EXPECT_EQ(updated.status, 200) << updated.body;
  EXPECT_EQ(updated.at("LastUpdateStatus"), "InProgress");
  EXPECT_EQ(updated.at("State"), "Active");
  EXPECT_NE(updated.at("CodeSha256"), (*before)->code_sha256);

  const auto during = resolve("hello");
  ASSERT_TRUE(during);
  EXPECT_EQ((*during)->code_sha256, (*before)->code_sha256);
  for (const Answer& second :
       {put_code("hello", hello_zip("newer")), put_configuration("hello", R"({"Timeout":9})")}) {
    EXPECT_EQ(second.status, 409);
    EXPECT_EQ(second.message(),
              "The operation cannot be performed at this time. An update is in progress for "
              "resource: arn:aws:lambda:us-east-1:000000000000:function:hello");
  }
  executor.run_all();
  const auto after = resolve("hello");
  ASSERT_TRUE(after);
  EXPECT_EQ((*after)->code_sha256, updated.at("CodeSha256"));
  EXPECT_NE((*after)->revision_id, (*before)->revision_id);
  EXPECT_EQ(get("hello").at("Configuration.LastUpdateStatus"), "Successful");
}

TEST_F(LambdaService, TagsLeaveEnvironmentsAlone) {
  create_active("hello");
  const std::string id = (*resolve("hello"))->revision_id;
  const std::string revision = get("hello").at("Configuration.RevisionId");
  const Answer tagged =
      send("TagResource", "POST",
           "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahello", "",
           R"({"Tags":{"team":"blue"}})");
  EXPECT_EQ(tagged.status, 204) << tagged.body;
  const Answer got = get("hello");
  EXPECT_EQ(got.at("Tags.team"), "blue");
  EXPECT_NE(got.at("Configuration.RevisionId"), revision);
  EXPECT_EQ((*resolve("hello"))->revision_id, id);
}

TEST_F(LambdaService, DamagedCodeFailsAndTheOldServesOn) {
  create_active("hello");
  const std::string damaged =
      testing::build_zip({{.name = "f.py", .content = "x", .claimed_crc = 1}});
  EXPECT_EQ(put_code("hello", damaged).status, 200);
  executor.run_all();
  const Answer failed = get("hello");
  EXPECT_EQ(failed.at("Configuration.LastUpdateStatus"), "Failed");
  EXPECT_EQ(failed.at("Configuration.LastUpdateStatusReasonCode"), "InvalidZipFileException");
  EXPECT_TRUE(resolve("hello"));
  // And the next update gets through.
  EXPECT_EQ(put_code("hello", hello_zip("good")).status, 200);
  executor.run_all();
  EXPECT_EQ(get("hello").at("Configuration.LastUpdateStatus"), "Successful");
  EXPECT_EQ(packages_on_disk(), 1u);
}

TEST_F(LambdaService, CreationOfDamagedCodeFails) {
  create("hello", testing::build_zip({{.name = "f.py", .content = "x", .claimed_crc = 1}}));
  executor.run_all();
  EXPECT_EQ(get("hello").at("Configuration.State"), "Failed");
  EXPECT_FALSE(resolve("hello"));
}

TEST_F(LambdaService, RestartFinishesWhatWasBegun) {
  create_active("updating");
  create("pending", hello_zip("a"));
  put_code("updating", hello_zip("b"));
  restart();
  EXPECT_FALSE(resolve("pending"));
  EXPECT_TRUE(resolve("updating"));
  executor.run_all();
  EXPECT_TRUE(resolve("pending"));
  EXPECT_EQ(get("updating").at("Configuration.LastUpdateStatus"), "Successful");
}

TEST_F(LambdaService, RestartRestoresMissingPackages) {
  create_active("hello");
  ASSERT_TRUE(remove_tree(data_dir + "/code"));
  restart();
  EXPECT_TRUE(resolve("hello"));
  EXPECT_EQ(packages_on_disk(), 1u);
}

TEST_F(LambdaService, DeleteForgetsEverything) {
  create_active("hello");
  const Answer deleted = send("DeleteFunction", "DELETE", "/2015-03-31/functions/hello");
  EXPECT_EQ(deleted.status, 204) << deleted.body;
  executor.run_all();
  EXPECT_EQ(packages_on_disk(), 0u);
  const Answer gone = get("hello");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.error, "ResourceNotFoundException");
  EXPECT_EQ(gone.at("Message"),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello");
  EXPECT_FALSE(resolve("hello"));
}

TEST_F(LambdaService, RunningEnvironmentsKeepTheirPackage) {
  create_active("hello");
  auto running = resolve("hello");
  ASSERT_TRUE(running);
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/hello");
  executor.run_all();
  EXPECT_EQ(packages_on_disk(), 1u);
  *running = nullptr;
  EXPECT_EQ(service->sweep_code().value(), 1u);
  EXPECT_EQ(packages_on_disk(), 0u);
}

TEST_F(LambdaService, CodeLocationDownloadsTheZip) {
  create_active("hello");
  const std::string location = get("hello").at("Code.Location");
  const std::string start = "http://localhost:4566";
  ASSERT_TRUE(location.starts_with(start + "/_lapwing/code/")) << location;
  const std::size_t question = location.find('?');
  const std::string path = location.substr(start.size(), question - start.size());
  const std::string query = location.substr(question + 1);
  auto code = open_code(path, query);
  ASSERT_TRUE(code) << code.error().to_log();
  EXPECT_EQ(code->file_name, "hello.zip");
  EXPECT_EQ(code->size, hello_zip().size());
  std::string bytes(code->size, '\0');
  ASSERT_TRUE(code->reader->read(std::as_writable_bytes(std::span(bytes))));
  EXPECT_EQ(bytes, hello_zip());

  restart();
  EXPECT_TRUE(open_code(path, query)) << "the key is the server's";
  EXPECT_FALSE(open_code(path + "0", query));
  EXPECT_FALSE(open_code(path, query + "0"));
  clock.advance(std::chrono::seconds(kCodeUrlSeconds));
  const auto expired = open_code(path, query);
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().message(), "Request has expired");
}

TEST_F(LambdaService, AccountsAndRegionsAreApart) {
  create_active("hello");
  caller.account = AccountId("111111111111");
  EXPECT_EQ(get("hello").status, 404);
  EXPECT_EQ(create_active("hello").status, 201);
  caller.region = Region("eu-west-1");
  EXPECT_EQ(get("hello").status, 404);
  EXPECT_EQ(service->catalog().size(), 2u);
}

}  // namespace
}  // namespace lapwing::lambda
