// The attributes of a queue as its API has them: names and texts.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "services/sqs/catalog.hpp"
#include "services/sqs/queue.hpp"
#include "store/queue_types.hpp"

namespace lapwing::sqs {

using Attributes = std::map<std::string, std::string>;

// Sets what is given. Refusals in SQS's words; `queue` is then half-changed. `creating`: FifoQueue
// may be given.
Status apply_attributes(Queue& queue, const Attributes& given, bool creating,
                        const Catalog& catalog);

// Of an attribute that is set by callers; empty where it has its absent default.
std::string attribute_text(const Queue& queue, std::string_view name);

// What GetQueueAttributes answers to these names ("All" among them); InvalidAttributeName.
Result<Attributes> list_attributes(const Queue& queue, const std::vector<std::string>& names,
                                   const store::QueueStats& counts);

}  // namespace lapwing::sqs
