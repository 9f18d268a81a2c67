#include "server/commands.hpp"

#include <algorithm>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "os/file.hpp"
#include "runtime/sandbox_planner.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/limits.hpp"
#include "server/added_runtimes.hpp"
#include "server/embedded_files.hpp"
#include "server/instance.hpp"
#include "server/limits.hpp"
#include "server/machine_catalogue.hpp"
#include "server/network.hpp"
#include "server/sdk_trees.hpp"

namespace lapwing::server {
namespace {

constexpr auto kDrainGrace = std::chrono::milliseconds(2'500);

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warn") return LogLevel::kWarn;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

// Here the user is the operator, who may see the detail; of system calls there is only that.
int complain(const Error& error, const Config& config) {
  std::string text = error.detail();
  if (text.empty()) {
    text = error.message();
  } else if (error.code() != "Internal") {
    text = fmt::format("{} ({})", error.message(), error.detail());
  }
  if (error.detail().ends_with(strerror(ENOSPC))) {
    text += fmt::format(" (make room below {}, or say another directory with --data-dir)",
                        config.data_dir);
  }
  fmt::print(stderr, "lapwing: {}\n", text);
  return 1;
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

Error cannot_use(const std::string& path, const char* why) {
  return make_error(ErrorKind::kInvalid,
                    fmt::format("cannot use {} as data directory: {} (say another directory with "
                                "--data-dir)",
                                path, why));
}

Status make_data_dir(const std::string& data_dir) {
  std::string path;
  for (std::size_t at = 1; at != std::string::npos;) {
    at = data_dir.find('/', at + 1);
    path = data_dir.substr(0, at);
    // Not listed by others; sandboxes of other user ids pass through it to their code.
    const mode_t mode = at == std::string::npos ? 0711 : 0755;
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
      return fail(cannot_use(data_dir, strerror(errno)));
    }
  }
  if (!os::is_directory(data_dir)) return fail(cannot_use(data_dir, "it is not a directory"));
  if (access(data_dir.c_str(), W_OK | X_OK) != 0) {
    return fail(cannot_use(data_dir, strerror(errno)));
  }
  return {};
}

Result<std::unique_ptr<sandbox::Launcher>> start_launcher(
    const Config& config, const std::string& data_dir,
    std::shared_ptr<os::DiskSpace> space = nullptr) {
  // Made before the launcher looks for leftovers of an earlier life in it.
  LAPWING_CHECK(make_data_dir(data_dir));
  sandbox::LauncherOptions options;
  options.data_dir = data_dir;
  options.space = std::move(space);
  LAPWING_TRY(options.network, network_options(config));
  options.hide_processors =
      sandbox::processors_of_machine() > sandbox::processors_of(0, ~std::uint32_t{0});
  options.tmp_rates.each = static_cast<std::uint64_t>(config.tmp_mib_per_second) * kMiB;
  options.tmp_rates.all = config.tmp_all_mib_per_second != 0
                              ? static_cast<std::uint64_t>(config.tmp_all_mib_per_second) * kMiB
                              : sandbox::kTmpRateProcessorBytes * sandbox::processors_of_machine();
  options.processes_max = static_cast<std::uint64_t>(config.processes_max);
  return sandbox::Launcher::start(options);
}

// Below the data directory, so that what it says of the file system is true of that; apart
// from it, so that a running server does not matter.
std::string doctor_dir(const Config& config) { return config.data_dir + "/doctor"; }

void say_what_is_not_enforced(const sandbox::IsolationReport& report) {
  fmt::print(stderr, "not everything is enforced on this machine (`lapwing doctor` lists all):\n");
  for (const sandbox::IsolationFeature& feature : report.features) {
    if (!feature.enforced) fmt::print(stderr, "  NO {}: {}\n", feature.name, feature.remedy);
  }
}

void say_who_may_call(const Config& config) {
  if (config.auth != "off" && config.credentials.empty()) {
    fmt::print(stderr,
               "auth = {}, and no [[credentials]] in a --config file: no client can sign in\n",
               config.auth);
  }
}

void print_runtimes(const Config& config) {
  const runtime::Catalogue catalogue = discover_runtimes(config);
  fmt::print("\nruntimes\n");
  for (const runtime::Interpreter& found : catalogue.interpreters()) {
    fmt::print("  {:<8} {:<10} {:<10} {}\n", runtime::traits(found.language).name, found.version,
               found.origin, found.host_path);
  }
  fmt::print("  provided any executable named bootstrap\n");
  for (const char* id :
       {"python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13",
        "python3.14", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "ruby3.2", "ruby3.3",
        "ruby3.4", "java11", "java17", "java21", "java25"}) {
    const auto choice = catalogue.choose(id);
    if (!choice) {
      fmt::print("  {:<11} {}\n", id, choice.error().message());
    } else if (!choice->exact) {
      fmt::print("  {}\n", choice->note);
    }
  }
}

void print_sdks(const Config& config) {
  fmt::print("\nAWS SDKs that functions find without packaging them\n");
  const std::vector<AddedRuntime> all = AddedRuntimes(config.data_dir).list();
  for (const SdkKind& kind : sdk_kinds()) {
    const auto named = [&kind](const AddedRuntime& added) { return added.name == kind.name; };
    const auto found = std::find_if(all.begin(), all.end(), named);
    if (found != all.end()) {
      fmt::print("  {:<11} {:<22} {}\n", kind.name, found->version, found->tree);
    } else {
      fmt::print("  {:<11} none: lapwing runtime add {} --from DIR\n", kind.name, kind.name);
    }
  }
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
  auto launcher = start_launcher(config, config.data_dir, space);
  if (!launcher) return complain(launcher.error(), config);
  const sandbox::IsolationReport& report = (*launcher)->report();
  if (!report.complete()) {
    say_what_is_not_enforced(report);
    if (config.require_isolation) {
      fmt::print(stderr, "lapwing: refusing to start (sandbox.require_isolation)\n");
      return 1;
    }
  }
  say_who_may_call(config);
  const auto mode = default_network_mode(config, (*launcher)->network());
  if (!mode) return complain(mode.error(), config);
  const std::string reach = network_summary(*mode, (*launcher)->network());
  SystemClock clock;
  StderrOutput output;
  Logger logger(output, clock, level_of(config.log_level));
  auto instance = Instance::create(config, *std::move(launcher), *space, logger);
  if (!instance) return complain(instance.error(), config);
  const Result<std::string> address = (*instance)->start();
  if (!address) return complain(address.error(), config);
  fmt::print(stderr, "{}\n", reach);
  fmt::print(stderr, "lapwing {}: data in {}, auth {}\n", kVersion, config.data_dir, config.auth);
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

int run_doctor(const Config& config) {
  if (const Status made = make_data_dir(config.data_dir); !made) {
    return complain(made.error(), config);
  }
  auto launcher = start_launcher(config, doctor_dir(config));
  if (!launcher) return complain(launcher.error(), config);
  const sandbox::IsolationReport report = (*launcher)->report();
  launcher->reset();
  (void)os::remove_tree(doctor_dir(config));
  fmt::print("isolation: {}\n{}", report.complete() ? "complete" : "INCOMPLETE", report.to_text());
  print_runtimes(config);
  print_sdks(config);
  return 0;
}

int run_doctor_plan(const Config& config, const std::string& runtime_id) {
  const runtime::Catalogue catalogue = discover_runtimes(config);
  const auto choice = catalogue.choose(runtime_id);
  if (!choice) return complain(choice.error(), config);
  if (const Status made = make_data_dir(config.data_dir); !made) {
    return complain(made.error(), config);
  }
  auto bootstraps = install_files(config.data_dir, embedded_runtimes());
  if (!bootstraps) return complain(bootstraps.error(), config);
  sandbox::RootStore roots(config.data_dir);
  runtime::PlannerOptions options;
  options.bootstrap_dir = *bootstraps;
  options.sdks = added_sdks(config);
  options.assume_bootstrap = true;
  options.network = sandbox::parse_network_mode(config.network).value_or(options.network);
  sandbox::MachineViews views(config.data_dir);
  runtime::SandboxPlanner planner(options, catalogue, roots, views);
  if (const Status ready = planner.prepare(); !ready) return complain(ready.error(), config);
  runtime::FunctionVersion function;
  function.name = FunctionName("example");
  function.region = Region(kDefaultRegion);
  function.runtime = runtime_id;
  function.handler = "app.handler";
  function.code_dir = config.data_dir + "/code/example";
  const auto plan = planner.plan(function, *choice, {&function, &*choice, {}, "log-stream"});
  if (!plan) return complain(plan.error(), config);
  fmt::print("{}", sandbox::describe(*plan));
  return 0;
}

int run_config() {
  for (const ConfigKey& key : config_keys()) {
    fmt::print("# {}\n{} = {}\n\n", key.help, key.name, key.default_value);
  }
  return 0;
}

}  // namespace lapwing::server
