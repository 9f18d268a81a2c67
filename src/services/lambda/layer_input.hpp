// `Layers` of a request: from version ARNs to what a function keeps of them, with the checks
// the service makes, in its words.
//
// Thread-safety: as the records given.
#pragma once

#include <string>
#include <vector>

#include "aws/caller.hpp"
#include "base/result.hpp"
#include "services/lambda/records.hpp"

namespace lapwing::lambda {

// Inside the transaction that writes the function, so that a layer version deleted meanwhile is
// either held by the function or not found. A version of another account is there for those its
// policy names; the others are told AccessDeniedException, whether it exists or not.
Result<std::vector<LayerRef>> find_layers(Records& records, const aws::Caller& caller,
                                          const std::vector<std::string>& arns);

// Code and layers together must fit the limit of what is unpacked.
Status check_unpacked_size(const Settings& settings);

}  // namespace lapwing::lambda
