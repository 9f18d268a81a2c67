// What operations that deploy code ask about signatures.
//
// Thread-safety: as operations.hpp.
#pragma once

#include <string>

#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

// Whether code may be deployed to that function under that configuration (an ARN; "": none).
// There is nobody here who signs, so no package is signed by who is allowed:
// CodeVerificationFailedException where the configuration enforces signatures. True: it only
// warns, and count_unsigned() is to be called once it is deployed.
Result<bool> check_unsigned(Records& records, const std::string& config, const FunctionKey& key);
void count_unsigned(Core& core, const FunctionKey& key);

}  // namespace lapwing::lambda
