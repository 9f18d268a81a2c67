#include <utility>

#include "gen/events/enums.hpp"
#include "gen/events/errors.hpp"
#include "http/url.hpp"
#include "services/events/limits.hpp"
#include "services/events/operations/connections.hpp"
#include "services/events/pages.hpp"

namespace lapwing::events {
namespace {

namespace errors = gen::events::errors;
using State = gen::events::ApiDestinationState;

Error no_such_api(std::string_view name) {
  return errors::resource_not_found(fmt::format(
      "Failed to describe the api-destination(s). An api-destination '{}' does not exist.", name));
}

std::string key_of(const aws::Call& call, const std::string& name) {
  return resources::scoped_key(aws::scope_of(call.caller), name);
}

Status check_url(std::string_view text) {
  // What stands for path values is no part of a URL that is called.
  if (http::parse_url(text)) return {};
  return fail(invalid_parameter("InvocationEndpoint", "It is no http or https URL."));
}

Status check_connection(Core& core, const aws::Call& call, const std::string& arn) {
  const ConnectionPtr there = core.parts->api_calls.connection_of(arn);
  if (there != nullptr && there->scope.account == call.caller.account) return {};
  return fail(errors::resource_not_found(fmt::format("Connection '{}' does not exist.", arn)));
}

std::string_view state_of(const Core& core, const ApiDestination& api) {
  const ConnectionPtr connection = core.parts->api_calls.connection_of(api.connection_arn);
  return connection != nullptr && connection->state == gen::events::ConnectionState::kAuthorized
             ? State::kActive
             : State::kInactive;
}

// Into each answer about an API destination.
template <class Out>
void tell(const Core& core, const ApiDestination& api, Out& out) {
  out.api_destination_arn = api.arn();
  out.api_destination_state = std::string(state_of(core, api));
  out.creation_time = wall_from_unix_ms(api.created_ms);
  out.last_modified_time = wall_from_unix_ms(api.modified_ms);
  if constexpr (requires { out.invocation_endpoint; }) {
    out.name = api.name;
    out.connection_arn = api.connection_arn;
    out.http_method = api.method;
    out.invocation_endpoint = api.url;
    out.invocation_rate_limit_per_second = api.rate;
  }
}

}  // namespace

Result<gen::events::CreateApiDestinationResponse> create_api_destination(
    Core& core, const aws::Call& call, const gen::events::CreateApiDestinationRequest& in) {
  LAPWING_CHECK(check_url(in.invocation_endpoint));
  LAPWING_CHECK(check_connection(core, call, in.connection_arn));
  ApiDestination wanted;
  wanted.scope = aws::scope_of(call.caller);
  wanted.name = in.name;
  wanted.id = make_uuid(*core.random);
  wanted.connection_arn = in.connection_arn;
  wanted.method = in.http_method;
  wanted.url = in.invocation_endpoint;
  wanted.description = in.description;
  wanted.rate = in.invocation_rate_limit_per_second.value_or(kApiRateDefault);
  wanted.created_ms = wanted.modified_ms = core.now_ms();
  LAPWING_TRY(const ApiDestinationPtr api,
              core.parts->apis.change(
                  wanted.key(), [&](const ApiDestinationPtr& there) -> Result<ApiDestinationPtr> {
                    if (there != nullptr) {
                      return fail(errors::resource_already_exists(
                          fmt::format("An api-destination '{}' already exists.", in.name)));
                    }
                    return std::make_shared<const ApiDestination>(wanted);
                  }));
  gen::events::CreateApiDestinationResponse out;
  tell(core, *api, out);
  return out;
}

Result<gen::events::DescribeApiDestinationResponse> describe_api_destination(
    Core& core, const aws::Call& call, const gen::events::DescribeApiDestinationRequest& in) {
  const ApiDestinationPtr api = core.parts->apis.find(key_of(call, in.name));
  if (api == nullptr) return fail(no_such_api(in.name));
  gen::events::DescribeApiDestinationResponse out;
  tell(core, *api, out);
  out.description = api->description;
  return out;
}

Result<gen::events::ListApiDestinationsResponse> list_api_destinations(
    Core& core, const aws::Call& call, const gen::events::ListApiDestinationsRequest& in) {
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked("events.ListApiDestinations " + in.name_prefix.value_or("") + " " +
                             in.connection_arn.value_or(""),
                         in.next_token, in.limit));
  auto page = page_of(core.parts->apis, ask, key_of(call, ""), in.name_prefix,
                      [&](const ApiDestination& api) {
                        return !in.connection_arn || api.connection_arn == *in.connection_arn;
                      });
  gen::events::ListApiDestinationsResponse out;
  out.next_token = std::move(page.next);
  auto& apis = out.api_destinations.emplace();
  for (const ApiDestinationPtr& api : page.items) tell(core, *api, apis.emplace_back());
  return out;
}

Result<gen::events::UpdateApiDestinationResponse> update_api_destination(
    Core& core, const aws::Call& call, const gen::events::UpdateApiDestinationRequest& in) {
  if (in.invocation_endpoint) LAPWING_CHECK(check_url(*in.invocation_endpoint));
  if (in.connection_arn) LAPWING_CHECK(check_connection(core, call, *in.connection_arn));
  LAPWING_TRY(
      const ApiDestinationPtr api,
      core.parts->apis.change(
          key_of(call, in.name), [&](const ApiDestinationPtr& there) -> Result<ApiDestinationPtr> {
            if (there == nullptr) return fail(no_such_api(in.name));
            auto changed = std::make_shared<ApiDestination>(*there);
            if (in.description) changed->description = in.description;
            changed->connection_arn = in.connection_arn.value_or(there->connection_arn);
            changed->method = in.http_method.value_or(there->method);
            changed->url = in.invocation_endpoint.value_or(there->url);
            changed->rate = in.invocation_rate_limit_per_second.value_or(there->rate);
            changed->modified_ms = core.now_ms();
            return changed;
          }));
  gen::events::UpdateApiDestinationResponse out;
  tell(core, *api, out);
  return out;
}

Result<gen::events::DeleteApiDestination::Output> delete_api_destination(
    Core& core, const aws::Call& call, const gen::events::DeleteApiDestinationRequest& in) {
  LAPWING_CHECK(core.parts->apis.change(
      key_of(call, in.name), [&](const ApiDestinationPtr& there) -> Result<ApiDestinationPtr> {
        if (there == nullptr) return fail(no_such_api(in.name));
        return ApiDestinationPtr();
      }));
  return gen::events::DeleteApiDestination::Output();
}

}  // namespace lapwing::events
