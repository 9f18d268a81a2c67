#include "services/sts/service.hpp"

#include "gen/sts/types.hpp"
#include "services/sts/operations/get_caller_identity.hpp"

namespace lapwing::sts {
namespace {

aws::OperationTable make_table() {
  aws::OperationTable table(gen::sts::kModel);
  table.add<gen::sts::GetCallerIdentity>(
      [](const aws::Caller& caller,
         const gen::sts::GetCallerIdentityRequest&) -> Result<gen::sts::GetCallerIdentityResponse> {
        return get_caller_identity(caller);
      });
  return table;
}

}  // namespace

Service::Service(text::PatternCache& patterns, Logger& logger)
    : service_(make_table(), patterns, logger) {}

}  // namespace lapwing::sts
