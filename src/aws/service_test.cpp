#include "aws/service.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/engine.hpp"
#include "aws/route.hpp"
#include "gen/lambda/types.hpp"
#include "gen/models.hpp"
#include "gen/sts/types.hpp"
#include "gen/toy/types.hpp"
#include "text/json.hpp"
#include "text/pattern.hpp"

namespace lapwing::aws {
namespace {

namespace toy = gen::toy;

class CapturedLog final : public LogOutput {
 public:
  void write(std::string_view line) override { text += line; }
  std::string text;
};

class ServiceTest : public ::testing::Test {
 protected:
  Response call(OperationTable table, std::string_view operation, const Request& request,
                Protocol protocol = Protocol::kRestJson) {
    const ServiceModel& model = table.model();
    const Service service(std::move(table), patterns_, log_);
    Caller caller;
    caller.request_id = RequestId("req-9");
    return service.handle(*model.find_operation(operation), protocol, request, caller);
  }
  Response kinds(OperationTable table, std::string_view body) {
    return call(std::move(table), "Kinds",
                {.method = "POST", .raw_path = "/kinds", .headers = {}, .body = body});
  }

  text::PatternCache patterns_;
  CapturedLog output_;
  ManualClock clock_;
  Logger log_{output_, clock_, LogLevel::kInfo};
};

TEST_F(ServiceTest, StructsGoThereAndBack) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>([](const Caller& caller, toy::KindsStruct in) -> Result<toy::KindsStruct> {
    EXPECT_EQ(caller.account.view(), kDefaultAccount);
    EXPECT_EQ(in.blob, std::string("\0\1\2", 3));
    EXPECT_EQ(in.double_, 1.5);
    EXPECT_EQ(in.small, 7);
    EXPECT_EQ(in.huge, 1LL << 40);
    EXPECT_EQ(in.list, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(in.map->at("k"), "v");
    EXPECT_EQ(in.inner->text, "t");
    EXPECT_EQ(unix_ms(*in.time_default), 1'398'796'238'500);
    EXPECT_FALSE(in.text);
    return in;
  });
  constexpr std::string_view kBody =
      R"({"Blob":"AAEC","Choice":{"Right":2},"Color":"RED","Double":1.5,"Flag":false,)"
      R"("Huge":1099511627776,"Inner":{"Text":"t"},"InnerList":[{"Deep":["d"]}],)"
      R"("List":["a","b"],"Map":{"k":"v"},"Small":7,"TimeDefault":1398796238.5})";
  const Response response = kinds(std::move(table), kBody);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, kBody);
  EXPECT_EQ(response.header("x-amzn-requestid"), "req-9");
}

TEST_F(ServiceTest, ExtrasSetStatusAndHeaders) {
  OperationTable table(toy::kModel);
  table.add<toy::Nothing>([](const Caller&, Empty, ResponseExtras& extras) -> Result<Empty> {
    extras.status = 202;
    extras.headers.push_back({"X-Extra", "1"});
    return Empty{};
  });
  const Response response = call(std::move(table), "Nothing",
                                 {.method = "DELETE", .raw_path = "/nothing", .headers = {}});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.header("x-extra"), "1");
  EXPECT_EQ(response.body, "");
}

TEST_F(ServiceTest, ErrorsOfOperationsAreRendered) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>([](const Caller&, const toy::KindsStruct&) -> Result<toy::KindsStruct> {
    return fail(Error(ErrorKind::kNotFound, "Gone", "it went"));
  });
  const Response response = kinds(std::move(table), "{}");
  EXPECT_EQ(response.status, 410);
  EXPECT_EQ(response.body, R"({"Type":"User","message":"it went"})");
  EXPECT_EQ(output_.text, "");
}

// Some recorded answers leave out what their model declares.
TEST_F(ServiceTest, AnErrorMayHaveATypeOfItsOwnOrNone) {
  const auto body = [&](std::string type) {
    OperationTable table(toy::kModel);
    table.add<toy::Kinds>(
        [type](const Caller&, const toy::KindsStruct&) -> Result<toy::KindsStruct> {
          return fail(Error(ErrorKind::kNotFound, "Gone", "it went").with_field("Type", type));
        });
    return kinds(std::move(table), "{}").body;
  };
  EXPECT_EQ(body(""), R"({"message":"it went"})");
  EXPECT_EQ(body("Other"), R"({"Type":"Other","message":"it went"})");
}

TEST_F(ServiceTest, BugsCostOneRequestAndAreLogged) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>([](const Caller&, const toy::KindsStruct&) -> Result<toy::KindsStruct> {
    throw std::logic_error("the secret cause");
  });
  const Response response = kinds(std::move(table), "{}");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.header("x-amzn-errortype"), "ToyFault");
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  EXPECT_NE(output_.text.find("the secret cause"), std::string::npos);
  EXPECT_NE(output_.text.find("req-9"), std::string::npos);
}

TEST_F(ServiceTest, UnsupportedMembersAreRefusedByName) {
  const auto table = [] {
    OperationTable out(toy::kModel);
    out.add<toy::Kinds>(
        [](const Caller&, toy::KindsStruct in) -> Result<toy::KindsStruct> { return in; },
        {"Text", "Flag", "Inner.Text"});
    return out;
  };
  EXPECT_EQ(kinds(table(), R"({"Text":"x","Inner":{"Text":"y"}})").status, 200);
  const Response refused = kinds(table(), R"({"Text":"x","Small":0})");
  EXPECT_EQ(refused.status, 501);
  EXPECT_EQ(refused.header("x-amzn-errortype"), "NotImplemented");
  EXPECT_NE(refused.body.find("Small"), std::string::npos);
  EXPECT_NE(kinds(table(), R"({"Inner":{"Deep":["d"]}})").body.find("Inner.Deep"),
            std::string::npos);
  // What says nothing is not refused.
  EXPECT_EQ(kinds(table(), R"({"List":[],"Map":{},"Choice":null,"Blob":""})").status, 200);
}

TEST_F(ServiceTest, MisspeltSupportedMembersThrow) {
  OperationTable table(toy::kModel);
  const auto fn = [](const Caller&, toy::KindsStruct in) -> Result<toy::KindsStruct> { return in; };
  EXPECT_THROW(table.add<toy::Kinds>(fn, {"Tekst"}), std::logic_error);
  EXPECT_THROW(table.add<toy::Kinds>(fn, {"Inner.Tekst"}), std::logic_error);
  EXPECT_THROW(table.add<toy::Kinds>(fn, {"Text.More"}), std::logic_error);
}

TEST_F(ServiceTest, ValidationComesBeforeTheOperation) {
  OperationTable table(gen::lambda::kModel);
  table.add<gen::lambda::GetFunction>(
      [](const Caller&,
         const gen::lambda::GetFunctionRequest&) -> Result<gen::lambda::GetFunctionResponse> {
        ADD_FAILURE() << "called";
        return gen::lambda::GetFunctionResponse{};
      });
  const Response response =
      call(std::move(table), "GetFunction",
           {.method = "GET", .raw_path = "/2015-03-31/functions/a%20b", .headers = {}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.header("x-amzn-errortype"), "ValidationException");
  EXPECT_TRUE(response.body.starts_with(
      R"({"message":"1 validation error detected: Value 'a b' at 'functionName' failed)"))
      << response.body;
}

TEST_F(ServiceTest, CallerIdentityInXml) {
  OperationTable table(gen::sts::kModel);
  table.add<gen::sts::GetCallerIdentity>(
      [](const Caller&,
         const gen::sts::GetCallerIdentityRequest&) -> Result<gen::sts::GetCallerIdentityResponse> {
        return gen::sts::GetCallerIdentityResponse{
            .account = "000000000000", .arn = "arn:aws:iam::000000000000:root", .user_id = "A"};
      });
  const Response response =
      call(std::move(table), "GetCallerIdentity",
           {.method = "POST", .raw_path = "/", .headers = {}, .body = "Action=GetCallerIdentity"},
           Protocol::kQuery);
  EXPECT_EQ(response.body,
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
            "<GetCallerIdentityResult><Account>000000000000</Account>"
            "<Arn>arn:aws:iam::000000000000:root</Arn><UserId>A</UserId>"
            "</GetCallerIdentityResult><ResponseMetadata><RequestId>req-9</RequestId>"
            "</ResponseMetadata></GetCallerIdentityResponse>");
}

// Whatever is in the models and not built answers a clear 501 in its protocol.
TEST_F(ServiceTest, EveryOperationThatIsNotBuiltSaysSo) {
  for (const ServiceModel* model : gen::all_models()) {
    const Service service(OperationTable(*model), patterns_, log_);
    for (const OperationRow& operation : model->operations) {
      for (const Protocol protocol : model->protocols) {
        const Response response = service.handle(
            operation, protocol, {.method = "POST", .raw_path = "/", .headers = {}}, Caller{});
        EXPECT_EQ(response.status, 501);
        EXPECT_NE(response.body.find("NotImplemented") != std::string::npos ||
                      response.header("x-amzn-errortype") == "NotImplemented",
                  false);
        EXPECT_NE(response.body.find(model->name(operation)), std::string::npos);
      }
    }
  }
  EXPECT_EQ(output_.text, "");
}

TEST(ErrorResponse, WithoutService) {
  const Error error = Error(ErrorKind::kDenied, "SignatureDoesNotMatch", "No.").with_status(403);
  const Response response = error_response(Protocol::kRestJson, error, RequestId("r"));
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, R"({"message":"No."})");
  const Response query = error_response(Protocol::kQuery, error, RequestId("r"));
  EXPECT_EQ(query.body,
            "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
            "<Message>No.</Message></Error><RequestId>r</RequestId></ErrorResponse>");
  const Response cbor = error_response(Protocol::kCbor, error, RequestId("r"));
  EXPECT_EQ(cbor.body, "\xa2\x66__type\x75SignatureDoesNotMatch\x67message\x63No.");
  EXPECT_EQ(cbor.header("smithy-protocol"), "rpc-v2-cbor");
  const Response s3 = error_response(Protocol::kRestXml, error, RequestId("r"));
  EXPECT_TRUE(
      s3.body.ends_with("<Error><Code>SignatureDoesNotMatch</Code><Message>No."
                        "</Message><RequestId>r</RequestId></Error>"));
}

}  // namespace
}  // namespace lapwing::aws
