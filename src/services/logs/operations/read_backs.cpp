#include "services/logs/operations/read_backs.hpp"

#include "aws/operation_table.hpp"
#include "services/logs/errors.hpp"

namespace lapwing::logs {
namespace {

using aws::Access;

// An answer whose list is there and empty.
template <class Out, auto List>
Out none() {
  Out out;
  (out.*List).emplace();
  return out;
}

template <class Op, auto List>
Result<typename Op::Output> list_none(Core&, const Call&, const typename Op::Input&) {
  return none<typename Op::Output, List>();
}

// The same where the input names groups, which have to be there.
template <class Op, auto List>
Result<typename Op::Output> list_none_of(Core& core, const Call& call,
                                         const typename Op::Input& in) {
  for (const std::string& each : in.log_group_identifiers) {
    LAPWING_CHECK(find_group(core, scope_of(call.caller), each));
  }
  return none<typename Op::Output, List>();
}

template <class Op>
Result<typename Op::Output> get_none(Core&, const Call&, const typename Op::Input&) {
  return fail(resource_not_found());
}

Result<model::DescribeAccountPoliciesResponse> describe_account_policies(
    Core&, const Call&, const model::DescribeAccountPoliciesRequest& in) {
  if (in.policy_name) return fail(resource_not_found());
  return none<model::DescribeAccountPoliciesResponse,
              &model::DescribeAccountPoliciesResponse::account_policies>();
}

// Without a policy only the group is told again.
Result<model::GetDataProtectionPolicyResponse> get_data_protection_policy(
    Core& core, const Call& call, const model::GetDataProtectionPolicyRequest& in) {
  LAPWING_CHECK(find_group(core, scope_of(call.caller), in.log_group_identifier));
  model::GetDataProtectionPolicyResponse out;
  out.log_group_identifier = in.log_group_identifier;
  return out;
}

Result<model::GetTransformerResponse> get_transformer(Core& core, const Call& call,
                                                      const model::GetTransformerRequest& in) {
  LAPWING_CHECK(find_group(core, scope_of(call.caller), in.log_group_identifier));
  return model::GetTransformerResponse();
}

template <class In>
std::string identified(const Call& call, const In& in) {
  const Scope scope = scope_of(call.caller);
  const std::string& named = in.log_group_identifier;
  if (named.starts_with("arn:")) return named.ends_with(":*") ? named : named + ":*";
  return group_arn(scope, named) + ":*";
}

template <class Op, auto List>
void add_list(aws::OperationTable& table, Core& core) {
  table.add<Op>(core, list_none<Op, List>, {.access = Access::kList, .resource = aws::kNoResource});
}

template <class Op>
void add_get(aws::OperationTable& table, Core& core) {
  table.add<Op>(core, get_none<Op>, {.access = Access::kRead, .resource = aws::kNoResource});
}

}  // namespace

void add_read_backs(aws::OperationTable& table, Core& core) {
  namespace m = model;
  table.add<m::DescribeAccountPolicies>(core, describe_account_policies,
                                        {.access = Access::kList, .resource = aws::kNoResource});
  table.add<m::GetDataProtectionPolicy>(
      core, get_data_protection_policy,
      {.access = Access::kRead, .resource = identified<m::GetDataProtectionPolicyRequest>});
  table.add<m::GetTransformer>(
      core, get_transformer,
      {.access = Access::kRead, .resource = identified<m::GetTransformerRequest>});
  table.add<m::DescribeIndexPolicies>(
      core,
      list_none_of<m::DescribeIndexPolicies, &m::DescribeIndexPoliciesResponse::index_policies>,
      {.access = Access::kList, .resource = aws::kNoResource});
  table.add<m::DescribeFieldIndexes>(
      core, list_none_of<m::DescribeFieldIndexes, &m::DescribeFieldIndexesResponse::field_indexes>,
      {.access = Access::kList, .resource = aws::kNoResource});
  add_list<m::DescribeDeliveries, &m::DescribeDeliveriesResponse::deliveries>(table, core);
  add_list<m::DescribeDeliverySources, &m::DescribeDeliverySourcesResponse::delivery_sources>(table,
                                                                                              core);
  add_list<m::DescribeDeliveryDestinations,
           &m::DescribeDeliveryDestinationsResponse::delivery_destinations>(table, core);
  add_list<m::DescribeQueryDefinitions, &m::DescribeQueryDefinitionsResponse::query_definitions>(
      table, core);
  add_list<m::DescribeQueries, &m::DescribeQueriesResponse::queries>(table, core);
  add_list<m::DescribeExportTasks, &m::DescribeExportTasksResponse::export_tasks>(table, core);
  add_list<m::ListLogAnomalyDetectors, &m::ListLogAnomalyDetectorsResponse::anomaly_detectors>(
      table, core);
  add_list<m::ListIntegrations, &m::ListIntegrationsResponse::integration_summaries>(table, core);
  add_get<m::GetDelivery>(table, core);
  add_get<m::GetDeliverySource>(table, core);
  add_get<m::GetDeliveryDestination>(table, core);
  add_get<m::GetDeliveryDestinationPolicy>(table, core);
}

}  // namespace lapwing::logs
