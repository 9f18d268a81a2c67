// From a function version to a sandbox plan: which root, what is mounted where, which
// command starts the runtime, how much of the machine it may use.
//
// Thread-safety: prepare() before the others, on one thread; plan() from any thread then.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "runtime/function_version.hpp"
#include "runtime/language/catalogue.hpp"
#include "runtime/start/environment_variables.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/view/machine_view.hpp"
#include "sandbox/view/rootfs.hpp"

namespace lapwing::runtime {

// Names of the listeners in every plan.
inline constexpr char kRuntimeApiListener[] = "runtime-api";
inline constexpr char kEndpointListener[] = "endpoint";
inline constexpr char kCredentialsListener[] = "credentials";  // with a credentials token

// The interpreter for a runtime; for an image, what provided.* has: none.
Result<RuntimeChoice> choose_runtime(const Catalogue& catalogue, const FunctionVersion& function);

// An AWS SDK for the functions of one language, at /var/runtime/<point>; a bootstrap, or what the
// interpreter reads of the environment, has it searched last.
struct SdkMount {
  Language language = Language::kPython;
  std::string source;  // a directory of this machine
  std::string point;
  // The oldest interpreter that it works with; others do not see it. 0: any.
  int major_min = 0;
  int minor_min = 0;

  bool fits(const Interpreter& interpreter) const {
    return interpreter.language == language &&
           std::pair(interpreter.major, interpreter.minor) >= std::pair(major_min, minor_min);
  }
};

struct PlannerOptions {
  std::string bootstrap_dir;  // holds python/runtime and node/runtime, as in runtimes/
  std::vector<SdkMount> sdks;
  sandbox::CpuModel cpu = sandbox::CpuModel::kWeight;
  sandbox::NetworkMode network = sandbox::NetworkMode::kNone;  // of functions that do not say
  // Whether functions that do not say reach our API. Nothing: those whose network is said to be
  // none, by their tag or by the configuration, do not.
  std::optional<bool> endpoint = {};
  bool network_said_none = false;
  // For showing a plan without a package: provided.* is taken to have its bootstrap.
  bool assume_bootstrap = false;
};

class SandboxPlanner {
 public:
  SandboxPlanner(PlannerOptions options, const Catalogue& catalogue, sandbox::RootStore& roots,
                 sandbox::MachineViews& views);

  // Composes the root of every interpreter found and of provided.*: disk work, done once.
  Status prepare();

  // kInvalid with code "Runtime.InvalidEntrypoint" when a provided.* package has no
  // executable bootstrap, or an image no such entry point; its message is the one AWS gives.
  // "Runtime.InvalidWorkingDir" likewise.
  Result<sandbox::Plan> plan(const FunctionVersion& function, const RuntimeChoice& runtime,
                             const EnvironmentInputs& inputs) const;
  bool reaches_endpoint(const FunctionVersion& function) const;

 private:
  static std::string root_key(const RuntimeChoice& runtime);
  // What an interpreter's root shows besides what every root does.
  Result<std::vector<sandbox::Bind>> binds_of(const Interpreter& interpreter) const;
  Result<std::vector<std::string>> argv(const FunctionVersion& function,
                                        const RuntimeChoice& runtime) const;

  Status plan_runtime(const FunctionVersion& function, const RuntimeChoice& runtime,
                      sandbox::Plan& plan) const;
  Status plan_image(const ImageProgram& image, sandbox::Plan& plan) const;

  PlannerOptions options_;
  const Catalogue* catalogue_;
  sandbox::RootStore* roots_;
  sandbox::MachineViews* views_;
  std::map<std::string, sandbox::RootPlan> root_plans_;  // by the interpreter's host path
  std::vector<sandbox::Bind> image_binds_;
};

}  // namespace lapwing::runtime
