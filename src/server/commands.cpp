#include "server/commands.hpp"

#include <signal.h>
#include <string>
#include <sys/resource.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "crypto/random.hpp"
#include "hosting/manual_time.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/settings.hpp"
#include "server/instance.hpp"
#include "server/limits.hpp"
#include "server/machine_catalogue.hpp"
#include "server/network.hpp"
#include "server/sandbox_machine.hpp"
#include "server/server_key.hpp"
#include "server/starting.hpp"
#include "store/sqlite/sqlite_engine.hpp"
#include "text/time_format.hpp"

namespace lapwing::server {
namespace {

constexpr auto kDrainGrace = std::chrono::milliseconds(2'500);

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warn") return LogLevel::kWarn;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// The soft limit of many systems (1,024) is less than a thousand sandboxes need, and so is the hard
// one of some, which root may raise.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlimit wanted{kOpenFilesWanted, kOpenFilesWanted};
  if (limit.rlim_max < kOpenFilesWanted && setrlimit(RLIMIT_NOFILE, &wanted) == 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void say_what_is_not_enforced(const sandbox::IsolationReport& report) {
  fmt::print(stderr,
             "functions run, with less between them than Lapwing can put there. For code that you "
             "trust nothing needs doing; for other people's, see to these (`lapwing doctor` lists "
             "all):\n");
  for (const sandbox::IsolationFeature& feature : report.features) {
    if (!feature.enforced) fmt::print(stderr, "  no {}: {}\n", feature.name, feature.remedy);
  }
}

// `keys`: of IAM's users.
void say_who_may_call(const Config& config, std::size_t keys) {
  if (config.auth == "off" || !config.credentials.empty()) return;
  if (keys > 0) {
    fmt::print(stderr,
               "auth = {}: {} access key{} of IAM's users can sign in; no [[credentials]]\n",
               config.auth, keys, keys == 1 ? "" : "s");
    return;
  }
  fmt::print(
      stderr,
      "auth = {}, and neither [[credentials]] in a --config file nor access keys in IAM: no "
      "client can sign in. Write [[credentials]] into a file (`lapwing config` shows how) and "
      "start with --config FILE\n",
      config.auth);
}

// At once: the wait is silent.
void say_what_is_waited_for(const std::string& data_dir) {
  if (!sandbox::is_held(data_dir)) return;
  fmt::print(stderr,
             "another Lapwing has {}, or is about to end there: waiting for it, some seconds at "
             "most\n",
             data_dir);
}

std::string clock_text(hosting::ManualTime* time) {
  if (time == nullptr) return {};
  return fmt::format(", clock manual (it stands at {} until `lapwing clock advance` moves it)",
                     text::format_iso8601(time->now(), false));
}

// One line, as much tutorial code fails at its first import without them.
void say_which_sdks_are_missing(const Config& config) {
  std::string titles;
  std::string names;
  for (const SdkKind* kind : missing_sdks(config)) {
    titles += (titles.empty() ? "" : ", ") + std::string(runtime::traits(kind->language).title);
    names += (names.empty() ? "" : "|") + std::string(kind->name);
  }
  if (names.empty()) return;
  fmt::print(stderr,
             "no AWS SDK for functions in {} that package none: lapwing runtime add {} --from DIR "
             "--data-dir {}, and a restart\n",
             titles, names, config.data_dir);
}

// What this machine has. All outlive the platform.
struct Here {
  const Clock& clock;
  ManualClock& manual;
  Random& random;
  Logger& logger;
  sandbox::Launcher& launcher;
  const os::DiskSpace& disk;
};

Result<Platform> make_platform(const Config& config, const Here& here) {
  const bool stands_still = config.clock == "manual";
  const Clock& services = stands_still ? static_cast<const Clock&>(here.manual) : here.clock;
  // First, as it is missed only where there is something that was sealed with it.
  LAPWING_TRY(const crypto::AesKey key, load_server_key(config.data_dir, here.random));
  LAPWING_TRY(auto store,
              store::open_sqlite_engine({.data_dir = config.data_dir, .file_clock = &here.clock},
                                        services, here.logger));
  LAPWING_TRY(auto machine,
              SandboxMachine::open(config, here.launcher, here.disk, here.random, here.logger));
  return Platform{here.clock,
                  stands_still ? &here.manual : nullptr,
                  here.random,
                  here.logger,
                  std::move(store),
                  std::move(machine),
                  key,
                  &here.disk};
}

}  // namespace

int run_serve(const Config& config) {
  // Before any thread: they inherit the mask, so that only sigwait below sees the signals.
  const sigset_t signals = stop_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  const auto space = std::make_shared<os::DiskSpace>(
      config.data_dir, static_cast<std::uint64_t>(config.disk_reserve_mb) * kMiB);
  if (const Status made = make_data_dir(config.data_dir); !made) {
    return complain(made.error(), config);
  }
  LauncherPlace place;
  place.data_dir = config.data_dir;
  place.space = space;
  say_what_is_waited_for(config.data_dir);
  auto launcher = start_launcher(config, std::move(place));
  if (!launcher) return complain(launcher.error(), config);
  const sandbox::IsolationReport& report = (*launcher)->report();
  const auto set = config.read<sandbox::Settings>();
  if (!report.complete()) {
    say_what_is_not_enforced(report);
    if (set.require_isolation) {
      fmt::print(stderr, "lapwing: refusing to start (sandbox.require_isolation)\n");
      return 1;
    }
  }
  const auto mode = default_network_mode(set, (*launcher)->network());
  if (!mode) return complain(mode.error(), config);
  const std::string reach = network_summary(*mode, (*launcher)->network());
  const SystemClock clock;
  crypto::SystemRandom random;
  StderrOutput output;
  Logger logger(output, clock, level_of(config.log_level));
  ManualClock manual(clock.wall());
  // It logs, and the instance has sandboxes of it.
  const std::unique_ptr<sandbox::Launcher> sandboxes = *std::move(launcher);
  auto platform = make_platform(config, {clock, manual, random, logger, *sandboxes, *space});
  if (!platform) return complain(platform.error(), config);
  auto instance = Instance::create(config, *std::move(platform));
  if (!instance) return complain(instance.error(), config);
  const Result<std::string> address = (*instance)->start();
  if (!address) return complain(address.error(), config);
  say_who_may_call(config, (*instance)->signing_keys());
  fmt::print(stderr, "{}\n", reach);
  say_which_sdks_are_missing(config);
  fmt::print(stderr, "lapwing {}: data in {}, auth {}{}\n", kVersion, config.data_dir, config.auth,
             clock_text((*instance)->time()));
  fmt::print(stderr, "listening on http://{}\n", *address);

  int received = 0;
  sigwait(&signals, &received);
  fmt::print(stderr, "stopping: requests may end (a second signal stops at once)\n");
  // From here on a second signal ends the process as usual.
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  (*instance)->stop(kDrainGrace);
  fmt::print(stderr, "stopped\n");
  return 0;
}

}  // namespace lapwing::server
