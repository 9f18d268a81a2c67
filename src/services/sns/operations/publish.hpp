// Publishing.
#pragma once

#include "gen/sns/publish.hpp"
#include "gen/sns/publish_batch.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

net::Task<Result<gen::sns::PublishResponse>> publish(Core& core, net::Loop& loop,
                                                     const aws::Call& call,
                                                     gen::sns::PublishInput in);
net::Task<Result<gen::sns::PublishBatchResponse>> publish_batch(Core& core, net::Loop& loop,
                                                                const aws::Call& call,
                                                                gen::sns::PublishBatchInput in);

}  // namespace lapwing::sns
