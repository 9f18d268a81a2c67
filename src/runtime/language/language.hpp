// The languages of the managed runtimes: for each, everything that differs between them but
// how its interpreters are found (interpreters.hpp). A new language is a row of the table in
// language.cpp, a search in interpreters.cpp and a bootstrap below runtimes/.
//
// Thread-safety: pure functions over constant data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::runtime {

enum class Language { kPython, kNode, kRuby, kJava, kProvided };

// A parsed runtime identifier: "python3.12", "nodejs20.x", "ruby3.3", "provided.al2023".
struct RuntimeId {
  Language language = Language::kProvided;
  int major = 0;
  int minor = 0;  // 0 for languages whose identifiers name only the major version
  std::string text;
};

// nullopt for what is no identifier of a language that Lapwing serves.
std::optional<RuntimeId> parse_runtime_id(std::string_view text);

// How an identifier names its version after the language's name.
enum class VersionForm {
  kMajorMinor,  // python3.12
  kMajorX,      // nodejs20.x
  kMajor,       // java21, java8.al2: the operating system's version makes no difference here
  kSystem       // provided.al2023
};

// What the command line and the variables of a runtime depend on.
struct RuntimeLaunch {
  const RuntimeId* asked = nullptr;
  std::string interpreter;  // the executable's path inside
  int major = 0;            // of the interpreter that serves
  int minor = 0;
  std::uint32_t memory_mb = 128;
  std::string handler;
  bool wrapped = false;  // AWS_LAMBDA_EXEC_WRAPPER: the command line is the wrapper's to look at
  // Java: Interpreter's class_path, and class_archive if the file is there.
  std::string class_path;
  std::string class_archive;
  std::string jvm_library;   // inside; "" where it cannot be started ahead
  std::string version;       // of the interpreter: "20.20.2"
  std::string node_options;  // the function's NODE_OPTIONS; "" for a process that waits
};

// How a bootstrap speaks the Runtime API.
enum class RuntimeLink {
  kTcp,     // as everybody's
  kSocket,  // ours, which also logs in frames: an inherited Unix socket ...
  kPipes    // ... or two inherited pipes, for those that block in read(2)
};

using Variables = std::map<std::string, std::string>;

struct LanguageTraits {
  Language language;
  std::string_view name;   // "python": begins identifiers, and stands in INIT_START
  std::string_view title;  // "Python"
  VersionForm form;
  std::string_view folder;  // runtimes/<folder>/runtime is /var/runtime; "" where there is none
  std::string_view remedy;  // how a machine gets an interpreter
  RuntimeLink link;
  // The bootstrap can be a template that forks (_LAPWING_FORKS).
  bool forks;
  // Megabytes that one waiting takes, forked or not.
  std::uint32_t waiting_mb;
  // Whether the interpreter reads this variable while it starts, and not later.
  bool (*read_at_start)(std::string_view key);
  // Null for provided.*, where the function brings its own.
  std::vector<std::string> (*argv)(const RuntimeLaunch&);
  // For a process that is started before its function is known (_LAPWING_STANDBY_FD) and becomes
  // what `argv` would start. Whatever of the launch is in it, functions must have in common to
  // use the same; the handler never is. Empty where this interpreter cannot wait, null where none
  // of the language can.
  std::vector<std::string> (*waiting_argv)(const RuntimeLaunch&);
  void (*variables)(const RuntimeLaunch&, Variables&);
};

std::span<const LanguageTraits> languages();
const LanguageTraits& traits(Language language);

// "3.12", "20": the part of a version that identifiers of this language name.
std::string version_named(Language language, int major, int minor);

}  // namespace lapwing::runtime
