#include "runtime/start/launch_ends.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "net/stream.hpp"
#include "os/socket.hpp"
#include "runtime/log/output_pipe.hpp"
#include "runtime/start/environment_variables.hpp"

namespace lapwing::runtime {
namespace {

Result<os::UniqueFd> duplicate(const os::UniqueFd& fd) {
  os::UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy) return fail(errno_error("dup"));
  return copy;
}

Status add_socket(LaunchEnds& ends) {
  LAPWING_TRY(net::SocketPair sockets, net::socket_pair());
  ends.runtime = std::move(sockets.first);
  // The bootstrap expects a blocking socket.
  const int flags = fcntl(sockets.second.get(), F_GETFL);
  fcntl(sockets.second.get(), F_SETFL, flags & ~O_NONBLOCK);
  ends.inherited.push_back({kRuntimeFd, std::move(sockets.second)});
  return {};
}

Status add_pipes(LaunchEnds& ends) {
  LAPWING_TRY(os::FdPair events, os::make_pipe());
  LAPWING_TRY(os::FdPair answers, os::make_pipe());
  ends.to_runtime = std::move(events.second);
  ends.runtime = std::move(answers.first);
  ends.inherited.push_back({kRuntimeFd, std::move(events.first)});
  ends.inherited.push_back({kRuntimeOutFd, std::move(answers.second)});
  return {};
}

}  // namespace

Result<LaunchEnds> make_launch_ends(const RuntimeChoice& runtime, bool ahead) {
  LaunchEnds ends;
  LAPWING_TRY(PipeEnds output, make_output_pipe());
  LAPWING_TRY(os::UniqueFd copy, duplicate(output.write));
  ends.output = std::move(output.read);
  ends.inherited.push_back({STDOUT_FILENO, std::move(output.write)});
  ends.inherited.push_back({STDERR_FILENO, std::move(copy)});
  if (ahead) {
    LAPWING_TRY(PipeEnds configure, make_output_pipe());
    ends.configure = std::move(configure.write);
    ends.inherited.push_back({kStandbyFd, std::move(configure.read)});
  }
  const RuntimeLink link = traits(runtime.id.language).link;
  if (link == RuntimeLink::kTcp) return ends;
  LAPWING_TRY(PipeEnds telemetry, make_output_pipe());
  ends.telemetry = std::move(telemetry.read);
  ends.inherited.push_back({kTelemetryFd, std::move(telemetry.write)});
  LAPWING_CHECK(link == RuntimeLink::kPipes ? add_pipes(ends) : add_socket(ends));
  return ends;
}

}  // namespace lapwing::runtime
