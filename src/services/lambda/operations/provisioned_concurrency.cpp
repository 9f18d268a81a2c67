#include <algorithm>

#include "aws/page_token.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/common.hpp"
#include "text/time_format.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;
using Trouble = engine::ProvisionState::Trouble;

// Fits the response and the items of the list, which have the same members.
template <class Out>
void describe(const Core& core, const FunctionKey& key, const std::string& qualifier,
              const ProvisionedConfig& config, Out& out) {
  const ProvisionedProgress progress = core.concurrency.progress(key, qualifier);
  out.requested_provisioned_concurrent_executions = static_cast<std::int32_t>(config.requested);
  out.allocated_provisioned_concurrent_executions = static_cast<std::int32_t>(progress.ready);
  out.available_provisioned_concurrent_executions = static_cast<std::int32_t>(progress.ready);
  out.last_modified = text::format_lambda_time(wall_from_unix_ms(config.last_modified_ms));
  if (progress.ready >= config.requested) {
    out.status = gl::ProvisionedConcurrencyStatusEnum::kReady;
  } else if (progress.trouble == Trouble::kNone) {
    out.status = gl::ProvisionedConcurrencyStatusEnum::kInProgress;
  } else {
    out.status = gl::ProvisionedConcurrencyStatusEnum::kFailed;
    out.status_reason = progress.trouble == Trouble::kInitFailed
                            ? "FUNCTION_ERROR_INIT_FAILURE"
                            : "The machine has no room for more execution environments.";
  }
}

Status check_kind(Records& records, const FunctionKey& key, const std::string& qualifier) {
  std::vector<std::uint64_t> versions;
  if (const std::optional<std::uint64_t> version = parse_version(qualifier)) {
    versions.push_back(*version);
  } else {
    LAPWING_TRY(const std::optional<AliasRecord> alias, records.find_alias(key, qualifier));
    if (alias) versions = alias->target.versions();
  }
  for (const std::uint64_t version : versions) {
    LAPWING_TRY(const std::optional<FunctionRecord> record, records.find(key, version));
    if (version != 0 && record && record->settings.snap_start) {
      return fail(errors::snap_start_with_provisioned());
    }
    if (record && record->settings.per_tenant) {
      return fail(errors::not_with_tenants("Provisioned concurrency"));
    }
  }
  return {};
}

// A version or an alias that is there: its ARN as AWS names it in the refusal.
Status check_target(Records& records, const FunctionKey& key, const std::string& qualifier) {
  if (const std::optional<std::uint64_t> version = parse_version(qualifier)) {
    LAPWING_TRY(const std::optional<FunctionRecord> record, records.find(key, *version));
    if (!record) return fail(errors::function_not_found(function_arn(key, qualifier)));
    return {};
  }
  LAPWING_TRY(const std::optional<AliasRecord> alias, records.find_alias(key, qualifier));
  if (!alias) return fail(errors::alias_not_found(function_arn(key, qualifier)));
  return {};
}

// An alias with weights gets none; weights given to it afterwards divide what it has.
Status check_weights(Records& records, const FunctionKey& key, const std::string& qualifier) {
  if (parse_version(qualifier)) return {};
  LAPWING_TRY(const std::optional<AliasRecord> alias, records.find_alias(key, qualifier));
  if (alias && alias->target.additional) return fail(errors::provisioned_with_weights());
  return {};
}

// Before anything is said of the function itself: the service names what was asked for.
Status check_target(Core& core, const FunctionIdentifier& id) {
  return core.functions.read(
      [&](Records& records) { return check_target(records, id.key, id.qualifier); });
}

bool names(const AliasTarget& target, std::uint64_t version) {
  const std::vector<std::uint64_t> versions = target.versions();
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

// A version has one configuration: its own or that of one alias.
Status check_overlap(Records& records, const ConcurrencyRecord& record,
                     const std::string& qualifier) {
  const std::optional<std::uint64_t> version = parse_version(qualifier);
  if (!version) {
    LAPWING_TRY(const std::optional<AliasRecord> alias, records.find_alias(record.key, qualifier));
    if (!alias) return {};
    for (const std::uint64_t target : alias->target.versions()) {
      if (record.provisioned.contains(version_name(target))) {
        return fail(errors::version_already_provisioned());
      }
    }
    return {};
  }
  for (const auto& [name, config] : record.provisioned) {
    if (parse_version(name)) continue;
    LAPWING_TRY(const std::optional<AliasRecord> alias, records.find_alias(record.key, name));
    if (alias && names(alias->target, *version)) {
      return fail(errors::version_provisioned_by_alias());
    }
  }
  return {};
}

// `left` is what the account has without this function, `before` what the function had.
Status check_amount(const ConcurrencyRecord& record, std::uint64_t left, std::uint64_t before) {
  const std::uint64_t total = record.provisioned_total();
  if (record.reserved) {
    if (total > *record.reserved) return fail(errors::provisioned_beyond_reserved());
    return {};
  }
  if (total > left) {
    return fail(errors::provisioned_beyond_account(left - std::min(left, before)));
  }
  if (left < kMinUnreservedConcurrency + total) return fail(errors::provisioned_too_large());
  return {};
}

Result<FunctionIdentifier> identify_published(const aws::Caller& caller,
                                              const std::string& function_name,
                                              const std::string& qualifier,
                                              std::string_view action) {
  LAPWING_TRY(FunctionIdentifier id, identify(caller, function_name, qualifier, action));
  if (parse_version(id.qualifier) == 0u) return fail(errors::alias_or_version_needed());
  return id;
}

}  // namespace

Result<gl::PutProvisionedConcurrencyConfigResponse> put_provisioned_concurrency_config(
    Core& core, const aws::Call& call, const gl::PutProvisionedConcurrencyConfigRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id, identify(call.caller, in.function_name, in.qualifier,
                                                    "lambda:PutProvisionedConcurrencyConfig"));
  if (parse_version(id.qualifier) == 0u) return fail(errors::provisioned_on_latest());
  LAPWING_CHECK(check_target(core, id));
  ProvisionedConfig config;
  config.requested = static_cast<std::uint32_t>(in.provisioned_concurrent_executions);
  config.last_modified_ms = unix_ms(core.clock.wall());
  LAPWING_CHECK(core.concurrency.change(
      id.key, [&](RecordTxn& txn, ConcurrencyRecord& record, std::uint64_t left) -> Status {
        LAPWING_CHECK(check_target(txn, id.key, id.qualifier));
        LAPWING_CHECK(check_weights(txn, id.key, id.qualifier));
        LAPWING_CHECK(check_kind(txn, id.key, id.qualifier));
        LAPWING_CHECK(check_overlap(txn, record, id.qualifier));
        const std::uint64_t before = record.claimed();
        record.provisioned[id.qualifier] = config;
        return check_amount(record, left, before);
      }));
  gl::PutProvisionedConcurrencyConfigResponse out;
  out.requested_provisioned_concurrent_executions = in.provisioned_concurrent_executions;
  out.allocated_provisioned_concurrent_executions = 0;
  out.available_provisioned_concurrent_executions = 0;
  out.status = gl::ProvisionedConcurrencyStatusEnum::kInProgress;
  out.last_modified = text::format_lambda_time(wall_from_unix_ms(config.last_modified_ms));
  return out;
}

Result<gl::GetProvisionedConcurrencyConfigResponse> get_provisioned_concurrency_config(
    Core& core, const aws::Call& call, const gl::GetProvisionedConcurrencyConfigRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify_published(call.caller, in.function_name, in.qualifier,
                                 "lambda:GetProvisionedConcurrencyConfig"));
  LAPWING_CHECK(check_target(core, id));
  const ConcurrencyRecord record = core.concurrency.find(id.key);
  const auto config = record.provisioned.find(id.qualifier);
  if (config == record.provisioned.end()) return fail(errors::not_provisioned());
  gl::GetProvisionedConcurrencyConfigResponse out;
  describe(core, id.key, id.qualifier, config->second, out);
  return out;
}

Result<gl::ListProvisionedConcurrencyConfigsResponse> list_provisioned_concurrency_configs(
    Core& core, const aws::Call& call, const gl::ListProvisionedConcurrencyConfigsRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_function(call.caller, in.function_name,
                                                       "lambda:ListProvisionedConcurrencyConfigs"));
  LAPWING_CHECK(find_function(core, {key, ""}));
  const std::string list = "lambda.ListProvisionedConcurrencyConfigs " + function_arn(key);
  LAPWING_TRY(const std::string after, read_marker(list, in.marker));
  const std::size_t limit = page_size(in.max_items);
  const ConcurrencyRecord record = core.concurrency.find(key);
  gl::ListProvisionedConcurrencyConfigsResponse out;
  auto& items = out.provisioned_concurrency_configs.emplace();
  std::string last;
  for (auto it = record.provisioned.upper_bound(after); it != record.provisioned.end(); ++it) {
    if (items.size() == limit) {
      out.next_marker = aws::write_page_token(list, last);
      break;
    }
    last = it->first;
    gl::ProvisionedConcurrencyConfigListItem& item = items.emplace_back();
    item.function_arn = function_arn(key, it->first);
    describe(core, key, it->first, it->second, item);
  }
  return out;
}

Result<aws::Empty> delete_provisioned_concurrency_config(
    Core& core, const aws::Call& call, const gl::DeleteProvisionedConcurrencyConfigRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify_published(call.caller, in.function_name, in.qualifier,
                                 "lambda:DeleteProvisionedConcurrencyConfig"));
  LAPWING_CHECK(check_target(core, id));
  LAPWING_CHECK(core.concurrency.change(
      id.key, [&](RecordTxn& txn, ConcurrencyRecord& record, std::uint64_t) -> Status {
        LAPWING_CHECK(check_target(txn, id.key, id.qualifier));
        record.provisioned.erase(id.qualifier);
        return {};
      }));
  return aws::Empty{};
}

}  // namespace lapwing::lambda
