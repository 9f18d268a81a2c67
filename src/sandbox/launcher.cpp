#include "sandbox/launcher.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "net/fd_watcher.hpp"
#include "net/loop.hpp"
#include "net/worker_pool.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/cgroup/process_budget.hpp"
#include "sandbox/handle/handle.hpp"
#include "sandbox/handle/template_handle.hpp"
#include "sandbox/helper/helper.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/machine.hpp"
#include "sandbox/network/forwarding.hpp"
#include "sandbox/view/prepared_root.hpp"

namespace lapwing::sandbox {
namespace {

constexpr const char* kLockFile = "/sandbox.lock";

// One instance a data directory. The helper inherits the lock, so it is held until the last
// of both has gone.
Result<os::UniqueFd> lock_instance(const std::string& data_dir,
                                   std::chrono::milliseconds patience) {
  LAPWING_TRY(os::UniqueFd lock,
              os::open_at(os::kCwd, data_dir + kLockFile, O_RDWR | O_CREAT, 0600));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail(errno_error("lock data directory"));
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(make_error(ErrorKind::kConflict,
                             fmt::format("another Lapwing is running with data directory {}: stop "
                                         "it, or say another directory with --data-dir",
                                         data_dir)));
    }
    ::poll(nullptr, 0, 10);
  }
  return lock;
}

}  // namespace

bool is_held(const std::string& data_dir) {
  const auto lock = os::open_at(os::kCwd, data_dir + kLockFile, O_RDONLY);
  return lock && ::flock(lock->get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

namespace {

// Stable for a data directory, so that a restart finds what a killed helper left. Not made
// of its path: containers that share the machine's cgroups have other directories there, and
// would take each other's groups for leftovers.
Result<std::string> instance_tag(int lock) {
  struct stat info{};
  if (::fstat(lock, &info) != 0) return fail(errno_error("stat sandbox.lock"));
  return fmt::format("lapwing-{:x}-{:x}", info.st_dev, info.st_ino);
}

// As that server where it does not run; else under another name, showing its.
Status stand_in(LauncherOptions& options, os::UniqueFd& lock) {
  if (options.stands_in_for.empty()) return {};
  auto theirs = os::open_at(os::kCwd, options.stands_in_for + kLockFile, O_RDONLY);
  if (!theirs) {
    options.network.shown = {.name = "lw*", .of = "named when a server first starts"};
    return {};
  }
  if (::flock(theirs->get(), LOCK_EX | LOCK_NB) == 0) {
    lock = *std::move(theirs);
    return {};
  }
  LAPWING_TRY(const std::string tag, instance_tag(theirs->get()));
  options.network.shown = {.name = uplink_name(tag), .of = "of the server that is running"};
  return {};
}

class LauncherImpl final : public Launcher, private Outside {
 public:
  LauncherImpl(os::UniqueFd lock, os::UniqueFd control, os::UniqueFd helper, os::UniqueFd root_id,
               std::unique_ptr<Housekeeper> housekeeper, NetworkStatus network,
               IsolationReport report)
      : lock_(std::move(lock)),
        control_(std::move(control)),
        helper_(std::move(helper)),
        root_id_(std::move(root_id)),
        housekeeper_(std::move(housekeeper)),
        network_(std::move(network)),
        report_(std::move(report)) {}
  ~LauncherImpl() override;

  Status begin_housekeeping(Logger& logger) override {
    housekeeper_->begin(logger);
    return {};
  }
  net::Task<Result<std::unique_ptr<Sandbox>>> launch(net::Loop& loop, const Plan& plan,
                                                     std::vector<InheritedFd> fds) override;
  net::Task<Result<std::unique_ptr<Template>>> start_template(net::Loop& loop,
                                                              const TemplatePlan& plan) override;
  NetworkStatus& network() override { return network_; }
  const IsolationReport& report() const override { return report_; }
  const TmpPauses& tmp_pauses() const override { return housekeeper_->tmp_pace().pauses(); }

 private:
  net::Task<Status> send_request(net::Loop& loop, std::string_view request, std::vector<int> fds);
  net::Task<Result<std::vector<os::UniqueFd>>> clone(net::Loop& loop,
                                                     std::vector<Bind> binds) override;
  net::Task<Status> limit_egress(net::Loop& loop, EgressChange change) override;
  // Asks the helper with what the file holds; the descriptors that it answers with.
  net::Task<Result<std::vector<os::UniqueFd>>> ask(net::Loop& loop, std::string_view request,
                                                   os::UniqueFd file);

  os::UniqueFd lock_;
  os::UniqueFd control_;
  os::UniqueFd helper_;  // pidfd
  os::UniqueFd root_id_;
  std::unique_ptr<Housekeeper> housekeeper_;
  NetworkStatus network_;
  IsolationReport report_;
  std::atomic<std::uint64_t> next_id_{1};
};

LauncherImpl::~LauncherImpl() {
  control_.reset();
  // The helper ends by itself now; waiting keeps "destroyed" meaning "nothing is left".
  os::wait_pidfd(helper_.get());
}

Status check_fds(const std::vector<InheritedFd>& fds) {
  if (fds.size() > kInheritedFdsMax) {
    return fail(make_error(ErrorKind::kInvalid, "too many descriptors"));
  }
  for (const InheritedFd& fd : fds) {
    if (fd.target < 0 || fd.target >= kInheritedNumberMax || !fd.fd) {
      return fail(make_error(ErrorKind::kInvalid, "inherited descriptor"));
    }
  }
  return {};
}

net::Task<Status> LauncherImpl::send_request(net::Loop& loop, std::string_view request,
                                             std::vector<int> fds) {
  for (;;) {
    const Status sent = os::send_message(control_.get(), request, fds);
    if (sent || sent.error().kind() != ErrorKind::kUnavailable) co_return sent;
    // The socket is full: wait on a descriptor of our own, as other loops may wait too.
    net::FdWatcher writable(loop, os::UniqueFd(::fcntl(control_.get(), F_DUPFD_CLOEXEC, 3)));
    LAPWING_CO_CHECK(co_await writable.writable());
  }
}

// Root makes mounts itself, which waits for nobody; others ask the helper.
net::Task<Result<std::vector<os::UniqueFd>>> LauncherImpl::clone(net::Loop& loop,
                                                                 std::vector<Bind> binds) {
  std::vector<os::UniqueFd> mounts;
  if (::geteuid() == 0) {
    for (const Bind& bind : binds) {
      LAPWING_CO_TRY(os::UniqueFd mount, clone_read_only(bind.source, root_id_.get()));
      mounts.push_back(std::move(mount));
    }
    co_return mounts;
  }
  LAPWING_CO_TRY(os::UniqueFd file, os::make_memory_file("lapwing-binds", encode_binds(binds)));
  co_return co_await ask(loop, kMountRequest, std::move(file));
}

net::Task<Status> LauncherImpl::limit_egress(net::Loop& loop, EgressChange change) {
  LAPWING_CO_TRY(os::UniqueFd file, os::make_memory_file("lapwing-egress", encode_egress(change)));
  LAPWING_CO_CHECK(co_await ask(loop, kEgressRequest, std::move(file)));
  co_return Status();
}

net::Task<Result<std::vector<os::UniqueFd>>> LauncherImpl::ask(net::Loop& loop,
                                                               std::string_view request,
                                                               os::UniqueFd file) {
  LAPWING_CO_TRY(os::FdPair pair, os::make_socketpair(os::SocketKind::kSeqPacket, true));
  LAPWING_CO_CHECK(co_await send_request(loop, request, {pair.second.get(), file.get()}));
  pair.second.reset();
  net::FdWatcher reply(loop, std::move(pair.first));
  LAPWING_CO_CHECK(co_await reply.readable());
  LAPWING_CO_TRY(os::Message message, os::receive_message(reply.fd(), kReportBytesMax));
  if (message.end) {
    co_return fail(make_error(ErrorKind::kUnavailable, "the sandbox helper has gone"));
  }
  LAPWING_CO_TRY(const Report report, decode_report(message.bytes));
  if (report.kind != ReportKind::kDone) {
    co_return fail(Error(static_cast<ErrorKind>(report.number), "Internal", "Internal error")
                       .with_detail(report.text));
  }
  co_return std::move(message.fds);
}

net::Task<Result<std::unique_ptr<Sandbox>>> LauncherImpl::launch(net::Loop& loop, const Plan& plan,
                                                                 std::vector<InheritedFd> fds) {
  LAPWING_CO_CHECK(validate(plan));
  LAPWING_CO_CHECK(check_fds(fds));
  const auto begin = std::chrono::steady_clock::now();
  LAPWING_CO_TRY(TmpMount tmp, co_await housekeeper_->take_tmp(loop, plan.limits.tmp_bytes));
  const auto have_tmp = std::chrono::steady_clock::now();

  LaunchHead head;
  head.id = fmt::format("s{}", next_id_++);
  head.tmp_mount = tmp.mount.valid();
  for (const InheritedFd& fd : fds) head.targets.push_back(fd.target);
  LAPWING_CO_TRY(const os::UniqueFd file,
                 os::make_memory_file("lapwing-plan", encode_launch(head, plan)));
  LAPWING_CO_TRY(os::FdPair pair, os::make_socketpair(os::SocketKind::kSeqPacket, true));
  std::vector<int> raw = {pair.second.get(), file.get()};
  if (head.tmp_mount) raw.push_back(tmp.mount.get());
  for (const InheritedFd& fd : fds) raw.push_back(fd.fd.get());

  auto handle = std::make_unique<Handle>(loop, head.id, std::move(pair.first), std::move(tmp), plan,
                                         *housekeeper_, static_cast<Outside&>(*this));
  LAPWING_CO_CHECK(co_await send_request(loop, kLaunchRequest, std::move(raw)));
  pair.second.reset();
  fds.clear();
  if (Status started = co_await handle->started(plan.listeners); !started) {
    co_await handle->destroy();
    co_return fail(std::move(started).error().context("launch " + plan.name));
  }
  if (!plan.argv.empty()) handle->begin_pace();
  handle->add_steps(have_tmp - begin, std::chrono::steady_clock::now() - begin);
  co_return handle;
}

net::Task<Result<std::unique_ptr<Template>>> LauncherImpl::start_template(
    net::Loop& loop, const TemplatePlan& plan) {
  LAPWING_CO_CHECK(validate(plan.program));
  LAPWING_CO_TRY(const os::UniqueFd file,
                 os::make_memory_file("lapwing-template", encode_template(plan)));
  LAPWING_CO_TRY(os::FdPair pair, os::make_socketpair(os::SocketKind::kSeqPacket, true));
  LAPWING_CO_CHECK(co_await send_request(loop, kTemplateRequest, {pair.second.get(), file.get()}));
  pair.second.reset();
  auto made = std::make_unique<TemplateHandle>(loop, std::move(pair.first));
  if (Status ready = co_await made->wait_until_ready(); !ready) {
    co_return fail(std::move(ready).error().context("start " + plan.name));
  }
  co_return made;
}

Result<HelperHello> hear_hello(int control, NameServerSockets& sockets) {
  pollfd ready{control, POLLIN, 0};
  while (::poll(&ready, 1, 10'000) < 0 && errno == EINTR) {
  }
  LAPWING_TRY(os::Message message, os::receive_message(control, 4096));
  if (message.fds.size() == 2) {
    sockets = {std::move(message.fds[0]), std::move(message.fds[1])};
  }
  return decode_hello(message.bytes);
}

}  // namespace

Result<std::unique_ptr<Launcher>> Launcher::start(LauncherOptions options) {
  LAPWING_TRY(const std::size_t threads, os::own_threads());
  if (threads != 1) return fail(internal_error("the sandbox helper must be forked before threads"));
  LAPWING_CHECK(os::make_directories(options.data_dir, 0755));
  LAPWING_TRY(os::UniqueFd lock, lock_instance(options.data_dir, options.lock_wait));
  LAPWING_TRY(const os::CgroupLayout layout, os::detect_cgroup_layout());
  LAPWING_CHECK(stand_in(options, lock));
  LAPWING_TRY(const std::string tag, instance_tag(lock.get()));
  CgroupTree cgroups = CgroupTree::prepare(layout, tag);
  cgroups.set_processes_budget(
      options.processes_max != 0 ? std::max<std::uint64_t>(kProcessesMaxMin, options.processes_max)
                                 : default_processes_budget(layout));

  // Without it files of root belong to nobody inside, which harms little.
  os::UniqueFd root_id;
  if (::geteuid() == 0) {
    if (auto made = make_root_id()) root_id = *std::move(made);
  }
  LAPWING_TRY(os::FdPair control, os::make_socketpair(os::SocketKind::kSeqPacket, true));
  LAPWING_TRY(os::UniqueFd self, os::open_pidfd(::getpid()));
  LAPWING_TRY(os::CloneResult helper, os::clone_process(0));
  if (helper.pid == 0) {
    control.first.reset();
    HelperOptions mine;
    mine.control = std::move(control.second);
    mine.parent = std::move(self);
    mine.cgroups = &cgroups;
    mine.network = options.network;
    mine.tag = tag;
    mine.hide_processors = options.hide_processors;
    mine.root_id = root_id.get();
    run_helper(std::move(mine));
  }
  control.second.reset();
  NetworkStatus network;
  LAPWING_TRY(const HelperHello hello, hear_hello(control.first.get(), network.name_server));
  if (!hello.failure.empty()) return fail(no_sandboxes_error(hello.failure));

  auto housekeeper = std::make_unique<Housekeeper>(
      std::move(cgroups),
      TmpPool::Options{options.data_dir + "/tmp-images", options.tmp_ready, options.tmp_images,
                       options.space},
      options.tmp_rates);
  network.available = hello.network;
  network.text = hello.network_text;
  IsolationReport report = isolation_report(*housekeeper, hello.user_ids, network);
  return std::make_unique<LauncherImpl>(
      std::move(lock), std::move(control.first), std::move(helper.pidfd), std::move(root_id),
      std::move(housekeeper), std::move(network), std::move(report));
}

}  // namespace lapwing::sandbox
