// Programs of a sandbox that are children of a template.
#include <algorithm>
#include <fcntl.h>
#include <signal.h>

#include "net/loop.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/handle/handle.hpp"
#include "sandbox/handle/template_handle.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {

namespace {

std::uint32_t fork_weakness(Weakness weakness) {
  switch (weakness) {
    case Weakness::kKeepCapabilities:
      return kForkKeepPower;
    case Weakness::kNoSeccomp:
      return kForkNoFilters;
    case Weakness::kNoLimits:
      return kForkNoLimits;
    case Weakness::kOpenDescriptors:
      return kForkKeepDescriptors;
    default:
      return 0;  // of the sandbox, not of how its programs start
  }
}

}  // namespace

net::Task<Result<ProgramId>> Handle::fork_from(Template& from, std::vector<InheritedFd> fds) {
  auto& parent = static_cast<TemplateHandle&>(from);  // there is no other kind
  const bool fit = std::all_of(fds.begin(), fds.end(), [](const InheritedFd& fd) {
    return fd.target >= 0 && fd.target < kForkReservedFds;
  });
  if (fds.size() > kForkTargetsMax || !fit) {
    co_return fail(make_error(ErrorKind::kInvalid, "too many descriptors"));
  }
  Order order;
  order.kind = OrderKind::kNamespaces;
  order.id = next_order_++;
  const ProgramId id = order.id;
  LAPWING_CO_TRY(const Answer namespaces, co_await command(std::move(order), {}));
  LAPWING_CO_TRY(const std::vector<os::UniqueFd> groups, housekeeper_.cgroups().entrances(id_));
  LAPWING_CO_TRY(os::FdPair pair, os::make_socketpair(os::SocketKind::kSeqPacket, true));

  ForkRequest head;
  head.uid = kInnerUid;
  head.gid = kInnerGid;
  head.open_files = limits_.open_files;
  head.processes = limits_.processes;
  head.weakness = fork_weakness(weakness_);
  std::vector<int> raw = {pair.second.get()};
  for (const os::UniqueFd& ns : namespaces) raw.push_back(ns.get());
  head.cgroups = static_cast<std::uint32_t>(groups.size());
  for (const os::UniqueFd& group : groups) raw.push_back(group.get());
  for (const InheritedFd& fd : fds) {
    head.target[head.targets++] = fd.target;
    raw.push_back(fd.fd.get());
  }
  if (pace_) pace_->come_back();
  LAPWING_CO_CHECK(co_await parent.request(head, std::move(raw)));
  pair.second.reset();
  fds.clear();
  auto reports = std::make_unique<net::FdWatcher>(loop_, std::move(pair.first));
  LAPWING_CO_TRY(const ForkReport report, co_await next_fork_report(*reports));
  if (report.kind != ForkReportKind::kStarted) {
    co_return fail(errno_error(std::string("fork from template: ") + report.step, report.number));
  }
  Program& child = program(id);
  // Taken until the template has heard of its end, so it is this one's.
  if (auto pidfd = os::open_pidfd(report.number)) child.pidfd = *std::move(pidfd);
  child.reports = std::move(reports);
  uncounted_bytes_ = std::max(uncounted_bytes_, parent.resident_bytes());
  tasks_.spawn(follow_child(id, *child.reports));
  co_return id;
}

// Until the child's end. A template that dies, or gives way to another, leaves its children alive;
// how they end is unknown then, but not that they do.
net::Task<void> Handle::follow_child(ProgramId id, net::FdWatcher& reports) {
  for (;;) {
    const auto report = co_await next_fork_report(reports);
    if (!report) break;
    if (report->kind == ForkReportKind::kExited) {
      note_exit(id, report->number, report->user_us, report->system_us);
      co_return;
    }
    if (report->kind == ForkReportKind::kFailed) {
      program(id).status.detail = errno_error(report->step, report->number).detail();
    }
  }
  if (!program(id).pidfd) co_return;
  // The watcher owns what it waits for, and signals go by the other.
  const int copy = ::fcntl(program(id).pidfd.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) co_return;
  net::FdWatcher process(loop_, os::UniqueFd(copy));
  if (co_await process.readable()) note_exit(id, SIGKILL, 0, 0);
}

}  // namespace lapwing::sandbox
