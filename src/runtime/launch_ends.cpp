#include "runtime/launch_ends.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "net/stream.hpp"
#include "runtime/environment_variables.hpp"
#include "runtime/output_pipe.hpp"

namespace lapwing::runtime {
namespace {

Result<os::UniqueFd> duplicate(const os::UniqueFd& fd) {
  os::UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy) return fail(errno_error("dup"));
  return copy;
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
  if (!traits(runtime.id.language).own_bootstrap) return ends;
  LAPWING_TRY(PipeEnds telemetry, make_output_pipe());
  ends.telemetry = std::move(telemetry.read);
  ends.inherited.push_back({kTelemetryFd, std::move(telemetry.write)});
  LAPWING_TRY(net::SocketPair sockets, net::socket_pair());
  ends.runtime = std::move(sockets.first);
  // The bootstrap expects a blocking socket.
  const int flags = fcntl(sockets.second.get(), F_GETFL);
  fcntl(sockets.second.get(), F_SETFL, flags & ~O_NONBLOCK);
  ends.inherited.push_back({kRuntimeFd, std::move(sockets.second)});
  return ends;
}

}  // namespace lapwing::runtime
