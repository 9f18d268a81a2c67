// The helper's side of a template: the process that becomes the interpreter.
#pragma once

#include <string>
#include <vector>

#include "os/privileges.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

struct TemplateStart {
  const ProgramPlan* program = nullptr;
  int control = -1;
  const std::vector<os::FilterProgram>* filters = nullptr;
};

// Runs in the clone, which is in the root's mount namespace already; becomes the interpreter.
[[noreturn]] void run_template(const TemplateStart& start);

}  // namespace lapwing::sandbox
