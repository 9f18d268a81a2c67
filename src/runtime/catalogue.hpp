// The catalogue of runtimes: which interpreters this machine has, where they really are,
// and which one serves a runtime identifier such as "python3.12".
//
// An interpreter of the host serves its language. If the exact version is missing, the
// nearest installed one serves (the next newer, else the newest older), and the choice says
// so; with `strict` it is refused. `provided.*` needs no interpreter.
//
// Thread-safety: immutable after discover().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::runtime {

enum class Language { kPython, kNode, kProvided };

std::string_view to_string(Language language);

struct Interpreter {
  Language language = Language::kPython;
  int major = 0;
  int minor = 0;                     // 0 for Node.js, whose runtimes name only the major version
  std::string version;               // "3.8.18", "20.20.2"
  std::string host_path;             // the executable on the host, links resolved
  std::string sandbox_path;          // the same executable as seen inside
  std::string origin;                // "pyenv", "nvm", "system", "opt", "local"
  std::vector<sandbox::Bind> binds;  // what must be visible for it to run
};

// A parsed runtime identifier.
struct RuntimeId {
  Language language = Language::kProvided;
  int major = 0;
  int minor = 0;
  std::string text;
};

struct RuntimeChoice {
  RuntimeId id;
  const Interpreter* interpreter = nullptr;  // null for provided.*
  bool exact = true;
  std::string note;  // "python3.8 is served by Python 3.9.18 (pyenv)" when not exact
};

struct CatalogueOptions {
  // Prefixed to every path looked at; tests point it at a tree of their own.
  std::string root;
  // Home directories that may hold .pyenv and .nvm.
  std::vector<std::string> homes;
  // Further prefixes (each holding bin/python3.x or bin/node), from the configuration.
  std::vector<std::string> extra_prefixes;
  bool strict = false;
};

// "python3.12", "nodejs20.x", "provided.al2023", "provided.al2", "provided". nullopt for
// languages that Lapwing does not serve.
std::optional<RuntimeId> parse_runtime_id(std::string_view text);

class Catalogue {
 public:
  // Looks through the file system; starts no process.
  static Catalogue discover(CatalogueOptions options);

  // kNotFound with what is installed and what to do when nothing serves it.
  Result<RuntimeChoice> choose(std::string_view runtime_id) const;
  const std::vector<Interpreter>& interpreters() const { return interpreters_; }

 private:
  void add_python(const std::string& prefix, std::string_view origin);
  void add_node(const std::string& prefix, std::string_view origin);
  void add(Interpreter interpreter);

  CatalogueOptions options_;
  std::vector<Interpreter> interpreters_;  // best first within a version
};

}  // namespace lapwing::runtime
