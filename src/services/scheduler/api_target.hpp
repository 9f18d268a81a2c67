// Universal targets: "arn:aws:scheduler:::aws-sdk:SERVICE:apiAction" is any operation of any
// service that is here, its request the schedule's Input.
//
// Source: Scheduler user guide, "Using universal targets".
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "aws/model.hpp"
#include "base/result.hpp"

namespace lapwing::scheduler {

struct ApiTarget {
  const aws::ServiceModel* model = nullptr;
  const aws::OperationRow* operation = nullptr;

  std::string service() const { return std::string(model->id); }
  std::string name() const { return std::string(model->name(*operation)); }
};

bool is_api_target(std::string_view arn);
// kUnsupported for a service that is not here; kInvalid for what is no operation, or only reads.
Result<ApiTarget> read_api_target(std::string_view arn);

// The request as ports::AwsApi takes it. Members' names may begin with a capital letter where the
// model's do not; a blob's text stands for its bytes, as does any other JSON for itself. kInvalid
// for what is no JSON object.
Result<std::string> api_request(const ApiTarget& target, std::string_view input);

}  // namespace lapwing::scheduler
