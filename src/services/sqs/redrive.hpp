// RedrivePolicy and RedriveAllowPolicy: read, checked, and set.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "services/sqs/catalog.hpp"
#include "services/sqs/queue.hpp"

namespace lapwing::sqs {

// An empty text removes it. The dead-letter queue must be there, of the same account, region and
// type, and let this queue in.
Status set_redrive(Queue& queue, std::string_view text, const Catalog& catalog);
Status set_redrive_allow(Queue& queue, std::string_view text);

}  // namespace lapwing::sqs
