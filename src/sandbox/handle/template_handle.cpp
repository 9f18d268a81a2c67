#include "sandbox/handle/template_handle.hpp"

#include <cstring>
#include <poll.h>
#include <string_view>

#include "net/loop.hpp"
#include "net/timeout.hpp"
#include "os/socket.hpp"
#include "sandbox/cgroup/resident_memory.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

std::string_view bytes_of(const ForkRequest& head) {
  // Both ends are of one build; the structure is its own encoding.
  return {reinterpret_cast<const char*>(&head), sizeof head};
}

net::Task<Result<ForkReport>> read_ready(net::FdWatcher& control) {
  co_return co_await next_fork_report(control);
}

}  // namespace

net::Task<Result<ForkReport>> next_fork_report(net::FdWatcher& from) {
  for (;;) {
    auto message = os::receive_message(from.fd(), sizeof(ForkReport));
    if (!message) {
      if (message.error().kind() != ErrorKind::kUnavailable) {
        co_return fail(std::move(message).error());
      }
      LAPWING_CO_CHECK(co_await from.readable());
      continue;
    }
    if (message->end || message->bytes.size() != sizeof(ForkReport)) {
      co_return fail(make_error(ErrorKind::kUnavailable, "the template has gone"));
    }
    ForkReport report;
    std::memcpy(&report, message->bytes.data(), sizeof report);
    report.step[sizeof report.step - 1] = '\0';
    co_return report;
  }
}

// The template says nothing after it was ready: anything to read is its end.
bool TemplateHandle::alive() const {
  pollfd ready{control_.fd(), POLLIN, 0};
  return ::poll(&ready, 1, 0) == 0;
}

net::Task<Status> TemplateHandle::wait_until_ready() {
  auto report = co_await net::with_timeout(loop_, kTemplateReadyMax, read_ready(control_));
  if (!report) co_return fail(std::move(report).error().context("template"));
  pid_ = report->number;
  resident_bytes_ = resident_memory(pid_).value_or(ResidentMemory()).all_bytes();
  co_return Status();
}

net::Task<Status> TemplateHandle::request(const ForkRequest& head, std::vector<int> fds) {
  for (;;) {
    Status sent = os::send_message(control_.fd(), bytes_of(head), fds);
    if (sent || sent.error().kind() != ErrorKind::kUnavailable) co_return sent;
    if (!alive()) co_return sent;
    co_await loop_.sleep(std::chrono::milliseconds(1));  // behind: it takes them one by one
  }
}

}  // namespace lapwing::sandbox
