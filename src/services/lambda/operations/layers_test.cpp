// Layers through the wire: versions, lists, policies, and functions that use them.
#include <fstream>
#include <sstream>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/limits.hpp"
#include "services/lambda/package_tree.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using testing::build_zip;
using testing::hello_zip;

const std::string kArn = "arn:aws:lambda:us-east-1:000000000000:layer:";

std::string layer_zip(std::string_view name, std::string_view content = "x") {
  return build_zip({{.name = std::string(name), .content = std::string(content)}});
}

std::string layers(const std::vector<std::string>& arns) {
  std::string out = R"("Layers":[)";
  for (const std::string& arn : arns) {
    out += (out.back() == '[' ? "\"" : ",\"") + arn + "\"";
  }
  return out + "]";
}

std::string slurp(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class Layers : public ::testing::Test, public testing::Harness {
 protected:
  Answer get_layer(std::string_view layer, std::string_view version) {
    return send("GetLayerVersion", "GET",
                fmt::format("/2018-10-31/layers/{}/versions/{}", layer, version));
  }
  Answer get_by_arn(std::string_view arn) {
    return send("GetLayerVersionByArn", "GET", "/2018-10-31/layers",
                fmt::format("find=LayerVersion&Arn={}", arn));
  }
  Answer delete_layer(std::string_view layer, std::string_view version) {
    return send("DeleteLayerVersion", "DELETE",
                fmt::format("/2018-10-31/layers/{}/versions/{}", layer, version));
  }
  Answer list_versions(std::string_view layer, std::string_view query = {}) {
    return send("ListLayerVersions", "GET", fmt::format("/2018-10-31/layers/{}/versions", layer),
                query);
  }
  Answer list_layers(std::string_view query = {}) {
    return send("ListLayers", "GET", "/2018-10-31/layers", query);
  }
  Answer permit(std::string_view id, std::string_view principal, std::string_view more = {}) {
    return send("AddLayerVersionPermission", "POST", "/2018-10-31/layers/l/versions/1/policy", "",
                fmt::format(R"({{"StatementId":"{}","Action":"lambda:GetLayerVersion",)"
                            R"("Principal":"{}"{}{}}})",
                            id, principal, more.empty() ? "" : ",", more));
  }
  Answer policy(std::string_view version = "1") {
    return send("GetLayerVersionPolicy", "GET",
                fmt::format("/2018-10-31/layers/l/versions/{}/policy", version));
  }
  Answer forbid(std::string_view id, std::string_view query = {}) {
    return send("RemoveLayerVersionPermission", "DELETE",
                fmt::format("/2018-10-31/layers/l/versions/1/policy/{}", id), query);
  }
  std::size_t directories() { return list_directory(data_dir + "/code")->size(); }
};

TEST_F(Layers, PublishMakesAVersion) {
  const std::string zip = layer_zip("python/m.py");
  const Answer made =
      publish_layer("l", zip,
                    R"("Description":"d","LicenseInfo":"MIT","CompatibleRuntimes":["python3.12"],)"
                    R"("CompatibleArchitectures":["x86_64"])");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.at("LayerArn"), kArn + "l");
  EXPECT_EQ(made.at("LayerVersionArn"), kArn + "l:1");
  EXPECT_EQ(made.at("Version"), "1");
  EXPECT_EQ(made.at("Description"), "d");
  EXPECT_EQ(made.at("LicenseInfo"), "MIT");
  EXPECT_EQ(made.at("CreatedDate"), "2023-11-14T22:13:20.000+0000");
  EXPECT_EQ(made.at("CompatibleRuntimes.0"), "python3.12");
  EXPECT_EQ(made.at("CompatibleArchitectures.0"), "x86_64");
  EXPECT_EQ(made.at("Content.CodeSize"), std::to_string(zip.size()));
  EXPECT_TRUE(made.at("Content.Location").starts_with("http://localhost:4566/_lapwing/code/"));
  EXPECT_EQ(get_layer("l", "1").body, made.body);
  EXPECT_EQ(get_by_arn(kArn + "l:1").body, made.body);
  EXPECT_EQ(get_layer("arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Alayer%3Al", "1").body,
            made.body);
  restart();
  EXPECT_EQ(get_layer("l", "1").body, made.body);

  const Answer plain = publish_layer("l", zip);
  EXPECT_EQ(plain.at("Version"), "2") << "equal content is a new version all the same";
  EXPECT_EQ(plain.at("Description"), "");
  EXPECT_FALSE(plain.has("LicenseInfo"));
  EXPECT_FALSE(plain.has("CompatibleRuntimes"));
  const Answer empty =
      publish_layer("l", zip, R"("CompatibleRuntimes":[],"CompatibleArchitectures":[])");
  EXPECT_TRUE(empty.has("CompatibleRuntimes")) << "shown as it was given";
}

TEST_F(Layers, ContentCanBeDownloaded) {
  const std::string zip = layer_zip("a");
  const std::string location = publish_layer("l", zip).at("Content.Location");
  const std::size_t path = location.find("/_lapwing");
  const std::size_t query = location.find('?');
  const auto code = open_code(location.substr(path, query - path), location.substr(query + 1));
  ASSERT_TRUE(code) << code.error().to_log();
  EXPECT_EQ(code->size, zip.size());
  EXPECT_EQ(code->file_name, "l.zip");
}

TEST_F(Layers, PublishRefuses) {
  EXPECT_EQ(publish_layer("l", "no zip").message(),
            "Could not unzip uploaded file. Please check your file, then try to upload again.");
  const auto with = [&](std::string_view body) {
    return send("PublishLayerVersion", "POST", "/2018-10-31/layers/l/versions", "", body);
  };
  const Answer s3 = with(R"({"Content":{"S3Bucket":"bucket","S3Key":"k"}})");
  EXPECT_EQ(s3.status, 501);
  EXPECT_EQ(
      s3.message(),
      "Lapwing does not support the parameter Content.S3Bucket of lambda PublishLayerVersion: "
      "Amazon S3 is not built yet, send Content.ZipFile");
  EXPECT_EQ(with(R"({"Content":{}})").status, 400);
  EXPECT_EQ(publish_layer("l", hello_zip(), R"("CompatibleArchitectures":["mips"])").status, 400);
  EXPECT_EQ(publish_layer("arn%3Aaws%3Alambda%3Aus-east-1%3A111111111111%3Alayer%3Al", hello_zip())
                .status,
            403);
  EXPECT_EQ(publish_layer("l", hello_zip()).at("Version"), "1") << "no number was used up";
}

TEST_F(Layers, GetRefusesInAwsWords) {
  publish_layer("l", hello_zip());
  for (const char* version : {"0", "-1"}) {
    EXPECT_EQ(get_layer("l", version).message(), "Layer Version Cannot be less than 1");
    EXPECT_EQ(delete_layer("l", version).message(), "Layer Version Cannot be less than 1");
  }
  for (const Answer& missing : {get_layer("l", "2"), get_layer("m", "1"), get_by_arn(kArn + "l:2"),
                                get_by_arn("arn:aws:lambda:eu-west-1:000000000000:layer:l:1")}) {
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.error, "ResourceNotFoundException");
    EXPECT_EQ(missing.message(), "The resource you requested does not exist.");
  }
  EXPECT_EQ(get_by_arn(kArn + "l").message(),
            "1 validation error detected: Value '" + kArn +
                "l' at 'arn' failed to satisfy constraint: Member must satisfy regular expression "
                "pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-"
                "[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::"
                "awslayer:[a-zA-Z0-9-_]+)");
}

TEST_F(Layers, NumbersAreNeverUsedAgain) {
  publish_layer("l", hello_zip());
  publish_layer("l", hello_zip());
  EXPECT_EQ(delete_layer("l", "1").status, 204);
  EXPECT_EQ(delete_layer("l", "2").status, 204);
  EXPECT_EQ(delete_layer("l", "2").status, 204) << "gone already";
  EXPECT_EQ(delete_layer("m", "1").status, 204);
  EXPECT_FALSE(list_versions("l").has("LayerVersions.0"));
  EXPECT_FALSE(list_layers().has("Layers.0"));
  EXPECT_EQ(publish_layer("l", hello_zip()).at("Version"), "3");
}

TEST_F(Layers, ListVersionsNewestFirst) {
  for (const char* more : {R"("CompatibleRuntimes":["python3.12","python3.13"])", "",
                           R"("CompatibleRuntimes":["nodejs22.x"])",
                           R"("CompatibleRuntimes":["python3.12"],)"
                           R"("CompatibleArchitectures":["arm64"])"}) {
    publish_layer("l", hello_zip(), more);
  }
  for (const auto& [query, wanted] :
       std::map<std::string, std::string>{{"", "4321"},
                                          {"CompatibleRuntime=python3.12&", "41"},
                                          {"CompatibleRuntime=python3.9&", ""},
                                          {"CompatibleArchitecture=arm64&", "4"}}) {
    std::string seen;
    std::string marker;
    do {
      const Answer page =
          list_versions("l", query + "MaxItems=1" + (marker.empty() ? "" : "&Marker=" + marker));
      EXPECT_EQ(page.status, 200) << page.body;
      seen += page.at("LayerVersions.0.Version");
      marker = page.at("NextMarker");
    } while (!marker.empty());
    EXPECT_EQ(seen, wanted) << query;
  }
  EXPECT_EQ(list_versions("l").at("LayerVersions.0.LayerVersionArn"), kArn + "l:4");
  EXPECT_FALSE(list_versions("l").has("LayerVersions.0.Content"));
  EXPECT_EQ(list_versions("never").status, 200);
  EXPECT_EQ(list_versions("l", "MaxItems=51").status, 400);
  EXPECT_EQ(list_versions("l", "Marker=bm8").message(), "Invalid marker");
}

TEST_F(Layers, ListShowsTheNewestThatMatches) {
  publish_layer("a", hello_zip(), R"("CompatibleRuntimes":["python3.12"])");
  publish_layer("a", hello_zip(), R"("CompatibleRuntimes":["nodejs22.x"])");
  publish_layer("b", hello_zip());
  publish_layer("c", hello_zip(), R"("CompatibleRuntimes":["python3.12"])");
  delete_layer("b", "1");
  const Answer all = list_layers();
  EXPECT_EQ(all.at("Layers.0.LayerName"), "a");
  EXPECT_EQ(all.at("Layers.0.LayerArn"), kArn + "a");
  EXPECT_EQ(all.at("Layers.0.LatestMatchingVersion.Version"), "2");
  EXPECT_EQ(all.at("Layers.1.LayerName"), "c");
  EXPECT_FALSE(all.has("Layers.2"));
  const Answer first = list_layers("CompatibleRuntime=python3.12&MaxItems=1");
  EXPECT_EQ(first.at("Layers.0.LatestMatchingVersion.LayerVersionArn"), kArn + "a:1");
  const Answer second =
      list_layers("CompatibleRuntime=python3.12&MaxItems=1&Marker=" + first.at("NextMarker"));
  EXPECT_EQ(second.at("Layers.0.LayerName"), "c");
  EXPECT_FALSE(second.has("NextMarker"));
}

TEST_F(Layers, PolicyLetsOthersIn) {
  publish_layer("l", hello_zip());
  EXPECT_EQ(policy().message(), "No policy is associated with the given resource.");
  const Answer added = permit("s1", "111111111111");
  EXPECT_EQ(added.status, 201) << added.body;
  const std::string statement =
      R"({"Sid":"s1","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},)"
      R"("Action":"lambda:GetLayerVersion","Resource":")" +
      kArn + R"(l:1"})";
  EXPECT_EQ(added.at("Statement"), statement);
  const Answer shown = policy();
  EXPECT_EQ(shown.at("Policy"),
            R"({"Version":"2012-10-17","Id":"default","Statement":[)" + statement + "]}");
  EXPECT_EQ(shown.at("RevisionId"), added.at("RevisionId"));

  caller.account = AccountId("111111111111");
  EXPECT_EQ(get_by_arn(kArn + "l:1").status, 200);
  EXPECT_EQ(create("f", hello_zip(), layers({kArn + "l:1"})).status, 201);
  caller.account = AccountId("222222222222");
  const Answer denied = create("f", hello_zip(), layers({kArn + "l:1"}));
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(denied.error, "AccessDeniedException");
  EXPECT_EQ(denied.message(),
            "User: arn:aws:iam::000000000000:root is not authorized to perform: "
            "lambda:GetLayerVersion on resource: " +
                kArn +
                "l:1 because no resource-based policy allows the lambda:GetLayerVersion action");
  EXPECT_EQ(create("f", hello_zip(), layers({kArn + "l:7"})).status, 403) << "nor is it told";
  EXPECT_EQ(get_by_arn(kArn + "l:1").status, 403);
  EXPECT_EQ(get_layer("arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Alayer%3Al", "1").status,
            403);

  caller.account = AccountId("000000000000");
  EXPECT_EQ(permit("all", "*").status, 201);
  caller.account = AccountId("222222222222");
  EXPECT_EQ(create("f", hello_zip(), layers({kArn + "l:1"})).status, 201);
}

TEST_F(Layers, PolicyRefusesInAwsWords) {
  publish_layer("l", hello_zip());
  const Answer first = permit("s1", "*");
  EXPECT_NE(first.at("Statement").find(R"("Principal":"*")"), std::string::npos);
  const Answer twice = permit("s1", "*");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(twice.message(),
            "The statement id (s1) provided already exists. Please provide a new statement id, or "
            "remove the existing statement.");
  const Answer organization = permit("s2", "*", R"("OrganizationId":"o-a1b2c3d4e5")");
  EXPECT_EQ(organization.status, 501);
  EXPECT_EQ(permit("s2", "somebody").status, 400);

  const std::string stale_query = "RevisionId=other";
  const Answer stale = send("AddLayerVersionPermission", "POST",
                            "/2018-10-31/layers/l/versions/1/policy", stale_query,
                            R"({"StatementId":"s2","Action":"lambda:GetLayerVersion",)"
                            R"("Principal":"*"})");
  for (const Answer& refused : {stale, forbid("s1", stale_query)}) {
    EXPECT_EQ(refused.status, 412) << refused.body;
    EXPECT_EQ(refused.message(),
              "The Revision Id provided does not match the latest Revision Id. Call the "
              "GetLayerPolicy API to retrieve the latest Revision Id");
  }
  EXPECT_EQ(forbid("s9").message(), "Statement s9 is not found in resource policy.");
  EXPECT_EQ(policy("2").message(), "Layer version " + kArn + "l:2 does not exist.");
  EXPECT_EQ(forbid("s1", "RevisionId=" + first.at("RevisionId")).status, 204);
  EXPECT_EQ(policy().status, 404);

  Answer last;
  for (int i = 0; i < 200 && (last.status == 0 || last.status == 201); ++i) {
    last = permit(fmt::format("statement-{}", i), "111111111111");
  }
  EXPECT_EQ(last.status, 400);
  EXPECT_EQ(last.error, "PolicyLengthExceededException");
}

TEST_F(Layers, FunctionsSeeThemMergedInOrder) {
  publish_layer("low", build_zip({{.name = "python/a.py", .content = "low"},
                                  {.name = "python/deep/x", .content = "low"},
                                  {.name = "shape", .content = "a file"},
                                  {.name = "link", .content = "python", .mode = 0120777}}));
  publish_layer("high", build_zip({{.name = "python/a.py", .content = "high"},
                                   {.name = "python/b.py", .content = "high"},
                                   {.name = "shape/inside", .content = "a directory"},
                                   {.name = "link/new", .content = "not through the link"}}));
  const Answer created = create("f", hello_zip(), layers({kArn + "low:1", kArn + "high:1"}));
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.at("State"), "Pending");
  EXPECT_EQ(created.at("Layers.0.Arn"), kArn + "low:1");
  EXPECT_TRUE(created.has("Layers.0.CodeSize"));
  EXPECT_EQ(created.at("Layers.1.Arn"), kArn + "high:1");
  executor.run_all();
  const auto version = resolve("f");
  ASSERT_TRUE(version) << version.error().to_log();
  const std::string opt = (*version)->layers_dir;
  EXPECT_TRUE(opt.starts_with(data_dir + "/code/"));
  EXPECT_EQ(slurp(opt + "/python/a.py"), "high");
  EXPECT_EQ(slurp(opt + "/python/b.py"), "high");
  EXPECT_EQ(slurp(opt + "/python/deep/x"), "low");
  EXPECT_EQ(slurp(opt + "/shape/inside"), "a directory");
  EXPECT_EQ(slurp(opt + "/link/new"), "not through the link");
  EXPECT_EQ(slurp(opt + "/python/new"), "");
  // The other way round is another directory.
  put_configuration("f", "{" + layers({kArn + "high:1", kArn + "low:1"}) + "}");
  executor.run_all();
  EXPECT_EQ(slurp((*resolve("f"))->layers_dir + "/python/a.py"), "low");
  EXPECT_EQ(slurp((*resolve("f"))->layers_dir + "/shape"), "a file");
  // Without them again.
  EXPECT_FALSE(put_configuration("f", R"({"Layers":[]})").has("Layers"));
  executor.run_all();
  EXPECT_EQ((*resolve("f"))->layers_dir, "");
}

TEST_F(Layers, AreKeptForVersionsAndSwept) {
  publish_layer("l", layer_zip("a"));
  publish_layer("m", layer_zip("b"));
  create_active("f", layers({kArn + "l:1", kArn + "m:1"}));
  publish("f");
  put_configuration("f", R"({"Layers":[]})");
  executor.run_all();
  EXPECT_EQ(delete_layer("l", "1").status, 204);
  EXPECT_EQ(delete_layer("m", "1").status, 204);
  EXPECT_EQ(service->sweep_code().value(), 0u);
  EXPECT_EQ(directories(), 2u) << "code and merged layers";
  EXPECT_EQ(get_configuration("f", "1").at("Layers.1.Arn"), kArn + "m:1");
  EXPECT_EQ(engine->collect_blobs(Duration(-1))->removed, 0u) << "the version names three";
  // The version is made again from what it names itself.
  ASSERT_TRUE(remove_tree(data_dir + "/code"));
  restart();
  EXPECT_EQ(slurp((*resolve("f", "1"))->layers_dir + "/b"), "x");
  // And goes when nothing names it any more.
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", "Qualifier=1");
  executor.run_all();
  EXPECT_EQ(directories(), 1u);
  EXPECT_EQ(engine->collect_blobs(Duration(-1))->removed, 2u) << "both layers";
}

TEST_F(Layers, FunctionsRefuseInAwsWords) {
  std::vector<std::string> six;
  for (int i = 0; i < 6; ++i) {
    publish_layer(fmt::format("l{}", i), hello_zip());
    six.push_back(fmt::format("{}l{}:1", kArn, i));
  }
  publish_layer("l0", hello_zip());
  const auto same = [&](const std::string& one, const std::string& two) {
    return "Two different versions of the same layer are not allowed to be referenced in the same "
           "function. " +
           kArn + one + " and " + kArn + two + " are versions of the same layer.";
  };
  struct Case {
    std::vector<std::string> arns;
    std::string message;
  };
  const std::vector<Case> cases = {
      {six, "Cannot reference more than 5 layers."},
      {{kArn + "l0:1", kArn + "l0:2"}, same("l0:1", "l0:2")},
      {{kArn + "l0:1", kArn + "l0:1"}, same("l0:1", "l0:1")},
      {{kArn + "l0:9"}, "Layer version " + kArn + "l0:9 does not exist."},
      {{kArn + "never:1"}, "Layer version " + kArn + "never:1 does not exist."},
      {{"arn:aws:lambda:eu-west-1:000000000000:layer:l0:1"},
       "Layers are not in the same region as the function. Layers are expected to be in region "
       "us-east-1."},
  };
  create_active("f");
  for (const Case& c : cases) {
    const Answer updated = put_configuration("f", "{" + layers(c.arns) + "}");
    EXPECT_EQ(updated.status, 400) << updated.body;
    EXPECT_EQ(updated.error, "InvalidParameterValueException");
    EXPECT_EQ(updated.message(), c.message);
    EXPECT_EQ(create("g", hello_zip(), layers(c.arns)).message(), c.message);
  }
  EXPECT_TRUE(
      put_configuration("f", "{" + layers({kArn + "l0"}) + "}")
          .message()
          .starts_with("1 validation error detected: Value '[" + kArn +
                       "l0]' at 'layers' failed to satisfy constraint: Member must satisfy "
                       "constraint: [Member must have length less than or equal to 2048, "));
  EXPECT_EQ(get("f").at("Configuration.LastUpdateStatus"), "Successful");
  six.pop_back();
  EXPECT_EQ(put_configuration("f", "{" + layers(six) + "}").status, 200);
}

TEST_F(Layers, SizesCountTogether) {
  // Declared only: nothing is unpacked before the transition.
  const auto large = [](std::uint64_t bytes) {
    return build_zip({{.name = "data",
                       .content = std::string(bytes / kMaxDeflateRatio + 1, 'x'),
                       .deflate = true,
                       .claimed_size = static_cast<std::uint32_t>(bytes)}});
  };
  EXPECT_EQ(publish_layer("huge", large(kMaxUnzippedBytes + 1)).message(),
            "Unzipped size must be smaller than 262144000 bytes");
  publish_layer("half", large(kMaxUnzippedBytes / 2));
  publish_layer("more", large(kMaxUnzippedBytes / 2 + 1));
  create_active("f");
  EXPECT_EQ(
      put_configuration("f", "{" + layers({kArn + "half:1", kArn + "more:1"}) + "}").message(),
      "Layers consume more than the available size of 262144000 bytes");
  EXPECT_EQ(create("g", large(kMaxUnzippedBytes / 2), layers({kArn + "more:1"})).message(),
            "Function code combined with layers exceeds the maximum allowed size of 262144000 "
            "bytes. The actual size is 262144001 bytes.");
  EXPECT_EQ(create("g", large(kMaxUnzippedBytes / 2), layers({kArn + "half:1"})).status, 201);
  EXPECT_EQ(put_configuration("f", "{" + layers({kArn + "more:1"}) + "}").status, 200);
  restart();
  executor.forget();
}

TEST_F(Layers, AreCountedInTheAccount) {
  const std::string zip = layer_zip("a");
  publish_layer("l", zip);
  publish_layer("l", zip);
  const Answer settings = send("GetAccountSettings", "GET", "/2016-08-19/account-settings");
  EXPECT_EQ(settings.at("AccountUsage.FunctionCount"), "0");
  EXPECT_EQ(settings.at("AccountUsage.TotalCodeSize"), std::to_string(2 * zip.size()));
}

}  // namespace
}  // namespace lapwing::lambda
