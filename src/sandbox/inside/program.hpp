// Starting the program of a sandbox: the last fork, the last identity, execve.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.hpp"
#include "os/privileges.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

struct ProgramStart {
  const ProgramPlan* plan = nullptr;
  std::vector<int> targets;  // descriptor numbers the program gets ...
  std::vector<int> sources;  // ... and what they are now, in the same order
  const std::vector<os::FilterProgram>* filters = nullptr;
  Weakness weakness = Weakness::kNone;
};

struct StartedProgram {
  pid_t pid = 0;
  os::UniqueFd listener;  // of its filter (system_answers.hpp)
};

// Answers when execve has succeeded, or with what failed.
Result<StartedProgram> start_program(const ProgramStart& program);

}  // namespace lapwing::sandbox
