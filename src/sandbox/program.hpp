// Starting the program of a sandbox: the last fork, the last identity, execve.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.hpp"
#include "sandbox/wire.hpp"

namespace lapwing::sandbox {

struct ProgramStart {
  const LaunchBody* body = nullptr;
  std::string working_directory;
  std::vector<int> targets;        // descriptor numbers the program gets ...
  std::vector<int> sources;        // ... and what they are now, in the same order
  bool keep_capabilities = false;  // a weakness for tests
};

// Answers when execve has succeeded, or with what failed.
Result<pid_t> start_program(const ProgramStart& program);

}  // namespace lapwing::sandbox
