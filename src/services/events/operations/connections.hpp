// Connections and API destinations.
#pragma once

#include "gen/events/create_api_destination.hpp"
#include "gen/events/create_connection.hpp"
#include "gen/events/deauthorize_connection.hpp"
#include "gen/events/delete_api_destination.hpp"
#include "gen/events/delete_connection.hpp"
#include "gen/events/describe_api_destination.hpp"
#include "gen/events/describe_connection.hpp"
#include "gen/events/list_api_destinations.hpp"
#include "gen/events/list_connections.hpp"
#include "gen/events/update_api_destination.hpp"
#include "gen/events/update_connection.hpp"
#include "services/events/core.hpp"

namespace lapwing::events {

Result<gen::events::CreateConnectionResponse> create_connection(
    Core& core, const aws::Call& call, const gen::events::CreateConnectionRequest& in);
Result<gen::events::DescribeConnectionResponse> describe_connection(
    Core& core, const aws::Call& call, const gen::events::DescribeConnectionRequest& in);
Result<gen::events::ListConnectionsResponse> list_connections(
    Core& core, const aws::Call& call, const gen::events::ListConnectionsRequest& in);
Result<gen::events::UpdateConnectionResponse> update_connection(
    Core& core, const aws::Call& call, const gen::events::UpdateConnectionRequest& in);
Result<gen::events::DeleteConnectionResponse> delete_connection(
    Core& core, const aws::Call& call, const gen::events::DeleteConnectionRequest& in);
Result<gen::events::DeauthorizeConnectionResponse> deauthorize_connection(
    Core& core, const aws::Call& call, const gen::events::DeauthorizeConnectionRequest& in);

Result<gen::events::CreateApiDestinationResponse> create_api_destination(
    Core& core, const aws::Call& call, const gen::events::CreateApiDestinationRequest& in);
Result<gen::events::DescribeApiDestinationResponse> describe_api_destination(
    Core& core, const aws::Call& call, const gen::events::DescribeApiDestinationRequest& in);
Result<gen::events::ListApiDestinationsResponse> list_api_destinations(
    Core& core, const aws::Call& call, const gen::events::ListApiDestinationsRequest& in);
Result<gen::events::UpdateApiDestinationResponse> update_api_destination(
    Core& core, const aws::Call& call, const gen::events::UpdateApiDestinationRequest& in);
Result<gen::events::DeleteApiDestination::Output> delete_api_destination(
    Core& core, const aws::Call& call, const gen::events::DeleteApiDestinationRequest& in);

}  // namespace lapwing::events
