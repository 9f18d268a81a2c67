#include "sandbox/helper/helper.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <linux/sched.h>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/cgroup/process_budget.hpp"
#include "sandbox/cgroup/socket_watch.hpp"
#include "sandbox/helper/template_process.hpp"
#include "sandbox/inside/inside.hpp"
#include "sandbox/inside/syscall_filter.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/network/forwarding.hpp"
#include "sandbox/view/prepared_root.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr std::size_t kRequestBytesMax = 256;

struct Running {
  std::string id;
  std::uint32_t slot = 0;
  NetworkMode network = NetworkMode::kNone;
  os::UniqueFd report;
  os::UniqueFd lifeline;  // the writing end; closing it ends the sandbox
  std::vector<StepTime> steps;
};

// Notes how long each part of the helper's own work takes.
class Stopwatch {
 public:
  explicit Stopwatch(std::vector<StepTime>& steps) : steps_(steps) {}
  void lap(const char* step) {
    const auto now = std::chrono::steady_clock::now();
    steps_.push_back({step, now - last_});
    last_ = now;
  }

 private:
  std::vector<StepTime>& steps_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Identical roots share a namespace; the text tells them apart.
std::string key_of(const RootPlan& root) {
  std::string key = root.base_dir;
  for (const Bind& bind : root.binds) key += '\n' + bind.source + '\t' + bind.destination;
  return key;
}

struct PreparedRoot {
  os::UniqueFd ns;
  std::uint64_t used = 0;  // counts up
  std::string base_dir;
};

// A read-only view of the plan's memory file.
class PlanFile {
 public:
  static Result<PlanFile> map(int fd) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail(errno_error("stat plan"));
    PlanFile file;
    file.size_ = static_cast<std::size_t>(info.st_size);
    file.memory_ = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file.memory_ == MAP_FAILED) return fail(errno_error("map plan"));
    return file;
  }
  PlanFile(PlanFile&& other) noexcept
      : memory_(std::exchange(other.memory_, MAP_FAILED)), size_(other.size_) {}
  PlanFile& operator=(PlanFile&&) = delete;
  ~PlanFile() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, size_);
  }
  std::string_view bytes() const { return {static_cast<const char*>(memory_), size_}; }

 private:
  PlanFile() = default;
  void* memory_ = MAP_FAILED;
  std::size_t size_ = 0;
};

class Helper {
 public:
  explicit Helper(HelperOptions options)
      : options_(std::move(options)), processes_(*options_.cgroups) {}

  Status set_up();
  // What the first launch would otherwise wait for; a failure shows up there.
  void warm_up();
  // The way out, when wanted: its failure is said, and only sandboxes that need it fail.
  // What a killed server left switched on in the machine is switched off, and said.
  void set_up_network(HelperHello& hello);
  NameServerSockets take_name_server();
  void serve();
  void clean_up();
  bool single_id() const { return single_id_; }

 private:
  void make_way_out(HelperHello& hello);
  bool accept_request();  // false: the server has gone
  Status launch(os::Message& request, const LaunchHead& head);
  void start_sandbox(os::Message& request);
  Status compile_filters();
  void make_mounts(const os::Message& request);
  void limit_egress(const os::Message& request);
  Status limit_egress(const EgressChange& change);
  void give_back(std::uint32_t slot);
  Status start_template(const os::Message& request);
  Result<int> root_namespace(const RootPlan& root);
  Status clone_into(Inside& inside, Running& running, CgroupEntry& groups);
  Status let_go_on(const Running& running, pid_t pid);
  std::optional<std::uint32_t> take_slot();
  void reap();
  void look_at_crowds();
  void tell(int report, const Report& message, std::vector<int> fds = {});

  HelperOptions options_;
  ProcessBudget processes_;
  bool single_id_ = false;
  os::UniqueFd home_ns_;
  os::UniqueFd proc_;
  os::UniqueFd child_signals_;
  std::vector<os::FilterProgram> filters_;
  std::unique_ptr<Network> network_;
  std::map<std::string, PreparedRoot> roots_;
  std::uint64_t root_uses_ = 0;
  std::map<pid_t, Running> running_;
  std::vector<bool> slots_ = std::vector<bool>(kSandboxesMax, false);
  std::uint32_t next_slot_ = 0;
};

Report report_failure(ReportKind kind, const Error& error) {
  Report report;
  report.kind = kind;
  report.number = static_cast<std::int64_t>(error.kind());
  report.text = error.detail().empty() ? error.message() : error.detail();
  return report;
}

// Without root: a user namespace of our own, in which we are root over our own user alone.
Status enter_own_user_namespace(int proc_fd) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER) != 0) return fail(errno_error("unshare user namespace"));
  return os::write_id_maps(proc_fd, ::getpid(), fmt::format("0 {} 1", uid),
                           fmt::format("0 {} 1", gid), true);
}

// Can this machine make sandboxes at all? Tries, with a clone that ends at once.
Status try_namespaces() {
  auto clone = os::clone_process(kNamespaces);
  if (!clone) return fail(std::move(clone).error().context("namespaces"));
  if (clone->pid == 0) ::_exit(0);
  int status = 0;
  while (::waitpid(clone->pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {};
}

Status Helper::set_up() {
  ::setsid();  // a terminal's Ctrl-C is for the server, which then tells us by ending
  ::prctl(PR_SET_NAME, "lapwing-sandbox", 0, 0, 0);
  ::signal(SIGPIPE, SIG_IGN);
  // What a template that was killed has forked: a sandbox ends only when all of it is reaped, and
  // not every machine's first process does that, or soon.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  LAPWING_CHECK(os::set_undumpable());
  LAPWING_TRY(proc_, os::open_at(os::kCwd, "/proc", O_PATH | O_DIRECTORY));
  if (::geteuid() != 0) {
    single_id_ = true;
    // Writing the maps needs access to our own /proc entry.
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    LAPWING_CHECK(enter_own_user_namespace(proc_.get()));
  }
  if (::unshare(CLONE_NEWNS) != 0) return fail(errno_error("unshare mount namespace"));
  LAPWING_CHECK(os::make_mounts_slave());
  LAPWING_TRY(home_ns_, os::open_at(proc_.get(), "self/ns/mnt", O_RDONLY));
  LAPWING_CHECK(try_namespaces());
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  child_signals_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!child_signals_) return fail(errno_error("signalfd"));
  return {};
}

void Helper::warm_up() {
  if (auto filters = compile_syscall_filters(options_.hide_processors))
    filters_ = *std::move(filters);
}

void Helper::set_up_network(HelperHello& hello) {
  if (single_id_) {
    if (options_.network.wanted) {
      hello.network_text = "needs root: without it no interface can be added to this machine";
    }
    return;
  }
  // Also where no way out is wanted, any more: what was left is the machine's affair.
  const std::string restored = restore_forwarding();
  make_way_out(hello);
  if (restored.empty()) return;
  hello.network_text += (hello.network_text.empty() ? "" : "; ") + restored;
}

void Helper::make_way_out(HelperHello& hello) {
  if (!options_.network.wanted) return;
  auto network = Network::set_up(options_.network, options_.tag);
  if (network) {
    network_ = *std::move(network);
    hello.network = true;
    hello.network_text = network_->describe();
  } else {
    const Error& error = network.error();
    hello.network_text = error.detail().empty() ? error.message() : error.detail();
  }
}

NameServerSockets Helper::take_name_server() {
  return network_ ? network_->take_name_server() : NameServerSockets();
}

void Helper::tell(int report, const Report& message, std::vector<int> fds) {
  // The server may have dropped the sandbox meanwhile; then nobody needs to know.
  (void)os::send_message(report, encode_report(message), fds);
}

std::optional<std::uint32_t> Helper::take_slot() {
  for (std::uint32_t tried = 0; tried < kSandboxesMax; ++tried) {
    const std::uint32_t slot = next_slot_++ % kSandboxesMax;
    if (slots_[slot]) continue;
    slots_[slot] = true;
    return slot;
  }
  return std::nullopt;
}

Result<int> Helper::root_namespace(const RootPlan& root) {
  const std::string key = key_of(root);
  const auto known = roots_.find(key);
  if (known != roots_.end()) {
    known->second.used = ++root_uses_;
    return known->second.ns.get();
  }
  LAPWING_TRY(os::UniqueFd ns, prepare_root(root, home_ns_.get(), proc_.get(), options_.root_id));
  // Roots of images come and go: neither those that have gone are kept, nor any number.
  std::erase_if(roots_, [](const auto& entry) { return !os::exists(entry.second.base_dir); });
  if (roots_.size() >= kPreparedRootsMax) {
    roots_.erase(
        std::ranges::min_element(roots_, {}, [](const auto& entry) { return entry.second.used; }));
  }
  const int fd = ns.get();
  roots_.emplace(key, PreparedRoot{std::move(ns), ++root_uses_, root.base_dir});
  return fd;
}

Status Helper::let_go_on(const Running& running, pid_t pid) {
  const std::uint32_t base = kUidBase + running.slot * kUidRange;
  const std::string map = single_id_
                              ? fmt::format("{} 0 1", kInnerUid)
                              : fmt::format("0 {} 1\n1 {} {}\n", kRootUid, base + 1, kUidRange - 1);
  LAPWING_CHECK(os::write_id_maps(proc_.get(), pid, map, map, single_id_));
  // Functions go before anything else of the machine when memory runs out.
  (void)os::write_existing_at(proc_.get(), std::to_string(pid) + "/oom_score_adj", "800");
  if (::write(running.lifeline.get(), "g", 1) != 1) return fail(errno_error("start sandbox"));
  return {};
}

Status Helper::clone_into(Inside& inside, Running& running, CgroupEntry& groups) {
  const Plan& plan = inside.head->plan;
  Stopwatch watch(running.steps);
  std::vector<os::UniqueFd> binds;
  for (const Bind& bind : plan.binds) {
    LAPWING_TRY(os::UniqueFd mount, clone_read_only(bind.source, options_.root_id));
    inside.binds.push_back(mount.get());
    binds.push_back(std::move(mount));
  }
  for (const os::UniqueFd& tasks : groups.tasks) inside.cgroup_tasks.push_back(tasks.get());
  LAPWING_TRY(os::FdPair life, os::make_pipe());
  inside.lifeline = life.first.get();
  LAPWING_TRY(const int root, root_namespace(plan.root));

  std::uint64_t namespaces = kNamespaces;
  if (plan.weakness == Weakness::kHostPidNamespace) namespaces &= ~std::uint64_t{CLONE_NEWPID};
  if (plan.weakness == Weakness::kHostNetwork) namespaces &= ~std::uint64_t{CLONE_NEWNET};
  if (plan.weakness == Weakness::kHostIpc) namespaces &= ~std::uint64_t{CLONE_NEWIPC};
  watch.lap("helper: binds and root");
  LAPWING_CHECK(enter_mount_namespace(root));
  auto clone = os::clone_process(namespaces, groups.v2.get());
  if (clone && clone->pid == 0) run_inside(inside);
  LAPWING_CHECK(enter_mount_namespace(home_ns_.get()));
  if (!clone) return fail(std::move(clone).error());

  watch.lap("helper: clone");
  const pid_t pid = clone->pid;
  running.lifeline = std::move(life.second);
  Status going;
  if (plan.network != NetworkMode::kNone) {
    going = network_->attach(running.slot, plan.network, pid);
    if (going && plan.egress) going = network_->limit(running.slot, plan.network, plan.egress);
    watch.lap("helper: network");
  }
  Report started;
  started.kind = ReportKind::kStarted;
  started.number = pid;
  started.steps = std::move(running.steps);
  tell(running.report.get(), started, {clone->pidfd.get()});
  if (going) going = let_go_on(running, pid);
  if (!going) (void)os::signal_pidfd(clone->pidfd.get(), SIGKILL);
  running_.emplace(pid, std::move(running));
  return going;
}

Status Helper::launch(os::Message& request, const LaunchHead& head) {
  LAPWING_CHECK(compile_filters());
  const std::size_t first = head.tmp_mount ? kLaunchInherited : kLaunchTmp;
  if (request.fds.size() != first + head.targets.size()) {
    return fail(internal_error("wrong number of descriptors"));
  }
  const auto slot = take_slot();
  if (!slot) return fail(make_error(ErrorKind::kUnavailable, "too many sandboxes"));
  Running running;
  running.id = head.id;
  running.slot = *slot;
  running.network = head.plan.network;
  running.report.reset(::fcntl(request.fds[kLaunchReport].get(), F_DUPFD_CLOEXEC, 3));

  Inside inside;
  if (head.plan.network != NetworkMode::kNone) {
    if (!network_ || (head.plan.network == NetworkMode::kHost && !options_.network.host)) {
      give_back(*slot);
      return fail(make_error(ErrorKind::kUnsupported,
                             fmt::format("network mode {} is not offered by this server",
                                         to_string(head.plan.network))));
    }
    inside.network = network_->end(*slot);
  }
  inside.head = &head;
  inside.plan_file = request.fds[kLaunchPlan].get();
  inside.report = request.fds[kLaunchReport].get();
  inside.tmp_mount = head.tmp_mount ? request.fds[kLaunchTmp].get() : -1;
  inside.filters = &filters_;
  inside.single_id = single_id_;
  const uid_t owner = kUidBase + *slot * kUidRange + kInnerUid;
  for (std::size_t i = first; i < request.fds.size(); ++i) {
    const int fd = request.fds[i].get();
    inside.inherited.push_back(fd);
    struct stat info{};
    // So that opening /dev/stdout works, which opens the pipe again.
    if (!single_id_ && ::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode)) {
      (void)!::fchown(fd, owner, owner);
    }
  }
  Stopwatch watch(running.steps);
  processes_.look();
  auto groups = options_.cgroups->create(head.id, head.plan.limits);
  if (groups) processes_.admit(head.id);
  watch.lap("helper: make cgroups");
  Status done = groups ? clone_into(inside, running, *groups)
                       : Status(std::unexpected(std::move(groups).error()));
  // A sandbox that runs gives its slot back when it is reaped.
  if (!done && running.report) give_back(*slot);
  return done;
}

bool Helper::accept_request() {
  auto request = os::receive_message(options_.control.get(), kRequestBytesMax);
  if (!request) return true;
  if (request->end) return false;
  if (request->fds.size() < kLaunchTmp) return true;
  if (request->bytes == kLaunchRequest) start_sandbox(*request);
  if (request->bytes == kMountRequest) make_mounts(*request);
  if (request->bytes == kEgressRequest) limit_egress(*request);
  // A template that cannot be started closes its control socket, which says so.
  if (request->bytes == kTemplateRequest) (void)start_template(*request);
  return true;
}

Status Helper::compile_filters() {
  if (!filters_.empty()) return {};
  LAPWING_TRY(filters_, compile_syscall_filters(options_.hide_processors));
  return {};
}

// In the mount namespace of its root, without a network, in our pid namespace: it must be an
// ancestor of the sandboxes' to enter them.
Status Helper::start_template(const os::Message& request) {
  LAPWING_CHECK(compile_filters());
  LAPWING_TRY(const PlanFile file, PlanFile::map(request.fds[kLaunchPlan].get()));
  LAPWING_TRY(const TemplatePlan plan, decode_template(file.bytes()));
  LAPWING_TRY(const int root, root_namespace(plan.root));
  LAPWING_CHECK(enter_mount_namespace(root));
  auto clone = os::clone_process(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
  if (clone && clone->pid == 0) {
    run_template({&plan.program, request.fds[kLaunchReport].get(), &filters_});
  }
  LAPWING_CHECK(enter_mount_namespace(home_ns_.get()));
  if (!clone) return fail(std::move(clone).error());
  (void)os::write_existing_at(proc_.get(), std::to_string(clone->pid) + "/oom_score_adj", "800");
  return {};
}

void Helper::start_sandbox(os::Message& request) {
  Status done = fail(internal_error("no plan"));
  auto file = PlanFile::map(request.fds[kLaunchPlan].get());
  if (file) {
    auto head = decode_head(file->bytes());
    done = head ? launch(request, *head) : Status(std::unexpected(std::move(head).error()));
  }
  if (done) return;
  tell(request.fds[kLaunchReport].get(), report_failure(ReportKind::kFailed, done.error()));
}

// For a server without root, which cannot make mounts itself; the helper is root in its own
// user namespace.
void Helper::make_mounts(const os::Message& request) {
  std::vector<os::UniqueFd> mounts;
  const auto make = [&]() -> Status {
    LAPWING_TRY(const PlanFile file, PlanFile::map(request.fds[kLaunchPlan].get()));
    LAPWING_TRY(const std::vector<Bind> binds, decode_binds(file.bytes()));
    for (const Bind& bind : binds) {
      LAPWING_TRY(os::UniqueFd mount, clone_read_only(bind.source, options_.root_id));
      mounts.push_back(std::move(mount));
    }
    return {};
  };
  const int reply = request.fds[kLaunchReport].get();
  if (const Status made = make(); !made) {
    tell(reply, report_failure(ReportKind::kRefused, made.error()));
    return;
  }
  Report done;
  done.kind = ReportKind::kDone;
  std::vector<int> fds;
  for (const os::UniqueFd& mount : mounts) fds.push_back(mount.get());
  tell(reply, done, fds);
}

Status Helper::limit_egress(const EgressChange& change) {
  const auto found = std::ranges::find_if(
      running_, [&](const auto& entry) { return entry.second.id == change.id; });
  if (found == running_.end()) {
    return fail(make_error(ErrorKind::kUnavailable, "the sandbox has ended"));
  }
  const Running& running = found->second;
  if (running.network == NetworkMode::kNone) return {};  // there is no way out
  return network_->limit(running.slot, running.network, change.egress);
}

void Helper::limit_egress(const os::Message& request) {
  const auto make = [&]() -> Status {
    LAPWING_TRY(const PlanFile file, PlanFile::map(request.fds[kLaunchPlan].get()));
    LAPWING_TRY(const EgressChange change, decode_egress(file.bytes()));
    return limit_egress(change);
  };
  const Status made = make();
  Report done;
  done.kind = ReportKind::kDone;
  tell(request.fds[kLaunchReport].get(),
       made ? done : report_failure(ReportKind::kRefused, made.error()));
}

void Helper::give_back(std::uint32_t slot) {
  if (network_) network_->release(slot);
  slots_[slot] = false;
}

void Helper::reap() {
  signalfd_siginfo info;
  while (::read(child_signals_.get(), &info, sizeof info) > 0) {
  }
  for (;;) {
    const os::Reaped reaped = os::reap_any();
    if (reaped.pid == 0) return;
    const auto it = running_.find(reaped.pid);
    if (it == running_.end()) continue;
    Report gone;
    gone.kind = ReportKind::kGone;
    gone.number = reaped.status;
    tell(it->second.report.get(), gone);
    give_back(it->second.slot);
    running_.erase(it);
  }
}

// What sandboxes use together, in which a few could leave nothing to the others.
void Helper::look_at_crowds() {
  processes_.look();
  if (network_) network_->look();
  if (!machine_memory().is_short()) return;
  std::vector<pid_t> first_processes;
  for (const auto& [pid, running] : running_) first_processes.push_back(pid);
  // A child of ours that was not reaped: its number is nobody else's.
  const pid_t most = most_uncounted(proc_.get(), first_processes);
  if (most != 0) ::kill(most, SIGKILL);
}

void Helper::serve() {
  pollfd waits[] = {{options_.parent.get(), POLLIN, 0},
                    {options_.control.get(), POLLIN, 0},
                    {child_signals_.get(), POLLIN, 0}};
  auto looked = std::chrono::steady_clock::now();
  while (waits[0].revents == 0) {
    const int patience = running_.empty() ? -1 : static_cast<int>(kCrowdLookEvery.count());
    if (::poll(waits, 3, patience) < 0) continue;
    const auto now = std::chrono::steady_clock::now();
    if (!running_.empty() && now - looked >= kCrowdLookEvery) {
      look_at_crowds();
      looked = now;
    }
    if (waits[2].revents != 0) reap();
    if (waits[1].revents != 0 && !accept_request()) return;
  }
}

void Helper::clean_up() {
  running_.clear();  // closes the lifelines: every first process ends, and its namespace
  network_.reset();
  options_.cgroups->remove_all();
}

}  // namespace

std::string encode_hello(const HelperHello& hello) {
  // Texts of system errors and of ours hold no NUL.
  return fmt::format("{}{}{}{}{}", hello.user_ids ? '1' : '0', hello.network ? '1' : '0',
                     hello.network_text, '\0', hello.failure);
}

HelperHello decode_hello(std::string_view bytes) {
  HelperHello hello;
  const std::size_t end = bytes.find('\0');
  if (bytes.size() < 2 || end == std::string_view::npos) {
    hello.failure = "the helper did not answer";
    return hello;
  }
  hello.user_ids = bytes[0] == '1';
  hello.network = bytes[1] == '1';
  hello.network_text = bytes.substr(2, end - 2);
  hello.failure = bytes.substr(end + 1);
  return hello;
}

void run_helper(HelperOptions options) {
  const int control = options.control.get();
  Helper helper(std::move(options));
  const Status ready = helper.set_up();
  HelperHello hello;
  hello.user_ids = !helper.single_id();
  if (ready) {
    helper.set_up_network(hello);
  } else {
    hello.failure = ready.error().detail();
  }
  {
    const NameServerSockets sockets = helper.take_name_server();
    std::vector<int> fds;
    if (hello.network) fds = {sockets.udp.get(), sockets.tcp.get()};
    (void)os::send_message(control, encode_hello(hello), fds);
  }
  if (!ready) ::_exit(1);
  helper.warm_up();
  helper.serve();
  helper.clean_up();
  ::_exit(0);
}

}  // namespace lapwing::sandbox
