#include "sandbox/testing/fixture.hpp"

#include <array>
#include <chrono>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/fd_watcher.hpp"
#include "net/loop.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"

namespace lapwing::sandbox::testing {
namespace {

constexpr std::size_t kOutputMax = 4u << 20;
constexpr auto kRunLimit = std::chrono::seconds(60);

class Environment final : public ::testing::Environment {
 public:
  void SetUp() override { World::get().set_up(); }
  void TearDown() override { World::get().tear_down(); }
};
// GoogleTest's own way to run something before the first test.
const auto* const kRegistered = ::testing::AddGlobalTestEnvironment(new Environment);

std::string text_of(const Error& error) {
  return error.detail().empty() ? error.message() : error.detail();
}

struct Run {
  const Plan& plan;
  std::vector<InheritedFd> fds;
  std::string kill_mark;  // kill when the output holds it
  Outcome outcome;
};

net::Task<void> read_all(net::FdWatcher& from, Run& run, Sandbox& box) {
  std::array<std::byte, 4096> buffer;
  std::string& into = run.outcome.output;
  for (;;) {
    auto got = co_await from.read_some(buffer);
    if (!got || *got == 0) co_return;
    if (into.size() < kOutputMax) into += as_text(std::span(buffer).first(*got));
    if (!run.kill_mark.empty() && into.find(run.kill_mark) != std::string::npos) box.kill();
  }
}

net::Task<void> run_task(net::Loop& loop, Launcher& launcher, Run& run) {
  Outcome& outcome = run.outcome;
  auto output = os::make_pipe();
  auto errors = os::UniqueFd(::dup(output->second.get()));
  run.fds.push_back({1, std::move(output->second)});
  run.fds.push_back({2, std::move(errors)});
  auto box = co_await launcher.launch(loop, run.plan, std::move(run.fds));
  if (!box) {
    outcome.error = text_of(box.error());
    loop.stop();
    co_return;
  }
  outcome.launched = true;
  outcome.steps = (*box)->launch_steps();
  net::Timer overdue(loop, [&box] { (*box)->kill(); });
  overdue.arm_after(kRunLimit);
  net::FdWatcher reader(loop, std::move(output->first));
  co_await read_all(reader, run, **box);
  outcome.status = co_await (*box)->exited();
  outcome.memory = (*box)->memory();
  outcome.oom_kills = (*box)->oom_kills();
  co_await (*box)->destroy();
  loop.stop();
}

Outcome run_to_end(Launcher& launcher, Run run) {
  SystemClock clock;
  net::Loop loop(clock, null_logger());
  loop.spawn(run_task(loop, launcher, run));
  loop.run();
  return std::move(run.outcome);
}

}  // namespace

World& World::get() {
  static World world;
  return world;
}

void World::set_up() {
  char path[] = "/tmp/lapwing-sandbox-test-XXXXXX";
  if (::mkdtemp(path) == nullptr) {
    why_not_ = "no temporary directory";
    return;
  }
  data_dir_ = path;
  start();
}

std::unique_ptr<World> World::separate(const std::string& data_dir, NetworkOptions network,
                                       bool hide_processors) {
  auto world = std::make_unique<World>();
  world->network_ = std::move(network);
  world->hide_processors_ = hide_processors;
  world->data_dir_ = data_dir;
  world->start();
  return world;
}

void World::start() {
  LauncherOptions options;
  options.data_dir = data_dir_;
  options.network = network_;
  options.hide_processors = hide_processors_;
  auto launcher = Launcher::start(options);
  if (!launcher) {
    why_not_ = "no sandboxes here: " + text_of(launcher.error());
    return;
  }
  auto root = RootStore(data_dir_).compose({});
  if (!root) {
    why_not_ = text_of(root.error());
    return;
  }
  root_ = *std::move(root);
  launcher_ = *std::move(launcher);
  (void)launcher_->begin_housekeeping(null_logger());
}

void World::tear_down() {
  launcher_.reset();
  if (!data_dir_.empty()) (void)os::remove_tree(data_dir_);
}

bool World::enforced(const std::string& feature) const {
  for (const IsolationFeature& each : launcher_->report().features) {
    if (each.name == feature) return each.enforced;
  }
  return false;
}

Plan World::plan(std::vector<std::string> argv) const {
  Plan plan;
  plan.name = "test";
  plan.root = root_;
  plan.argv = std::move(argv);
  plan.environment = {{"PATH", "/usr/bin:/bin"}};
  plan.working_directory = "/tmp";
  return plan;
}

Outcome World::run_program(std::vector<std::string> argv) { return run(plan(std::move(argv))); }

Outcome World::run(const Plan& plan, std::vector<InheritedFd> extra) {
  return run_to_end(*launcher_, {plan, std::move(extra), "", {}});
}

Outcome World::run_until(const Plan& plan, const std::string& mark) {
  return run_to_end(*launcher_, {plan, {}, mark, {}});
}

}  // namespace lapwing::sandbox::testing
