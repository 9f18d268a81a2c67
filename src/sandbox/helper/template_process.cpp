#include "sandbox/helper/template_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/socket.hpp"
#include "sandbox/fork_server/protocol.hpp"

namespace lapwing::sandbox {
namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// 0..2 nothing, then the control socket, then the filters its children install, then nothing
// again up to where the interpreter's own may begin.
Status arrange(const TemplateStart& start) {
  constexpr int above = kForkReservedFds;
  static_assert(kTemplateFd + 1 + kForkFiltersMax <= kForkReservedFds);
  const os::UniqueFd control(::fcntl(start.control, F_DUPFD_CLOEXEC, above));
  const os::UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const os::UniqueFd spare(::fcntl(nothing.get(), F_DUPFD_CLOEXEC, above));
  std::vector<os::UniqueFd> filters;
  for (const os::FilterProgram& filter : *start.filters) {
    LAPWING_TRY(const os::UniqueFd file, os::make_memory_file("lapwing-filter", filter));
    filters.emplace_back(::fcntl(file.get(), F_DUPFD_CLOEXEC, above));
  }
  for (int fd = 0; fd < 3; ++fd) {
    if (::dup2(spare.get(), fd) < 0) return fail(errno_error("descriptors"));
  }
  if (::dup2(control.get(), kTemplateFd) < 0) return fail(errno_error("descriptors"));
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (::dup2(filters[i].get(), kTemplateFd + 1 + static_cast<int>(i)) < 0) {
      return fail(errno_error("descriptors"));
    }
  }
  const int taken = kTemplateFd + 1 + static_cast<int>(filters.size());
  for (int fd = taken; fd < above; ++fd) {
    if (::dup2(spare.get(), fd) < 0) return fail(errno_error("descriptors"));
  }
  // Raw: the wrapper came with glibc 2.34 only.
  ::syscall(SYS_close_range, above, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
  return {};
}

Status prepare(const TemplateStart& start) {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  LAPWING_CHECK(arrange(start));
  LAPWING_CHECK(os::give_up_priority());
  LAPWING_CHECK(os::drop_bounding_set());
  LAPWING_CHECK(os::drop_capabilities());
  LAPWING_CHECK(os::set_no_new_privs());
  LAPWING_CHECK(os::set_parent_death_signal(SIGKILL));
  if (::chdir(start.program->working_directory.c_str()) != 0) {
    return fail(errno_error("working directory"));
  }
  return {};
}

}  // namespace

void run_template(const TemplateStart& start) {
  std::vector<std::string> arguments = start.program->argv;
  std::vector<std::string> environment;
  for (const auto& [key, value] : start.program->environment) {
    environment.push_back(key + "=" + value);
  }
  environment.push_back(std::string(kTemplateVariable) + "=" +
                        std::to_string(start.filters->size()));
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  if (prepare(start)) ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);  // the server sees the control socket close
}

}  // namespace lapwing::sandbox
