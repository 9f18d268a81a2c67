// The runtime identifiers of AWS Lambda and which of them are served here.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "runtime/language/catalogue.hpp"

namespace lapwing::lambda {

// What AWS names in its error message: the runtimes new functions may have there.
std::span<const std::string_view> active_runtimes();

// A runtime that AWS has had and refuses for new functions.
bool is_retired(std::string_view runtime);

// AWS's message for what is no runtime at all, a clear refusal for languages that are not
// served. Unlike AWS, retired versions of a served language (python3.8) are accepted, as people
// must run old code, unless they are to be refused: the catalogue of interpreters finds the
// nearest.
//
// What the catalogue has nothing for is refused with what to do, so that nobody deploys what
// cannot run; a null one serves everything.
Status check_runtime(std::string_view operation, std::string_view runtime, bool refuse_retired,
                     const runtime::Catalogue* catalogue);

// AWS takes snapshots of initialised functions of that runtime, and whether it is built here.
enum class SnapStartSupport { kBuilt, kNotBuilt, kNotOfAws };
SnapStartSupport snap_start_support(std::string_view runtime);

}  // namespace lapwing::lambda
