#include "runtime/start/starter.hpp"

#include <algorithm>
#include <future>
#include <iterator>

#include <fmt/core.h>

#include "base/log.hpp"
#include "net/fd_watcher.hpp"
#include "net/loop.hpp"
#include "os/file.hpp"
#include "runtime/limits.hpp"
#include "runtime/start/environment_variables.hpp"

namespace lapwing::runtime {
namespace {

// A start that has just left the shelf is still loading its code then, mostly in one process.
constexpr Duration kRefillAfter = std::chrono::milliseconds(2);
// After one could not be made ahead; twice as long each time, up to 64 times.
constexpr Duration kRefillPause = std::chrono::seconds(1);
// How long a function that was created and is not called is expected to be.
constexpr Duration kExpectedFor = std::chrono::minutes(5);
// What one runtime keeps ready before starts have come in bursts.
constexpr std::uint32_t kQuietMemoryMb = 128;
constexpr Duration kSweepEvery = std::chrono::seconds(15);
// Where there is no memory for all, the last one of what was not asked for so long gives way.
constexpr Duration kGivesWayAfter = std::chrono::seconds(30);
constexpr Duration kRetryTemplateAfter = std::chrono::minutes(1);
// The limit until it is a function's. Interpreters that size themselves are shown the size of the
// functions they wait for, or none (Shelf::view_ahead).
constexpr std::uint64_t kBootMemoryMb = 128;
constexpr char kForkServer[] = "/var/runtime/fork_server.so";

std::vector<std::pair<std::string, std::string>> pairs(
    const std::map<std::string, std::string>& map) {
  return {map.begin(), map.end()};
}

RuntimeLaunch launch_of(const sandbox::Plan& plan, const RuntimeChoice& runtime,
                        std::string_view handler) {
  return launch_of(runtime, static_cast<std::uint32_t>(plan.limits.memory_bytes / kMiB), handler);
}

// Of an interpreter that waits to become any function like this one; empty where none can.
std::vector<std::string> waiting_command(const sandbox::Plan& plan, const RuntimeChoice& runtime) {
  const LanguageTraits& language = traits(runtime.id.language);
  // Restored processes need waiting sandboxes without an interpreter in them.
  if (runtime.interpreter == nullptr || language.waiting_argv == nullptr ||
      plan.argv.front() == kRestoreProgram) {
    return {};
  }
  return language.waiting_argv(launch_of(plan, runtime, {}));
}

// Counts itself for as long as it lives: the one who waits for a start may be cancelled.
class Counted {
 public:
  explicit Counted(std::uint32_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::uint32_t& count_;
};

// Whether what waits is of one memory size.
bool sized(sandbox::Plan plan, const RuntimeChoice& runtime) {
  const std::vector<std::string> command = waiting_command(plan, runtime);
  plan.limits.memory_bytes *= 2;
  return waiting_command(plan, runtime) != command;
}

}  // namespace

// Everything made ahead for one root and command line.
struct Starter::Shelf {
  RuntimeChoice runtime;
  sandbox::Plan waiting;         // no code, no program; its binds are the view last asked for
  sandbox::ProgramPlan program;  // the interpreter, waiting; empty where none can wait
  std::vector<Ready> ready;
  std::uint32_t target = 0;
  std::map<std::string, MonoTime> expected;  // ARNs of what has not started yet, and since when
  MonoTime last_asked{};
  MonoTime last_missed{};
  int failures = 0;  // of making one ahead, in a row
  MonoTime paused_until{};
  TemplateState template_state = TemplateState::kNone;
  MonoTime template_failed{};
  std::shared_ptr<sandbox::Template> from;  // held by those who fork from it

  std::uint32_t usual = 0;  // the target while starts come one by one
  // What starts here may see a function's size before it is that function's: it does not look,
  // or is of one size anyway.
  bool view_ahead = false;

  bool boots() const { return !program.argv.empty(); }
};

Starter::Starter(net::Loop& loop, sandbox::Launcher& launcher, Logger& logger,
                 StarterOptions options, StarterStats& stats)
    : loop_(&loop),
      launcher_(&launcher),
      logger_(&logger),
      options_(options),
      stats_(&stats),
      refill_timer_(loop,
                    [this] {
                      if (starting_ > 0) return refill_soon();
                      if (!std::exchange(refilling_, true)) tasks_.spawn(refill());
                    }),
      sweep_timer_(loop, [this] { sweep(); }),
      tasks_(loop) {}

Starter::~Starter() = default;

// Functions of one account share what its children have in common with a template (the seed of
// hashes, addresses); those of others learn nothing of it.
bool Starter::apart(const RuntimeChoice& runtime) const {
  return options_.templates == Templates::kAccount && traits(runtime.id.language).forks;
}

Starter::Shelf& Starter::shelf_for(const sandbox::Plan& plan, const RuntimeChoice& runtime) {
  std::string key = fmt::format("{}\n{}", static_cast<int>(plan.network), plan.root.base_dir);
  for (const sandbox::Bind& bind : plan.root.binds) key += '\n' + bind.source;
  std::vector<std::string> command = waiting_command(plan, runtime);
  for (const std::string& word : command) key += '\n' + word;
  if (apart(runtime)) key += '\n' + plan.owner;
  std::unique_ptr<Shelf>& shelf = shelves_[key];
  if (shelf) return *shelf;
  shelf = std::make_unique<Shelf>();
  shelf->runtime = runtime;
  shelf->usual = std::min(options_.ready,
                          std::max(1u, kQuietMemoryMb / traits(runtime.id.language).waiting_mb));
  shelf->target = shelf->usual;
  shelf->waiting = plan;
  shelf->waiting.name = "standby";
  shelf->waiting.view.clear();
  shelf->waiting.argv.clear();
  shelf->waiting.environment.clear();
  shelf->waiting.egress.reset();
  shelf->waiting.limits = {};
  shelf->waiting.limits.cpu = plan.limits.cpu;
  shelf->waiting.limits.memory_bytes = kBootMemoryMb * kMiB;
  shelf->waiting.limits.memory_shown = plan.limits.memory_bytes;
  shelf->waiting.limits.processors_shown = plan.limits.processors_shown;
  shelf->view_ahead = command.empty() || traits(runtime.id.language).forks || sized(plan, runtime);
  if (shelf->view_ahead) shelf->waiting.binds = plan.view;
  if (!command.empty()) {
    auto variables = boot_environment(runtime);
    variables["_LAPWING_STANDBY_FD"] = fmt::format("{}", kStandbyFd);
    shelf->program = {std::move(command), pairs(variables), plan.working_directory};
  }
  return *shelf;
}

bool Starter::serves(const Shelf& shelf, const sandbox::Plan& plan, const RuntimeChoice& runtime) {
  if (!shelf.boots()) return true;
  // A wrapper, or variables that the interpreter reads while it starts, need a start of
  // their own.
  const Variables variables(plan.environment.begin(), plan.environment.end());
  const auto handler = variables.find("_HANDLER");
  return handler != variables.end() &&
         plan.argv == traits(runtime.id.language).argv(launch_of(plan, runtime, handler->second)) &&
         boots_alike(runtime, variables);
}

std::optional<Starter::Ready> Starter::take(Shelf& shelf) {
  // The oldest first: the youngest may still be loading.
  while (!shelf.ready.empty()) {
    Ready ready = std::move(shelf.ready.front());
    shelf.ready.erase(shelf.ready.begin());
    count_ready();
    if (ready.booted ? ready.sandbox->running(ready.program) : ready.sandbox->alive()) return ready;
  }
  // Asked for more than there was: twice as many from now on.
  shelf.last_missed = loop_->now();
  shelf.target = std::min(std::max(1u, shelf.target * 2), options_.ready_max);
  return std::nullopt;
}

// Something ready, or made now.
net::Task<Result<Starter::Ready>> Starter::find(const std::string& arn, const sandbox::Plan& plan,
                                                const RuntimeChoice& runtime) {
  const Counted starting(starting_);
  Shelf& shelf = shelf_for(plan, runtime);
  const bool served = serves(shelf, plan, runtime);
  if (served) {
    shelf.last_asked = loop_->now();
    // What is made next is likely to be of this size, too.
    if (shelf.view_ahead) shelf.waiting.binds = plan.view;
  }
  shelf.expected.erase(arn);
  if (options_.standby && served) {
    std::optional<Ready> ready = take(shelf);
    want_template(shelf);
    if (ready) {
      stats_->from_standby.fetch_add(1, std::memory_order_relaxed);
      co_return *std::move(ready);
    }
  }
  auto made = co_await make(shelf, served && shelf.template_state == TemplateState::kReady);
  if (made) {
    auto& counter = made->booted ? stats_->from_template : stats_->booted;
    counter.fetch_add(1, std::memory_order_relaxed);
  }
  co_return made;
}

net::Task<Result<StartedRuntime>> Starter::prepare(const std::string& arn,
                                                   const sandbox::Plan& plan,
                                                   const RuntimeChoice& runtime) {
  if (stopping_) co_return fail(make_error(ErrorKind::kUnavailable, "The server is stopping"));
  if (!sweep_timer_.armed()) sweep_timer_.arm_after(kSweepEvery);
  Result<Ready> ready = co_await find(arn, plan, runtime);
  refill_soon();
  if (!ready) co_return ready;
  std::vector<sandbox::Bind> binds = plan.binds;
  if (ready->view != plan.view) binds.insert(binds.begin(), plan.view.begin(), plan.view.end());
  if (Status done = co_await ready->sandbox->assign({std::move(binds), plan.limits, plan.egress});
      !done) {
    co_await ready->sandbox->destroy();
    co_return fail(std::move(done).error().context("launch " + plan.name));
  }
  co_return ready;
}

// An interpreter takes no longer to start here than elsewhere, and a template's child is ready at
// once.
net::Task<Status> Starter::prepare_again(StartedRuntime& cleared, const sandbox::Plan& plan,
                                         const RuntimeChoice& runtime) {
  if (stopping_) co_return fail(make_error(ErrorKind::kUnavailable, "The server is stopping"));
  if (!cleared.sandbox->alive()) {
    co_await cleared.sandbox->destroy();
    co_return fail(make_error(ErrorKind::kUnavailable, "the sandbox has ended meanwhile"));
  }
  const Counted starting(starting_);
  Shelf& shelf = shelf_for(plan, runtime);
  cleared.booted = false;
  if (!serves(shelf, plan, runtime)) co_return Status();
  shelf.last_asked = loop_->now();
  if (!options_.standby || shelf.template_state != TemplateState::kReady) co_return Status();
  Status booted = co_await boot(shelf, cleared);
  if (!booted) co_await cleared.sandbox->destroy();
  co_return booted;
}

net::Task<Status> Starter::launch(StartedRuntime& prepared, const sandbox::Plan& plan,
                                  const RuntimeChoice& runtime,
                                  std::vector<sandbox::InheritedFd> more) {
  if (prepared.booted) {
    const Status told = co_await configure(prepared, plan.environment);
    if (told) co_return told;
    // It died while it waited; its sandbox is as good as ever.
    logger_->warn("runtime", "an interpreter that stood by had died",
                  {{"function", plan.name}, {"error", told.error().to_log()}});
    prepared.booted = false;
  }
  LAPWING_CO_TRY(prepared.ends, make_launch_ends(runtime, false));
  std::ranges::move(more, std::back_inserter(prepared.ends.inherited));
  auto program = co_await prepared.sandbox->start(
      {plan.argv, plan.environment, plan.working_directory, plan.wrapped},
      std::move(prepared.ends.inherited));
  if (!program) co_return fail(std::move(program).error().context("launch " + plan.name));
  prepared.program = *program;
  co_return Status();
}

net::Task<Status> Starter::launch_restored(StartedRuntime& prepared, const sandbox::Plan& plan,
                                           const RuntimeChoice& runtime,
                                           std::vector<sandbox::InheritedFd> more) {
  LAPWING_CO_TRY(prepared.ends, make_launch_ends(runtime, true));
  std::ranges::move(more, std::back_inserter(prepared.ends.inherited));
  auto program = co_await prepared.sandbox->start({plan.argv, {}, plan.working_directory},
                                                  std::move(prepared.ends.inherited));
  if (!program) co_return fail(std::move(program).error().context("restore " + plan.name));
  prepared.program = *program;
  co_return co_await configure(prepared, Variables());
}

void Starter::expect(const std::string& arn, const sandbox::Plan& plan,
                     const RuntimeChoice& runtime) {
  if (stopping_ || !options_.standby) return;
  Shelf& shelf = shelf_for(plan, runtime);
  if (!serves(shelf, plan, runtime)) return;
  shelf.last_asked = loop_->now();
  if (shelf.expected.size() < options_.expected_max) shelf.expected[arn] = loop_->now();
  if (!sweep_timer_.armed()) sweep_timer_.arm_after(kSweepEvery);
  want_template(shelf);
  refill_soon();
}

// What was made for it goes with the next sweep, unless the function is expected again.
void Starter::forget(const std::string& arn) {
  for (auto& [key, shelf] : shelves_) shelf->expected.erase(arn);
}

// A waiting sandbox, with the interpreter started in it if `boot_it`.
net::Task<Result<Starter::Ready>> Starter::make(Shelf& shelf, bool boot_it) {
  Ready ready;
  // A copy: the shelf's may change its view while this one is made.
  const sandbox::Plan waiting = shelf.waiting;
  ready.view = waiting.binds;
  LAPWING_CO_TRY(ready.sandbox, co_await launcher_->launch(*loop_, waiting, {}));
  if (!boot_it) co_return ready;
  if (Status booted = co_await boot(shelf, ready); !booted) {
    co_await ready.sandbox->destroy();
    co_return fail(std::move(booted).error());
  }
  co_return ready;
}

net::Task<Status> Starter::boot(Shelf& shelf, Ready& ready) {
  LAPWING_CO_TRY(ready.ends, make_launch_ends(shelf.runtime, true));
  if (shelf.from && !shelf.from->alive()) {
    logger_->warn("runtime", "a template has died; another is started", {});
    shelf.from.reset();
    shelf.template_state = TemplateState::kNone;
    want_template(shelf);
  }
  sandbox::Sandbox& box = *ready.sandbox;
  const std::shared_ptr<sandbox::Template> from = shelf.from;
  auto program = from ? co_await box.fork_from(*from, std::move(ready.ends.inherited))
                      : co_await box.start(shelf.program, std::move(ready.ends.inherited));
  if (!program) co_return fail(std::move(program).error());
  ready.program = *program;
  ready.booted = true;
  co_return Status();
}

// Tells a waiting interpreter what to be; see runtimes/README.md.
template <class Entries>
net::Task<Status> Starter::configure(Ready& ready, const Entries& entries) {
  std::string content;
  for (const auto& [key, value] : entries) {
    content += key;
    content += '=';
    content += value;
    content += '\0';
  }
  net::FdWatcher pipe(*loop_, std::move(ready.ends.configure));
  ByteView rest = as_bytes(content);
  while (!rest.empty()) {
    LAPWING_CO_TRY(const std::size_t written, co_await pipe.write_some(rest));
    rest = rest.subspan(written);
  }
  co_return Status();
}

void Starter::want_template(Shelf& shelf) {
  if (options_.templates == Templates::kOff || !traits(shelf.runtime.id.language).forks ||
      stopping_)
    return;
  if (!shelf.boots()) return;
  const bool again = shelf.template_state == TemplateState::kFailed &&
                     loop_->now() - shelf.template_failed > kRetryTemplateAfter;
  if (shelf.template_state != TemplateState::kNone && !again) return;
  if (!place_for_template()) return;
  shelf.template_state = TemplateState::kStarting;
  tasks_.spawn(start_template(shelf));
}

// There are as many as runtimes, times accounts: the one that was not asked for longest gives way.
bool Starter::place_for_template() {
  std::size_t count = 0;
  Shelf* giver = nullptr;
  for (const auto& [key, shelf] : shelves_) {
    if (shelf->template_state == TemplateState::kStarting) ++count;
    if (shelf->template_state != TemplateState::kReady) continue;
    ++count;
    if (shelf->last_asked + kGivesWayAfter > loop_->now()) continue;
    if (giver == nullptr || shelf->last_asked < giver->last_asked) giver = shelf.get();
  }
  if (count < kTemplatesMax) return true;
  if (giver == nullptr) return false;
  giver->from.reset();
  giver->template_state = TemplateState::kNone;
  return true;
}

net::Task<void> Starter::start_template(Shelf& shelf) {
  sandbox::TemplatePlan plan;
  plan.name = fmt::format("template of {}", shelf.runtime.id.text);
  plan.root = shelf.waiting.root;
  plan.program = shelf.program;
  plan.program.environment.emplace_back("LD_PRELOAD", kForkServer);
  plan.program.environment.emplace_back("_LAPWING_FORKS", "1");
  auto started = co_await launcher_->start_template(*loop_, plan);
  if (!started) {
    // Slower, but nothing is lost: an interpreter linked statically, for one, cannot fork so.
    logger_->warn("runtime", "no template; environments boot their interpreter themselves",
                  {{"runtime", shelf.runtime.id.text}, {"error", started.error().to_log()}});
    shelf.template_state = TemplateState::kFailed;
    shelf.template_failed = loop_->now();
    co_return;
  }
  shelf.from = *std::move(started);
  shelf.template_state = TemplateState::kReady;
  refill_soon();
}

std::uint64_t Starter::memory_mb() const {
  std::uint64_t sum = 0;
  for (const auto& [key, shelf] : shelves_) {
    sum += shelf->ready.size() * traits(shelf->runtime.id.language).waiting_mb;
  }
  return sum;
}

void Starter::count_ready() {
  std::uint64_t now = 0;
  for (const auto& [key, shelf] : shelves_) now += shelf->ready.size();
  stats_->ready.fetch_add(now - counted_ready_, std::memory_order_relaxed);
  counted_ready_ = now;
}

std::uint32_t Starter::wanted(const Shelf& shelf) const {
  return std::max(shelf.target, static_cast<std::uint32_t>(shelf.expected.size()));
}

bool Starter::may_be_filled(const Shelf& shelf) const {
  // A template is worth waiting for: what it forks is far cheaper than what would be booted.
  return shelf.template_state != TemplateState::kStarting &&
         shelf.last_asked + options_.expiry >= loop_->now() && shelf.paused_until <= loop_->now();
}

// The memory is used up: a shelf in use that has nothing at all gets the place of what another has
// beyond the one, or of what has not been asked for in a while.
Starter::Shelf* Starter::make_way() {
  Shelf* empty = nullptr;
  for (const auto& [key, shelf] : shelves_) {
    if (!may_be_filled(*shelf) || !shelf->ready.empty() || wanted(*shelf) == 0) continue;
    if (empty == nullptr || shelf->last_asked > empty->last_asked) empty = shelf.get();
  }
  if (empty == nullptr) return nullptr;
  Shelf* giver = nullptr;
  for (const auto& [key, shelf] : shelves_) {
    const bool gives = shelf->ready.size() > 1 || shelf->last_asked + kGivesWayAfter < loop_->now();
    if (shelf->ready.empty() || !gives || shelf->last_asked >= empty->last_asked) continue;
    if (giver == nullptr || shelf->last_asked < giver->last_asked) giver = shelf.get();
  }
  if (giver == nullptr) return nullptr;
  giver->ready.pop_back();
  count_ready();
  return memory_mb() < options_.memory_mb ? empty : make_way();
}

// The shelf that lacks most.
Starter::Shelf* Starter::lacking() {
  if (!options_.standby || stopping_ || starting_ > 0) return nullptr;
  if (memory_mb() >= options_.memory_mb) return make_way();
  Shelf* most = nullptr;
  std::size_t lack = 0;
  for (const auto& [key, shelf] : shelves_) {
    if (!may_be_filled(*shelf)) continue;
    const std::size_t have = shelf->ready.size();
    const std::size_t want = wanted(*shelf);
    if (have >= want || want - have <= lack) continue;
    lack = want - have;
    most = shelf.get();
  }
  return most;
}

void Starter::refill_soon() {
  if (!stopping_ && !refill_timer_.armed()) refill_timer_.arm_after(kRefillAfter);
}

net::Task<void> Starter::refill() {
  while (Shelf* shelf = lacking()) {
    auto made = co_await make(*shelf, shelf->boots());
    if (!made) {
      logger_->warn("runtime", "standby environment",
                    {{"runtime", shelf->runtime.id.text}, {"error", made.error().to_log()}});
      shelf->paused_until = loop_->now() + kRefillPause * (1 << std::min(shelf->failures, 6));
      ++shelf->failures;
      continue;
    }
    shelf->failures = 0;
    shelf->ready.push_back(*std::move(made));
    count_ready();
  }
  refilling_ = false;
}

// Images come and go, and with them their shelves; so do accounts.
void Starter::drop_gone() {
  // A thread at work may hold on to a shelf.
  if (starting_ > 0 || refilling_ || stopping_) return;
  std::erase_if(shelves_, [&](const auto& entry) {
    const Shelf& shelf = *entry.second;
    if (shelf.template_state == TemplateState::kStarting) return false;
    const bool empty = shelf.ready.empty() && shelf.expected.empty() &&
                       shelf.template_state == TemplateState::kNone &&
                       shelf.last_asked + options_.expiry < loop_->now();
    return empty || !os::exists(shelf.waiting.root.base_dir);
  });
}

void Starter::sweep() {
  drop_gone();
  const MonoTime now = loop_->now();
  for (auto& [key, shelf] : shelves_) {
    if (shelf->target > shelf->usual && now - shelf->last_missed > options_.expiry / 10) {
      shelf->target = std::max(shelf->usual, shelf->target / 2);
      shelf->last_missed = now;
    }
    std::erase_if(shelf->expected,
                  [&](const auto& entry) { return entry.second + kExpectedFor < now; });
    const bool unused = shelf->last_asked + options_.expiry < now;
    const std::size_t keep = unused ? 0 : wanted(*shelf);
    while (shelf->ready.size() > keep) shelf->ready.pop_back();
    if (unused && shelf->template_state == TemplateState::kReady) {
      shelf->from.reset();
      shelf->template_state = TemplateState::kNone;
    }
  }
  count_ready();
  if (!stopping_) sweep_timer_.arm_after(kSweepEvery);
  if (lacking() != nullptr) refill_soon();  // what was paused
}

net::Task<void> Starter::stop() {
  stopping_ = true;
  refill_timer_.disarm();
  sweep_timer_.disarm();
  // Whatever is being made is not waited for: an interpreter may take long to load.
  tasks_.cancel_all();
  for (auto& [key, shelf] : shelves_) {
    for (Ready& ready : shelf->ready) co_await ready.sandbox->destroy();
    shelf->ready.clear();
    shelf->from.reset();
  }
  count_ready();
}

namespace {

// Each loop has its part of the machine.
StarterOptions share(StarterOptions options, std::size_t loops) {
  options.memory_mb /= loops;
  options.expected_max = static_cast<std::uint32_t>((options.expected_max + loops - 1) / loops);
  return options;
}

net::Task<void> stop_one(Starter& starter, std::promise<void>& done) {
  co_await starter.stop();
  done.set_value();
}

}  // namespace

StarterGroup::StarterGroup(net::LoopGroup& loops, sandbox::Launcher& launcher, Logger& logger,
                           StarterOptions options)
    : loops_(&loops) {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    starters_.push_back(std::make_unique<Starter>(loops.at(i), launcher, logger,
                                                  share(options, loops.size()), stats_));
  }
}

StarterGroup::~StarterGroup() = default;

Starter& StarterGroup::of(net::Loop& loop) {
  for (std::size_t i = 0; i < starters_.size(); ++i) {
    if (&loops_->at(i) == &loop) return *starters_[i];
  }
  return *starters_.front();
}

void StarterGroup::stop() {
  std::vector<std::promise<void>> done(starters_.size());
  for (std::size_t i = 0; i < starters_.size(); ++i) {
    net::Loop& loop = loops_->at(i);
    loop.post([&loop, starter = starters_[i].get(), promise = &done[i]] {
      loop.spawn(stop_one(*starter, *promise));
    });
  }
  for (std::promise<void>& promise : done) promise.get_future().wait();
}

}  // namespace lapwing::runtime
