#include "runtime/start/sandbox_planner.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "runtime/start/code_view.hpp"

namespace lapwing::runtime {
namespace {

constexpr std::string_view kProvidedKey = "provided";

enum class Entry { kMissing, kNotExecutable, kExecutable };

Entry look_at(const FunctionVersion& function, std::string_view path) {
  const CodePlace place = find_in_code({function.code_dir, function.layers_dir}, path);
  // A link into the runtime's own tree: to start it shows what is there.
  if (place.kind == CodePlace::Kind::kElsewhere) return Entry::kExecutable;
  if (place.kind != CodePlace::Kind::kFile) return Entry::kMissing;
  return (place.mode & 0111) != 0 ? Entry::kExecutable : Entry::kNotExecutable;
}

// Null without one; an empty value is none.
const std::string* wrapper_of(const FunctionVersion& function) {
  const auto found = function.environment.find("AWS_LAMBDA_EXEC_WRAPPER");
  if (found == function.environment.end() || found->second.empty()) return nullptr;
  return &found->second;
}

bool is_directory(const std::string& path) {
  struct stat st{};
  return lstat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

Error invalid_entrypoint(std::string message) {
  return Error(ErrorKind::kInvalid, "Runtime.InvalidEntrypoint", std::move(message));
}

// AWS looks in the package first, then in the layers.
Result<std::string> find_bootstrap(const FunctionVersion& function) {
  for (const std::string_view inside : {"/var/task/bootstrap", "/opt/bootstrap"}) {
    if (function.layers_dir.empty() && inside.starts_with("/opt/")) continue;
    switch (look_at(function, inside)) {
      case Entry::kMissing:
        break;
      case Entry::kExecutable:
        return std::string(inside);
      case Entry::kNotExecutable:
        return fail(invalid_entrypoint(fmt::format("fork/exec {}: permission denied", inside)));
    }
  }
  return fail(
      invalid_entrypoint("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"));
}

// What NODE_EXTRA_CA_CERTS names, by AWS or by functions that follow its manual: the machine's
// certificates, as every root has them.
Status link_certificates(const std::string& bootstraps) {
  const std::string link =
      fmt::format("{}/{}/runtime/ca-cert.pem", bootstraps, traits(Language::kNode).folder);
  if (::symlink("/etc/ssl/certs/ca-certificates.crt", link.c_str()) != 0 && errno != EEXIST &&
      errno != ENOENT) {
    return fail(errno_error("symlink " + link));
  }
  return {};
}

}  // namespace

Result<RuntimeChoice> choose_runtime(const Catalogue& catalogue, const FunctionVersion& function) {
  if (!function.image) return catalogue.choose(function.runtime);
  RuntimeChoice choice;
  choice.id.text = "image";
  return choice;
}

SandboxPlanner::SandboxPlanner(PlannerOptions options, const Catalogue& catalogue,
                               sandbox::RootStore& roots, sandbox::MachineViews& views)
    : options_(std::move(options)), catalogue_(&catalogue), roots_(&roots), views_(&views) {}

std::string SandboxPlanner::root_key(const RuntimeChoice& runtime) {
  return runtime.interpreter == nullptr ? std::string(kProvidedKey)
                                        : runtime.interpreter->host_path;
}

Result<std::vector<sandbox::Bind>> SandboxPlanner::binds_of(const Interpreter& interpreter) const {
  const std::string bootstrap =
      fmt::format("{}/{}/runtime", options_.bootstrap_dir, traits(interpreter.language).folder);
  // First, as Java mounts its client on a directory below.
  std::vector<sandbox::Bind> binds = {{bootstrap, "/var/runtime"}};
  binds.insert(binds.end(), interpreter.binds.begin(), interpreter.binds.end());
  for (const SdkMount& sdk : options_.sdks) {
    if (!sdk.fits(interpreter)) continue;
    LAPWING_CHECK(os::make_directories(fmt::format("{}/{}", bootstrap, sdk.point)));
    binds.push_back({sdk.source, "/var/runtime/" + sdk.point});
  }
  return binds;
}

Status SandboxPlanner::prepare() {
  LAPWING_TRY(root_plans_[std::string(kProvidedKey)], roots_->compose({}));
  LAPWING_TRY(image_binds_, roots_->image_binds());
  LAPWING_CHECK(link_certificates(options_.bootstrap_dir));
  for (const Interpreter& interpreter : catalogue_->interpreters()) {
    LAPWING_TRY(const std::vector<sandbox::Bind> binds, binds_of(interpreter));
    auto root = roots_->compose(binds);
    if (!root) {
      return fail(
          std::move(root).error().context(fmt::format("root for {}", interpreter.host_path)));
    }
    root_plans_[interpreter.host_path] = *std::move(root);
  }
  return {};
}

Result<std::vector<std::string>> SandboxPlanner::argv(const FunctionVersion& function,
                                                      const RuntimeChoice& runtime) const {
  if (runtime.interpreter != nullptr) {
    RuntimeLaunch launch = launch_of(runtime, function.memory_mb, function.handler);
    launch.wrapped = wrapper_of(function) != nullptr;
    const auto options = function.environment.find("NODE_OPTIONS");
    if (options != function.environment.end()) launch.node_options = options->second;
    return traits(runtime.id.language).argv(launch);
  }
  std::string bootstrap = "/var/task/bootstrap";
  if (!options_.assume_bootstrap) {
    LAPWING_TRY(bootstrap, find_bootstrap(function));
  }
  return std::vector<std::string>{std::move(bootstrap)};
}

// Code and layers in the root of the runtime.
Status SandboxPlanner::plan_runtime(const FunctionVersion& function, const RuntimeChoice& runtime,
                                    sandbox::Plan& plan) const {
  const auto root = root_plans_.find(root_key(runtime));
  if (root == root_plans_.end()) {
    return fail(internal_error(fmt::format("no root prepared for {}", root_key(runtime))));
  }
  plan.root = root->second;
  plan.binds.push_back({function.code_dir, "/var/task"});
  if (!function.layers_dir.empty()) plan.binds.push_back({function.layers_dir, "/opt"});
  LAPWING_TRY(plan.argv, argv(function, runtime));
  // A wrapper takes the interpreter's command line as its arguments (managed runtimes only).
  const std::string* wrapper = wrapper_of(function);
  if (wrapper != nullptr && runtime.interpreter != nullptr) {
    plan.argv.insert(plan.argv.begin(), *wrapper);
    plan.wrapped = true;
  }
  return {};
}

// The image is the root. After the environment: its program may be looked up in PATH.
Status SandboxPlanner::plan_image(const ImageProgram& image, sandbox::Plan& plan) const {
  plan.root = {image.root, image_binds_};
  std::string_view path;
  for (const auto& [key, value] : plan.environment) {
    if (key == "PATH") path = value;
  }
  LAPWING_TRY(plan.argv, image_command_line(image, path));
  LAPWING_TRY(plan.working_directory, image_working_directory(image));
  // One unpacked by an earlier version may have no /sys to mount on.
  std::erase_if(plan.view, [&](const sandbox::Bind& bind) {
    return bind.destination == "/sys" && !is_directory(image.root + bind.destination);
  });
  return {};
}

bool SandboxPlanner::reaches_endpoint(const FunctionVersion& function) const {
  if (!function.endpoint.empty()) return function.endpoint == "open";
  if (options_.endpoint) return *options_.endpoint;
  return function.network.empty() ? !options_.network_said_none : function.network != "none";
}

Result<sandbox::Plan> SandboxPlanner::plan(const FunctionVersion& function,
                                           const RuntimeChoice& runtime,
                                           const EnvironmentInputs& inputs) const {
  sandbox::Plan plan;
  plan.name = fmt::format("{}", function.name.view());
  plan.owner = function.account.view();
  plan.limits.memory_bytes = std::uint64_t{function.memory_mb} * kMiB;
  plan.limits.tmp_bytes = std::uint64_t{function.ephemeral_storage_mb} * kMiB;
  plan.limits.cpu = options_.cpu;
  plan.limits.processors_shown = views_->processors(plan.limits.memory_bytes);
  plan.network = options_.network;
  if (!function.network.empty()) {
    const auto mode = sandbox::parse_network_mode(function.network);
    if (!mode) return fail(internal_error("network mode " + function.network));
    plan.network = *mode;
  }
  plan.egress = function.egress;
  LAPWING_TRY(plan.view, views_->of(plan.limits.memory_bytes));
  for (auto& [key, value] : function_environment(inputs)) plan.environment.emplace_back(key, value);
  LAPWING_CHECK(function.image ? plan_image(*function.image, plan)
                               : plan_runtime(function, runtime, plan));
  plan.listeners.push_back(
      {kRuntimeApiListener, sandbox::kRuntimeApiAddress, sandbox::kRuntimeApiPort});
  plan.listeners.push_back(
      {kEndpointListener, sandbox::kRuntimeApiAddress, sandbox::kEndpointPort});
  // Nobody takes segments yet; SDKs over a connected socket would log an error per call.
  plan.sinks.push_back({sandbox::kRuntimeApiAddress, sandbox::kXrayDaemonPort});
  if (!inputs.credentials_token.empty()) {
    plan.listeners.push_back(
        {kCredentialsListener, sandbox::kCredentialsAddress, sandbox::kRuntimeApiPort});
  }
  return plan;
}

}  // namespace lapwing::runtime
