#include "services/lambda/mappings/mapping_record.hpp"

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/lambda/records.hpp"

namespace lapwing::lambda {

std::string_view to_string(MappingState state) {
  switch (state) {
    case MappingState::kCreating:
      return "Creating";
    case MappingState::kEnabling:
      return "Enabling";
    case MappingState::kEnabled:
      return "Enabled";
    case MappingState::kDisabling:
      return "Disabling";
    case MappingState::kDisabled:
      return "Disabled";
    case MappingState::kUpdating:
      return "Updating";
    case MappingState::kDeleting:
      return "Deleting";
  }
  return "Disabled";
}

std::string mapping_arn(const AccountId& account, const Region& region, std::string_view uuid) {
  return aws::make_arn("lambda", region, account, fmt::format("event-source-mapping:{}", uuid));
}

std::string MappingRecord::arn() const {
  return mapping_arn(function.account, function.region, uuid);
}

std::string_view MappingRecord::source_service() const { return aws::service_of(source_arn); }

std::string MappingTable::key(const MappingRecord& record) {
  return key_prefix(record.function.account, record.function.region) + record.uuid;
}

std::string MappingTable::pair(const MappingRecord& record) {
  return record.source_arn + '\0' + function_arn(record.function, record.qualifier);
}

void MappingTable::terms(const MappingRecord& record, resources::Terms& terms) {
  terms.push_back({std::string(kPairIndex), pair(record)});
  terms.push_back({std::string(kFunctionIndex), encode_key(record.function)});
  if (!is_settled(record.state)) terms.push_back({std::string(kChanging), "yes"});
}

}  // namespace lapwing::lambda
