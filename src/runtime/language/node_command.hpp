// The command line of Node.js, as the start script of AWS's runtime makes it: the heap by the
// function's memory, the garbage collector exposed, long request headers, and the features that
// AWS keeps switched off.
//
// Nothing of it can be set later (V8 reads its heap's size once), so a process that waits for a
// function waits for one of a certain memory size.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "runtime/language/language.hpp"

namespace lapwing::runtime {

std::vector<std::string> node_command(const RuntimeLaunch& launch);

}  // namespace lapwing::runtime
