// Resources that a request does not say whole, and the records do (ResourceOf::Found).
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/service.hpp"
#include "aws/testing/pipeline.hpp"
#include "gen/toy/types.hpp"

namespace lapwing::aws {
namespace {

namespace toy = gen::toy;

using Core = std::vector<std::string>;  // records; what was done stands behind them

Result<toy::KindsStruct> note(Core& core, const Call&, toy::KindsStruct in) {
  core.emplace_back("done");
  return in;
}

Result<std::string> found(Core& core, const Call&, const toy::KindsStruct& in) {
  if (in.text) return core.front();
  return fail(Error(ErrorKind::kNotFound, "Gone", "it went"));
}

class Nobody final : public Authoriser {
 public:
  Status authorise(const Call&, const Permission& permission) const override {
    return fail(Error(ErrorKind::kDenied, "AccessDenied", std::string(permission.resource))
                    .with_status(403));
  }
};

TEST(ResourceFound, IsWhatPermissionIsAskedFor) {
  Core core{"arn:of/thing"};
  const ManualClock clock;
  const Nobody nobody;
  const testing::TestPipeline pipeline(clock, null_logger(), &nobody);
  OperationTable table(toy::kModel);
  table.add<toy::Kinds>(core, note, {.access = Access::kWrite, .resource = found});
  const Service service(std::move(table), pipeline);
  const auto send = [&](std::string_view body) {
    const Request request{.method = "POST", .raw_path = "/kinds", .headers = {}, .body = body};
    return service.handle({toy::kModel.find_operation("Kinds"), Protocol::kRestJson, request, {}});
  };
  const Response refused = send(R"({"Text":"thing"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("arn:of/thing"), std::string::npos) << refused.body;
  EXPECT_EQ(send("{}").status, 410) << "nobody is asked about what was not found";
  EXPECT_EQ(core.size(), 1U);
}

}  // namespace
}  // namespace lapwing::aws
