#include "services/iam/core.hpp"

#include "services/iam/role_directory.hpp"

namespace lapwing::iam {

void Core::changed() { roles.forget(); }

}  // namespace lapwing::iam
