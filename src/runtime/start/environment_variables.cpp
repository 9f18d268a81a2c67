#include "runtime/start/environment_variables.hpp"

#include <fmt/core.h>

#include "sandbox/plan.hpp"

namespace lapwing::runtime {
namespace {

// The same for every function.
void set_common(Variables& out) {
  out["LANG"] = "en_US.UTF-8";
  out["TZ"] = ":UTC";
  out["PATH"] = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin";
  out["LD_LIBRARY_PATH"] =
      "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:"
      "/opt/lib";
  out["LAMBDA_TASK_ROOT"] = "/var/task";
  out["LAMBDA_RUNTIME_DIR"] = "/var/runtime";
}

// Names of the first SDKs for Java, which the runtimes of that time still set.
constexpr int kLastJavaWithOldNames = 11;

void set_keys(const EnvironmentInputs& in, Variables& out) {
  const RoleCredentials& credentials = in.credentials;
  out["AWS_ACCESS_KEY_ID"] = credentials.access_key_id;
  out["AWS_SECRET_ACCESS_KEY"] = credentials.secret_access_key;
  out["AWS_SESSION_TOKEN"] = credentials.session_token;
  const RuntimeId& id = in.runtime->id;
  if (id.language == Language::kJava && id.major <= kLastJavaWithOldNames) {
    out["AWS_ACCESS_KEY"] = credentials.access_key_id;
    out["AWS_SECRET_KEY"] = credentials.secret_access_key;
  }
}

// AWS says the format where the function's configuration does; the default goes without saying.
void set_logging(const FunctionVersion& fn, Variables& out) {
  if (fn.logging.format == LogFormat::kJson) {
    out["AWS_LAMBDA_LOG_FORMAT"] = "JSON";
    out["AWS_LAMBDA_LOG_LEVEL"] =
        fn.logging.application_log_level.empty() ? "INFO" : fn.logging.application_log_level;
  } else if (fn.logging.log_group != "/aws/lambda/" + fn.name.str()) {
    out["AWS_LAMBDA_LOG_FORMAT"] = "Text";
  }
}

void set_platform(const EnvironmentInputs& in, Variables& out) {
  const FunctionVersion& fn = *in.function;
  if (fn.image) {
    set_image_defaults(*fn.image, out);
    // AWS's own entry point takes the handler for its first argument.
    if (!fn.image->command.empty()) out["_HANDLER"] = fn.image->command.front();
  } else {
    set_common(out);
    out["_HANDLER"] = fn.handler;
  }
  out["AWS_REGION"] = fn.region.str();
  out["AWS_DEFAULT_REGION"] = fn.region.str();
  out["AWS_LAMBDA_FUNCTION_NAME"] = fn.name.str();
  out["AWS_LAMBDA_FUNCTION_VERSION"] = fn.version;
  out["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = fmt::format("{}", fn.memory_mb);
  out["AWS_LAMBDA_INITIALIZATION_TYPE"] = in.initialization_type;
  if (!fn.snap_start) {  // a snapshot is of no stream
    out["AWS_LAMBDA_LOG_GROUP_NAME"] = fn.logging.log_group;
    out["AWS_LAMBDA_LOG_STREAM_NAME"] = in.log_stream;
  }
  out["AWS_LAMBDA_RUNTIME_API"] =
      fmt::format("{}:{}", sandbox::kRuntimeApiAddress, sandbox::kRuntimeApiPort);
  out["AWS_XRAY_CONTEXT_MISSING"] = "LOG_ERROR";
  out["AWS_XRAY_DAEMON_ADDRESS"] =
      fmt::format("{}:{}", sandbox::kRuntimeApiAddress, sandbox::kXrayDaemonPort);
  out["_AWS_XRAY_DAEMON_ADDRESS"] = sandbox::kRuntimeApiAddress;
  out["_AWS_XRAY_DAEMON_PORT"] = fmt::format("{}", sandbox::kXrayDaemonPort);
  // Back to Lapwing, with credentials of the execution role.
  out["AWS_ENDPOINT_URL"] =
      fmt::format("http://{}:{}", sandbox::kRuntimeApiAddress, sandbox::kEndpointPort);
  if (!in.credentials_token.empty()) {
    out["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = fmt::format(
        "http://{}:{}{}", sandbox::kCredentialsAddress, sandbox::kRuntimeApiPort, kCredentialsPath);
    out["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = in.credentials_token;
  } else {
    set_keys(in, out);
  }
  set_logging(fn, out);
}

// Before there was a /var/lang in them.
void set_older_paths(const RuntimeId& id, Variables& out) {
  if (id.text != "provided" && id.text != "provided.al2") return;
  out["PATH"] = "/usr/local/bin:/usr/bin/:/bin:/opt/bin";
  out["LD_LIBRARY_PATH"] =
      "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib";
}

void set_language(const RuntimeChoice& runtime, std::uint32_t memory_mb, const std::string& handler,
                  Variables& out) {
  if (runtime.interpreter == nullptr) return set_older_paths(runtime.id, out);
  const LanguageTraits& language = traits(runtime.id.language);
  language.variables(launch_of(runtime, memory_mb, handler), out);
  out["AWS_EXECUTION_ENV"] = fmt::format("AWS_Lambda_{}", runtime.id.text);
  if (language.link == RuntimeLink::kTcp) return;
  out["_LAPWING_RUNTIME_FD"] = language.link == RuntimeLink::kPipes
                                   ? fmt::format("{}:{}", kRuntimeFd, kRuntimeOutFd)
                                   : fmt::format("{}", kRuntimeFd);
  out["_LAMBDA_TELEMETRY_LOG_FD"] = fmt::format("{}", kTelemetryFd);
}

// A version with SnapStart that starts without a snapshot relies on its hooks all the same.
bool needs_hooks(const EnvironmentInputs& in) {
  return in.function->snap_start && in.credentials_token.empty();
}

// What the loader and an interpreter read once, while they start.
bool read_at_start(const LanguageTraits& language, std::string_view key) {
  if (key.starts_with("LD_") || key.starts_with("LC_") || key.starts_with("MALLOC_") ||
      key == "LANG" || key == "LANGUAGE" || key == "GLIBC_TUNABLES" || key == "OPENSSL_CONF") {
    return true;
  }
  return language.read_at_start(key);
}

}  // namespace

std::map<std::string, std::string> boot_environment(const RuntimeChoice& runtime) {
  Variables out;
  set_common(out);
  set_language(runtime, 0, "", out);
  return out;
}

bool boots_alike(const RuntimeChoice& runtime, const std::map<std::string, std::string>& wanted) {
  const LanguageTraits& language = traits(runtime.id.language);
  const Variables booted = boot_environment(runtime);
  const auto differs = [&language](const Variables& a, const Variables& b) {
    for (const auto& [key, value] : a) {
      if (!read_at_start(language, key)) continue;
      const auto found = b.find(key);
      if (found == b.end() || found->second != value) return true;
    }
    return false;
  };
  return !differs(booted, wanted) && !differs(wanted, booted);
}

std::map<std::string, std::string> function_environment(const EnvironmentInputs& in) {
  Variables out;
  set_platform(in, out);
  set_language(*in.runtime, in.function->memory_mb, in.function->handler, out);
  if (needs_hooks(in)) out["_LAPWING_SNAPSHOT_HOOKS"] = "1";
  for (const auto& [key, value] : in.function->environment) {
    // Reserved names were refused when the function was configured; what a user may
    // override (LANG, PATH, TZ, LD_LIBRARY_PATH, NODE_PATH, PYTHONPATH...) wins here.
    out[key] = value;
  }
  return out;
}

std::string runtime_version(const RuntimeChoice& runtime) {
  if (runtime.id.language == Language::kProvided) {
    const auto dot = runtime.id.text.find('.');
    return fmt::format("provided:{}.v1",
                       dot == std::string::npos ? "al1" : runtime.id.text.substr(dot + 1));
  }
  const Interpreter& interpreter = *runtime.interpreter;
  const std::string base =
      version_named(interpreter.language, interpreter.major, interpreter.minor);
  const std::string rest = interpreter.version.size() > base.size() + 1
                               ? interpreter.version.substr(base.size() + 1)
                               : "0";
  return fmt::format("{}:{}.v{}", traits(runtime.id.language).name, base, rest);
}

}  // namespace lapwing::runtime
