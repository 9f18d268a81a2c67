#include "services/sts/service.hpp"

#include <gtest/gtest.h>

#include "aws/testing/pipeline.hpp"
#include "gen/sts/model.hpp"

namespace lapwing::sts {
namespace {

TEST(Sts, SaysWhoSigned) {
  const ManualClock clock;
  const aws::testing::TestPipeline pipeline(clock);
  const Service service(pipeline);
  aws::Request request;
  request.method = "POST";
  request.raw_path = "/";
  request.body = "Action=GetCallerIdentity&Version=2011-06-15";
  aws::Caller caller;
  caller.principal_arn = "arn:aws:sts::000000000000:assumed-role/worker/hello";
  caller.user_id = "AROA:hello";
  caller.request_id = RequestId("8286a188-ba32-4475-8077-530cd35c09a9");
  const aws::OperationRow* operation = gen::sts::kModel.find_operation("GetCallerIdentity");
  ASSERT_NE(operation, nullptr);
  const aws::Response response =
      service.aws().handle({operation, aws::Protocol::kQuery, request, {caller}});
  EXPECT_EQ(response.status, 200);
  for (const char* part : {"<Arn>arn:aws:sts::000000000000:assumed-role/worker/hello</Arn>",
                           "<UserId>AROA:hello</UserId>", "<Account>000000000000</Account>",
                           "<RequestId>8286a188-ba32-4475-8077-530cd35c09a9</RequestId>"}) {
    EXPECT_NE(response.body.find(part), std::string::npos) << part << "\n" << response.body;
  }
}

}  // namespace
}  // namespace lapwing::sts
