// Aliases through the wire, and where invocations by alias lead.
#include <map>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/catalog.hpp"
#include "services/lambda/installed_code.hpp"
#include "services/lambda/package.hpp"
#include "services/lambda/repository.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using testing::hello_zip;

const std::string kArn = "arn:aws:lambda:us-east-1:000000000000:function:f";

class Aliases : public ::testing::Test, public testing::Harness {
 protected:
  void SetUp() override {
    create_active("f");
    publish("f");
    put_configuration("f", R"({"Timeout":9})");
    executor.run_all();
    publish("f");
  }
  Answer get_alias(std::string_view name) {
    return send("GetAlias", "GET", fmt::format("/2015-03-31/functions/f/aliases/{}", name));
  }
  Answer update_alias(std::string_view name, std::string_view body) {
    return send("UpdateAlias", "PUT", fmt::format("/2015-03-31/functions/f/aliases/{}", name), "",
                body);
  }
  Answer delete_alias(std::string_view name, std::string_view function = "f") {
    return send("DeleteAlias", "DELETE",
                fmt::format("/2015-03-31/functions/{}/aliases/{}", function, name));
  }
  Answer list(std::string_view query = {}) {
    return send("ListAliases", "GET", "/2015-03-31/functions/f/aliases", query);
  }
  std::string version_of(std::string_view alias) {
    const auto version = resolve("f", alias);
    return version ? (*version)->version : version.error().message();
  }
};

constexpr std::string_view kHalf = R"("RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}})";

TEST_F(Aliases, LiveThroughTheirLife) {
  const Answer made = put_alias("f", "live", "1", R"("Description":"d")");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.at("AliasArn"), kArn + ":live");
  EXPECT_EQ(made.at("FunctionVersion"), "1");
  EXPECT_EQ(made.at("Description"), "d");
  EXPECT_FALSE(made.has("RoutingConfig"));
  EXPECT_EQ(get_alias("live").body, made.body);
  EXPECT_EQ(version_of("live"), "1");

  const Answer shown = get_configuration("f", "live");
  EXPECT_EQ(shown.at("FunctionArn"), kArn + ":live");
  EXPECT_EQ(shown.at("Version"), "1");

  const Answer moved = update_alias("live", R"({"FunctionVersion":"2"})");
  EXPECT_EQ(moved.status, 200);
  EXPECT_EQ(moved.at("FunctionVersion"), "2");
  EXPECT_EQ(moved.at("Description"), "d");
  EXPECT_NE(moved.at("RevisionId"), made.at("RevisionId"));
  EXPECT_EQ(version_of("live"), "2");

  EXPECT_EQ(delete_alias("live").status, 204);
  EXPECT_EQ(get_alias("live").message(), "Cannot find alias arn: " + kArn + ":live");
  EXPECT_EQ(version_of("live"), "Function not found: " + kArn + ":live");
  EXPECT_EQ(delete_alias("live").status, 204) << "gone already";
  EXPECT_EQ(delete_alias("live", "g").status, 404);
  // The version is free again.
  EXPECT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", "Qualifier=2").status, 204);
}

TEST_F(Aliases, MayFollowLatest) {
  EXPECT_EQ(put_alias("f", "newest", "$LATEST").at("FunctionVersion"), "$LATEST");
  EXPECT_EQ(version_of("newest"), "$LATEST");
}

TEST_F(Aliases, CreationRefusesInAwsWords) {
  put_alias("f", "live", "1");
  struct Case {
    std::string alias;
    std::string version;
    std::string more;
    int status;
    std::string error;
    std::string message;
  };
  const std::string values =
      "at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: ";
  const std::vector<Case> cases = {
      {"live", "1", "", 409, "ResourceConflictException",
       "Alias already exists: " + kArn + ":live"},
      {"a", "7", "", 404, "ResourceNotFoundException", "Function not found: " + kArn + ":7"},
      {"a", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"7":0.5}})", 404,
       "ResourceNotFoundException", "Function not found: " + kArn + ":7"},
      {"a", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"1":0.5}})", 400,
       "InvalidParameterValueException",
       "Invalid function version 1. Function version 1 is already included in routing "
       "configuration."},
      {"a", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"1":0.5,"2":0.5}})", 400,
       "InvalidParameterValueException",
       "Number of items in AdditionalVersionWeights cannot be greater than 1"},
      {"a", "$LATEST", std::string(kHalf), 400, "InvalidParameterValueException",
       "$LATEST is not supported for an alias pointing to more than 1 version"},
      {"a", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"$LATEST":0.5}})", 400,
       "ValidationException",
       "1 validation error detected: Value '{$LATEST=0.5}' " + values +
           "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, "
           "Member must have length greater than or equal to 1, Member must satisfy regular "
           "expression pattern: [0-9]+]"},
      {"a", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"2":2.0}})", 400,
       "ValidationException",
       "1 validation error detected: Value '{2=2.0}' " + values +
           "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
           "Member must have value greater than or equal to 0.0, Member must not be null]"},
      {"2024", "1", "", 400, "ValidationException",
       "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member "
       "must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"},
  };
  for (const Case& c : cases) {
    const Answer answer = put_alias("f", c.alias, c.version, c.more);
    EXPECT_EQ(answer.status, c.status) << c.more << answer.body;
    EXPECT_EQ(answer.error, c.error);
    EXPECT_EQ(answer.message(), c.message);
  }
  EXPECT_EQ(put_alias("g", "a", "1").message(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g:1");
  EXPECT_EQ(put_alias("f", "2024-01-02", "1").status, 201);
}

TEST_F(Aliases, UpdateRefusesInAwsWords) {
  put_alias("f", "live", "1", kHalf);
  EXPECT_EQ(update_alias("gone", "{}").message(), "Alias not found: " + kArn + ":gone");
  const Answer stale = update_alias("live", R"({"RevisionId":"other","Description":"x"})");
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.message(),
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id");
  EXPECT_EQ(update_alias("live", R"({"FunctionVersion":"2"})").status, 400)
      << "2 is the additional one";
  const std::string revision = get_alias("live").at("RevisionId");
  EXPECT_EQ(update_alias("live", R"({"Description":"x","RevisionId":")" + revision + "\"}").status,
            200);
}

TEST_F(Aliases, WeightsShareInvocations) {
  const Answer made = put_alias("f", "canary", "1", kHalf);
  EXPECT_EQ(made.at("RoutingConfig.AdditionalVersionWeights.2"), "0.5");
  std::map<std::string, int> counts;
  for (int i = 0; i < 1000; ++i) ++counts[version_of("canary")];
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts["1"], 500, 100);
  restart();
  counts.clear();
  for (int i = 0; i < 100; ++i) ++counts[version_of("canary")];
  EXPECT_EQ(counts.size(), 2u) << "kept over a restart";

  update_alias("canary", R"({"RoutingConfig":{"AdditionalVersionWeights":{"2":1}}})");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(version_of("canary"), "2");
  update_alias("canary", R"({"RoutingConfig":{"AdditionalVersionWeights":{"2":0.0}}})");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(version_of("canary"), "1");
  EXPECT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", "Qualifier=2").status, 409);
  const Answer plain = update_alias("canary", R"({"RoutingConfig":{}})");
  EXPECT_FALSE(plain.has("RoutingConfig"));
  EXPECT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", "Qualifier=2").status, 204);
}

TEST_F(Aliases, WeightedVersionsShareTheirRole) {
  put_configuration("f", R"({"Role":"arn:aws:iam::000000000000:role/other"})");
  executor.run_all();
  publish("f");
  const Answer refused =
      put_alias("f", "canary", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"3":0.5}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.message(), "Versions 1 and 3 of an alias must have the same execution role.");
}

TEST_F(Aliases, ListInPagesAndByVersion) {
  put_alias("f", "a", "1");
  put_alias("f", "b", "2");
  put_alias("f", "c", "1", kHalf);
  const Answer all = list();
  EXPECT_EQ(all.at("Aliases.0.Name") + all.at("Aliases.1.Name") + all.at("Aliases.2.Name"), "abc");
  EXPECT_FALSE(all.has("Aliases.3"));
  for (const auto& [query, wanted] :
       std::map<std::string, std::string>{{"", "abc"},
                                          {"FunctionVersion=1&", "ac"},
                                          {"FunctionVersion=2&", "bc"},
                                          {"FunctionVersion=7&", ""}}) {
    std::string seen;
    std::string marker;
    do {
      const Answer page = list(query + "MaxItems=1" + (marker.empty() ? "" : "&Marker=" + marker));
      EXPECT_EQ(page.status, 200) << page.body;
      seen += page.at("Aliases.0.Name");
      marker = page.at("NextMarker");
    } while (!marker.empty());
    EXPECT_EQ(seen, wanted) << query;
  }
  EXPECT_EQ(list("Marker=!").message(), "Invalid marker");
  EXPECT_EQ(send("ListAliases", "GET", "/2015-03-31/functions/g/aliases").status, 404);
}

// Commits are told to the catalog in no order.
TEST_F(Aliases, MayBeKnownBeforeTheirFunction) {
  put_alias("f", "live", "1");
  Repository records(engine->store());
  PackageStore packages(data_dir, engine->blobs(), random, null_logger());
  images::ImageStore images({data_dir, {}, {}}, clock, random, null_logger());
  const CodeStores code{packages, images};
  Catalog catalog(records, code, random, null_logger());
  const FunctionKey key{caller.account, caller.region, FunctionName("f")};
  const auto look_up = [&] { return catalog.resolve(key.account, key.region, "f", "live"); };
  ASSERT_TRUE(catalog.reload_alias(key, "live"));
  EXPECT_FALSE(look_up());
  ASSERT_TRUE(catalog.reload(key));
  EXPECT_FALSE(look_up());
  ASSERT_TRUE(catalog.reload(key, 7)) << "a version that is gone";
  ASSERT_TRUE(catalog.reload(key, 1));
  const auto found = look_up();
  ASSERT_TRUE(found) << found.error().to_log();
  EXPECT_EQ((*found)->version, "1");

  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f");
  ASSERT_TRUE(catalog.reload(key));
  ASSERT_TRUE(catalog.reload_alias(key, "live"));
  EXPECT_EQ(catalog.size(), 1u) << "version 1 is still there";
  ASSERT_TRUE(catalog.reload_all(key));
  EXPECT_EQ(catalog.size(), 0u);
}

TEST_F(Aliases, GoWithTheFunction) {
  put_alias("f", "live", "1");
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f");
  EXPECT_FALSE(resolve("f", "live"));
  create_active("f");
  EXPECT_FALSE(resolve("f", "live"));
  EXPECT_EQ(get_alias("live").status, 404);
  restart();
  EXPECT_FALSE(resolve("f", "live"));
  EXPECT_TRUE(resolve("f"));
}

}  // namespace
}  // namespace lapwing::lambda
