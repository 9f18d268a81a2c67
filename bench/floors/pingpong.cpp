// The pingpong floor: one Python process answers JSON over a socket pair, one at a time.
//
//   lapwing_floor_pingpong PYTHON SCRIPT SECONDS
//
// Prints one JSON object: requests, and p50, p90, p99 of a round trip in microseconds.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kQuestion = "{\"name\": \"World\"}\n";
constexpr std::string_view kAnswer = "{\"message\": \"Hello World\"}\n";
constexpr int kWarmUp = 500;

[[noreturn]] void die(std::string_view what) {
  fmt::print(stderr, "pingpong: {}\n", what);
  std::exit(1);
}

void exchange(int fd) {
  if (write(fd, kQuestion.data(), kQuestion.size()) != static_cast<ssize_t>(kQuestion.size())) {
    die("cannot ask");
  }
  std::string answer;
  char buffer[256];
  while (!answer.ends_with('\n')) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count <= 0) die("no answer");
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  if (answer != kAnswer) die("wrong answer: " + answer);
}

pid_t start(const char* python, const char* script, int child_end) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_end, 3);
  char isolated[] = "-I";
  std::string interpreter(python);
  std::string path(script);
  char* argv[] = {interpreter.data(), isolated, path.data(), nullptr};
  pid_t pid = -1;
  if (posix_spawnp(&pid, python, &actions, nullptr, argv, environ) != 0) die("cannot start");
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) die("usage: PYTHON SCRIPT SECONDS");
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) die("socketpair");
  const int ours = fcntl(ends[0], F_DUPFD_CLOEXEC, 10);
  const int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
  close(ends[0]);
  close(ends[1]);
  const pid_t pid = start(argv[1], argv[2], theirs);
  close(theirs);
  for (int i = 0; i < kWarmUp; ++i) exchange(ours);

  std::vector<double> micros;
  const auto end =
      SteadyClock::now() + std::chrono::duration<double>(std::strtod(argv[3], nullptr));
  while (SteadyClock::now() < end) {
    const auto from = SteadyClock::now();
    exchange(ours);
    micros.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - from).count());
  }
  close(ours);
  waitpid(pid, nullptr, 0);
  if (micros.empty()) die("no time");
  std::sort(micros.begin(), micros.end());
  const auto at = [&](double share) {
    return micros[static_cast<std::size_t>(share * static_cast<double>(micros.size() - 1))];
  };
  fmt::print("{{\"requests\": {}, \"p50_us\": {:.1f}, \"p90_us\": {:.1f}, \"p99_us\": {:.1f}}}\n",
             micros.size(), at(0.5), at(0.9), at(0.99));
  return 0;
}
