#include "services/events/operations/buses.hpp"

#include <utility>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "gen/events/errors.hpp"
#include "policy/statements.hpp"
#include "services/events/limits.hpp"
#include "services/events/pages.hpp"
#include "services/events/tagging.hpp"

namespace lapwing::events {
namespace {

namespace errors = gen::events::errors;

std::optional<WallTime> time_of(std::int64_t ms) {
  if (ms == 0) return std::nullopt;
  return wall_from_unix_ms(ms);
}

std::optional<std::string> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

Status check_dead_letter(const std::optional<gen::events::DeadLetterConfig>& config) {
  if (!config || !config->arn) return {};
  const auto arn = aws::Arn::parse(*config->arn);
  if (arn && arn->service == "sqs") return {};
  return fail(invalid_parameter(*config->arn, "Provided Arn is not in correct format."));
}

// Into Create's, Describe's, Update's answer.
template <class Out>
void tell_settings(const Bus& bus, Out& out) {
  out.description = bus.description;
  if (bus.dead_letter_arn) out.dead_letter_config.emplace().arn = bus.dead_letter_arn;
  if (bus.log_level || bus.log_detail) {
    auto& config = out.log_config.emplace();
    config.level = bus.log_level;
    config.include_detail = bus.log_detail;
  }
}

// Nothing is logged, so nothing but OFF is taken.
Status check_log(std::string_view operation, const std::optional<gen::events::LogConfig>& config) {
  if (!config || !config->level || *config->level == "OFF") return {};
  return fail(aws::unsupported("events", operation, "LogConfig.Level=" + *config->level));
}

template <class In>
void take_settings(const In& in, Bus& bus) {
  bus.description = in.description;
  bus.dead_letter_arn = in.dead_letter_config ? in.dead_letter_config->arn : std::nullopt;
  bus.log_level = in.log_config ? in.log_config->level : std::nullopt;
  bus.log_detail = in.log_config ? in.log_config->include_detail : std::nullopt;
}

Status check_policy(std::string_view text) {
  if (text.size() > kPolicyBytesMax) {
    return fail(errors::policy_length_exceeded(
        fmt::format("The policy is longer than {} bytes.", kPolicyBytesMax)));
  }
  const auto document = policy::parse(text, policy::Use::kResource);
  if (document) return {};
  return fail(invalid_parameter("Policy", document.error().message));
}

Result<std::string> statement_of(const Bus& bus, const gen::events::PutPermissionRequest& in) {
  for (const auto& [name, given] :
       {std::pair("StatementId", &in.statement_id), std::pair("Action", &in.action),
        std::pair("Principal", &in.principal)}) {
    if (!*given) return fail(invalid(fmt::format("Parameter {} must be specified.", name)));
  }
  if (*in.action != "events:PutEvents") {
    return fail(invalid("Provided value in parameter 'action' is not supported."));
  }
  policy::Statement out;
  out.sid = *in.statement_id;
  out.effect = policy::Effect::kAllow;
  if (*in.principal == "*") {
    out.everyone = true;
  } else {
    out.principals = policy::account_principals(aws::partition_of(bus.address.scope.region.view()),
                                                {*in.principal});
  }
  out.actions = {*in.action};
  out.resources = {bus.address.arn()};
  if (in.condition) {
    out.conditions.push_back({in.condition->type, in.condition->key, {in.condition->value}});
  }
  return policy::statement_json(out);
}

// One of the same id is replaced.
std::string with_statement(const Bus& bus, std::string_view id, const std::string& statement) {
  std::string document = bus.policy;
  if (!document.empty() && policy::has_statement(document, id)) {
    document = policy::without_statement(document, id).value_or(std::string());
  }
  if (document.empty()) return policy::document_json("2012-10-17", {}, {statement});
  return policy::with_statement(document, statement);
}

}  // namespace

Result<gen::events::CreateEventBusResponse> create_event_bus(
    Core& core, const aws::Call& call, const gen::events::CreateEventBusRequest& in) {
  if (in.name.contains('/')) return fail(invalid("Event bus name must not contain '/'."));
  LAPWING_CHECK(check_dead_letter(in.dead_letter_config));
  LAPWING_CHECK(check_log("CreateEventBus", in.log_config));
  Bus wanted;
  wanted.address = {aws::scope_of(call.caller), in.name};
  wanted.created_ms = wanted.modified_ms = core.now_ms();
  take_settings(in, wanted);
  wanted.tags = tags_of(in.tags);
  LAPWING_CHECK(check_tags(wanted.tags));
  LAPWING_TRY(
      const BusPtr bus,
      core.parts->buses.change(wanted.address.key(), [&](const BusPtr& there) -> Result<BusPtr> {
        if (there != nullptr || in.name == kDefaultBus) {
          return fail(errors::resource_already_exists(
              fmt::format("Event bus {} already exists.", in.name)));
        }
        return std::make_shared<const Bus>(wanted);
      }));
  gen::events::CreateEventBusResponse out;
  out.event_bus_arn = bus->address.arn();
  tell_settings(*bus, out);
  return out;
}

Result<gen::events::DescribeEventBusResponse> describe_event_bus(
    Core& core, const aws::Call& call, const gen::events::DescribeEventBusRequest& in) {
  LAPWING_TRY(const BusAddress address, own_bus(call, in.name));
  LAPWING_TRY(const BusPtr bus, core.get_bus(address));
  gen::events::DescribeEventBusResponse out;
  out.name = address.name;
  out.arn = address.arn();
  out.policy = unless_empty(bus->policy);
  out.creation_time = time_of(bus->created_ms);
  out.last_modified_time = time_of(bus->modified_ms);
  tell_settings(*bus, out);
  return out;
}

Result<gen::events::ListEventBusesResponse> list_event_buses(
    Core& core, const aws::Call& call, const gen::events::ListEventBusesRequest& in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const std::string prefix = in.name_prefix.value_or("");
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked("events.ListEventBuses " + prefix, in.next_token, in.limit));
  const std::string start = resources::scoped_key(scope, "");
  std::vector<BusPtr> found = core.parts->buses.list(start + prefix);
  const BusAddress standing{scope, std::string(kDefaultBus)};
  if (kDefaultBus.starts_with(prefix) && core.parts->buses.find(standing.key()) == nullptr) {
    found.push_back(core.find_bus(standing));
  }
  auto page = resources::page_items(std::move(found), ask,
                                    [](const BusPtr& bus) { return bus->address.name; });
  gen::events::ListEventBusesResponse out;
  out.next_token = std::move(page.next);
  auto& buses = out.event_buses.emplace();
  for (const BusPtr& bus : page.items) {
    gen::events::EventBus& each = buses.emplace_back();
    each.name = bus->address.name;
    each.arn = bus->address.arn();
    each.description = bus->description;
    each.policy = unless_empty(bus->policy);
    each.creation_time = time_of(bus->created_ms);
    each.last_modified_time = time_of(bus->modified_ms);
  }
  return out;
}

Result<gen::events::UpdateEventBusResponse> update_event_bus(
    Core& core, const aws::Call& call, const gen::events::UpdateEventBusRequest& in) {
  LAPWING_CHECK(check_dead_letter(in.dead_letter_config));
  LAPWING_CHECK(check_log("UpdateEventBus", in.log_config));
  LAPWING_TRY(const BusAddress address, own_bus(call, in.name));
  LAPWING_TRY(const BusPtr bus, core.change_bus(address, [&](Bus& changed) -> Status {
    take_settings(in, changed);
    return {};
  }));
  gen::events::UpdateEventBusResponse out;
  out.name = address.name;
  out.arn = address.arn();
  tell_settings(*bus, out);
  return out;
}

Result<aws::Empty> delete_event_bus(Core& core, const aws::Call& call,
                                    const gen::events::DeleteEventBusRequest& in) {
  if (in.name == kDefaultBus) return fail(invalid("Cannot delete event bus default."));
  const BusAddress address{aws::scope_of(call.caller), in.name};
  LAPWING_CHECK(core.parts->buses.change(address.key(), [&](const BusPtr& there) -> Result<BusPtr> {
    if (there == nullptr) return there;  // deleted already
    if (!core.parts->rules.list(address.key() + "/", {}, 1, [](const Rule&) { return true; })
             .empty()) {
      return fail(invalid("Event bus can't be deleted since it has rules."));
    }
    return BusPtr();
  }));
  return aws::Empty();
}

Result<aws::Empty> put_permission(Core& core, const aws::Call& call,
                                  const gen::events::PutPermissionRequest& in) {
  LAPWING_TRY(const BusAddress address, own_bus(call, in.event_bus_name));
  LAPWING_CHECK(core.change_bus(address, [&](Bus& bus) -> Status {
    if (in.policy) {
      LAPWING_CHECK(check_policy(*in.policy));
      bus.policy = *in.policy;
      return {};
    }
    LAPWING_TRY(const std::string statement, statement_of(bus, in));
    std::string document = with_statement(bus, *in.statement_id, statement);
    LAPWING_CHECK(check_policy(document));
    bus.policy = std::move(document);
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gen::events::RemovePermissionRequest& in) {
  LAPWING_TRY(const BusAddress address, own_bus(call, in.event_bus_name));
  LAPWING_CHECK(core.change_bus(address, [&](Bus& bus) -> Status {
    if (in.remove_all_permissions.value_or(false)) {
      bus.policy.clear();
      return {};
    }
    if (!in.statement_id) return fail(invalid("Parameter StatementId must be specified."));
    auto left =
        bus.policy.empty() ? std::nullopt : policy::without_statement(bus.policy, *in.statement_id);
    if (!left) {
      return fail(errors::resource_not_found("Statement with the provided id does not exist."));
    }
    bus.policy = *std::move(left);
    return {};
  }));
  return aws::Empty();
}

}  // namespace lapwing::events
