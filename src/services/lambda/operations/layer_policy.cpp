#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/layer_common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

// An account is named by its root in the policy, however it was given.
std::string read_principal(const std::string& given, const Region& region) {
  if (given == "*" || given.starts_with("arn:")) return given;
  return fmt::format("arn:{}:iam::{}:root", aws::partition_of(region.view()), given);
}

// One transaction: the version is there, its policy is at this revision, change it.
Status change_policy(Core& core, const LayerVersionKey& key,
                     const std::optional<std::string>& revision_id,
                     FunctionRef<Status(LayerVersionRecord&)> change) {
  return core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(std::optional<LayerVersionRecord> record, txn.find(key));
    if (!record) return fail(errors::layer_version_not_found(layer_version_arn(key)));
    if (revision_id && *revision_id != record->policy_revision_id) {
      return fail(errors::layer_policy_revision_mismatch());
    }
    LAPWING_CHECK(change(*record));
    return txn.put(*record);
  });
}

auto find_statement(LayerVersionRecord& record, const std::string& id) {
  return std::ranges::find(record.statements, id, &LayerStatement::id);
}

}  // namespace

Result<gl::AddLayerVersionPermissionResponse> add_layer_version_permission(
    Core& core, const aws::Call& call, const gl::AddLayerVersionPermissionRequest& in) {
  LAPWING_TRY(const LayerVersionKey key,
              identify_own_layer_version(call.caller, in.layer_name, in.version_number,
                                         "lambda:AddLayerVersionPermission"));
  const std::string revision_id = make_uuid(core.random);
  gl::AddLayerVersionPermissionResponse out;
  LAPWING_CHECK(change_policy(core, key, in.revision_id, [&](LayerVersionRecord& record) {
    if (find_statement(record, in.statement_id) != record.statements.end()) {
      return Status(fail(errors::statement_exists(in.statement_id)));
    }
    record.statements.push_back(
        {in.statement_id, read_principal(in.principal, call.caller.region)});
    record.policy_revision_id = revision_id;
    const std::size_t bytes = policy_json(record).size();
    if (bytes > kMaxPolicyBytes) return Status(fail(errors::policy_too_long(bytes)));
    out.statement = statement_json(record, record.statements.back());
    return Status();
  }));
  out.revision_id = revision_id;
  return out;
}

Result<gl::GetLayerVersionPolicyResponse> get_layer_version_policy(
    Core& core, const aws::Call& call, const gl::GetLayerVersionPolicyRequest& in) {
  LAPWING_TRY(const LayerVersionKey key,
              identify_own_layer_version(call.caller, in.layer_name, in.version_number,
                                         "lambda:GetLayerVersionPolicy"));
  std::optional<LayerVersionRecord> record;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(record, records.find(key));
    return {};
  }));
  if (!record) return fail(errors::layer_version_not_found(layer_version_arn(key)));
  if (record->statements.empty()) return fail(errors::no_policy());
  gl::GetLayerVersionPolicyResponse out;
  out.policy = policy_json(*record);
  out.revision_id = record->policy_revision_id;
  return out;
}

Result<aws::Empty> remove_layer_version_permission(
    Core& core, const aws::Call& call, const gl::RemoveLayerVersionPermissionRequest& in) {
  LAPWING_TRY(const LayerVersionKey key,
              identify_own_layer_version(call.caller, in.layer_name, in.version_number,
                                         "lambda:RemoveLayerVersionPermission"));
  const std::string revision_id = make_uuid(core.random);
  LAPWING_CHECK(change_policy(core, key, in.revision_id, [&](LayerVersionRecord& record) {
    const auto found = find_statement(record, in.statement_id);
    if (found == record.statements.end()) {
      return Status(fail(errors::statement_not_found(in.statement_id)));
    }
    record.statements.erase(found);
    record.policy_revision_id = revision_id;
    return Status();
  }));
  return aws::Empty{};
}

}  // namespace lapwing::lambda
