// What single operations check and refuse, through the wire.
#include "services/lambda/operations/operations.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using testing::hello_zip;

class Operations : public ::testing::Test, public testing::Harness {
 protected:
  Answer create_with(std::string_view body) {
    return send("CreateFunction", "POST", "/2015-03-31/functions", "", body);
  }
  Answer list(std::string_view query = {}) {
    return send("ListFunctions", "GET", "/2015-03-31/functions", query);
  }
};

constexpr std::string_view kRole = "arn:aws:iam::000000000000:role/lambda-ex";

// Between the commit of a change and its taking over by the catalog.
TEST_F(Operations, WhatGetFunctionShowsInvocationsObey) {
  create_active("f");
  ASSERT_TRUE(resolve("f"));
  Repository functions(engine->store());
  const FunctionKey key{AccountId("000000000000"), Region("us-east-1"), FunctionName("f")};
  const auto failed = [](FunctionRecord& record) -> Status {
    record.state = State::kFailed;
    return {};
  };
  ASSERT_TRUE(functions.update(key, 0, failed));
  ASSERT_TRUE(resolve("f"));
  EXPECT_EQ(get("f").at("Configuration.State"), "Failed");
  EXPECT_FALSE(resolve("f"));
}

TEST_F(Operations, AFullDiskTakesNoCodeAndEverythingElse) {
  create_active("f");
  const os::DiskSpace tight(data_dir, UINT64_MAX / 4);
  disk = &tight;
  restart();
  for (const Answer& refused :
       {create("g", hello_zip("other")), put_code("f", hello_zip("new")),
        publish_layer("l", hello_zip("layer")),
        create_with(fmt::format(R"({{"FunctionName":"i","PackageType":"Image","Role":"{}",)"
                                R"("Code":{{"ImageUri":"oci:{}/layouts/i"}}}})",
                                kRole, data_dir))}) {
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_EQ(refused.error, "CodeStorageExceededException");
    EXPECT_NE(refused.message().find("disk.reserve_mb"), std::string::npos) << refused.body;
  }
  EXPECT_EQ(put_configuration("f", R"({"Description":"still"})").status, 200);
  executor.run_all();
  EXPECT_EQ(get("f").at("Configuration.Description"), "still");
  EXPECT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f").status, 204);
}

TEST_F(Operations, CreateRefusesInAwsWords) {
  struct Case {
    std::string name;
    std::string more;
    int status;
    std::string error;
    std::string message;
  };
  const std::string big(4100, 'v');
  const std::string cannot_env =
      "Lambda was unable to configure your environment variables "
      "because the environment variables you have provided ";
  const std::vector<Case> cases = {
      {std::string(65, 'n'), "", 400, "InvalidParameterValueException",
       "1 validation error detected: Value '" + std::string(65, 'n') +
           "' at 'functionName' failed to satisfy constraint: Member must have length less than "
           "or equal to 64"},
      {"f", R"("MemorySize":10241)", 400, "ValidationException",
       "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: "
       "Member must have value less than or equal to 10240"},
      {"f", R"("Timeout":901)", 400, "ValidationException",
       "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
       "Member must have value less than or equal to 900"},
      {"f", R"("Environment":{"Variables":{"AWS_REGION":"x"}})", 400,
       "InvalidParameterValueException",
       cannot_env + "contains reserved keys that are currently not supported for modification. "
                    "Reserved keys used in this request: AWS_REGION"},
      {"f", R"("Environment":{"Variables":{"KEY":")" + big + R"("}})", 400,
       "InvalidParameterValueException",
       cannot_env + "exceeded the 4KB limit. String measured: {\"KEY\":\"" + big + "\"}"},
      {"f", R"("LoggingConfig":{"ApplicationLogLevel":"INFO"})", 400,
       "InvalidParameterValueException",
       "LogLevel is not supported when LogFormat is set to 'Text'. Remove LogLevel from your "
       "request or change the LogFormat to 'JSON' and try again."},
      {"f", R"("PublishTo":"LATEST_PUBLISHED")", 501, "NotImplemented",
       "Lapwing does not support the parameter PublishTo of lambda CreateFunction yet."},
      {"f", R"("VpcConfig":{"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]})", 501,
       "NotImplemented",
       "Lapwing does not support the parameter VpcConfig of lambda CreateFunction: this server "
       "runs "
       "without ec2"},
  };
  for (const Case& c : cases) {
    const Answer answer = create(c.name, hello_zip(), c.more);
    EXPECT_EQ(answer.status, c.status) << c.more << answer.body;
    EXPECT_EQ(answer.error, c.error) << c.more;
    EXPECT_EQ(answer.message(), c.message);
  }
  EXPECT_EQ(service->catalog().size(), 0u);
}

TEST_F(Operations, CreateAcceptsEmptyFormsOfWhatIsNotBuilt) {
  const Answer answer = create(
      "f", hello_zip(),
      R"("Publish":false,"Layers":[],"VpcConfig":{"SubnetIds":[],"SecurityGroupIds":[]},)"
      R"("TracingConfig":{"Mode":"PassThrough"},"SnapStart":{"ApplyOn":"None"},"KMSKeyArn":"",)"
      R"("PackageType":"Zip","DeadLetterConfig":{"TargetArn":""})");
  EXPECT_EQ(answer.status, 201) << answer.body;
}

TEST_F(Operations, TracingIsKeptAndReachesInvocations) {
  EXPECT_EQ(
      create("f", hello_zip(), R"("TracingConfig":{"Mode":"Active"})").at("TracingConfig.Mode"),
      "Active");
  executor.run_all();
  ASSERT_TRUE(resolve("f"));
  EXPECT_TRUE((*resolve("f"))->trace_active);
  EXPECT_EQ(get("f").at("Configuration.TracingConfig.Mode"), "Active");
  EXPECT_EQ(put_configuration("f", R"({"Timeout":9})").at("TracingConfig.Mode"), "Active");
  executor.run_all();
  EXPECT_EQ(put_configuration("f", R"({"TracingConfig":{"Mode":"PassThrough"}})")
                .at("TracingConfig.Mode"),
            "PassThrough");
  executor.run_all();
  EXPECT_FALSE((*resolve("f"))->trace_active);
  EXPECT_EQ(put_configuration("f", R"({"TracingConfig":{"Mode":"On"}})").status, 400);
}

TEST_F(Operations, CreateChecksThePackage) {
  for (const std::string& zip : {std::string("not a zip"), std::string(),
                                 testing::build_zip({{.name = "../escape", .content = "x"}})}) {
    const Answer answer = create("f", zip);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.error, "InvalidParameterValueException");
  }
  constexpr std::string_view kCouldNot =
      "Could not unzip uploaded file. Please check your file, then try to upload again.";
  EXPECT_EQ(create("f", "not a zip").message(), kCouldNot);
  EXPECT_EQ(create("f", "").message(), "Uploaded file must be a non-empty zip");
  EXPECT_EQ(create("f", testing::build_zip({{.name = "../escape", .content = "x"}})).message(),
            fmt::format("{} Reason: entry '../escape': '..' in a path.", kCouldNot));
  EXPECT_EQ(create_with(fmt::format(R"({{"FunctionName":"f","Role":"{}","Code":{{}},)"
                                    R"("Runtime":"python3.8","Handler":"f.h"}})",
                                    kRole))
                .message(),
            "Please provide a source for function code.");
  const Answer s3 =
      create_with(fmt::format(R"({{"FunctionName":"f","Role":"{}","Code":{{"S3Bucket":"bucket",)"
                              R"("S3Key":"k"}},"Runtime":"python3.8","Handler":"f.h"}})",
                              kRole));
  EXPECT_EQ(s3.status, 501);
  EXPECT_EQ(s3.error, "NotImplemented");
}

TEST_F(Operations, CreateChecksTheRuntime) {
  const auto with = [&](std::string_view members) {
    return create_with(
        fmt::format(R"({{"FunctionName":"f","Role":"{}","Code":{{"ZipFile":"{}"}}{}}})", kRole,
                    text::base64_encode(hello_zip()), members));
  };
  const Answer unknown = with(R"(,"Runtime":"cobol85","Handler":"f.h")");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_TRUE(unknown.message().starts_with(
      "Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum value "
      "set: [nodejs20.x, "))
      << unknown.body;
  EXPECT_TRUE(unknown.message().ends_with("] or be a valid ARN"));
  EXPECT_EQ(with(R"(,"Runtime":"dotnet8","Handler":"f.h")").status, 501);
  EXPECT_EQ(with(R"(,"Runtime":"python3.12")").message(),
            "Runtime and Handler are mandatory parameters for functions created with deployment "
            "packages.");
  EXPECT_EQ(with(R"(,"Runtime":"provided.al2023")").status, 201);
}

TEST_F(Operations, RetiredRuntimesAreRefusedWhereThatIsWanted) {
  create_active("old");  // python3.8
  refuse_retired = true;
  restart();
  const std::string refusal =
      "The runtime parameter of python3.8 is no longer supported for creating or updating AWS "
      "Lambda functions. We recommend you use a supported runtime while creating or updating "
      "functions.";
  const Answer created = create("f", hello_zip());
  EXPECT_EQ(created.status, 400);
  EXPECT_EQ(created.error, "InvalidParameterValueException");
  EXPECT_EQ(created.message(), refusal);
  EXPECT_EQ(put_configuration("old", R"({"Runtime":"python3.8"})").message(), refusal);
  EXPECT_EQ(put_configuration("old", R"({"Runtime":"python2.7"})").status, 400);
  EXPECT_EQ(put_configuration("old", R"({"Timeout":5})").status, 200) << "it may go on";
  executor.run_all();
  EXPECT_EQ(put_configuration("old", R"({"Runtime":"python3.12"})").status, 200);
}

TEST_F(Operations, RuntimesThatTheMachineCannotRunAreRefusedWithWhatToDo) {
  runtime::CatalogueOptions elsewhere;
  elsewhere.root = "/nonexistent";
  const runtime::Catalogue nothing = runtime::Catalogue::discover(elsewhere);
  create_active("old");
  catalogue = &nothing;
  restart();
  for (const char* runtime : {"java21", "ruby3.3", "python3.12", "nodejs22.x"}) {
    const std::string member = fmt::format(R"("Runtime":"{}")", runtime);
    for (const Answer& refused :
         {create("f", hello_zip(), member), put_configuration("old", "{" + member + "}")}) {
      EXPECT_EQ(refused.status, 501);
      EXPECT_EQ(refused.error, "NotImplemented");
      EXPECT_NE(refused.message().find(fmt::format("runtime {} is not served here", runtime)),
                std::string::npos)
          << refused.message();
    }
  }
  EXPECT_EQ(create("p", hello_zip(), R"("Runtime":"provided.al2023")").status, 201);
  EXPECT_EQ(put_configuration("old", R"({"Timeout":5})").status, 200) << "it may go on";
}

TEST_F(Operations, TheLogSaysWhatBecameOfARetiredRuntime) {
  create_active("f");
  EXPECT_NE(log.text().find("retired runtime accepted"), std::string::npos) << log.text();
  EXPECT_NE(log.text().find(":function:f"), std::string::npos) << log.text();
  refuse_retired = true;
  restart();
  create("g", hello_zip());
  EXPECT_NE(log.text().find("retired runtime refused"), std::string::npos) << log.text();
}

class SomeRoles final : public ports::Roles {
 public:
  Result<ports::Role> find(std::string_view arn) override {
    const std::string service = arn.ends_with("ec2") ? "ec2" : "lambda";
    return ports::Role{!arn.ends_with("unknown"), "AROA", 3600, {service + ".amazonaws.com"}};
  }
  bool known_only() const override { return known; }
  bool known = false;
};

std::string with_role(std::string_view name, std::string_view account = "000000000000") {
  return fmt::format(R"("Role":"arn:aws:iam::{}:role/{}")", account, name);
}

TEST_F(Operations, RolesThatLambdaCannotAssumeAreToldOnce) {
  SomeRoles some;
  roles = &some;
  logger.set_level(LogLevel::kInfo);
  restart();
  EXPECT_EQ(create("f", hello_zip(), with_role("good")).status, 201);
  EXPECT_EQ(log.text().find("could not assume"), std::string::npos) << log.text();
  EXPECT_EQ(create("g", hello_zip(), with_role("unknown")).status, 201);
  EXPECT_NE(log.text().find("IAM has no such role"), std::string::npos) << log.text();
  EXPECT_EQ(create("h", hello_zip(), with_role("ec2")).status, 201);
  EXPECT_NE(log.text().find("its trust policy does not name Lambda"), std::string::npos)
      << log.text();
  executor.run_all();
  log.clear();
  EXPECT_EQ(put_configuration("g", R"({"Timeout":5})").status, 200);
  EXPECT_EQ(log.text().find("could not assume"), std::string::npos) << log.text();
}

TEST_F(Operations, RolesThatLambdaCannotAssumeAreRefusedWhereThatIsSaid) {
  SomeRoles some;
  some.known = true;
  roles = &some;
  restart();
  const std::string refusal = "The role defined for the function cannot be assumed by Lambda.";
  for (const char* name : {"unknown", "ec2"}) {
    const Answer refused = create("f", hello_zip(), with_role(name));
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.error, "InvalidParameterValueException");
    EXPECT_EQ(refused.message(), refusal);
  }
  const Answer foreign = create("f", hello_zip(), with_role("good", "111111111111"));
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(foreign.message(), "Cross-account pass role is not allowed.");
  ASSERT_EQ(create("f", hello_zip(), with_role("good")).status, 201);
  executor.run_all();
  EXPECT_EQ(put_configuration("f", "{" + with_role("ec2") + "}").message(), refusal);
  EXPECT_EQ(put_configuration("f", R"({"Timeout":5})").status, 200) << "it may go on";
}

TEST_F(Operations, LayersOfAnotherRegionAreRefusedFirst) {
  create_active("f");
  const std::string layers = R"("Layers":["arn:aws:lambda:us-east-1:000000000000:layer:none:1",)"
                             R"("arn:aws:lambda:eu-west-1:000000000000:layer:l:1"])";
  const std::string region =
      "Layers are not in the same region as the function. Layers are expected to be in region "
      "us-east-1.";
  EXPECT_EQ(create("f", hello_zip(), layers).message(), region) << "before the function";
  EXPECT_EQ(create("g", "no zip", layers).message(), region) << "before the package";
  EXPECT_EQ(put_configuration("f", "{" + layers + "}").message(), region);
  const std::string missing = R"("Layers":["arn:aws:lambda:us-east-1:000000000000:layer:none:1"])";
  EXPECT_EQ(create("f", hello_zip(), missing).message(),
            "Layer version arn:aws:lambda:us-east-1:000000000000:layer:none:1 does not exist.");
}

// Names beyond 64 characters belong to functions that cannot exist.
TEST_F(Operations, NamesTooLongAreNotFound) {
  const std::string name(65, 'n');
  const std::string message =
      "Function not found: arn:aws:lambda:us-east-1:000000000000:function:" + name;
  const std::string path = "/2015-03-31/functions/" + name;
  for (const Answer& answer :
       {get(name), send("DeleteFunction", "DELETE", path), put_code(name, hello_zip()),
        send("GetFunctionConfiguration", "GET", path + "/configuration"), publish(name)}) {
    EXPECT_EQ(answer.status, 404) << answer.body;
    EXPECT_EQ(answer.error, "ResourceNotFoundException");
    EXPECT_EQ(answer.message(), message);
  }
  const auto invoked = resolve(name);
  ASSERT_FALSE(invoked);
  EXPECT_EQ(invoked.error().message(), message);
  EXPECT_EQ(resolve(name, "$LATEST").error().message(), message + ":$LATEST");
}

// Recorded answers: which errors carry a Type.
TEST_F(Operations, ErrorsHaveATypeWhereTheServicesHave) {
  create_active("f");
  publish("f");
  EXPECT_EQ(get("none").at("Type"), "User");
  EXPECT_EQ(create("f", hello_zip()).at("Type"), "User");
  const Answer weights = put_alias("f", "live", "$LATEST",
                                   R"("RoutingConfig":{"AdditionalVersionWeights":{"1":0.5}})");
  EXPECT_EQ(weights.message(),
            "$LATEST is not supported for an alias pointing to more than 1 version");
  EXPECT_FALSE(weights.has("Type")) << weights.body;
  EXPECT_FALSE(create("g", hello_zip(), R"("Timeout":901)").has("Type"));
  const Answer reserved =
      send("PutFunctionConcurrency", "PUT", "/2017-10-31/functions/f/concurrency", "",
           R"({"ReservedConcurrentExecutions":901})");
  EXPECT_EQ(reserved.status, 400);
  EXPECT_FALSE(reserved.has("Type")) << reserved.body;
}

TEST_F(Operations, CreateTwiceConflicts) {
  create_active("f");
  const Answer again = create("f", hello_zip());
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.error, "ResourceConflictException");
  EXPECT_EQ(again.message(), "Function already exist: f");
}

TEST_F(Operations, GetShowsTheQualifierItWasAskedWith) {
  create_active("f");
  const std::string arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  const std::string path = "/2015-03-31/functions/f/configuration";
  const auto configuration = [&](std::string_view query) {
    return send("GetFunctionConfiguration", "GET", path, query);
  };
  EXPECT_EQ(configuration("").at("FunctionArn"), arn);
  EXPECT_EQ(configuration("Qualifier=%24LATEST").at("FunctionArn"), arn + ":$LATEST");
  const Answer version = configuration("Qualifier=1");
  EXPECT_EQ(version.status, 404);
  EXPECT_EQ(version.message(), "Function not found: " + arn + ":1");
  EXPECT_EQ(get("arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af").status, 200);
  EXPECT_EQ(get("arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Af").message(),
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
}

TEST_F(Operations, ListPagesInOrderOfNames) {
  for (int i = 0; i < 53; ++i) create(fmt::format("f{:02}", 52 - i), hello_zip());
  const Answer first = list();
  EXPECT_EQ(first.at("Functions.0.FunctionName"), "f00");
  EXPECT_EQ(first.at("Functions.49.FunctionName"), "f49");
  EXPECT_FALSE(first.has("Functions.50"));
  EXPECT_FALSE(first.has("Functions.0.State"));
  EXPECT_FALSE(first.has("Functions.0.RuntimeVersionConfig"));
  const Answer second = list("Marker=" + first.at("NextMarker"));
  EXPECT_EQ(second.at("Functions.2.FunctionName"), "f52");
  EXPECT_FALSE(second.has("Functions.3"));
  EXPECT_FALSE(second.has("NextMarker"));

  const Answer few = list("MaxItems=2&FunctionVersion=ALL");
  EXPECT_FALSE(few.has("Functions.2"));
  EXPECT_TRUE(few.at("Functions.0.FunctionArn").ends_with(":f00:$LATEST"));
  EXPECT_EQ(list("Marker=!").status, 400);
  // A marker holds for the list it was made for.
  const std::string marker = first.at("NextMarker");
  EXPECT_EQ(list("FunctionVersion=ALL&Marker=" + marker).message(), "Invalid marker");
  EXPECT_EQ(list("Marker=" + few.at("NextMarker")).message(), "Invalid marker");
}

TEST_F(Operations, UpdateConfigurationChangesOnlyWhatIsNamed) {
  create_active("f", R"("Description":"d","Environment":{"Variables":{"KEY":"v"}})");
  const Answer updated = put_configuration(
      "f", R"({"Timeout":30,"LoggingConfig":{"LogFormat":"JSON","SystemLogLevel":"WARN"}})");
  EXPECT_EQ(updated.status, 200) << updated.body;
  EXPECT_EQ(updated.at("Timeout"), "30");
  EXPECT_EQ(updated.at("Description"), "d");
  EXPECT_EQ(updated.at("Environment.Variables.KEY"), "v");
  EXPECT_EQ(updated.at("LoggingConfig.ApplicationLogLevel"), "INFO");
  EXPECT_EQ(updated.at("LoggingConfig.SystemLogLevel"), "WARN");
  executor.run_all();
  const Answer back = put_configuration("f", R"({"LoggingConfig":{"LogFormat":"Text"}})");
  EXPECT_FALSE(back.has("LoggingConfig.SystemLogLevel"));
}

TEST_F(Operations, RevisionIdGuardsUpdates) {
  create_active("f");
  const std::string revision = get("f").at("Configuration.RevisionId");
  const Answer stale = put_configuration("f", R"({"Timeout":5,"RevisionId":"other"})");
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.error, "PreconditionFailedException");
  EXPECT_EQ(stale.message(),
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id");
  EXPECT_EQ(put_code("f", hello_zip("x"), R"("RevisionId":")" + revision + "\"").status, 200);
}

TEST_F(Operations, UpdateCodeDryRunChangesNothing) {
  create_active("f");
  const std::string sha = get("f").at("Configuration.CodeSha256");
  const Answer dry = put_code("f", hello_zip("x"), R"("DryRun":true)");
  EXPECT_EQ(dry.status, 200);
  EXPECT_NE(dry.at("CodeSha256"), sha);
  EXPECT_EQ(get("f").at("Configuration.CodeSha256"), sha);
  EXPECT_EQ(executor.waiting(), 0u);
}

TEST_F(Operations, UpdateWhilePendingConflicts) {
  create("f", hello_zip());
  const Answer answer = put_configuration("f", R"({"Timeout":5})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_TRUE(answer.message().ends_with("following state: Pending"));
}

TEST_F(Operations, Tags) {
  create_active("f", R"("Tags":{"a":"1"})");
  const std::string path =
      "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
  EXPECT_EQ(send("TagResource", "POST", path, "", R"({"Tags":{"b":"2"}})").status, 204);
  const Answer both = send("ListTags", "GET", path);
  EXPECT_EQ(both.at("Tags.a") + both.at("Tags.b"), "12");
  EXPECT_EQ(send("UntagResource", "DELETE", path, "tagKeys=a").status, 204);
  EXPECT_FALSE(send("ListTags", "GET", path).has("Tags.a"));

  std::string many = R"({"Tags":{)";
  for (int i = 0; i < 50; ++i) many += fmt::format(R"({}"k{}":"v")", i == 0 ? "" : ",", i);
  EXPECT_EQ(send("TagResource", "POST", path, "", many + "}}").message(),
            "Number of tags exceeds resource tag limit.");
  const auto tagged = [&](std::string_view key, const std::string& value) {
    return send("TagResource", "POST", path, "",
                fmt::format(R"({{"Tags":{{"{}":"{}"}}}})", key, value));
  };
  for (const std::string_view reserved : {"aws:x", "AWS:x"}) {
    EXPECT_EQ(tagged(reserved, "1").message(), "Tag keys beginning with 'aws:' are reserved.");
  }
  for (const Answer& answer : {tagged("a", std::string(257, 'v')), tagged("a!", "1"),
                               tagged(std::string(129, 'k'), "1"), tagged("a", "<")}) {
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.message().find("at 'tags' failed to satisfy"), std::string::npos)
        << answer.body;
  }
  EXPECT_EQ(tagged("a", std::string(256, 'v')).status, 204);
  EXPECT_EQ(send("TagResource", "POST", path + "%3A1", "", R"({"Tags":{"b":"2"}})").message(),
            "Tags on function aliases and versions are not supported. Please specify a function "
            "ARN.");
}

TEST_F(Operations, TheNetworkTagIsCheckedAndTakesEffect) {
  EXPECT_EQ(create("g", hello_zip(), R"("Tags":{"lapwing:network":"host"})").message(),
            "Tag lapwing:network=host: not here");
  create_active("f", R"("Tags":{"lapwing:network":"none"})");
  const std::string path =
      "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
  const auto network = [&](std::string_view qualifier = "") {
    return service->catalog()
        .resolve(caller.account, caller.region, "f", qualifier)
        .value()
        ->network;
  };
  EXPECT_EQ(network(), "none");
  EXPECT_EQ(send("PublishVersion", "POST", "/2015-03-31/functions/f/versions", "", "{}").status,
            201);
  executor.run_all();
  EXPECT_EQ(network("1"), "none");
  EXPECT_EQ(send("TagResource", "POST", path, "", R"({"Tags":{"lapwing:network":"nat"}})").status,
            204);
  EXPECT_EQ(network(), "nat");
  EXPECT_EQ(network("1"), "nat");
  restart();
  EXPECT_EQ(network("1"), "nat");
  const Answer unknown =
      send("TagResource", "POST", path, "", R"({"Tags":{"lapwing:network":"vpc"}})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.message(), "Tag lapwing:network=vpc: must be one of host nat none");
  EXPECT_EQ(send("UntagResource", "DELETE", path, "tagKeys=lapwing%3Anetwork").status, 204);
  EXPECT_EQ(network(), "");
}

TEST_F(Operations, TheEndpointTagIsCheckedAndTakesEffect) {
  EXPECT_EQ(create("g", hello_zip(), R"("Tags":{"lapwing:endpoint":"shut"})").message(),
            "Tag lapwing:endpoint=shut: must be one of open closed");
  create_active("f", R"("Tags":{"lapwing:endpoint":"closed"})");
  const std::string path =
      "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
  const auto endpoint = [&] {
    return service->catalog().resolve(caller.account, caller.region, "f", "").value()->endpoint;
  };
  EXPECT_EQ(endpoint(), "closed");
  restart();
  EXPECT_EQ(endpoint(), "closed");
  EXPECT_EQ(send("TagResource", "POST", path, "", R"({"Tags":{"lapwing:endpoint":"shut"}})").status,
            400);
  EXPECT_EQ(send("TagResource", "POST", path, "", R"({"Tags":{"lapwing:endpoint":"open"}})").status,
            204);
  EXPECT_EQ(endpoint(), "open");
  EXPECT_EQ(send("UntagResource", "DELETE", path, "tagKeys=lapwing%3Aendpoint").status, 204);
  EXPECT_EQ(endpoint(), "");
}

TEST_F(Operations, AccountSettingsCount) {
  create_active("f");
  const Answer settings = send("GetAccountSettings", "GET", "/2016-08-19/account-settings");
  EXPECT_EQ(settings.at("AccountLimit.ConcurrentExecutions"), "1000");
  EXPECT_EQ(settings.at("AccountLimit.CodeSizeUnzipped"), "262144000");
  EXPECT_EQ(settings.at("AccountUsage.FunctionCount"), "1");
  EXPECT_EQ(settings.at("AccountUsage.TotalCodeSize"), std::to_string(hello_zip().size()));
}

TEST_F(Operations, DeleteOfLatestIsRefused) {
  create_active("f");
  EXPECT_EQ(
      send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", "Qualifier=%24LATEST").status,
      400);
  EXPECT_EQ(get("f").status, 200);
}

TEST_F(Operations, WhatIsNotBuiltSaysSo) {
  const Answer answer =
      send("DeleteCapacityProvider", "DELETE", "/2025-11-30/capacity-providers/c");
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(answer.error, "NotImplemented");
}

}  // namespace
}  // namespace lapwing::lambda
