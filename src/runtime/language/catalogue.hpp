// The catalogue of runtimes: which interpreters this machine has, where they really are,
// and which one serves a runtime identifier such as "python3.12".
//
// An interpreter of the host serves its language. If the exact version is missing, the
// nearest installed one serves (the next newer, else the newest older), and the choice says
// so; with `strict` it is refused. `provided.*` needs no interpreter.
//
// Thread-safety: immutable after discover().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/language/interpreters.hpp"
#include "runtime/language/language.hpp"

namespace lapwing::runtime {

inline constexpr char kUnservedRuntime[] = "InvalidRuntimeException";

struct RuntimeChoice {
  RuntimeId id;
  const Interpreter* interpreter = nullptr;  // null for provided.*
  bool exact = true;
  std::string note;  // "python3.8 is served by Python 3.9.18 (pyenv)" when not exact
};

// What the command line and the variables of that choice depend on. Points into `choice`; not
// for provided.*.
RuntimeLaunch launch_of(const RuntimeChoice& choice, std::uint32_t memory_mb,
                        std::string_view handler);

struct CatalogueOptions {
  // Prefixed to every path looked at; tests point it at a tree of their own.
  std::string root;
  // Prefixes kept in the data directory (`lapwing runtime add`); looked at first.
  std::vector<std::string> added_prefixes;
  // Home directories that may hold .pyenv, .nvm, .rbenv and .sdkman.
  std::vector<std::string> homes;
  // Further prefixes (each holding bin/python3.x, bin/node or bin/ruby), from the configuration.
  std::vector<std::string> extra_prefixes;
  // AWS's Java runtime interface client: a directory that holds lib/*.jar; "" for none.
  std::string java_client;
  bool strict = false;
};

class Catalogue {
 public:
  // Looks through the file system; starts no process.
  static Catalogue discover(CatalogueOptions options);

  // When nothing serves it: kNotFound with code kUnservedRuntime; what is missing, and what to do.
  Result<RuntimeChoice> choose(std::string_view runtime_id) const;
  // Why, without the runtime's name: the same for all that lack the same. "" where one serves it.
  std::string why_not(std::string_view runtime_id) const;
  const std::vector<Interpreter>& interpreters() const { return interpreters_; }

 private:
  std::string missing(Language language) const;
  void look_at(const std::string& prefix, const std::string& origin, bool shared = false);
  void look_below(const std::string& directory, const std::string& origin);

  CatalogueOptions options_;
  std::vector<Interpreter> interpreters_;  // best first within a version
};

}  // namespace lapwing::runtime
