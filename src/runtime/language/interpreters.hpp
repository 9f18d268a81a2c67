// Finding interpreters: looks at one prefix (a directory that holds bin/ and lib/, such as
// /usr or ~/.pyenv/versions/3.12.1) and says which interpreters are there, what version, and
// what must be visible inside a sandbox for them to run. Starts no process.
//
// Thread-safety: pure functions over the file system.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/language/language.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::runtime {

struct Interpreter {
  Language language = Language::kPython;
  int major = 0;
  int minor = 0;                     // 0 for Node.js and Java, whose runtimes name only the major
  std::string version;               // "3.8.18", "20.20.2"
  std::string host_path;             // the executable on the host, links resolved
  std::string sandbox_path;          // the same executable as seen inside
  std::string origin;                // "pyenv", "nvm", "system", "opt", "local", "added"
  std::vector<sandbox::Bind> binds;  // what must be visible for it to run
  // Java: the class path of AWS's client inside, and where on the host the archive of its
  // classes lies, in /var/runtime/lib inside, once it has been made.
  std::string class_path;
  std::string class_archive;
  std::string jvm_library;  // Java: libjvm.so inside; "" where it is not where JDKs have it
};

// Where interpreters live in the sandbox.
inline constexpr std::string_view kLanguagePrefix = "/var/lang";

struct Place {
  std::string root;    // prefixed to every path looked at; "" but in tests
  std::string prefix;  // below root: "/usr"
  std::string origin;
  // Shared with the rest of the system (/usr, /usr/local): only the interpreter's own files
  // of it become visible, under the same paths.
  bool shared = false;
  // AWS's Java client, a directory that holds lib/*.jar; "" when there is none, and no Java.
  std::string java_client;
};

std::vector<Interpreter> find_interpreters(const Place& place);

// The runtime identifier it serves exactly: "python3.12", "nodejs20.x", "java17".
std::string identifier_of(const Interpreter& interpreter);

// What makes `class_archive`: a command, to be run outside any sandbox, that writes `into`, a
// path in the same directory. Its exit status says nothing; the file is there or not.
std::vector<std::string> class_archive_command(const Interpreter& java, const std::string& into);

// Names in a directory without "." and "..", sorted; none for what is no directory.
std::vector<std::string> list_directory(const std::string& path);

}  // namespace lapwing::runtime
