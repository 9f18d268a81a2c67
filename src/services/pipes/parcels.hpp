// Parcels for a pipe's target and its enrichment: what ports/destination.hpp carries.
//
// Source: EventBridge user guide, "Pipes targets", "Dynamic path parameters".
//
// Thread-safety: pure functions, but for what an item reads of itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "ports/destination.hpp"
#include "services/pipes/item.hpp"
#include "services/pipes/plan.hpp"

namespace lapwing::pipes {

// As whom a pipe asks its enrichment and its target.
ports::OnBehalf on_behalf(const Plan& plan);

// The same at each attempt, of what is made of the same messages: who can takes it once.
std::string parcel_id(const Plan& plan, const std::vector<std::string>& message_ids,
                      std::size_t index, std::string_view body);

// Why something was not taken: "CODE: MESSAGE".
std::string reason_of(const ports::Delivered& delivered);

// For one item, which is no function's. kInvalid: a path of its parameters finds nothing.
Result<ports::Parcel> target_parcel(const Plan& plan, Item& item, std::string body);
// For a function that is not waited for, and for an enrichment by HTTP.
ports::Parcel function_parcel(const Plan& plan, std::string body);
Result<ports::Parcel> enrichment_parcel(const Plan& plan, Item& item, std::string body);

}  // namespace lapwing::pipes
