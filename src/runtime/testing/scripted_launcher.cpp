#include "runtime/testing/scripted_launcher.hpp"

#include <algorithm>
#include <atomic>
#include <signal.h>
#include <unistd.h>

#include <fmt/core.h>

#include "net/address.hpp"
#include "net/listener.hpp"

namespace lapwing::runtime::testing {
namespace {

using Box = std::shared_ptr<ScriptedBox>;

Error ended() { return make_error(ErrorKind::kUnavailable, "the sandbox has ended"); }

std::string name_of(int signal_number) {
  return signal_number == SIGTERM ? "SIGTERM" : fmt::format("signal {}", signal_number);
}

// What a sandbox has in its own network, as Unix sockets without files.
void listen(ScriptedBox& box) {
  static std::atomic<int> count = 0;
  for (const sandbox::ListenerPlan& plan : box.plan.listeners) {
    const std::string name = fmt::format("@lapwing-scripted-{}-{}", ::getpid(), ++count);
    auto address = net::Address::unix_path(name);
    auto socket = net::Listener::bind(*address);
    if (!socket) continue;
    box.listeners.push_back({plan.name, *std::move(socket)});
    box.addresses[plan.name] = name;
  }
}

class ScriptedTemplate final : public sandbox::Template {
 public:
  ScriptedTemplate(std::shared_ptr<bool> alive, std::vector<std::string> argv)
      : argv_(std::move(argv)), alive_(std::move(alive)) {}
  ~ScriptedTemplate() override { *alive_ = false; }
  int pid() const override { return 1; }
  bool alive() const override { return *alive_; }
  const std::vector<std::string>& argv() const { return argv_; }

 private:
  std::vector<std::string> argv_;
  std::shared_ptr<bool> alive_;
};

class ScriptedSandbox final : public sandbox::Sandbox {
 public:
  ScriptedSandbox(ScriptedLauncher& launcher, Box box)
      : launcher_(launcher), box_(std::move(box)), id_(box_->plan.name) {}
  ~ScriptedSandbox() override {
    if (!released_) launcher_.say("let go");
    end();
  }

  const std::string& id() const override { return id_; }
  int pid() const override { return 1; }
  std::vector<sandbox::NamedListener> take_listeners() override {
    return std::exchange(box_->listeners, {});
  }
  const std::vector<sandbox::StepTime>& launch_steps() const override { return steps_; }

  net::Task<Status> assign(const sandbox::Assignment& assignment) override {
    launcher_.say("assign");
    if (!box_->alive) co_return fail(ended());
    if (launcher_.fails.assign) co_return fail(*launcher_.fails.assign);
    box_->assigned = assignment;
    co_return Status();
  }
  net::Task<Result<sandbox::ProgramId>> start(const sandbox::ProgramPlan& plan,
                                              std::vector<sandbox::InheritedFd> fds) override {
    launcher_.say("start " + plan.argv.front());
    co_await launcher_.open().wait();
    if (launcher_.fails.start) co_return fail(*launcher_.fails.start);
    co_return begin(plan.argv, plan.environment, std::move(fds));
  }
  net::Task<Result<sandbox::ProgramId>> fork_from(sandbox::Template& from,
                                                  std::vector<sandbox::InheritedFd> fds) override {
    launcher_.say("fork");
    if (launcher_.fails.fork) co_return fail(*launcher_.fails.fork);
    if (!from.alive()) co_return fail(make_error(ErrorKind::kUnavailable, "the template is gone"));
    co_return begin(static_cast<ScriptedTemplate&>(from).argv(), {}, std::move(fds));
  }
  bool alive() const override { return box_->alive; }
  bool running(sandbox::ProgramId program) const override {
    return program >= 1 && program <= box_->programs.size() && box_->program(program - 1).runs();
  }
  net::Task<sandbox::ExitStatus> program_exited(sandbox::ProgramId program) override {
    return wait(box_, program);
  }
  net::Task<Result<os::UniqueFd>> socket(int, int) override {
    co_return fail(make_error(ErrorKind::kUnavailable, "nobody listens in a scripted sandbox"));
  }
  net::Task<sandbox::ExitStatus> exited() override { co_return killed_by(SIGKILL); }
  void kill() override {
    launcher_.say("kill");
    end();
  }
  Status signal(int signal_number, sandbox::ProgramId program) override {
    launcher_.say(fmt::format("{} to {}", name_of(signal_number), program));
    if (!running(program)) return fail(make_error(ErrorKind::kNotFound, "no such program"));
    ScriptedProgram& to = box_->program(program - 1);
    if (signal_number == SIGKILL || to.obeys) to.exit(killed_by(signal_number));
    return {};
  }
  net::Task<Status> clear() override {
    launcher_.say("clear");
    if (!box_->alive) co_return fail(ended());
    if (launcher_.fails.clear) co_return fail(*launcher_.fails.clear);
    box_->end_all();
    co_return Status();
  }
  Status freeze() override {
    launcher_.say("freeze");
    box_->frozen = true;
    return {};
  }
  Status thaw() override {
    launcher_.say("thaw");
    box_->frozen = false;
    return {};
  }
  sandbox::MemoryUse memory() override { return {box_->memory_peak, box_->memory_peak}; }
  Duration cpu_time() const override { return {}; }
  std::uint64_t oom_kills() const override { return 0; }
  net::Task<void> destroy() override {
    launcher_.say("destroy");
    released_ = true;
    end();
    co_return;
  }

 private:
  // Not a member: the handle may go while somebody waits.
  static net::Task<sandbox::ExitStatus> wait(Box box, sandbox::ProgramId program) {
    ScriptedProgram& of = box->program(program - 1);
    co_await of.ended.wait();
    co_return of.status;
  }
  Result<sandbox::ProgramId> begin(const std::vector<std::string>& argv,
                                   const std::vector<std::pair<std::string, std::string>>& env,
                                   std::vector<sandbox::InheritedFd> fds) {
    if (!box_->alive) return fail(ended());
    auto program = std::make_unique<ScriptedProgram>(launcher_.loop());
    program->argv = argv;
    program->environment = env;
    for (sandbox::InheritedFd& fd : fds) program->ends[fd.target] = std::move(fd.fd);
    box_->programs.push_back(std::move(program));
    return box_->programs.size();
  }
  void end() {
    box_->alive = false;
    box_->end_all();
  }

  ScriptedLauncher& launcher_;
  Box box_;
  std::string id_;
  std::vector<sandbox::StepTime> steps_;
  bool released_ = false;
};

}  // namespace

sandbox::ExitStatus exit_with(int code) {
  sandbox::ExitStatus status;
  status.code = code;
  return status;
}

sandbox::ExitStatus killed_by(int signal_number, bool out_of_memory) {
  sandbox::ExitStatus status;
  status.signalled = true;
  status.code = signal_number;
  status.out_of_memory = out_of_memory;
  return status;
}

void ScriptedProgram::exit(const sandbox::ExitStatus& how) {
  if (!runs()) return;
  status = how;
  ends.clear();
  ended.set();
}

std::string ScriptedProgram::variable(std::string_view name) const {
  for (const auto& [key, value] : environment) {
    if (key == name) return value;
  }
  return {};
}

void ScriptedBox::end_all() {
  for (const auto& program : programs) program->exit(killed_by(SIGKILL));
}

std::size_t ScriptedLauncher::alive() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(boxes, [](const auto& box) { return box->alive; }));
}

net::Task<Result<std::unique_ptr<sandbox::Sandbox>>> ScriptedLauncher::launch(
    net::Loop&, const sandbox::Plan& plan, std::vector<sandbox::InheritedFd>) {
  say("launch " + plan.name);
  auto box = std::make_shared<ScriptedBox>();
  box->plan = plan;
  co_await open_.wait();
  if (fails.launch) co_return fail(*fails.launch);
  listen(*box);
  boxes.push_back(box);
  co_return std::make_unique<ScriptedSandbox>(*this, std::move(box));
}

net::Task<Result<std::unique_ptr<sandbox::Template>>> ScriptedLauncher::start_template(
    net::Loop&, const sandbox::TemplatePlan& plan) {
  say(plan.name);
  std::vector<std::string> argv = plan.program.argv;
  co_await open_.wait();
  if (fails.start_template) co_return fail(*fails.start_template);
  templates.push_back(std::make_shared<bool>(true));
  co_return std::make_unique<ScriptedTemplate>(templates.back(), std::move(argv));
}

}  // namespace lapwing::runtime::testing
