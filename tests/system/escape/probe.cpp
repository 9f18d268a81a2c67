#include "probe.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace escape {

std::string given(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string error_text() { return std::strerror(errno); }

}  // namespace escape

// probe            every attempt: a line "held NAME" or "ESCAPED NAME: what" each
// probe BOMB       one resource bomb: prints what it got
int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc > 1) return escape::run_bomb(argv[1]);
  int escaped = 0;
  for (const auto& attempts : {escape::process_attempts(), escape::file_attempts(),
                               escape::kernel_attempts(), escape::network_attempts()}) {
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
