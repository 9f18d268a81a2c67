// The escape probe runs inside a sandbox and tries to get out. Each attempt answers what it
// found: empty when the wall held, otherwise what got through.
//
// What it should look for on the host comes in the environment (ESCAPE_HOST_*).
#pragma once

#include <string>
#include <vector>

namespace escape {

struct Attempt {
  const char* name;
  std::string (*run)();
};

std::vector<Attempt> process_attempts();
std::vector<Attempt> file_attempts();
std::vector<Attempt> kernel_attempts();
std::vector<Attempt> network_attempts();

// Resource bombs, each run alone; the answer is what could be had ("1021").
int run_bomb(const std::string& name);

// Value of an environment variable, or "".
std::string given(const char* name);
// "errno 1" for messages.
std::string error_text();

}  // namespace escape
