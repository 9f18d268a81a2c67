#include "resources/table.hpp"

#include <fmt/core.h>

namespace lapwing::resources {

std::string scoped_key(const aws::Scope& scope, std::string_view name) {
  return fmt::format("{}/{}/{}", scope.account.view(), scope.region.view(), name);
}

}  // namespace lapwing::resources
