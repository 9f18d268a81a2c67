#include "aws/service.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/coverage.hpp"
#include "aws/engine.hpp"
#include "aws/route.hpp"
#include "aws/testing/pipeline.hpp"
#include "base/testing/captured_log.hpp"
#include "gen/lambda/get_function.hpp"
#include "gen/models.hpp"
#include "gen/sts/get_caller_identity.hpp"
#include "gen/toy/errors.hpp"
#include "gen/toy/types.hpp"
#include "net/testing/run.hpp"
#include "text/json.hpp"

namespace lapwing::aws {
namespace {

namespace toy = gen::toy;

class ServiceTest : public ::testing::Test {
 protected:
  Response call(OperationTable table, std::string_view operation, const Request& request,
                Protocol protocol = Protocol::kRestJson) {
    const ServiceModel& model = table.model();
    const Service service(std::move(table), pipeline_);
    Call call;
    call.caller.request_id = RequestId("req-9");
    return service.handle({model.find_operation(operation), protocol, request, call});
  }
  Response kinds(OperationTable table, std::string_view body) {
    return call(std::move(table), "Kinds",
                {.method = "POST", .raw_path = "/kinds", .headers = {}, .body = body});
  }

  lapwing::testing::CapturedLog output_;
  ManualClock clock_;
  Logger log_{output_, clock_, LogLevel::kInfo};
  testing::TestPipeline pipeline_{clock_, log_};
  struct Core {
  } core_;
};

TEST_F(ServiceTest, StructsGoThereAndBack) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(
      core_,
      [](Core&, const Call& call, toy::KindsStruct in) -> Result<toy::KindsStruct> {
        EXPECT_EQ(call.caller.account.view(), kDefaultAccount);
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
      },
      {.access = Access::kRead, .resource = kNoResource});
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
  table.add<toy::Nothing>(core_,
                          [](Core&, const Call&, Empty, ResponseExtras& extras) -> Result<Empty> {
                            extras.status = 202;
                            extras.headers.push_back({"X-Extra", "1"});
                            return Empty{};
                          },
                          {.access = Access::kRead, .resource = kNoResource});
  const Response response = call(std::move(table), "Nothing",
                                 {.method = "DELETE", .raw_path = "/nothing", .headers = {}});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.header("x-extra"), "1");
  EXPECT_EQ(response.body, "");
}

TEST_F(ServiceTest, ErrorsOfOperationsAreRendered) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(
      core_,
      [](Core&, const Call&, const toy::KindsStruct&) -> Result<toy::KindsStruct> {
        return fail(Error(ErrorKind::kNotFound, "Gone", "it went"));
      },
      {.access = Access::kRead, .resource = kNoResource});
  const Response response = kinds(std::move(table), "{}");
  EXPECT_EQ(response.status, 410);
  EXPECT_EQ(response.body, R"({"Type":"User","message":"it went"})");
  EXPECT_EQ(output_.text(), "");
}

// Some recorded answers leave out what their model declares.
TEST_F(ServiceTest, AnErrorMayHaveATypeOfItsOwnOrNone) {
  const auto body = [&](std::string type) {
    OperationTable table(toy::kModel);
    table.add<toy::Kinds>(
        core_,
        [type](Core&, const Call&, const toy::KindsStruct&) -> Result<toy::KindsStruct> {
          return fail(Error(ErrorKind::kNotFound, "Gone", "it went").with_field("Type", type));
        },
        {.access = Access::kRead, .resource = kNoResource});
    return kinds(std::move(table), "{}").body;
  };
  EXPECT_EQ(body(""), R"({"message":"it went"})");
  EXPECT_EQ(body("Other"), R"({"Type":"Other","message":"it went"})");
}

TEST_F(ServiceTest, BugsCostOneRequestAndAreLogged) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(
      core_,
      [](Core&, const Call&, const toy::KindsStruct&) -> Result<toy::KindsStruct> {
        throw std::logic_error("the secret cause");
      },
      {.access = Access::kRead, .resource = kNoResource});
  const Response response = kinds(std::move(table), "{}");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.header("x-amzn-errortype"), "ToyFault");
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  EXPECT_NE(output_.text().find("the secret cause"), std::string::npos);
  EXPECT_NE(output_.text().find("req-9"), std::string::npos);
}

TEST_F(ServiceTest, UnsupportedMembersAreRefusedByName) {
  const auto table = [&] {
    OperationTable out(toy::kModel);
    out.add<toy::Kinds>(
        core_,
        [](Core&, const Call&, toy::KindsStruct in) -> Result<toy::KindsStruct> { return in; },
        {.access = Access::kWrite,
         .resource = kNoResource,
         .accepts = {"Text", "Flag", "Inner.Text"}});
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
  const auto fn = [](Core&, const Call&, toy::KindsStruct in) -> Result<toy::KindsStruct> {
    return in;
  };
  const auto accepting =
      [](std::initializer_list<std::string_view> names) -> Row<toy::Kinds, Core> {
    return {.access = Access::kRead, .resource = kNoResource, .accepts = names};
  };
  EXPECT_THROW(table.add<toy::Kinds>(core_, fn, accepting({"Tekst"})), std::logic_error);
  EXPECT_THROW(table.add<toy::Kinds>(core_, fn, accepting({"Inner.Tekst"})), std::logic_error);
  EXPECT_THROW(table.add<toy::Kinds>(core_, fn, accepting({"Text.More"})), std::logic_error);
}

TEST_F(ServiceTest, ValidationComesBeforeTheOperation) {
  OperationTable table(gen::lambda::kModel);
  table.add<gen::lambda::GetFunction>(
      core_,
      [](Core&, const Call&,
         const gen::lambda::GetFunctionRequest&) -> Result<gen::lambda::GetFunctionResponse> {
        ADD_FAILURE() << "called";
        return gen::lambda::GetFunctionResponse{};
      },
      {.access = Access::kRead, .resource = kNoResource});
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
      core_,
      [](Core&, const Call&,
         const gen::sts::GetCallerIdentityRequest&) -> Result<gen::sts::GetCallerIdentityResponse> {
        return gen::sts::GetCallerIdentityResponse{
            .account = "000000000000", .arn = "arn:aws:iam::000000000000:root", .user_id = "A"};
      },
      {.access = Access::kRead, .resource = kNoResource});
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

// -- stages
// ----------------------------------------------------------------------------------------

using ToyCore = std::vector<std::string>;  // what was done, in order

Result<toy::KindsStruct> note(ToyCore& core, const Call&, toy::KindsStruct in) {
  core.push_back("run");
  return in;
}

net::Task<Result<toy::KindsStruct>> note_later(ToyCore& core, net::Loop& loop, const Call& call,
                                               toy::KindsStruct in) {
  co_await loop.yield();
  core.push_back("waited for " + call.caller.request_id.str());
  co_return in;
}

class Refusing final : public Authoriser {
 public:
  explicit Refusing(ToyCore& core) : core_(core) {}
  Status authorise(const Call&, const Permission& permission) const override {
    core_.push_back(fmt::format("{} on {}, {}", permission.action, permission.resource,
                                to_string(permission.access)));
    return fail(Error(ErrorKind::kDenied, "AccessDenied", "no").with_status(403));
  }

 private:
  ToyCore& core_;
};

OperationTable noting(ToyCore& core) {
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(
      core, note,
      {.access = Access::kWrite, .resource = [](const Call&, const toy::KindsStruct& in) {
         return "arn:" + in.text.value_or("?");
       }});
  return table;
}

TEST_F(ServiceTest, PermissionIsAskedAfterValidationAndBeforeTheOperation) {
  ToyCore done;
  const Refusing nobody(done);
  const testing::TestPipeline pipeline(clock_, log_, &nobody);
  const Service service(noting(done), pipeline);
  const auto send = [&](std::string_view body) {
    return service.handle({toy::kModel.find_operation("Kinds"),
                           Protocol::kRestJson,
                           {.method = "POST", .raw_path = "/kinds", .headers = {}, .body = body},
                           {}});
  };
  EXPECT_EQ(send(R"({"Small":"no number"})").status, 400);
  EXPECT_EQ(done, ToyCore());
  EXPECT_EQ(send(R"({"Text":"thing"})").status, 403);
  EXPECT_EQ(done, ToyCore{"toy:Kinds on arn:thing, Write"});
  const auto grow_at = toy::kModel.find_operation("Grow")->index;
  EXPECT_EQ(service.table().entry(grow_at).counts->calls, 0U);
  const auto kinds_at = toy::kModel.find_operation("Kinds")->index;
  EXPECT_EQ(service.table().entry(kinds_at).counts->calls, 2U);
  EXPECT_EQ(service.table().entry(kinds_at).counts->refused, 2U);
}

// An operation that touches two things is asked about both.
TEST_F(ServiceTest, SeveralResourcesAreAllAskedAbout) {
  class OnlyFirst final : public Authoriser {
   public:
    explicit OnlyFirst(ToyCore& asked) : asked_(asked) {}
    Status authorise(const Call&, const Permission& permission) const override {
      asked_.emplace_back(permission.resource);
      if (permission.resource != "arn:second") return {};
      return fail(Error(ErrorKind::kDenied, "AccessDenied", "no").with_status(403));
    }

   private:
    ToyCore& asked_;
  };
  ToyCore done;
  ToyCore asked;
  const OnlyFirst some(asked);
  const testing::TestPipeline pipeline(clock_, log_, &some);
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(
      done, note,
      {.access = Access::kWrite,
       .resource = [](const Call&, const toy::KindsStruct& in) -> std::vector<std::string> {
         if (!in.text) return {};
         return {"arn:" + *in.text, "arn:second", "arn:third"};
       }});
  const Service service(std::move(table), pipeline);
  const auto send = [&](std::string_view body) {
    return service.handle({toy::kModel.find_operation("Kinds"),
                           Protocol::kRestJson,
                           {.method = "POST", .raw_path = "/kinds", .headers = {}, .body = body},
                           {}});
  };
  EXPECT_EQ(send(R"({"Text":"first"})").status, 403);
  EXPECT_EQ(asked, (ToyCore{"arn:first", "arn:second"}));
  EXPECT_EQ(done, ToyCore());
  // None at all is not a way round.
  asked.clear();
  EXPECT_EQ(send("{}").status, 200);
  EXPECT_EQ(asked, ToyCore{"*"});
}

template <class R>
concept MayForgetItsResource = requires { R{.access = Access::kRead}; };
template <class R>
concept MayForgetItsAccess = requires { R{.resource = kNoResource}; };
static_assert(!MayForgetItsResource<Row<toy::Kinds, ToyCore>>);
static_assert(!MayForgetItsAccess<Row<toy::Kinds, ToyCore>>);
static_assert(requires {
  Row<toy::Kinds, ToyCore>{.access = Access::kRead, .resource = kNoResource};
});

// A handler of its own that does not ask is found out by the first call.
TEST_F(ServiceTest, WhatRanWithoutBeingAuthorisedFails) {
  class Careless final : public Handler {
   public:
    bool waits() const override { return false; }
    Result<Value> run(const Call&, Decoded&, Arena&, ResponseExtras&, const Gate&) const override {
      return Value();
    }
  };
  OperationTable table(toy::kModel);
  table.add_row("Nothing", {Access::kRead, {}, {}, kBodyBytesDefault},
                std::make_unique<Careless>());
  EXPECT_EQ(call(std::move(table), "Nothing", {.method = "DELETE", .raw_path = "/nothing"}).status,
            500);
  EXPECT_NE(output_.text().find("without being authorised"), std::string::npos);
}

TEST_F(ServiceTest, NothingIsDoneWhenTheTimeIsOver) {
  ToyCore done;
  const Service service(noting(done), pipeline_);
  Call late;
  late.deadline = clock_.mono();
  const Response response =
      service.handle({toy::kModel.find_operation("Kinds"),
                      Protocol::kRestJson,
                      {.method = "POST", .raw_path = "/kinds", .headers = {}, .body = "{}"},
                      late});
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(done, ToyCore());
}

TEST_F(ServiceTest, ServesWhatWaitsOnTheLoopAndTheRestOnAWorker) {
  ToyCore done;
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(done, note_later, {.access = Access::kRead, .resource = kNoResource});
  table.add<toy::Nothing>(done,
                          [](ToyCore& core, const Call&, Empty) -> Result<Empty> {
                            core.push_back("on a worker");
                            return Empty();
                          },
                          {.access = Access::kWrite, .resource = kNoResource});
  const Service service(std::move(table), pipeline_);
  net::testing::TestLoop loop;
  loop.run([](const Service& on, net::Loop& l) -> net::Task<void> {
    auto exchange = std::make_shared<Exchange>();
    exchange->operation = toy::kModel.find_operation("Kinds");
    exchange->request = {.method = "POST", .raw_path = "/kinds", .body = R"({"Small":3})"};
    exchange->call.caller.request_id = RequestId("r1");
    const Result<Response> waited = co_await on.serve(l, exchange);
    EXPECT_EQ(waited->body, R"({"Small":3})");
    auto nothing = std::make_shared<Exchange>();
    nothing->operation = toy::kModel.find_operation("Nothing");
    nothing->request = {.method = "DELETE", .raw_path = "/nothing"};
    EXPECT_EQ((co_await on.serve(l, nothing))->status, 204);
  }(service, loop.get()));
  EXPECT_EQ(done, (ToyCore{"waited for r1", "on a worker"}));
}

TEST_F(ServiceTest, WhatWaitsSetsStatusAndHeadersToo) {
  ToyCore done;
  OperationTable table(toy::kModel);
  table.add<toy::Nothing>(done,
                          [](ToyCore&, net::Loop& loop, const Call&, Empty,
                             ResponseExtras& extras) -> net::Task<Result<Empty>> {
                            co_await loop.yield();
                            extras.status = 202;
                            extras.headers.push_back({"X-Extra", "1"});
                            co_return Empty();
                          },
                          {.access = Access::kWrite, .resource = kNoResource});
  const Service service(std::move(table), pipeline_);
  net::testing::TestLoop loop;
  loop.run([](const Service& on, net::Loop& l) -> net::Task<void> {
    auto exchange = std::make_shared<Exchange>();
    exchange->operation = toy::kModel.find_operation("Nothing");
    exchange->request = {.method = "DELETE", .raw_path = "/nothing"};
    const Result<Response> answer = co_await on.serve(l, exchange);
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->header("x-extra"), "1");
  }(service, loop.get()));
}

// A row served elsewhere is performed by what its owner gives for that, under the same rules.
TEST_F(ServiceTest, PerformsWhatIsServedElsewhereByItsHook) {
  ToyCore done;
  const Row<toy::Kinds, ToyCore> row{
      .access = Access::kWrite,
      .action = "toy:KindsAtOnce",
      .resource = [](const Call&,
                     const toy::KindsStruct& in) { return "arn:" + in.text.value_or("?"); },
      .accepts = {"Text"}};
  const auto make = [&] {
    OperationTable table(toy::kModel);
    table.add_elsewhere<toy::Kinds>(done, note_later, row);
    table.add_elsewhere("Grow", Access::kWrite, "toy:Grow");
    return table;
  };
  const Service service(make(), pipeline_);
  const Refusing nobody(done);
  const testing::TestPipeline strict(clock_, log_, &nobody);
  const Service refused(make(), strict);
  net::testing::TestLoop loop;
  loop.run([](const Service& on, const Service& by_nobody, net::Loop& l) -> net::Task<void> {
    EXPECT_EQ(co_await on.perform(l, "Kinds", R"({"Text":"x"})", {}), R"({"Text":"x"})");
    EXPECT_EQ((co_await on.perform(l, "Kinds", R"({"Flag":true})", {})).error().http_status(), 501);
    EXPECT_EQ((co_await on.perform(l, "Grow", "{}", {})).error().code(), "NotImplemented");
    EXPECT_EQ((co_await by_nobody.perform(l, "Kinds", R"({"Text":"x"})", {})).error().code(),
              "AccessDenied");
  }(service, refused, loop.get()));
  EXPECT_EQ(done, (ToyCore{"waited for ", "toy:KindsAtOnce on arn:x, Write"}));
  EXPECT_TRUE(service.table().entry(toy::kModel.find_operation("Kinds")->index).elsewhere);
  const auto at = toy::kModel.find_operation("Kinds")->index;
  EXPECT_EQ(service.table().entry(at).counts->calls, 2U);
}

TEST_F(ServiceTest, PerformsWithoutHttpInTheModelsNames) {
  ToyCore done;
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(done, note, {.access = Access::kRead, .resource = kNoResource});
  table.add<toy::Bind>(
      done,
      [](ToyCore&, const Call&, const toy::BindInput& in) -> Result<toy::BindOutput> {
        return toy::BindOutput{.body = in.rest, .flag = in.flag, .when = in.when};
      },
      {.access = Access::kRead, .resource = kNoResource});
  const Service service(std::move(table), pipeline_);
  net::testing::TestLoop loop;
  loop.run([](const Service& on, net::Loop& l) -> net::Task<void> {
    EXPECT_EQ(co_await on.perform(l, "Kinds", R"({"renamed":"x","TimeDefault":1})", {}),
              R"({"TimeDefault":"1970-01-01T00:00:01Z","renamed":"x"})");
    EXPECT_EQ(co_await on.perform(l, "Bind",
                                  R"({"Label":"l","Number":1,"Rest":"r","Flag":true,)"
                                  R"("When":"2020-01-02T03:04:05Z"})",
                                  {}),
              R"({"Body":"r","Flag":true,"When":"2020-01-02T03:04:05Z"})");
    const Result<std::string> invalid = co_await on.perform(l, "Bind", "{}", {});
    EXPECT_EQ(invalid.error().code(), "ValidationException");
    const Result<std::string> unknown = co_await on.perform(l, "Nope", "{}", {});
    EXPECT_EQ(unknown.error().code(), "NotImplemented");
  }(service, loop.get()));
}

TEST_F(ServiceTest, StructuresMayContainThemselves) {
  OperationTable table(toy::kModel);
  table.add<toy::Grow>(core_,
                       [](Core&, const Call&, toy::Tree in) -> Result<toy::Tree> {
                         EXPECT_EQ(in.left->left->text, "deep");
                         EXPECT_EQ(in.children->at(1).text, "second");
                         EXPECT_EQ(in.by_name->at("a").left->text, "named");
                         const toy::Tree copy = in;
                         EXPECT_EQ(copy, in);
                         return copy;
                       },
                       {.access = Access::kWrite, .resource = kNoResource});
  constexpr std::string_view kTree =
      R"({"ByName":{"a":{"Left":{"Text":"named"}}},"Children":[{},{"Text":"second"}],)"
      R"("Left":{"Left":{"Text":"deep"}}})";
  EXPECT_EQ(call(std::move(table), "Grow",
                 {.method = "POST", .raw_path = "/grow", .headers = {}, .body = kTree})
                .body,
            kTree);
}

TEST(OperationTable, CoversItsModel) {
  ToyCore done;
  OperationTable table = noting(done);
  table.add_elsewhere("Bind", Access::kWrite, "toy:BindIt");
  EXPECT_EQ(table.uncovered(),
            (std::vector<std::string_view>{"BindPlain", "BlobPayload", "Check", "Download", "Grow",
                                           "Nothing", "StructPayload", "Upload", "Watch"}));
  table.refuse({"BindPlain", "BlobPayload", "Check", "Download", "Grow", "Nothing", "StructPayload",
                "Upload", "Watch"});
  EXPECT_TRUE(table.uncovered().empty());
  EXPECT_THROW(table.refuse({"Kinds"}), std::logic_error);
  EXPECT_THROW(table.refuse({"Check"}), std::logic_error);
  EXPECT_THROW(table.refuse({"Chekc"}), std::logic_error);
}

// Whatever is in the models and not built answers a clear 501 in its protocol.
TEST_F(ServiceTest, EveryOperationThatIsNotBuiltSaysSo) {
  for (const ServiceModel* model : gen::all_models()) {
    const Service service(OperationTable(*model), pipeline_);
    for (const OperationRow& operation : model->operations) {
      for (const Protocol protocol : model->protocols) {
        const Response response = service.handle(
            {&operation, protocol, {.method = "POST", .raw_path = "/", .headers = {}}, {}});
        EXPECT_EQ(response.status, 501);
        EXPECT_NE(response.body.find("NotImplemented") != std::string::npos ||
                      response.header("x-amzn-errortype") == "NotImplemented",
                  false);
        EXPECT_NE(response.body.find(model->name(operation)), std::string::npos);
      }
    }
  }
  EXPECT_EQ(output_.text(), "");
}

TEST(OperationTable, SaysWhatItHas) {
  ToyCore done;
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(done, note,
                        {.access = Access::kWrite,
                         .resource = kNoResource,
                         .accepts = {"Text", "Inner.Text", "Choice"}});
  const std::vector<std::string> refused =
      table.refused_members(*toy::kModel.find_operation("Kinds"));
  EXPECT_EQ(refused.size(), 19U);
  EXPECT_EQ(std::ranges::count(refused, "Inner.Deep"), 1);
  EXPECT_EQ(std::ranges::count(refused, "Inner.Text"), 0);
  const std::string page = coverage_page(table);
  EXPECT_NE(page.find("1 of 11 operations"), std::string::npos) << page;
  EXPECT_NE(page.find("| Kinds | built but for Blob, "), std::string::npos) << page;
  EXPECT_NE(page.find("| Check | 501 NotImplemented |  |"), std::string::npos) << page;
}

TEST(ErrorResponse, AreMadeByTheirShapes) {
  const Error gone = toy::errors::toy_gone("it went");
  EXPECT_EQ(gone.code(), "Gone");
  EXPECT_EQ(gone.http_status(), 410);
  EXPECT_EQ(toy::errors::toy_fault("x").kind(), ErrorKind::kInternal);
  // Models of json services have no status for these: the kind is the trait's, or the name's.
  EXPECT_EQ(toy::errors::throttled("x").kind(), ErrorKind::kThrottled);
  EXPECT_EQ(toy::errors::throttled("x").http_status(), 400);
  EXPECT_EQ(toy::errors::toy_gone_not_found("x").kind(), ErrorKind::kNotFound);
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
