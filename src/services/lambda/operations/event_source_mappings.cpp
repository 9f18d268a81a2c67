// Event source mappings: which queues and streams are polled for which functions.
#include <utility>

#include "ports/acting.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/mappings/mapping_errors.hpp"
#include "services/lambda/mappings/mapping_input.hpp"
#include "services/lambda/operations/common.hpp"
#include "services/lambda/settings_input.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

// The record names it as the request did.
Status set_function(const aws::Caller& caller, const std::string& name, std::string_view action,
                    MappingRecord& record) {
  LAPWING_TRY(FunctionIdentifier id, identify(caller, name, std::nullopt, action));
  record.function = std::move(id.key);
  record.qualifier = std::move(id.qualifier);
  return {};
}

// What the mapping asks of its function and source, as they are now. Answers the function's role,
// as one of its own account: no other is let into.
Result<std::string> check(Core& core, const MappingRecord& record) {
  const auto function = find_function(core, {record.function, record.qualifier});
  if (!function) {
    const bool missing = function.error().kind() == ErrorKind::kNotFound;
    return fail(missing ? errors::mapped_function_not_there() : function.error());
  }
  // Nobody says which tenant a batch is for.
  if (function->settings.per_tenant) return fail(errors::not_with_tenants("Event source mapping"));
  std::string role = ports::role_in(function->settings.role, record.function.account);
  LAPWING_CHECK(check_mapping(record, core.mappings.sources(), role, function->settings.timeout_s));
  return role;
}

gl::EventSourceMappingConfiguration shown(const Core& core, const MappingRecord& record) {
  return describe(record, core.mappings.last_result(record));
}

Result<MappingRecord> find(Core& core, const aws::Caller& caller, const std::string& uuid) {
  LAPWING_TRY(auto record, core.mappings.find(aws::scope_of(caller), uuid));
  if (!record) return fail(errors::resource_not_found());
  return *std::move(record);
}

}  // namespace

Result<gl::EventSourceMappingConfiguration> create_event_source_mapping(
    Core& core, const aws::Call& call, const gl::CreateEventSourceMappingRequest& in) {
  MappingRecord record;
  LAPWING_CHECK(
      set_function(call.caller, in.function_name, "lambda:CreateEventSourceMapping", record));
  if (!in.event_source_arn) return fail(errors::unrecognized_source());
  LAPWING_CHECK(set_source("CreateEventSourceMapping", call.caller.region, *in.event_source_arn,
                           core.mappings.sources(), record));
  LAPWING_CHECK(apply(in, record));
  LAPWING_CHECK(check_tags(record.tags));
  LAPWING_TRY(const std::string role_arn, check(core, record));
  record.uuid = make_uuid(core.random);
  record.state = record.enabled ? MappingState::kCreating : MappingState::kDisabled;
  record.last_modified_ms = unix_ms(core.clock.wall());
  LAPWING_CHECK(core.mappings.create(record, role_arn));
  return shown(core, record);
}

Result<gl::EventSourceMappingConfiguration> update_event_source_mapping(
    Core& core, const aws::Call& call, const gl::UpdateEventSourceMappingRequest& in) {
  const auto change = [&](MappingRecord& record) -> Status {
    if (!is_settled(record.state)) return fail(errors::mapping_in_use("update"));
    if (in.function_name) {
      LAPWING_CHECK(
          set_function(call.caller, *in.function_name, "lambda:UpdateEventSourceMapping", record));
    }
    const bool was_enabled = record.enabled;
    LAPWING_CHECK(apply(in, record));
    if (record.enabled != was_enabled) {
      record.state = record.enabled ? MappingState::kEnabling : MappingState::kDisabling;
    } else {
      record.state = MappingState::kUpdating;
    }
    record.last_modified_ms = unix_ms(core.clock.wall());
    return {};
  };
  // Outside of the transaction, which asks nobody else.
  LAPWING_TRY(MappingRecord wanted, find(core, call.caller, in.uuid));
  LAPWING_CHECK(change(wanted));
  LAPWING_TRY([[maybe_unused]] const std::string role_arn, check(core, wanted));
  LAPWING_TRY(const MappingRecord written,
              core.mappings.change(aws::scope_of(call.caller), in.uuid, change));
  return shown(core, written);
}

Result<gl::EventSourceMappingConfiguration> get_event_source_mapping(
    Core& core, const aws::Call& call, const gl::GetEventSourceMappingRequest& in) {
  LAPWING_TRY(const MappingRecord record, find(core, call.caller, in.uuid));
  return shown(core, record);
}

Result<gl::EventSourceMappingConfiguration> delete_event_source_mapping(
    Core& core, const aws::Call& call, const gl::DeleteEventSourceMappingRequest& in) {
  LAPWING_TRY(const MappingRecord written,
              core.mappings.change(aws::scope_of(call.caller), in.uuid,
                                   [&](MappingRecord& record) -> Status {
                                     if (!is_settled(record.state)) {
                                       return fail(errors::mapping_in_use("delete"));
                                     }
                                     record.state = MappingState::kDeleting;
                                     return {};
                                   }));
  return shown(core, written);
}

Result<gl::ListEventSourceMappingsResponse> list_event_source_mappings(
    Core& core, const aws::Call& call, const gl::ListEventSourceMappingsRequest& in) {
  std::optional<FunctionIdentifier> function;
  if (in.function_name) {
    LAPWING_TRY(function, identify(call.caller, *in.function_name, std::nullopt,
                                   "lambda:ListEventSourceMappings"));
    LAPWING_CHECK(find_function(core, *function));
  }
  const std::string source = in.event_source_arn.value_or("");
  LAPWING_TRY(const resources::PageAsk ask,
              ask_page("lambda.ListEventSourceMappings " + source + ' ' +
                           (function ? function_arn(function->key, function->qualifier) : ""),
                       in.marker, in.max_items));
  LAPWING_TRY(const auto page,
              core.mappings.list(aws::scope_of(call.caller), ask, [&](const MappingRecord& record) {
                return (source.empty() || record.source_arn == source) &&
                       (!function || (record.function == function->key &&
                                      record.qualifier == function->qualifier));
              }));
  gl::ListEventSourceMappingsResponse out;
  auto& items = out.event_source_mappings.emplace();
  for (const MappingRecord& each : page.items) items.push_back(shown(core, each));
  out.next_marker = page.next;
  return out;
}

}  // namespace lapwing::lambda
