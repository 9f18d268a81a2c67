#include "probe.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace escape {

std::string given(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string error_text() { return std::strerror(errno); }

}  // namespace escape

// Every attempt: a line "held NAME" or "ESCAPED NAME: what" each.
static int attempt_all() {
  int escaped = 0;
  for (const auto& attempts :
       {escape::process_attempts(), escape::file_attempts(), escape::kernel_attempts(),
        escape::network_attempts(), escape::gap_attempts(), escape::inherited_attempts()}) {
    for (const escape::Attempt& attempt : attempts) {
      const std::string found = attempt.run();
      if (found.empty()) {
        std::printf("held %s\n", attempt.name);
        continue;
      }
      ++escaped;
      std::printf("ESCAPED %s: %s\n", attempt.name, found.c_str());
    }
  }
  return escaped == 0 ? 0 : 1;
}

// A template, with the fork server preloaded: fork() returns in sandboxes only.
static int serve_forks(bool execute) {
  if (::fork() != 0) return 3;
  if (!execute) return attempt_all();
  ::execl("/var/task/probe", "probe", nullptr);
  return 4;
}

// probe            every attempt
// probe template   a template whose children make every attempt
// probe executing  one whose children execute the probe again
// probe walled     ends with 0 when the walls stand
// probe watch      see watch_starts()
// probe BOMB       one resource bomb: prints what it got
int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string what = argc > 1 ? argv[1] : "";
  if (what.empty()) return attempt_all();
  if (what == "template" || what == "executing") return serve_forks(what == "executing");
  if (what == "walled") return escape::walled() ? 0 : 1;
  if (what == "watch") escape::watch_starts();
  return escape::run_bomb(what);
}
