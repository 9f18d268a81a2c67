#include "runtime/language/language.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "runtime/language/node_command.hpp"

namespace lapwing::runtime {
namespace {

std::optional<int> to_int(std::string_view text) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::vector<std::string> python_argv(const RuntimeLaunch& launch) {
  // Wrappers expect the bootstrap right after the interpreter.
  if (launch.wrapped) return {launch.interpreter, "/var/runtime/bootstrap.py"};
  // -S: the host's site-packages are no part of the function's world, and cost time.
  return {launch.interpreter, "-S", "/var/runtime/bootstrap.py"};
}

// What is left of the shells that start these interpreters on AWS.
void shell_variables(Variables& out) {
  out["PWD"] = "/var/task";
  out["SHLVL"] = "0";
}

void python_variables(const RuntimeLaunch&, Variables& out) {
  shell_variables(out);
  out["PYTHONPATH"] = "/var/runtime";
  // Python finds it for itself and sets it, at some cost; the bootstrap takes it back where AWS's
  // interpreters (before 3.12) had no need to.
  out["LC_CTYPE"] = "C.UTF-8";
}

constexpr int kLastNodeWithExtraCertificates = 18;

std::vector<std::string> node_argv(const RuntimeLaunch& launch) { return node_command(launch); }

void node_variables(const RuntimeLaunch& launch, Variables& out) {
  shell_variables(out);
  out["NODE_PATH"] = fmt::format(
      "/opt/nodejs/node{}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:"
      "/var/runtime:/var/task",
      launch.asked->major);
  // Newer ones start quicker without.
  if (launch.asked->major <= kLastNodeWithExtraCertificates) {
    out["NODE_EXTRA_CA_CERTS"] = "/var/runtime/ca-cert.pem";
  }
}

std::vector<std::string> ruby_argv(const RuntimeLaunch& launch) {
  return {launch.interpreter, "/var/runtime/bootstrap.rb"};
}

void ruby_variables(const RuntimeLaunch& launch, Variables& out) {
  shell_variables(out);
  // AWS's start script for Ruby puts the language's folders in front once more.
  out["PATH"] = "/var/lang/bin:" + out["PATH"];
  out["LD_LIBRARY_PATH"] = "/var/lang/lib:" + out["LD_LIBRARY_PATH"];
  // Bundler packs gems below the version they were installed with: that of the identifier,
  // and that of the interpreter where it is another.
  const auto gems = [](int major, int minor) {
    return fmt::format("/var/task/vendor/bundle/ruby/{0}.{1}.0:/opt/ruby/gems/{0}.{1}.0", major,
                       minor);
  };
  std::string path = gems(launch.asked->major, launch.asked->minor);
  if (launch.asked->major != launch.major || launch.asked->minor != launch.minor) {
    path += ":" + gems(launch.major, launch.minor);
  }
  const auto& [major, minor] = std::pair(launch.asked->major, launch.asked->minor);
  out["GEM_PATH"] = fmt::format("{}:/var/runtime:/var/runtime/ruby/{}.{}.0", path, major, minor);
  out["GEM_HOME"] = "/var/runtime";
  out["RUBYLIB"] = "/var/task:/var/runtime/lib:/opt/ruby/lib";
}

// What AWS's start script leaves to the heap: 85 % of the memory, or all but 240 MB.
double heap_percentage(std::uint32_t memory_mb) {
  constexpr double kShare = 0.85;
  constexpr double kBesidesMb = 240;
  const double memory = std::max(memory_mb, 1u);
  return 100 * std::max(kShare, (memory - kBesidesMb) / memory);
}

// Defaults a function may override through JAVA_TOOL_OPTIONS are in jvm.flags, which the JVM
// reads before that variable; the command line comes after it.
std::vector<std::string> jvm_options(const RuntimeLaunch& launch) {
  std::vector<std::string> options = {"-XX:Flags=/var/runtime/jvm.flags",
                                      fmt::format("-XX:MaxRAM={}m", launch.memory_mb)};
  // As a share of the memory, not a size: -Xmx in JAVA_TOOL_OPTIONS goes before. The lesser is what
  // JVMs go by below some 250 MB.
  for (const char* name : {"MaxRAMPercentage", "MinRAMPercentage"}) {
    options.push_back(fmt::format("-XX:{}={:.2f}", name, heap_percentage(launch.memory_mb)));
  }
  if (!launch.class_archive.empty()) {
    options.push_back("-XX:SharedArchiveFile=" + launch.class_archive);
  }
  // The client makes a file descriptor of a number, and loads a library of its own.
  if (launch.major >= 17) options.emplace_back("-XX:+ErrorFileToStderr");
  if (launch.major >= 9) options.emplace_back("--add-opens=java.base/java.io=ALL-UNNAMED");
  if (launch.major >= 22) options.emplace_back("--enable-native-access=ALL-UNNAMED");
  // These say at every start that the JDK's own archive was made without the two.
  if (launch.major == 24 || launch.major == 25) options.emplace_back("-Xlog:cds=off");
  options.insert(options.end(),
                 {"-Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI="
                  "/var/runtime/lib/libaws-lambda-jni.so",
                  "-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac",
                  "-Djava.net.preferIPv4Stack=true", "-cp", launch.class_path,
                  "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"});
  return options;
}

std::vector<std::string> java_argv(const RuntimeLaunch& launch) {
  std::vector<std::string> argv = jvm_options(launch);
  argv.insert(argv.begin(), launch.interpreter);
  argv.push_back(launch.handler);
  return argv;
}

std::vector<std::string> java_waiting_argv(const RuntimeLaunch& launch) {
  if (launch.jvm_library.empty()) return {};
  std::vector<std::string> argv = jvm_options(launch);
  argv.insert(argv.begin(), {"/var/runtime/java_standby", launch.jvm_library});
  return argv;
}

void no_variables(const RuntimeLaunch&, Variables&) {}

bool python_reads(std::string_view key) { return key.starts_with("PYTHON"); }

bool node_reads(std::string_view key) {
  // Changing these later has the same effect, or none that a function could see.
  constexpr std::string_view kLater[] = {"NODE_ENV",          "NODE_TLS_REJECT_UNAUTHORIZED",
                                         "NODE_APP_INSTANCE", "NODE_CONFIG",
                                         "NODE_CONFIG_DIR",   "NODE_CONFIG_ENV"};
  for (const std::string_view later : kLater) {
    if (key == later) return false;
  }
  return key.starts_with("NODE_") || key.starts_with("UV_") || key == "NO_COLOR" ||
         key == "FORCE_COLOR" || key.starts_with("SSL_CERT_");
}

bool ruby_reads(std::string_view key) {
  return key.starts_with("RUBY") || key.starts_with("GEM_") || key.starts_with("BUNDLE_");
}

bool java_reads(std::string_view key) {
  // What loads ahead asks for the time zone.
  return key.starts_with("JAVA_") || key.starts_with("_JAVA_") || key.starts_with("JDK_") ||
         key == "TZ" || key == "HOME";
}

bool reads_nothing(std::string_view) { return false; }

constexpr std::array kLanguages = {
    LanguageTraits{Language::kPython, "python", "Python", VersionForm::kMajorMinor, "python",
                   "install Python 3, as in apt-get install python3", RuntimeLink::kPipes, true, 4,
                   python_reads, python_argv, python_argv, python_variables},
    LanguageTraits{Language::kNode, "nodejs", "Node.js", VersionForm::kMajorX, "node",
                   "install Node.js, as in apt-get install nodejs", RuntimeLink::kSocket, false, 48,
                   node_reads, node_argv, node_argv, node_variables},
    LanguageTraits{Language::kRuby, "ruby", "Ruby", VersionForm::kMajorMinor, "ruby",
                   "install Ruby 3, as in apt-get install ruby", RuntimeLink::kPipes, true, 4,
                   ruby_reads, ruby_argv, ruby_argv, ruby_variables},
    LanguageTraits{Language::kJava, "java", "Java", VersionForm::kMajor, "java",
                   "install a JDK, as in apt-get install openjdk-17-jdk-headless",
                   RuntimeLink::kTcp, false, 48, java_reads, java_argv, java_waiting_argv,
                   no_variables},
    LanguageTraits{Language::kProvided, "provided", "provided", VersionForm::kSystem, "", "",
                   RuntimeLink::kTcp, false, 1, reads_nothing, nullptr, nullptr, no_variables},
};

bool parse_version(VersionForm form, std::string_view text, RuntimeId& out) {
  switch (form) {
    case VersionForm::kMajorMinor: {
      const auto dot = text.find('.');
      if (dot == std::string_view::npos) return false;
      const auto major = to_int(text.substr(0, dot));
      const auto minor = to_int(text.substr(dot + 1));
      if (!major || !minor) return false;
      out.major = *major;
      out.minor = *minor;
      return true;
    }
    case VersionForm::kMajorX: {
      if (!text.ends_with(".x")) return false;
      const auto major = to_int(text.substr(0, text.size() - 2));
      if (!major) return false;
      out.major = *major;
      return true;
    }
    case VersionForm::kMajor: {
      const auto major = to_int(text.substr(0, text.find('.')));
      const auto dot = text.find('.');
      const std::string_view system = dot == std::string_view::npos ? "" : text.substr(dot);
      if (!major || (!system.empty() && system != ".al2" && system != ".al2023")) return false;
      out.major = *major;
      return true;
    }
    case VersionForm::kSystem:
      return text.empty() || text == ".al2" || text == ".al2023";
  }
  return false;
}

}  // namespace

std::span<const LanguageTraits> languages() { return kLanguages; }

const LanguageTraits& traits(Language language) {
  for (const LanguageTraits& row : kLanguages) {
    if (row.language == language) return row;
  }
  return kLanguages.back();
}

std::optional<RuntimeId> parse_runtime_id(std::string_view text) {
  for (const LanguageTraits& row : kLanguages) {
    if (!text.starts_with(row.name)) continue;
    RuntimeId id;
    id.language = row.language;
    id.text = text;
    if (parse_version(row.form, text.substr(row.name.size()), id)) return id;
  }
  return std::nullopt;
}

std::string version_named(Language language, int major, int minor) {
  return traits(language).form == VersionForm::kMajorMinor ? fmt::format("{}.{}", major, minor)
                                                           : fmt::format("{}", major);
}

}  // namespace lapwing::runtime
