#include "services/iam/errors.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/names.hpp"

namespace lapwing::iam::errors {

namespace model = gen::iam::errors;

Error validation(std::string message) {
  return Error(ErrorKind::kInvalid, "ValidationError", std::move(message)).with_status(400);
}

Error no_identity(Kind kind, std::string_view name) {
  return model::no_such_entity(
      fmt::format("The {} with name {} cannot be found.", resource_type(kind), name));
}

Error no_instance_profile(std::string_view name) {
  return model::no_such_entity(fmt::format("Instance Profile {} cannot be found.", name));
}

Error no_policy(std::string_view arn) {
  return model::no_such_entity(fmt::format("Policy {} was not found.", arn));
}

Error not_attachable(std::string_view arn) {
  return model::no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", arn));
}

Error no_version(std::string_view arn, std::string_view version) {
  return model::no_such_entity(
      fmt::format("Policy {} version {} does not exist or is not attachable.", arn, version));
}

Error no_inline_policy(Kind kind, std::string_view name) {
  return model::no_such_entity(
      fmt::format("The {} policy with name {} cannot be found.", resource_type(kind), name));
}

Error no_access_key(std::string_view id) {
  return model::no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
}

Error no_oidc_provider(std::string_view arn) {
  return model::no_such_entity(fmt::format("OpenIDConnect Provider not found for arn {}", arn));
}

Error no_saml_provider(std::string_view arn) {
  return model::no_such_entity(fmt::format("Manifest not found for arn {}", arn));
}

Error exists(std::string_view what, std::string_view name) {
  return model::entity_already_exists(fmt::format("{} {} already exists.", what, name));
}

Error quota(std::string_view name, std::size_t limit) {
  return model::limit_exceeded(fmt::format("Cannot exceed quota for {}: {}", name, limit));
}

Error inline_size(Kind kind, std::string_view name, std::size_t limit) {
  return model::limit_exceeded(fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                           limit, resource_type(kind), name));
}

Error protected_role(std::string_view name) {
  return model::unmodifiable_entity(fmt::format(
      "Cannot perform the operation on the protected role '{}' - this role is only modifiable by "
      "AWS",
      name));
}

Error conflict(std::string_view what) {
  return model::delete_conflict(fmt::format("Cannot delete entity, must {} first.", what));
}

}  // namespace lapwing::iam::errors
