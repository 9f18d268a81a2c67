#include <algorithm>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "os/file.hpp"
#include "runtime/start/sandbox_planner.hpp"
#include "sandbox/settings.hpp"
#include "server/added_runtimes.hpp"
#include "server/commands.hpp"
#include "server/embedded_files.hpp"
#include "server/front_part.hpp"
#include "server/machine_catalogue.hpp"
#include "server/sdk_trees.hpp"
#include "server/starting.hpp"

namespace lapwing::server {
namespace {

constexpr const char* kShownRuntimes[] = {
    "python3.8",  "python3.9",  "python3.10", "python3.11", "python3.12", "python3.13",
    "python3.14", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "ruby3.2",
    "ruby3.3",    "ruby3.4",    "java11",     "java17",     "java21",     "java25"};

// A directory for the time of one command, on the data directory's file system where that can be
// had, so that what is found out holds there. The data directory itself is not made.
class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> make(const std::string& data_dir) {
    if (os::exists(data_dir) && !os::is_directory(data_dir)) {
      return fail(cannot_use_data_dir(data_dir, "it is not a directory"));
    }
    std::string near = data_dir;
    while (!os::is_directory(near)) {
      const std::size_t slash = near.rfind('/');
      if (slash == std::string::npos) near = ".";
      if (slash != std::string::npos) near.resize(std::max<std::size_t>(slash, 1));
    }
    for (const std::string& parent : {near, std::string("/tmp")}) {
      std::string path = parent + "/.lapwing-doctor-XXXXXX";
      if (mkdtemp(path.data()) == nullptr) continue;
      // Sandboxes of other user ids pass through it.
      chmod(path.c_str(), 0711);
      return std::unique_ptr<Scratch>(new Scratch(std::move(path)));
    }
    return fail(cannot_use_data_dir(data_dir, strerror(errno)));
  }
  ~Scratch() { (void)os::remove_tree(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

void print_runtimes(const Config& config) {
  const runtime::Catalogue catalogue = discover_runtimes(config);
  fmt::print("\nruntimes\n");
  for (const runtime::Interpreter& found : catalogue.interpreters()) {
    fmt::print("  {:<8} {:<10} {:<10} {}\n", runtime::traits(found.language).name, found.version,
               found.origin, found.host_path);
  }
  fmt::print("  provided any executable named bootstrap\n");
  // What is missing is missing for all runtimes of a language: said once.
  std::vector<std::pair<std::string, std::string>> unserved;  // why, of which
  for (const char* id : kShownRuntimes) {
    const auto choice = catalogue.choose(id);
    if (choice && !choice->exact) fmt::print("  {}\n", choice->note);
    if (choice) continue;
    const std::string why = catalogue.why_not(id);
    if (unserved.empty() || unserved.back().first != why) unserved.emplace_back(why, "");
    std::string& ids = unserved.back().second;
    ids += (ids.empty() ? "" : ", ") + std::string(id);
  }
  for (const auto& [why, ids] : unserved) fmt::print("  {}: {}\n", ids, why);
}

// Interpreters that are too old for it: their functions do not see it.
void print_unfit(const Config& config, const runtime::SdkMount& sdk) {
  std::string versions;
  for (const runtime::Interpreter& each : discover_runtimes(config).interpreters()) {
    if (each.language != sdk.language || sdk.fits(each)) continue;
    versions += (versions.empty() ? "" : ", ") + each.version;
  }
  if (versions.empty()) return;
  fmt::print("              not for {} {}: it needs {}.{} or newer\n",
             runtime::traits(sdk.language).title, versions, sdk.major_min, sdk.minor_min);
}

void print_sdks(const Config& config) {
  fmt::print("\nAWS SDKs that functions find without packaging them\n");
  const std::vector<AddedRuntime> all = AddedRuntimes(config.data_dir).list();
  for (const SdkKind& kind : sdk_kinds()) {
    const auto named = [&kind](const AddedRuntime& added) { return added.name == kind.name; };
    const auto found = std::find_if(all.begin(), all.end(), named);
    if (found != all.end()) {
      fmt::print("  {:<11} {:<22} {}\n", kind.name, found->version, found->tree);
      print_unfit(config, sdk_mount(kind, found->tree));
    } else {
      fmt::print("  {:<11} none: lapwing runtime add {} --from DIR\n", kind.name, kind.name);
    }
  }
}

// Whether a server could start where it is said to: false where its data cannot be there.
bool print_place(const Config& config, bool served) {
  fmt::print("\nserving\n");
  const Status writable = check_data_dir(config.data_dir);
  if (!writable) {
    fmt::print("  data in {}: NO: {}\n", config.data_dir, writable.error().message());
  } else if (served) {
    fmt::print("  data in {}: a server is running there\n", config.data_dir);
  } else {
    fmt::print("  data in {}: can be used\n", config.data_dir);
  }
  const Status free = check_listen(config.listen);
  if (free) {
    fmt::print("  listening on {}: can be done\n", config.listen);
  } else {
    fmt::print("  listening on {}: NO: {}\n", config.listen, free.error().message());
  }
  return writable.has_value();
}

}  // namespace

int run_doctor(const Config& config) {
  const bool served = sandbox::is_held(config.data_dir);  // before what follows has it itself
  auto scratch = Scratch::make(config.data_dir);
  if (!scratch) return complain(scratch.error(), config);
  LauncherPlace place;
  place.data_dir = (*scratch)->path();
  place.stands_in_for = config.data_dir;
  auto launcher = start_launcher(config, std::move(place));
  if (!launcher) return complain(launcher.error(), config);
  const sandbox::IsolationReport report = (*launcher)->report();
  launcher->reset();
  fmt::print("isolation: {}\n{}", report.complete() ? "complete" : "INCOMPLETE", report.to_text());
  fmt::print(
      "\npermissions: IAM's policies are kept, not evaluated: everybody who may call may do all\n");
  print_runtimes(config);
  print_sdks(config);
  return print_place(config, served) ? 0 : 1;
}

int run_doctor_plan(const Config& config, const std::string& runtime_id) {
  const runtime::Catalogue catalogue = discover_runtimes(config);
  const auto choice = catalogue.choose(runtime_id);
  if (!choice) return complain(choice.error(), config);
  // The plan is made of directories that are prepared: elsewhere, and shown where they would be.
  auto scratch = Scratch::make(config.data_dir);
  if (!scratch) return complain(scratch.error(), config);
  const std::string& place = (*scratch)->path();
  auto bootstraps = install_files(place, embedded_runtimes());
  if (!bootstraps) return complain(bootstraps.error(), config);
  sandbox::RootStore roots(place);
  runtime::PlannerOptions options;
  options.bootstrap_dir = *bootstraps;
  options.sdks = added_sdks(config);
  options.assume_bootstrap = true;
  options.network = sandbox::parse_network_mode(config.read<sandbox::Settings>().network)
                        .value_or(options.network);
  sandbox::MachineViews views(place);
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
  std::string text = sandbox::describe(*plan);
  for (std::size_t at = 0; (at = text.find(place, at)) != std::string::npos;) {
    text.replace(at, place.size(), config.data_dir);
  }
  fmt::print("{}", text);
  return 0;
}

}  // namespace lapwing::server
