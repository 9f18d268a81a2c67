#include "sandbox/inside/program.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/privileges.hpp"
#include "os/socket.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::string_view kListener = "l";  // comes with the descriptor

struct Failure {
  char step[24];
  int error_number;
};

// Puts every descriptor at its number and closes all others but `keep`, which moves out of
// the way. The sources are copied above every target first, so that none overwrites another.
bool arrange_descriptors(const ProgramStart& program, int& keep) {
  int above = 3;
  for (const int target : program.targets) above = std::max(above, target + 1);
  const auto raise = [above](int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, above); };
  keep = raise(keep);
  std::vector<int> raised;
  for (const int source : program.sources) raised.push_back(raise(source));
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int spare = raise(nothing);
  if (keep < 0 || spare < 0) return false;
  std::vector<bool> used(static_cast<std::size_t>(above), false);
  for (std::size_t i = 0; i < program.targets.size(); ++i) {
    if (raised[i] < 0 || ::dup2(raised[i], program.targets[i]) < 0) return false;
    used[static_cast<std::size_t>(program.targets[i])] = true;
  }
  for (int fd = 0; fd < above; ++fd) {
    if (used[static_cast<std::size_t>(fd)]) continue;
    if (fd < 3 ? ::dup2(spare, fd) < 0 : (::close(fd) != 0 && errno != EBADF)) return false;
  }
  // Everything above is close-on-exec from here, whatever it was before.
  if (::syscall(SYS_close_range, above, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */) != 0) return false;
  return program.weakness != Weakness::kOpenDescriptors || ::fcntl(spare, F_DUPFD, above) >= 0;
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Exit statuses of a shell that cannot run what it was to become.
constexpr int kNotExecutable = 126;
constexpr int kNotThere = 127;

[[noreturn]] void end_saying(const char* path, const char* what, int status) {
  const std::string line = std::string(path) + ": " + what + "\n";
  (void)!::write(STDOUT_FILENO, line.data(), line.size());
  ::_exit(status);
}

// What AWS's start scripts do with AWS_LAMBDA_EXEC_WRAPPER: `[ -f ]`, `[ -x ]`, then `exec`, which
// looks a name without a slash up in PATH only, and runs as a script what has no first line for the
// kernel.
[[noreturn]] void turn_into_wrapper(char* const* argv, char* const* environment) {
  const char* const path = argv[0];
  struct stat about{};
  if (::stat(path, &about) != 0 || !S_ISREG(about.st_mode)) {
    end_saying(path, "does not exist", kNotThere);
  }
  if (::access(path, X_OK) != 0) end_saying(path, "is not an executable", kNotExecutable);
  if (std::strchr(path, '/') == nullptr) end_saying(path, "not found", kNotThere);
  ::execve(path, argv, environment);
  const int why = errno;
  if (why == ENOEXEC) {
    std::vector<char*> script;
    char shell[] = "/bin/sh";
    script.push_back(shell);
    for (char* const* word = argv; *word != nullptr; ++word) script.push_back(*word);
    script.push_back(nullptr);
    ::execve(shell, script.data(), environment);
  }
  end_saying(path, std::strerror(why), kNotExecutable);
}

// The first one's listener goes to the sandbox's first process.
bool install_filters(const std::vector<os::FilterProgram>& filters, int outcome) {
  const auto listener = os::install_listening_filter(filters.front());
  if (!listener) return false;
  for (std::size_t i = 1; i < filters.size(); ++i) {
    if (!os::install_filter(filters[i])) return false;
  }
  const int fd = listener->get();
  return os::send_message(outcome, kListener, {&fd, 1}).has_value();
}

// In the new process; comes back only on failure.
const char* turn_into_program(const ProgramStart& program, int& failure_fd, char* const* argv,
                              char* const* environment) {
  reset_signals();
  ::setsid();
  if (!arrange_descriptors(program, failure_fd)) return "descriptors";
  if (!os::become(kInnerUid, kInnerGid)) return "identity";
  if (program.weakness != Weakness::kKeepCapabilities && !os::drop_capabilities()) {
    return "capabilities";
  }
  if (::chdir(program.plan->working_directory.c_str()) != 0) return "working directory";
  if (program.weakness != Weakness::kNoSeccomp && program.weakness != Weakness::kKeepCapabilities) {
    if (!install_filters(*program.filters, failure_fd)) return "system-call filter";
  }
  if (program.plan->wrapped) turn_into_wrapper(argv, environment);
  ::execve(argv[0], argv, environment);
  return "execve";
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Until the new process has executed its program, which closes its end, or has failed.
Result<os::UniqueFd> hear_outcome(int outcome, const std::string& path) {
  os::UniqueFd listener;
  for (;;) {
    auto message = os::receive_message(outcome, sizeof(Failure));
    if (!message) return fail(std::move(message).error());
    if (message->end) return listener;
    if (message->bytes == kListener && !message->fds.empty()) {
      listener = std::move(message->fds.front());
      continue;
    }
    Failure failure{};
    message->bytes.copy(reinterpret_cast<char*>(&failure), sizeof failure);  // its own encoding
    return fail(errno_error(failure.step + std::string(" ") + path, failure.error_number));
  }
}

}  // namespace

Result<StartedProgram> start_program(const ProgramStart& program) {
  std::vector<std::string> arguments = program.plan->argv;
  std::vector<std::string> environment;
  for (const auto& [key, value] : program.plan->environment) {
    environment.push_back(key + "=" + value);
  }
  if (arguments.empty()) return fail(internal_error("argv is empty"));
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  LAPWING_TRY(os::FdPair outcome, os::make_socketpair(os::SocketKind::kSeqPacket, false));
  const pid_t pid = ::fork();
  if (pid < 0) return fail(errno_error("fork"));
  if (pid == 0) {
    int failure_fd = outcome.second.get();
    const char* step = turn_into_program(program, failure_fd, argv.data(), envp.data());
    Failure failure{};
    failure.error_number = errno;
    std::string_view(step).copy(failure.step, sizeof failure.step - 1);
    (void)!::write(failure_fd, &failure, sizeof failure);
    ::_exit(127);
  }
  outcome.second.reset();
  StartedProgram started;
  started.pid = pid;
  LAPWING_TRY(started.listener, hear_outcome(outcome.first.get(), arguments[0]));
  return started;
}

}  // namespace lapwing::sandbox
