// What may be set of IAM.
//
// Thread-safety: plain values.
#pragma once

#include <string>

#include "base/settings.hpp"

namespace lapwing::iam {

struct Settings {
  std::string roles = "any";

  bool known_roles_only() const { return roles == "known"; }
  void visit(SettingVisitor& to) {
    to.text("iam.roles", roles,
            {.help = "roles of functions, and roles that are assumed: any, or only those that IAM "
                     "knows and that let Lambda assume them, in AWS's words for all others",
             .choices = "any|known"});
  }
};

}  // namespace lapwing::iam
