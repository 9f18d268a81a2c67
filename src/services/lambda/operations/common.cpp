#include "services/lambda/errors.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

Result<FunctionIdentifier> identify(const aws::Caller& caller, std::string_view function_name,
                                    const std::optional<std::string>& qualifier,
                                    std::string_view action) {
  return parse_function_identifier(function_name, qualifier,
                                   {caller.account, caller.region, caller.principal_arn, action});
}

Result<FunctionRecord> find_function(Context& context, const FunctionIdentifier& id) {
  if (id.qualifier.empty() || id.qualifier == kLatest) {
    LAPWING_TRY(std::optional<FunctionRecord> record, context.functions.find(id.key));
    if (record) return *std::move(record);
  }
  return fail(errors::function_not_found(function_arn(id.key, id.qualifier)));
}

Result<CodeRef> keep_package(Context& context, std::string_view zip) {
  LAPWING_CHECK(PackageStore::check(zip));
  auto kept = context.blobs.put(as_bytes(zip));
  if (!kept) return fail(std::move(kept).error().context("keep a package"));
  return CodeRef{kept->id.hex(), kept->size};
}

void begin_update(FunctionRecord& record, Settings settings, const std::string& revision_id,
                  std::int64_t now_ms) {
  // After a failed update the older settings are still the ones that serve.
  if (!record.serving) record.serving = std::move(record.settings);
  record.settings = std::move(settings);
  record.update = UpdateStatus::kInProgress;
  record.update_reason = {"Creating", "The function is being created."};
  record.revision_id = revision_id;
  record.last_modified_ms = now_ms;
}

Status check_changeable(const FunctionRecord& record,
                        const std::optional<std::string>& revision_id) {
  if (record.state != State::kActive) return fail(errors::wrong_state(to_string(record.state)));
  if (record.update == UpdateStatus::kInProgress) {
    return fail(errors::update_in_progress(function_arn(record.key)));
  }
  if (revision_id && *revision_id != record.revision_id) return fail(errors::revision_mismatch());
  return {};
}

}  // namespace lapwing::lambda
