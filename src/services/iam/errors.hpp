// What IAM answers when it refuses, beyond what gen/iam/errors.hpp has from the model.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam::errors {

Error validation(std::string message);
// "The role with name X cannot be found."
Error no_identity(Kind kind, std::string_view name);
Error no_instance_profile(std::string_view name);
// "Policy ARN was not found."
Error no_policy(std::string_view arn);
Error not_attachable(std::string_view arn);
Error no_version(std::string_view arn, std::string_view version);
// "The role policy with name P cannot be found."
Error no_inline_policy(Kind kind, std::string_view name);
Error no_access_key(std::string_view id);
Error no_oidc_provider(std::string_view arn);
Error no_saml_provider(std::string_view arn);
Error exists(std::string_view what, std::string_view name);
// "Cannot exceed quota for PoliciesPerRole: 10"
Error quota(std::string_view name, std::size_t limit);
Error inline_size(Kind kind, std::string_view name, std::size_t limit);
Error protected_role(std::string_view name);
Error conflict(std::string_view what);  // "Cannot delete entity, must <what> first."

}  // namespace lapwing::iam::errors
