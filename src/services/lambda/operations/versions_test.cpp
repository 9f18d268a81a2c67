// Published versions through the wire: what they are, what is refused, what stays.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/package_tree.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using testing::hello_zip;

const std::string kArn = "arn:aws:lambda:us-east-1:000000000000:function:f";

class Versions : public ::testing::Test, public testing::Harness {
 protected:
  Answer list(std::string_view query = {}) {
    return send("ListVersionsByFunction", "GET", "/2015-03-31/functions/f/versions", query);
  }
  Answer remove(std::string_view query = {}) {
    return send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", query);
  }
  void change(std::string_view body) {
    EXPECT_EQ(put_configuration("f", body).status, 200);
    executor.run_all();
  }
  std::size_t packages_on_disk() { return list_directory(data_dir + "/code")->size(); }
};

TEST_F(Versions, PublishCopiesWhatLatestIs) {
  create_active("f", R"("Description":"of the function","Environment":{"Variables":{"K1":"v"}})");
  const std::string before = get("f").at("Configuration.RevisionId");
  const Answer one = publish("f", R"({"Description":"of the version"})");
  EXPECT_EQ(one.status, 201) << one.body;
  EXPECT_EQ(one.at("Version"), "1");
  EXPECT_EQ(one.at("FunctionArn"), kArn + ":1");
  EXPECT_EQ(one.at("Description"), "of the version");
  EXPECT_EQ(one.at("State"), "Active");
  EXPECT_EQ(one.at("LastUpdateStatus"), "Successful");
  EXPECT_EQ(executor.waiting(), 0u);
  const Answer latest = get("f");
  EXPECT_NE(latest.at("Configuration.RevisionId"), before);
  EXPECT_EQ(latest.at("Configuration.Description"), "of the function");
  EXPECT_EQ(latest.at("Configuration.Version"), "$LATEST");

  EXPECT_EQ(put_code("f", hello_zip("other")).status, 200);
  executor.run_all();
  change(R"({"Environment":{"Variables":{"K1":"new"}},"Timeout":9})");
  const Answer still = get_configuration("f", "1");
  for (const char* member : {"CodeSha256", "Timeout", "Environment.Variables.K1", "RevisionId"}) {
    EXPECT_EQ(still.at(member), one.at(member)) << member;
  }
  const auto version = resolve("f", "1");
  ASSERT_TRUE(version) << version.error().to_log();
  EXPECT_EQ((*version)->version, "1");
  EXPECT_EQ((*version)->arn, kArn);
  EXPECT_EQ((*version)->environment.at("K1"), "v");
  EXPECT_NE((*version)->code_dir, (*resolve("f"))->code_dir);
  EXPECT_EQ(resolve("f", "2").error().message(), "Function not found: " + kArn + ":2");
  EXPECT_EQ(resolve("f", "01").error().message(), "Function not found: " + kArn + ":01");
}

TEST_F(Versions, NothingNewWithoutAChange) {
  create_active("f");
  const Answer one = publish("f", R"({"Description":"one"})");
  const std::string latest = get("f").at("Configuration.RevisionId");
  const Answer again = publish("f", R"({"Description":"two"})");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.at("Version"), "1");
  EXPECT_EQ(again.at("Description"), "one");
  EXPECT_EQ(again.at("RevisionId"), one.at("RevisionId"));
  EXPECT_EQ(get("f").at("Configuration.RevisionId"), latest);
  put_code("f", hello_zip());  // the same code
  executor.run_all();
  EXPECT_EQ(publish("f").at("Version"), "1");
  change(R"({"Description":"changed"})");
  EXPECT_EQ(publish("f").at("Version"), "2");
}

TEST_F(Versions, PreconditionsGuardPublishing) {
  create_active("f");
  const std::string sha = get("f").at("Configuration.CodeSha256");
  const Answer other = publish("f", R"({"CodeSha256":"other"})");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(other.error, "InvalidParameterValueException");
  EXPECT_EQ(other.message(),
            "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (" + sha +
                "). Please try again with the CodeSHA256 in $LATEST.");
  const Answer stale = publish("f", R"({"RevisionId":"other"})");
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.error, "PreconditionFailedException");
  const std::string revision = get("f").at("Configuration.RevisionId");
  EXPECT_EQ(
      publish("f", fmt::format(R"({{"CodeSha256":"{}","RevisionId":"{}"}})", sha, revision)).status,
      201);
  EXPECT_EQ(publish("f", R"({"PublishTo":"LATEST_PUBLISHED"})").status, 501);
  EXPECT_EQ(publish("gone").message(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone");
  EXPECT_EQ(publish("f:1").message(),
            "This operation is permitted on Lambda functions only. Aliases and versions do not "
            "support this operation. Please specify either a function name or an unqualified "
            "function ARN.");
}

TEST_F(Versions, NotWhileTheFunctionChanges) {
  create("f", hello_zip());
  EXPECT_TRUE(publish("f").message().ends_with("following state: Pending"));
  executor.run_all();
  put_code("f", hello_zip("new"));
  const Answer busy = publish("f");
  EXPECT_EQ(busy.status, 409);
  EXPECT_EQ(busy.message(),
            "The operation cannot be performed at this time. An update is in progress for "
            "resource: " +
                kArn);
}

TEST_F(Versions, CreateMayPublish) {
  const Answer created = create("f", hello_zip(), R"("Publish":true)");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.at("Version"), "1");
  EXPECT_EQ(created.at("FunctionArn"), kArn);
  EXPECT_EQ(created.at("State"), "Pending");
  EXPECT_TRUE(resolve("f", "1").error().message().ends_with("following state: Pending"));
  executor.run_all();
  EXPECT_TRUE(resolve("f", "1"));
  EXPECT_EQ(get_configuration("f", "1").at("State"), "Active");
  EXPECT_EQ(publish("f").at("Version"), "1");
}

TEST_F(Versions, UpdateOfCodeMayPublish) {
  create_active("f");
  const Answer updated = put_code("f", hello_zip("new"), R"("Publish":true)");
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.at("Version"), "1");
  EXPECT_EQ(updated.at("FunctionArn"), kArn + ":1");
  EXPECT_EQ(updated.at("State"), "Pending");
  EXPECT_EQ(updated.at("StateReasonCode"), "Creating");
  EXPECT_FALSE(updated.has("LastUpdateStatus"));
  EXPECT_EQ(get("f").at("Configuration.LastUpdateStatus"), "InProgress");
  executor.run_all();
  EXPECT_EQ(get("f").at("Configuration.LastUpdateStatus"), "Successful");
  EXPECT_EQ((*resolve("f", "1"))->code_dir, (*resolve("f"))->code_dir);
  // The same again: the version that is there.
  EXPECT_EQ(put_code("f", hello_zip("new"), R"("Publish":true)").at("State"), "Active");
}

TEST_F(Versions, DamagedCodeMakesAFailedVersion) {
  create_active("f");
  put_code("f", testing::build_zip({{.name = "f.py", .content = "x", .claimed_crc = 1}}),
           R"("Publish":true)");
  executor.run_all();
  const Answer version = get_configuration("f", "1");
  EXPECT_EQ(version.at("State"), "Failed");
  EXPECT_EQ(version.at("StateReasonCode"), "InvalidZipFileException");
  EXPECT_TRUE(resolve("f"));
  EXPECT_TRUE(resolve("f", "1").error().message().ends_with("following state: Failed"));
}

TEST_F(Versions, ListsInPages) {
  create_active("f");
  for (int i = 1; i <= 3; ++i) {
    change(fmt::format(R"({{"Timeout":{}}})", i + 10));
    EXPECT_EQ(publish("f").at("Version"), std::to_string(i));
  }
  const Answer all = list();
  EXPECT_EQ(all.at("Versions.0.FunctionArn"), kArn + ":$LATEST");
  EXPECT_EQ(all.at("Versions.3.FunctionArn"), kArn + ":3");
  EXPECT_FALSE(all.has("Versions.4"));
  EXPECT_FALSE(all.has("Versions.1.State"));
  EXPECT_FALSE(all.has("NextMarker"));
  std::string seen;
  std::string marker;
  do {
    const Answer page = list("MaxItems=1" + (marker.empty() ? "" : "&Marker=" + marker));
    EXPECT_FALSE(page.has("Versions.1"));
    seen += page.at("Versions.0.Version") + " ";
    marker = page.at("NextMarker");
  } while (!marker.empty());
  EXPECT_EQ(seen, "$LATEST 1 2 3 ");
  EXPECT_EQ(list("Marker=bm8").message(), "Invalid marker");
  EXPECT_EQ(send("ListVersionsByFunction", "GET", "/2015-03-31/functions/g/versions").status, 404);
}

TEST_F(Versions, ListFunctionsShowsAllVersions) {
  create_active("e");
  create_active("f");
  create_active("g");
  publish("f");
  change(R"({"Timeout":7})");
  publish("f");
  std::string seen;
  std::string marker;
  do {
    const Answer page =
        send("ListFunctions", "GET", "/2015-03-31/functions",
             "FunctionVersion=ALL&MaxItems=2" + (marker.empty() ? "" : "&Marker=" + marker));
    EXPECT_FALSE(page.has("Functions.2"));
    for (int i = 0; i < 2; ++i) {
      const std::string item = fmt::format("Functions.{}.", i);
      if (!page.has(item + "Version")) continue;
      seen += page.at(item + "FunctionName") + ":" + page.at(item + "Version") + " ";
    }
    marker = page.at("NextMarker");
  } while (!marker.empty());
  EXPECT_EQ(seen, "e:$LATEST f:$LATEST f:1 f:2 g:$LATEST ");
}

TEST_F(Versions, DeletionFreesAVersionButNotItsNumber) {
  create_active("f");
  put_code("f", hello_zip("one"), R"("Publish":true)");
  executor.run_all();
  put_code("f", hello_zip("two"), R"("Publish":true)");
  executor.run_all();
  EXPECT_EQ(packages_on_disk(), 2u);
  EXPECT_EQ(remove("Qualifier=1").status, 204);
  executor.run_all();
  EXPECT_EQ(packages_on_disk(), 1u);
  EXPECT_FALSE(resolve("f", "1"));
  EXPECT_EQ(get_configuration("f", "1").status, 404);
  EXPECT_EQ(remove("Qualifier=1").status, 204) << "gone already";
  EXPECT_EQ(remove("Qualifier=99").status, 204);
  EXPECT_EQ(remove("Qualifier=2").status, 204);
  change(R"({"Timeout":5})");
  EXPECT_EQ(publish("f").at("Version"), "3");

  EXPECT_EQ(remove().status, 204);
  executor.run_all();
  EXPECT_FALSE(resolve("f", "3"));
  EXPECT_EQ(packages_on_disk(), 0u);
  create_active("f");
  EXPECT_FALSE(resolve("f", "3"));
  EXPECT_EQ(publish("f").at("Version"), "4");
}

TEST_F(Versions, DeletionRefusesInAwsWords) {
  create_active("f");
  EXPECT_EQ(remove("Qualifier=%24LATEST").message(),
            "$LATEST version cannot be deleted without deleting the function.");
  EXPECT_EQ(remove("Qualifier=live").message(), "Deletion of aliases is not currently supported.");
  EXPECT_EQ(remove("Qualifier=%24latest").status, 204);
  const Answer missing = send("DeleteFunction", "DELETE", "/2015-03-31/functions/g", "Qualifier=1");
  EXPECT_EQ(missing.message(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g");
  publish("f");
  put_alias("f", "blue", "1");
  put_alias("f", "live", "1");
  const Answer used = remove("Qualifier=1");
  EXPECT_EQ(used.status, 409);
  EXPECT_EQ(used.error, "ResourceConflictException");
  EXPECT_EQ(used.message(),
            "Unable to delete version because the following aliases reference it: [blue, live]");
  EXPECT_TRUE(resolve("f", "1"));
}

TEST_F(Versions, OnlyFunctionsAreUpdated) {
  create_active("f");
  publish("f");
  EXPECT_EQ(put_configuration("f:1", R"({"Timeout":5})").status, 400);
  EXPECT_EQ(put_code("f:1", hello_zip("x")).status, 400);
  EXPECT_EQ(put_code("f:%24LATEST", hello_zip("x")).status, 200);
}

TEST_F(Versions, SurviveARestart) {
  create_active("f");
  publish("f");
  put_alias("f", "live", "1");
  put_code("f", hello_zip("two"), R"("Publish":true)");
  ASSERT_TRUE(remove_tree(data_dir + "/code"));
  restart();  // version 2 is pending
  EXPECT_EQ((*resolve("f", "live"))->version, "1");
  EXPECT_FALSE(resolve("f", "2"));
  executor.run_all();
  ASSERT_TRUE(resolve("f", "2"));
  EXPECT_NE((*resolve("f", "2"))->code_dir, (*resolve("f", "1"))->code_dir);
  EXPECT_EQ(packages_on_disk(), 2u);
}

TEST_F(Versions, SweepsKeepTheirCode) {
  create_active("f");
  publish("f");
  put_code("f", hello_zip("two"));
  executor.run_all();
  EXPECT_EQ(service->sweep_code().value(), 0u);
  EXPECT_EQ(packages_on_disk(), 2u);
  // Both packages are named; once the function is gone, neither is.
  EXPECT_EQ(engine->collect_blobs(Duration(-1))->removed, 0u);
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f");
  EXPECT_EQ(engine->collect_blobs(Duration(-1))->removed, 2u);
}

TEST_F(Versions, AreCountedInTheAccount) {
  create_active("f");
  publish("f");
  const Answer settings = send("GetAccountSettings", "GET", "/2016-08-19/account-settings");
  EXPECT_EQ(settings.at("AccountUsage.FunctionCount"), "1");
  EXPECT_EQ(settings.at("AccountUsage.TotalCodeSize"), std::to_string(2 * hello_zip().size()));
}

}  // namespace
}  // namespace lapwing::lambda
