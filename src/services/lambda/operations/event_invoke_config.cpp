// How functions, versions and aliases are invoked asynchronously: how often, how late, and who is
// told what came of it.
#include <utility>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "resources/pages.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/event_target.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

constexpr std::string_view kPrefix = "lambda:";

FunctionIdentifier with_latest(FunctionIdentifier id) {
  if (id.qualifier.empty()) id.qualifier = kLatest;
  return id;
}

gl::FunctionEventInvokeConfig describe(const FunctionKey& key, std::string_view qualifier,
                                       const EventInvokeConfig& in) {
  gl::FunctionEventInvokeConfig out;
  out.function_arn = function_arn(key, qualifier);
  out.last_modified = wall_from_unix_ms(in.last_modified_ms);
  if (in.retries) out.maximum_retry_attempts = static_cast<std::int32_t>(*in.retries);
  if (in.event_age_s) out.maximum_event_age_in_seconds = static_cast<std::int32_t>(*in.event_age_s);
  gl::DestinationConfig& destinations = out.destination_config.emplace();
  destinations.on_failure.emplace();
  destinations.on_success.emplace();
  if (!in.on_failure.empty()) destinations.on_failure->destination = in.on_failure;
  if (!in.on_success.empty()) destinations.on_success->destination = in.on_success;
  return out;
}

Result<bool> is_there(Records& records, const FunctionIdentifier& id) {
  if (const auto version = parse_version(id.qualifier)) {
    LAPWING_TRY(const std::optional<FunctionRecord> record, records.find(id.key, *version));
    return record.has_value();
  }
  LAPWING_TRY(const std::optional<AliasRecord> alias, records.find_alias(id.key, id.qualifier));
  return alias.has_value();
}

Status check_there(Records& records, const FunctionIdentifier& id) {
  LAPWING_TRY(const bool there, is_there(records, id));
  return there ? Status() : fail(errors::function_to_configure_not_there());
}

Status check_function(Records& records, const std::string& text, const FunctionKey& self) {
  LAPWING_TRY(const aws::Arn arn, aws::Arn::parse(text));
  const std::string_view id = arn.resource_id();
  const std::size_t colon = id.find(':');
  const FunctionIdentifier target{
      {arn.account, arn.region, FunctionName(id.substr(0, colon))},
      colon == std::string_view::npos ? std::string() : std::string(id.substr(colon + 1))};
  LAPWING_TRY(const bool there, is_there(records, target));
  if (!there) return fail(errors::destination_not_valid(text));
  return target.key == self ? fail(errors::destination_is_itself()) : Status();
}

bool is_function(std::string_view arn) {
  const auto parsed = aws::Arn::parse(arn);
  return parsed && parsed->service == "lambda";
}

template <class Destination>
std::string printed(std::string_view type, const std::optional<Destination>& given) {
  if (!given) return "null";
  return std::string(type) + "(destination=" + given->destination.value_or("null") + ")";
}

// One that AWS takes, and that nothing here would deliver to.
Status check_built(std::string_view operation, const std::string& destination) {
  if (aws::service_of(destination) != "s3") return {};
  return fail(aws::unsupported("lambda", operation, "DestinationConfig.OnFailure",
                               "buckets as destinations are not built yet"));
}

Status change_destinations(Records& records, std::string_view operation,
                           const gl::DestinationConfig& in, const FunctionKey& self,
                           EventInvokeConfig& out) {
  if (in.on_success) out.on_success = in.on_success->destination.value_or("");
  if (in.on_failure) out.on_failure = in.on_failure->destination.value_or("");
  bool good = true;
  for (const auto& [arn, as] : {std::pair(&out.on_failure, EventTarget::kOnFailure),
                                std::pair(&out.on_success, EventTarget::kOnSuccess)}) {
    if (arn->empty()) continue;
    if (!is_event_target(*arn, as)) {
      good = false;
    } else if (is_function(*arn)) {
      LAPWING_CHECK(check_function(records, *arn, self));
    }
  }
  if (good) return check_built(operation, out.on_failure);
  return fail(errors::destinations_not_valid(printed("OnSuccess", in.on_success),
                                             printed("OnFailure", in.on_failure)));
}

// Both requests have the same members.
template <class Request>
Status change(Records& records, std::string_view operation, const Request& in,
              const FunctionKey& self, EventInvokeConfig& out) {
  if (in.maximum_retry_attempts) {
    out.retries = static_cast<std::uint32_t>(*in.maximum_retry_attempts);
  }
  if (in.maximum_event_age_in_seconds) {
    out.event_age_s = static_cast<std::uint32_t>(*in.maximum_event_age_in_seconds);
  }
  if (in.destination_config) {
    LAPWING_CHECK(change_destinations(records, operation, *in.destination_config, self, out));
  }
  return {};
}

// `keep`: what is not named stays as it is, and there must be one.
template <class Request>
Result<gl::FunctionEventInvokeConfig> put(Core& core, const aws::Call& call, const Request& in,
                                          std::string_view action, bool keep) {
  if (!in.maximum_retry_attempts && !in.maximum_event_age_in_seconds && !in.destination_config) {
    return fail(errors::no_event_invoke_setting());
  }
  LAPWING_TRY(FunctionIdentifier asked,
              identify(call.caller, in.function_name, in.qualifier, action));
  const FunctionIdentifier id = with_latest(std::move(asked));
  EventInvokeConfig written;
  LAPWING_CHECK(core.attachments.change(
      id.key, id.qualifier, [&](RecordTxn& txn, Attachment& attachment) -> Status {
        LAPWING_CHECK(check_there(txn, id));
        if (keep && !attachment.event_invoke) {
          return fail(errors::no_event_invoke_config(function_arn(id.key, id.qualifier)));
        }
        EventInvokeConfig config = keep ? *attachment.event_invoke : EventInvokeConfig();
        LAPWING_CHECK(change(txn, action.substr(kPrefix.size()), in, id.key, config));
        config.last_modified_ms = unix_ms(core.clock.wall());
        written = config;
        attachment.event_invoke = std::move(config);
        return {};
      }));
  return describe(id.key, id.qualifier, written);
}

}  // namespace

Result<gl::FunctionEventInvokeConfig> put_function_event_invoke_config(
    Core& core, const aws::Call& call, const gl::PutFunctionEventInvokeConfigRequest& in) {
  return put(core, call, in, "lambda:PutFunctionEventInvokeConfig", false);
}

Result<gl::FunctionEventInvokeConfig> update_function_event_invoke_config(
    Core& core, const aws::Call& call, const gl::UpdateFunctionEventInvokeConfigRequest& in) {
  return put(core, call, in, "lambda:UpdateFunctionEventInvokeConfig", true);
}

// Of a function that is not there the service says the same.
Result<gl::FunctionEventInvokeConfig> get_function_event_invoke_config(
    Core& core, const aws::Call& call, const gl::GetFunctionEventInvokeConfigRequest& in) {
  LAPWING_TRY(FunctionIdentifier asked, identify(call.caller, in.function_name, in.qualifier,
                                                 "lambda:GetFunctionEventInvokeConfig"));
  const FunctionIdentifier id = with_latest(std::move(asked));
  const auto config = core.attachments.event_invoke(id.key, id.qualifier);
  if (!config) return fail(errors::no_event_invoke_config(function_arn(id.key, id.qualifier)));
  return describe(id.key, id.qualifier, *config);
}

Result<aws::Empty> delete_function_event_invoke_config(
    Core& core, const aws::Call& call, const gl::DeleteFunctionEventInvokeConfigRequest& in) {
  LAPWING_TRY(FunctionIdentifier asked, identify(call.caller, in.function_name, in.qualifier,
                                                 "lambda:DeleteFunctionEventInvokeConfig"));
  const FunctionIdentifier id = with_latest(std::move(asked));
  LAPWING_CHECK(core.attachments.change(
      id.key, id.qualifier, [&](RecordTxn&, Attachment& attachment) -> Status {
        if (!attachment.event_invoke) {
          return fail(errors::no_event_invoke_config(function_arn(id.key, id.qualifier)));
        }
        attachment.event_invoke.reset();
        return {};
      }));
  return aws::Empty{};
}

Result<gl::ListFunctionEventInvokeConfigsResponse> list_function_event_invoke_configs(
    Core& core, const aws::Call& call, const gl::ListFunctionEventInvokeConfigsRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id, identify(call.caller, in.function_name, std::nullopt,
                                                    "lambda:ListFunctionEventInvokeConfigs"));
  LAPWING_CHECK(core.functions.read(
      [&](Records& records) -> Status { return check_there(records, {id.key, ""}); }));
  LAPWING_TRY(const resources::PageAsk ask,
              ask_page("lambda.ListFunctionEventInvokeConfigs " + function_arn(id.key), in.marker,
                       in.max_items));
  std::vector<const Attachment*> found;
  const auto attached = core.attachments.of(id.key);
  if (attached) {
    for (const auto& [qualifier, each] : *attached) {
      if (each.record.event_invoke) found.push_back(&each.record);
    }
  }
  const auto page = resources::page_items(
      std::move(found), ask,
      [](const Attachment* each) -> std::string_view { return each->qualifier; });
  gl::ListFunctionEventInvokeConfigsResponse out;
  auto& items = out.function_event_invoke_configs.emplace();
  for (const Attachment* each : page.items) {
    items.push_back(describe(id.key, each->qualifier, *each->event_invoke));
  }
  out.next_marker = page.next;
  return out;
}

}  // namespace lapwing::lambda
