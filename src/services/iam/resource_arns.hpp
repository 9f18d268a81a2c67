// What a request acts on, as its ARN: paths are in the records, not in the request. What is not
// there is asked about with no path, and its operation says that it is not there.
//
// Thread-safety: any thread; reads the store.
#pragma once

#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "base/result.hpp"
#include "services/iam/core.hpp"
#include "services/iam/names.hpp"

namespace lapwing::iam {

Result<std::string> identity_asked(Core& core, const aws::Call& call, Kind kind,
                                   std::string_view name);
Result<std::string> profile_asked(Core& core, const aws::Call& call, std::string_view name);
Result<std::string> certificate_asked(Core& core, const aws::Call& call, std::string_view name);

}  // namespace lapwing::iam
