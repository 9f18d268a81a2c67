#include "aws/page_token.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

gl::AliasConfiguration describe(const AliasRecord& alias) {
  gl::AliasConfiguration out;
  out.alias_arn = function_arn(alias.key, alias.name);
  out.name = alias.name;
  out.function_version = version_name(alias.target.version);
  out.description = alias.description;
  out.revision_id = alias.revision_id;
  if (const std::optional<WeightedVersion>& additional = alias.target.additional) {
    gl::AliasRoutingConfiguration routing;
    routing.additional_version_weights.emplace();
    routing.additional_version_weights->emplace(version_name(additional->version),
                                                additional->weight);
    out.routing_config = std::move(routing);
  }
  return out;
}

Result<std::uint64_t> read_version(const FunctionKey& key, std::string_view text) {
  const std::optional<std::uint64_t> version = parse_version(text);
  if (!version) return fail(errors::function_not_found(function_arn(key, text)));
  return *version;
}

Result<std::optional<WeightedVersion>> read_routing(const FunctionKey& key,
                                                    const gl::AliasRoutingConfiguration& in) {
  if (!in.additional_version_weights || in.additional_version_weights->empty()) {
    return std::nullopt;
  }
  if (in.additional_version_weights->size() > kMaxWeightedVersions) {
    return fail(errors::too_many_weights());
  }
  const auto& [name, weight] = *in.additional_version_weights->begin();
  LAPWING_TRY(const std::uint64_t version, read_version(key, name));
  return WeightedVersion{version, weight};
}

Result<FunctionRecord> find_target(Records& records, const FunctionKey& key,
                                   std::uint64_t version) {
  LAPWING_TRY(std::optional<FunctionRecord> record, records.find(key, version));
  if (!record) {
    return fail(errors::function_not_found(function_arn(key, version_name(version))));
  }
  return *std::move(record);
}

// Developer guide, "Lambda function aliases": both versions are published and have the same
// execution role and dead letter target.
Status check_target(Records& records, const FunctionKey& key, const AliasTarget& target) {
  const std::optional<WeightedVersion>& additional = target.additional;
  if (additional && target.version == 0) return fail(errors::weights_on_latest());
  if (additional && additional->version == target.version) {
    return fail(errors::version_already_routed(version_name(target.version)));
  }
  LAPWING_TRY(const FunctionRecord first, find_target(records, key, target.version));
  if (!additional) return {};
  LAPWING_TRY(const FunctionRecord second, find_target(records, key, additional->version));
  if (first.settings.role != second.settings.role) {
    return fail(
        errors::roles_differ(version_name(target.version), version_name(additional->version)));
  }
  if (first.settings.dead_letter != second.settings.dead_letter) {
    return fail(errors::dead_letters_differ(version_name(target.version),
                                            version_name(additional->version)));
  }
  return {};
}

}  // namespace

Result<gl::AliasConfiguration> create_alias(Core& core, const aws::Call& call,
                                            const gl::CreateAliasRequest& in) {
  AliasRecord alias;
  LAPWING_TRY(alias.key, identify_function(call.caller, in.function_name, "lambda:CreateAlias"));
  alias.name = in.name;
  alias.description = in.description.value_or("");
  LAPWING_TRY(alias.target.version, read_version(alias.key, in.function_version));
  if (in.routing_config) {
    LAPWING_TRY(alias.target.additional, read_routing(alias.key, *in.routing_config));
  }
  alias.revision_id = make_uuid(core.random);
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_CHECK(check_target(txn, alias.key, alias.target));
    LAPWING_TRY(const std::optional<AliasRecord> there, txn.find_alias(alias.key, alias.name));
    if (there) return fail(errors::alias_exists(function_arn(alias.key, alias.name)));
    return txn.put(alias);
  }));
  LAPWING_CHECK(core.catalog.reload_alias(alias.key, alias.name));
  return describe(alias);
}

Result<gl::AliasConfiguration> get_alias(Core& core, const aws::Call& call,
                                         const gl::GetAliasRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_function(call.caller, in.function_name, "lambda:GetAlias"));
  std::optional<AliasRecord> alias;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(alias, records.find_alias(key, in.name));
    return {};
  }));
  if (!alias) return fail(errors::alias_not_found(function_arn(key, in.name)));
  return describe(*alias);
}

Result<gl::AliasConfiguration> update_alias(Core& core, const aws::Call& call,
                                            const gl::UpdateAliasRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_function(call.caller, in.function_name, "lambda:UpdateAlias"));
  std::optional<std::uint64_t> version;
  std::optional<WeightedVersion> additional;
  if (in.function_version) {
    LAPWING_TRY(version, read_version(key, *in.function_version));
  }
  if (in.routing_config) {
    LAPWING_TRY(additional, read_routing(key, *in.routing_config));
  }
  const std::string revision_id = make_uuid(core.random);
  AliasRecord written;
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(std::optional<AliasRecord> alias, txn.find_alias(key, in.name));
    if (!alias) return fail(errors::alias_to_update_not_found(function_arn(key, in.name)));
    if (in.revision_id && *in.revision_id != alias->revision_id) {
      return fail(errors::revision_mismatch());
    }
    if (version) alias->target.version = *version;
    if (in.routing_config) alias->target.additional = additional;
    LAPWING_CHECK(check_target(txn, key, alias->target));
    if (in.description) alias->description = *in.description;
    alias->revision_id = revision_id;
    LAPWING_CHECK(txn.put(*alias));
    written = *std::move(alias);
    return {};
  }));
  LAPWING_CHECK(core.catalog.reload_alias(key, in.name));
  return describe(written);
}

// An alias that is not there is deleted already.
Result<aws::Empty> delete_alias(Core& core, const aws::Call& call,
                                const gl::DeleteAliasRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_function(call.caller, in.function_name, "lambda:DeleteAlias"));
  LAPWING_CHECK(find_function(core, {key, ""}));
  LAPWING_CHECK(core.functions.transact(
      [&](RecordTxn& txn) -> Status { return txn.erase_alias(key, in.name); }));
  LAPWING_CHECK(core.catalog.reload_alias(key, in.name));
  return aws::Empty{};
}

Result<gl::ListAliasesResponse> list_aliases(Core& core, const aws::Call& call,
                                             const gl::ListAliasesRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_function(call.caller, in.function_name, "lambda:ListAliases"));
  const std::string list =
      fmt::format("lambda.ListAliases {} {}", function_arn(key), in.function_version.value_or(""));
  LAPWING_TRY(const std::string after, read_marker(list, in.marker));
  LAPWING_CHECK(find_function(core, {key, ""}));
  gl::ListAliasesResponse out;
  out.aliases.emplace();
  std::optional<std::uint64_t> version;
  if (in.function_version && !in.function_version->empty()) {
    version = parse_version(*in.function_version);
    if (!version) return out;
  }
  auto page = core.functions.list_aliases(key, version, after, page_size(in.max_items));
  if (!page) {
    const bool foreign = page.error().kind() == ErrorKind::kInvalid;
    return fail(foreign ? errors::invalid_marker() : std::move(page).error());
  }
  for (const AliasRecord& alias : page->items) out.aliases->push_back(describe(alias));
  if (!page->next.empty()) out.next_marker = aws::write_page_token(list, page->next);
  return out;
}

}  // namespace lapwing::lambda
