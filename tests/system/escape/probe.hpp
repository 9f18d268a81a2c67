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
std::vector<Attempt> gap_attempts();
std::vector<Attempt> inherited_attempts();

// Of a process that has executed this program: does it still stand behind its walls?
bool walled();
// Looks at every new process it can see until it is killed; prints what it could open of one
// whose isolation is not complete.
[[noreturn]] void watch_starts();

// Resource bombs, each run alone; the answer is what could be had ("1021").
int run_bomb(const std::string& name);

// Value of an environment variable, or "".
std::string given(const char* name);
// "errno 1" for messages.
std::string error_text();

}  // namespace escape
