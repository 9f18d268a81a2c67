// How much a server may have open at once: environments and connections share the descriptors that
// the process may have.
//
// Thread-safety: any thread.
#pragma once

#include <cstddef>

#include "base/log.hpp"
#include "engine/limits.hpp"

namespace lapwing::server {

// No more environments than there are descriptors for: the one idle longest makes room then, where
// starts would fail otherwise. `asked` says whether somebody wanted as many.
void fit_open_files(engine::EngineOptions& options, bool asked, Logger& logger);

// How many connections of those wanted: with all of them open there are descriptors left for
// everything else.
std::size_t fit_connections(const engine::EngineOptions& options, std::size_t wanted, bool asked,
                            Logger& logger);

}  // namespace lapwing::server
