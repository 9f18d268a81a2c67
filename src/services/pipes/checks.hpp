// What is checked of a pipe beyond its model.
//
// Thread-safety: any thread; nothing is read from the store.
#pragma once

#include <string_view>

#include "hosting/ports.hpp"
#include "services/pipes/parameters.hpp"
#include "services/pipes/pipe.hpp"

namespace lapwing::pipes {

// Whether its source is there is not asked: that shows in the pipe's state.
Status check_pipe(const hosting::Ports& ports, std::string_view operation, const Pipe& pipe,
                  const Parameters& parameters);

}  // namespace lapwing::pipes
