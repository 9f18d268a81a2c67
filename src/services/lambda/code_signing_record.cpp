#include "services/lambda/code_signing_record.hpp"

#include "aws/arn.hpp"
#include "services/lambda/records.hpp"

namespace lapwing::lambda {
namespace {

constexpr std::string_view kType = "code-signing-config";

}  // namespace

std::string CodeSigningRecord::arn() const {
  return aws::make_arn("lambda", scope.region, scope.account, std::string(kType) + ":" + id);
}

std::string CodeSigningTable::key(const CodeSigningRecord& record) {
  return key_prefix(record.scope.account, record.scope.region) + record.id;
}

std::optional<std::string> code_signing_key(std::string_view text) {
  const auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != "lambda" || arn->resource_type() != kType) return std::nullopt;
  return key_prefix(arn->account, arn->region) + std::string(arn->resource_id());
}

}  // namespace lapwing::lambda
