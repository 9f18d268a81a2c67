// Publishing without a topic: to a phone number, or to a platform's endpoint. What is published so
// is kept (kept.hpp).
//
// Thread-safety: the task stays on its loop.
#pragma once

#include <string_view>

#include "gen/sns/publish.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

// "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/name/UUID".
bool is_endpoint_arn(std::string_view arn);

net::Task<Result<gen::sns::PublishResponse>> publish_directly(Core& core, net::Loop& loop,
                                                              const aws::Call& call,
                                                              gen::sns::PublishInput in);

}  // namespace lapwing::sns
