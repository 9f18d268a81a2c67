// The commands of the binary. Each returns the process's exit status.
#pragma once

#include <string>

#include "server/config.hpp"

namespace lapwing::server {

// Runs until SIGTERM or SIGINT; a second signal ends it at once.
int run_serve(const Config& config);

// What this machine offers: isolation, runtimes.
int run_doctor(const Config& config);
// Prints the sandbox plan of a function of that runtime.
int run_doctor_plan(const Config& config, const std::string& runtime_id);

// Every configuration key with its meaning, its values and its default: a file for --config.
int run_config();
// The same as a page of the documentation (docs/settings.md).
int run_config_page();

}  // namespace lapwing::server
