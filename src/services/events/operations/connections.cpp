#include "services/events/operations/connections.hpp"

#include <utility>

#include "aws/arn.hpp"
#include "gen/events/enums.hpp"
#include "gen/events/errors.hpp"
#include "http/url.hpp"
#include "services/events/pages.hpp"

namespace lapwing::events {
namespace {

namespace errors = gen::events::errors;
using State = gen::events::ConnectionState;
using Type = gen::events::ConnectionAuthorizationType;

Error no_such_connection(std::string_view name) {
  return errors::resource_not_found(
      fmt::format("Failed to describe the connection(s). Connection '{}' does not exist.", name));
}

std::optional<WallTime> time_of(std::int64_t ms) {
  if (ms == 0) return std::nullopt;
  return wall_from_unix_ms(ms);
}

std::string key_of(const aws::Call& call, const std::string& name) {
  return resources::scoped_key(aws::scope_of(call.caller), name);
}

// The parameters of the type, and of it alone.
Status check_parameters(std::string_view type, const AuthParameters& parameters) {
  const bool basic = parameters.basic_auth_parameters.has_value();
  const bool key = parameters.api_key_auth_parameters.has_value();
  const bool oauth = parameters.o_auth_parameters.has_value();
  if (basic != (type == Type::kBasic) || key != (type == Type::kApiKey) ||
      oauth != (type == Type::kOauthClientCredentials)) {
    return fail(invalid("Authorization parameters and AuthorizationType do not match."));
  }
  if (oauth && !http::parse_url(parameters.o_auth_parameters->authorization_endpoint)) {
    return fail(invalid_parameter("AuthorizationEndpoint", "It is no http or https URL."));
  }
  return {};
}

// Authorized at once, but for those whose token has to be fetched.
void authorised(Connection& connection, std::int64_t now_ms) {
  const bool waits = connection.type == Type::kOauthClientCredentials;
  connection.state = waits ? State::kAuthorizing : State::kAuthorized;
  connection.state_reason.clear();
  connection.authorized_ms = waits ? 0 : now_ms;
}

// One that is changed twice within a millisecond is another one all the same.
std::int64_t later(std::int64_t now_ms, std::int64_t before_ms) {
  return std::max(now_ms, before_ms + 1);
}

// Into each answer about a connection.
template <class Out>
void tell(const Connection& connection, Out& out) {
  out.connection_arn = connection.arn();
  out.connection_state = connection.state;
  out.creation_time = time_of(connection.created_ms);
  out.last_modified_time = time_of(connection.modified_ms);
  if constexpr (requires { out.last_authorized_time; }) {
    out.last_authorized_time = time_of(connection.authorized_ms);
  }
}

// Without the values that are secret.
template <class List>
List shown(List list) {
  if (!list) return list;
  for (auto& each : *list) {
    if (each.is_value_secret.value_or(false)) each.value = std::nullopt;
  }
  return list;
}

std::optional<gen::events::ConnectionHttpParameters> shown_http(
    const std::optional<gen::events::ConnectionHttpParameters>& given) {
  if (!given) return std::nullopt;
  return gen::events::ConnectionHttpParameters{
      .body_parameters = shown(given->body_parameters),
      .header_parameters = shown(given->header_parameters),
      .query_string_parameters = shown(given->query_string_parameters)};
}

gen::events::ConnectionAuthResponseParameters shown_parameters(const AuthParameters& given) {
  gen::events::ConnectionAuthResponseParameters out;
  if (given.basic_auth_parameters) {
    out.basic_auth_parameters.emplace().username = given.basic_auth_parameters->username;
  }
  if (given.api_key_auth_parameters) {
    out.api_key_auth_parameters.emplace().api_key_name =
        given.api_key_auth_parameters->api_key_name;
  }
  if (given.o_auth_parameters) {
    auto& oauth = out.o_auth_parameters.emplace();
    oauth.authorization_endpoint = given.o_auth_parameters->authorization_endpoint;
    oauth.http_method = given.o_auth_parameters->http_method;
    oauth.client_parameters.emplace().client_id =
        given.o_auth_parameters->client_parameters.client_id;
    oauth.o_auth_http_parameters = shown_http(given.o_auth_parameters->o_auth_http_parameters);
  }
  out.invocation_http_parameters = shown_http(given.invocation_http_parameters);
  return out;
}

// What Update gives, over what is there: each kind of parameters whole, their own members one by
// one.
AuthParameters updated(AuthParameters there,
                       const gen::events::UpdateConnectionAuthRequestParameters& in) {
  if (in.basic_auth_parameters) {
    auto& basic = there.basic_auth_parameters ? *there.basic_auth_parameters
                                              : there.basic_auth_parameters.emplace();
    basic.username = in.basic_auth_parameters->username.value_or(basic.username);
    basic.password = in.basic_auth_parameters->password.value_or(basic.password);
  }
  if (in.api_key_auth_parameters) {
    auto& key = there.api_key_auth_parameters ? *there.api_key_auth_parameters
                                              : there.api_key_auth_parameters.emplace();
    key.api_key_name = in.api_key_auth_parameters->api_key_name.value_or(key.api_key_name);
    key.api_key_value = in.api_key_auth_parameters->api_key_value.value_or(key.api_key_value);
  }
  if (in.o_auth_parameters) {
    auto& oauth =
        there.o_auth_parameters ? *there.o_auth_parameters : there.o_auth_parameters.emplace();
    const auto& given = *in.o_auth_parameters;
    oauth.authorization_endpoint =
        given.authorization_endpoint.value_or(oauth.authorization_endpoint);
    oauth.http_method = given.http_method.value_or(oauth.http_method);
    if (given.client_parameters) {
      auto& client = oauth.client_parameters;
      client.client_id = given.client_parameters->client_id.value_or(client.client_id);
      client.client_secret = given.client_parameters->client_secret.value_or(client.client_secret);
    }
    if (given.o_auth_http_parameters) oauth.o_auth_http_parameters = given.o_auth_http_parameters;
  }
  if (in.invocation_http_parameters) {
    there.invocation_http_parameters = in.invocation_http_parameters;
  }
  return there;
}

// Of another type only its own parameters stay.
void keep_only(std::string_view type, AuthParameters& parameters) {
  if (type != Type::kBasic) parameters.basic_auth_parameters.reset();
  if (type != Type::kApiKey) parameters.api_key_auth_parameters.reset();
  if (type != Type::kOauthClientCredentials) parameters.o_auth_parameters.reset();
}

}  // namespace

Result<gen::events::CreateConnectionResponse> create_connection(
    Core& core, const aws::Call& call, const gen::events::CreateConnectionRequest& in) {
  LAPWING_CHECK(check_parameters(in.authorization_type, in.auth_parameters));
  Connection wanted;
  wanted.scope = aws::scope_of(call.caller);
  wanted.name = in.name;
  wanted.id = make_uuid(*core.random);
  wanted.secret_id = fmt::format("{}-{}", make_uuid(*core.random), random_hex(*core.random, 6));
  wanted.type = in.authorization_type;
  wanted.description = in.description;
  wanted.created_ms = wanted.modified_ms = core.now_ms();
  wanted.sealed = core.parts->authorisations.seal(wanted, in.auth_parameters);
  authorised(wanted, wanted.created_ms);
  LAPWING_TRY(const ConnectionPtr connection,
              core.parts->connections.change(
                  wanted.key(), [&](const ConnectionPtr& there) -> Result<ConnectionPtr> {
                    if (there != nullptr) {
                      return fail(errors::resource_already_exists(
                          fmt::format("Connection {} already exists.", in.name)));
                    }
                    return std::make_shared<const Connection>(wanted);
                  }));
  core.parts->authorisations.changed();
  gen::events::CreateConnectionResponse out;
  tell(*connection, out);
  return out;
}

Result<gen::events::DescribeConnectionResponse> describe_connection(
    Core& core, const aws::Call& call, const gen::events::DescribeConnectionRequest& in) {
  const ConnectionPtr connection = core.parts->connections.find(key_of(call, in.name));
  if (connection == nullptr) return fail(no_such_connection(in.name));
  gen::events::DescribeConnectionResponse out;
  tell(*connection, out);
  out.name = connection->name;
  out.description = connection->description;
  out.authorization_type = connection->type;
  if (!connection->state_reason.empty()) out.state_reason = connection->state_reason;
  out.secret_arn = aws::make_arn(
      "secretsmanager", connection->scope.region, connection->scope.account,
      fmt::format("secret:events!connection/{}/{}", connection->name, connection->secret_id));
  if (!connection->sealed.empty()) {
    LAPWING_TRY(const AuthParameters parameters, core.parts->authorisations.open(*connection));
    out.auth_parameters = shown_parameters(parameters);
  }
  return out;
}

Result<gen::events::ListConnectionsResponse> list_connections(
    Core& core, const aws::Call& call, const gen::events::ListConnectionsRequest& in) {
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked("events.ListConnections " + in.name_prefix.value_or("") + " " +
                             in.connection_state.value_or(""),
                         in.next_token, in.limit));
  auto page = page_of(core.parts->connections, ask, key_of(call, ""), in.name_prefix,
                      [&](const Connection& connection) {
                        return !in.connection_state || connection.state == *in.connection_state;
                      });
  gen::events::ListConnectionsResponse out;
  out.next_token = std::move(page.next);
  auto& connections = out.connections.emplace();
  for (const ConnectionPtr& connection : page.items) {
    gen::events::Connection& each = connections.emplace_back();
    tell(*connection, each);
    each.name = connection->name;
    each.authorization_type = connection->type;
    if (!connection->state_reason.empty()) each.state_reason = connection->state_reason;
  }
  return out;
}

Result<gen::events::UpdateConnectionResponse> update_connection(
    Core& core, const aws::Call& call, const gen::events::UpdateConnectionRequest& in) {
  LAPWING_TRY(const ConnectionPtr connection,
              core.parts->connections.change(
                  key_of(call, in.name), [&](const ConnectionPtr& there) -> Result<ConnectionPtr> {
                    if (there == nullptr) return fail(no_such_connection(in.name));
                    AuthParameters parameters;
                    if (!there->sealed.empty()) {
                      LAPWING_TRY(parameters, core.parts->authorisations.open(*there));
                    }
                    auto changed = std::make_shared<Connection>(*there);
                    changed->type = in.authorization_type.value_or(there->type);
                    if (in.description) changed->description = in.description;
                    if (in.auth_parameters) parameters = updated(parameters, *in.auth_parameters);
                    keep_only(changed->type, parameters);
                    LAPWING_CHECK(check_parameters(changed->type, parameters));
                    changed->sealed = core.parts->authorisations.seal(*changed, parameters);
                    changed->modified_ms = later(core.now_ms(), there->modified_ms);
                    authorised(*changed, core.now_ms());
                    return changed;
                  }));
  core.parts->authorisations.changed();
  gen::events::UpdateConnectionResponse out;
  tell(*connection, out);
  return out;
}

Result<gen::events::DeleteConnectionResponse> delete_connection(
    Core& core, const aws::Call& call, const gen::events::DeleteConnectionRequest& in) {
  gen::events::DeleteConnectionResponse out;
  LAPWING_CHECK(core.parts->connections.change(
      key_of(call, in.name), [&](const ConnectionPtr& there) -> Result<ConnectionPtr> {
        if (there == nullptr) return fail(no_such_connection(in.name));
        tell(*there, out);
        out.connection_state = State::kDeleting;
        return ConnectionPtr();
      }));
  return out;
}

Result<gen::events::DeauthorizeConnectionResponse> deauthorize_connection(
    Core& core, const aws::Call& call, const gen::events::DeauthorizeConnectionRequest& in) {
  gen::events::DeauthorizeConnectionResponse out;
  LAPWING_CHECK(core.parts->connections.change(
      key_of(call, in.name), [&](const ConnectionPtr& there) -> Result<ConnectionPtr> {
        if (there == nullptr) return fail(no_such_connection(in.name));
        auto changed = std::make_shared<Connection>(*there);
        // What it authorised with is gone: Update gives it something new.
        changed->sealed.clear();
        changed->state = State::kDeauthorized;
        changed->modified_ms = later(core.now_ms(), there->modified_ms);
        tell(*changed, out);
        out.connection_state = State::kDeauthorizing;
        return changed;
      }));
  return out;
}

}  // namespace lapwing::events
