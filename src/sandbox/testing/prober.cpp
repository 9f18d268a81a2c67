#include "sandbox/testing/prober.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "escape_probe.hpp"
#include "net/fd_watcher.hpp"
#include "net/timer.hpp"
#include "os/file.hpp"
#include "os/network.hpp"
#include "os/socket.hpp"

namespace lapwing::sandbox::testing {
namespace {

constexpr auto kRunLimit = std::chrono::seconds(60);

std::string text_of(const Error& error) {
  return error.detail().empty() ? error.message() : error.detail();
}

// Reads until the end, or until the output holds `mark`.
net::Task<void> read_output(net::FdWatcher& from, std::string& into, std::string mark) {
  std::array<std::byte, 4096> buffer;
  for (;;) {
    auto got = co_await from.read_some(buffer);
    if (!got || *got == 0) co_return;
    into += as_text(std::span(buffer).first(*got));
    if (!mark.empty() && into.find(mark) != std::string::npos) co_return;
  }
}

std::vector<InheritedFd> both_outputs(os::UniqueFd writing) {
  std::vector<InheritedFd> fds;
  fds.push_back({2, os::UniqueFd(::dup(writing.get()))});
  fds.push_back({1, std::move(writing)});
  return fds;
}

}  // namespace

// What a sandbox must not find, really there on the host.
struct HostBait {
  os::UniqueFd port;
  os::UniqueFd abstract;
  std::string port_text;
  std::string abstract_name = "lapwing-escape-" + std::to_string(::getpid());
  std::string queue_name = "/" + abstract_name;
  std::string file;
  key_t shared_key = 0x1a9'0000 + ::getpid();
  int shared = -1;

  explicit HostBait(const std::string& data_dir) : file(data_dir + "/bait") {
    EXPECT_TRUE(os::write_atomically(file, "secret\n", 0644));
    auto listener = os::listen_tcp("127.0.0.1", 0, 16);
    EXPECT_TRUE(listener);
    port = *std::move(listener);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    // The socket interface takes every address family through sockaddr.
    ::getsockname(port.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port_text = std::to_string(ntohs(bound.sin_port));
    abstract.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    abstract_name.copy(name.sun_path + 1, sizeof name.sun_path - 2);
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + abstract_name.size());
    EXPECT_EQ(::bind(abstract.get(), reinterpret_cast<const sockaddr*>(&name), length), 0);
    EXPECT_EQ(::listen(abstract.get(), 16), 0);
    shared = ::shmget(shared_key, 4096, IPC_CREAT | 0666);
    EXPECT_GE(shared, 0);
    const mqd_t queue = ::mq_open(queue_name.c_str(), O_CREAT | O_RDWR, 0666, nullptr);
    EXPECT_GE(queue, 0);
    ::fchmod(queue, 0666);  // past the umask
    ::mq_close(queue);
  }
  HostBait(const HostBait&) = delete;
  HostBait& operator=(const HostBait&) = delete;
  ~HostBait() {
    ::shmctl(shared, IPC_RMID, nullptr);
    ::mq_unlink(queue_name.c_str());
  }
};

std::string_view to_string(Way way) {
  switch (way) {
    case Way::kLaunched:
      return "Launched";
    case Way::kStarted:
      return "Started";
    case Way::kForked:
      return "Forked";
    case Way::kForkedAndExecuted:
      return "ForkedAndExecuted";
  }
  return "";
}

Prober::Prober(World& world)
    : world_(world),
      task_(world.data_dir() + "/probe"),
      bait_(std::make_unique<HostBait>(world.data_dir())) {
  EXPECT_TRUE(os::make_directories(task_));
  if (!os::exists(task_ + "/probe")) EXPECT_TRUE(os::copy_file(kEscapeProbe, task_ + "/probe"));
}

Prober::~Prober() = default;

std::vector<std::pair<std::string, std::string>> Prober::environment() const {
  // Of a sanitizer build: the leak check wants ptrace, which is closed inside, and the fork
  // server is loaded first.
  return {{"PATH", "/usr/bin:/bin"},
          {"ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0"},
          {"ESCAPE_HOST_PID", std::to_string(::getpid())},
          {"ESCAPE_HOST_FILE", bait_->file},
          {"ESCAPE_HOST_DATA", world_.data_dir()},
          {"ESCAPE_HOST_PORT", bait_->port_text},
          {"ESCAPE_HOST_ABSTRACT", bait_->abstract_name},
          {"ESCAPE_HOST_SHM", std::to_string(bait_->shared_key)},
          {"ESCAPE_HOST_QUEUE", bait_->queue_name}};
}

Plan Prober::plan(std::vector<std::string> arguments) const {
  Plan plan = world_.plan({"/var/task/probe"});
  plan.argv.insert(plan.argv.end(), arguments.begin(), arguments.end());
  plan.binds.push_back({task_, "/var/task"});
  plan.environment = environment();
  return plan;
}

Plan Prober::waiting(Weakness weakness) const {
  Plan plan = world_.plan({});
  plan.environment.clear();
  plan.weakness = weakness;
  return plan;
}

Assignment Prober::assignment() const {
  Assignment assignment;
  assignment.binds.push_back({task_, "/var/task"});
  return assignment;
}

TemplatePlan Prober::template_plan(std::vector<std::string> argv) {
  TemplatePlan plan;
  plan.name = "probe";
  auto root = RootStore(world_.data_dir())
                  .compose({{kForkServerDirectory, "/var/runtime"}, {task_, "/var/lang"}});
  EXPECT_TRUE(root);
  plan.root = *std::move(root);
  plan.program = {std::move(argv), environment(), "/"};
  plan.program.environment.emplace_back("LD_PRELOAD", "/var/runtime/fork_server.so");
  plan.program.environment.emplace_back("_LAPWING_FORK_NOW", "1");
  return plan;
}

net::Task<void> Prober::run_later(net::Loop& loop, Way way, Weakness weakness, Outcome& outcome) {
  std::unique_ptr<Template> from;
  if (way != Way::kStarted) {
    const char* what = way == Way::kForked ? "template" : "executing";
    auto started =
        co_await world_.launcher().start_template(loop, template_plan({"/var/lang/probe", what}));
    if (!started) {
      outcome.error = text_of(started.error());
      co_return;
    }
    from = *std::move(started);
  }
  auto box = co_await world_.launcher().launch(loop, waiting(weakness), {});
  if (!box) {
    outcome.error = text_of(box.error());
    co_return;
  }
  net::Timer overdue(loop, [&box] { (*box)->kill(); });
  overdue.arm_after(kRunLimit);
  EXPECT_TRUE(co_await (*box)->assign(assignment()));
  auto output = os::make_pipe();
  auto fds = both_outputs(std::move(output->second));
  const ProgramPlan program{{"/var/task/probe"}, environment(), "/tmp"};
  auto id = from ? co_await (*box)->fork_from(*from, std::move(fds))
                 : co_await (*box)->start(program, std::move(fds));
  if (id) {
    outcome.launched = true;
    net::FdWatcher reader(loop, std::move(output->first));
    co_await read_output(reader, outcome.output, "");
    outcome.status = co_await (*box)->program_exited(*id);
  } else {
    outcome.error = text_of(id.error());
  }
  co_await (*box)->destroy();
}

Outcome Prober::run(Way way, Weakness weakness) {
  if (way == Way::kLaunched) {
    Plan launched = plan({});
    launched.weakness = weakness;
    return world_.run(launched);
  }
  Outcome outcome;
  World::drive([&](net::Loop& loop) { return run_later(loop, way, weakness, outcome); });
  return outcome;
}

net::Task<void> Prober::watch(net::Loop& loop, int children, std::string& output) {
  auto from = co_await world_.launcher().start_template(
      loop, template_plan({"/bin/bash", "-c", "( exit 0 ); exit 1"}));
  EXPECT_TRUE(from) << from.error().to_log();
  auto box = co_await world_.launcher().launch(loop, waiting(Weakness::kNone), {});
  EXPECT_TRUE(box) << box.error().to_log();
  if (!from || !box) co_return;
  EXPECT_TRUE(co_await (*box)->assign(assignment()));
  auto pipe = os::make_pipe();
  const ProgramPlan program{{"/var/task/probe", "watch"}, environment(), "/tmp"};
  auto watcher = co_await (*box)->start(program, both_outputs(std::move(pipe->second)));
  EXPECT_TRUE(watcher) << watcher.error().to_log();
  net::FdWatcher reader(loop, std::move(pipe->first));
  co_await read_output(reader, output, "watching");
  for (int i = 0; watcher && i < children; ++i) {
    auto forked = co_await (*box)->fork_from(**from, {});
    EXPECT_TRUE(forked) << forked.error().to_log();
    if (forked) (void)co_await (*box)->program_exited(*forked);
  }
  (*box)->kill();
  co_await read_output(reader, output, "");
  co_await (*box)->destroy();
}

std::string Prober::watch_forks(int children) {
  std::string output;
  World::drive([&](net::Loop& loop) { return watch(loop, children, output); });
  return output;
}

std::set<std::string> Prober::escaped(const std::string& output) {
  std::set<std::string> names;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("ESCAPED ")) continue;
    names.insert(line.substr(8, line.find(':') - 8));
  }
  return names;
}

}  // namespace lapwing::sandbox::testing
