#include "services/iam/core.hpp"

#include "services/iam/role_directory.hpp"

namespace lapwing::iam {

void Core::changed(const Result<store::Committed>& written) {
  if (written) {
    roles.follow(written->sequence);
  } else if (written.error().kind() == ErrorKind::kUnknown) {
    roles.reload();
  }
}

}  // namespace lapwing::iam
