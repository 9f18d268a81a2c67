// Buses, and who may put events on them.
#pragma once

#include "aws/empty.hpp"
#include "gen/events/create_event_bus.hpp"
#include "gen/events/delete_event_bus.hpp"
#include "gen/events/describe_event_bus.hpp"
#include "gen/events/list_event_buses.hpp"
#include "gen/events/put_permission.hpp"
#include "gen/events/remove_permission.hpp"
#include "gen/events/update_event_bus.hpp"
#include "services/events/core.hpp"

namespace lapwing::events {

Result<gen::events::CreateEventBusResponse> create_event_bus(
    Core& core, const aws::Call& call, const gen::events::CreateEventBusRequest& in);
Result<gen::events::DescribeEventBusResponse> describe_event_bus(
    Core& core, const aws::Call& call, const gen::events::DescribeEventBusRequest& in);
Result<gen::events::ListEventBusesResponse> list_event_buses(
    Core& core, const aws::Call& call, const gen::events::ListEventBusesRequest& in);
Result<gen::events::UpdateEventBusResponse> update_event_bus(
    Core& core, const aws::Call& call, const gen::events::UpdateEventBusRequest& in);
Result<aws::Empty> delete_event_bus(Core& core, const aws::Call& call,
                                    const gen::events::DeleteEventBusRequest& in);
Result<aws::Empty> put_permission(Core& core, const aws::Call& call,
                                  const gen::events::PutPermissionRequest& in);
Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gen::events::RemovePermissionRequest& in);

}  // namespace lapwing::events
