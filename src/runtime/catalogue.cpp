#include "runtime/catalogue.hpp"

#include <algorithm>
#include <charconv>
#include <dirent.h>
#include <fstream>
#include <limits.h>
#include <sstream>
#include <stdlib.h>
#include <sys/stat.h>

#include <fmt/core.h>

namespace lapwing::runtime {
namespace {

constexpr std::string_view kSandboxPrefix = "/var/lang";

std::vector<std::string> list_dir(const std::string& path) {
  std::vector<std::string> names;
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

bool is_executable_file(const std::string& path) {
  struct stat st{};
  return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

bool exists(const std::string& path) {
  struct stat st{};
  return stat(path.c_str(), &st) == 0;
}

std::string resolve_links(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.c_str(), buffer) != nullptr ? std::string(buffer) : path;
}

std::optional<int> to_int(std::string_view text) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "#define NAME 20" or `#define NAME "3.8.18"` in a header of the interpreter: its version
// without starting it.
std::string read_define(const std::string& header, std::string_view name) {
  std::ifstream in(header);
  std::string line;
  const std::string start = fmt::format("#define {} ", name);
  while (std::getline(in, line)) {
    if (!line.starts_with(start)) continue;
    std::string value = line.substr(start.size());
    std::erase_if(value, [](char c) { return c == '"' || c == ' ' || c == '\t'; });
    return value;
  }
  return {};
}

std::string node_version(const std::string& prefix, std::string_view dir_name) {
  const std::string header = prefix + "/include/node/node_version.h";
  const std::string major = read_define(header, "NODE_MAJOR_VERSION");
  if (!major.empty()) {
    return fmt::format("{}.{}.{}", major, read_define(header, "NODE_MINOR_VERSION"),
                       read_define(header, "NODE_PATCH_VERSION"));
  }
  // nvm names its directories v20.11.1; unpacked archives node-v20.11.1-linux-x64.
  const auto v = dir_name.find('v');
  if (v == std::string_view::npos) return {};
  const std::string_view rest = dir_name.substr(v + 1);
  return std::string(rest.substr(0, rest.find_first_not_of("0123456789.")));
}

// What Debian's dpkg says of the installed nodejs, for a /usr/bin/node without headers.
std::string dpkg_node_version(const std::string& root) {
  std::ifstream in(root + "/var/lib/dpkg/status");
  std::string line;
  bool inside = false;
  while (std::getline(in, line)) {
    if (line.starts_with("Package: ")) inside = line == "Package: nodejs";
    if (inside && line.starts_with("Version: ")) {
      const std::string version = line.substr(9);
      return version.substr(0, version.find_first_not_of("0123456789."));
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(Language language) {
  switch (language) {
    case Language::kPython:
      return "python";
    case Language::kNode:
      return "nodejs";
    case Language::kProvided:
      return "provided";
  }
  return "provided";
}

std::optional<RuntimeId> parse_runtime_id(std::string_view text) {
  RuntimeId id;
  id.text = text;
  if (text == "provided" || text == "provided.al2" || text == "provided.al2023") return id;
  if (text.starts_with("python")) {
    const std::string_view version = text.substr(6);
    const auto dot = version.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto major = to_int(version.substr(0, dot));
    const auto minor = to_int(version.substr(dot + 1));
    if (!major || !minor) return std::nullopt;
    id.language = Language::kPython;
    id.major = *major;
    id.minor = *minor;
    return id;
  }
  if (text.starts_with("nodejs") && text.ends_with(".x")) {
    const auto major = to_int(text.substr(6, text.size() - 8));
    if (!major) return std::nullopt;
    id.language = Language::kNode;
    id.major = *major;
    return id;
  }
  return std::nullopt;
}

void Catalogue::add(Interpreter interpreter) {
  for (const Interpreter& known : interpreters_) {
    if (known.host_path == interpreter.host_path) return;
  }
  interpreters_.push_back(std::move(interpreter));
}

void Catalogue::add_python(const std::string& prefix, std::string_view origin) {
  for (const std::string& name : list_dir(prefix + "/bin")) {
    if (!name.starts_with("python3.")) continue;
    const auto minor = to_int(std::string_view(name).substr(8));
    const std::string path = prefix + "/bin/" + name;
    if (!minor || !is_executable_file(path)) continue;
    const std::string library = fmt::format("/lib/python3.{}", *minor);
    if (!exists(prefix + library + "/os.py")) continue;
    Interpreter found;
    found.language = Language::kPython;
    found.major = 3;
    found.minor = *minor;
    found.host_path = resolve_links(path);
    found.origin = origin;
    found.version = read_define(fmt::format("{}/include/python3.{}/patchlevel.h", prefix, *minor),
                                "PY_VERSION");
    if (found.version.empty()) found.version = fmt::format("3.{}", *minor);
    if (origin == "system" || origin == "local") {
      // Only this version's files of a shared prefix; the host's dist-packages stay outside.
      const std::string inside = prefix.substr(options_.root.size());
      found.sandbox_path = inside + "/bin/" + name;
      found.binds = {{found.host_path, found.sandbox_path}, {prefix + library, inside + library}};
    } else {
      found.sandbox_path = fmt::format("{}/bin/{}", kSandboxPrefix, name);
      found.binds = {{prefix, std::string(kSandboxPrefix)}};
    }
    add(std::move(found));
  }
}

void Catalogue::add_node(const std::string& prefix, std::string_view origin) {
  std::string path = prefix + "/bin/node";
  if (!is_executable_file(path)) return;
  const auto slash = prefix.rfind('/');
  std::string version = node_version(prefix, std::string_view(prefix).substr(slash + 1));
  if (version.empty() && origin == "system") version = dpkg_node_version(options_.root);
  const auto major = to_int(std::string_view(version).substr(0, version.find('.')));
  if (!major) return;
  Interpreter found;
  found.language = Language::kNode;
  found.major = *major;
  found.host_path = resolve_links(path);
  found.origin = origin;
  found.version = std::move(version);
  found.sandbox_path = fmt::format("{}/bin/node", kSandboxPrefix);
  if (origin == "system" || origin == "local") {
    found.binds = {{found.host_path, found.sandbox_path}};
    // Debian's node keeps some of its own internals outside the binary.
    const std::string shared = prefix + "/share/nodejs";
    if (exists(shared + "/undici")) {
      found.binds.push_back({shared, shared.substr(options_.root.size())});
    }
  } else {
    found.binds = {{prefix, std::string(kSandboxPrefix)}};
  }
  add(std::move(found));
}

Catalogue Catalogue::discover(CatalogueOptions options) {
  Catalogue catalogue;
  catalogue.options_ = std::move(options);
  const std::string& root = catalogue.options_.root;
  for (const std::string& prefix : catalogue.options_.extra_prefixes) {
    catalogue.add_python(root + prefix, "configured");
    catalogue.add_node(root + prefix, "configured");
  }
  for (const std::string& home : catalogue.options_.homes) {
    const std::string pyenv = root + home + "/.pyenv/versions";
    for (const std::string& name : list_dir(pyenv))
      catalogue.add_python(pyenv + "/" + name, "pyenv");
    const std::string nvm = root + home + "/.nvm/versions/node";
    for (const std::string& name : list_dir(nvm)) catalogue.add_node(nvm + "/" + name, "nvm");
  }
  for (const std::string& name : list_dir(root + "/opt")) {
    catalogue.add_python(root + "/opt/" + name, "opt");
    catalogue.add_node(root + "/opt/" + name, "opt");
  }
  catalogue.add_python(root + "/usr/local", "local");
  catalogue.add_node(root + "/usr/local", "local");
  catalogue.add_python(root + "/usr", "system");
  catalogue.add_node(root + "/usr", "system");
  return catalogue;
}

Result<RuntimeChoice> Catalogue::choose(std::string_view runtime_id) const {
  const std::optional<RuntimeId> id = parse_runtime_id(runtime_id);
  if (!id) {
    return fail(make_error(ErrorKind::kNotFound,
                           fmt::format("runtime {} is not served by this version", runtime_id)));
  }
  RuntimeChoice choice{.id = *id, .interpreter = nullptr, .exact = true, .note = {}};
  if (id->language == Language::kProvided) return choice;

  const auto order = [](const Interpreter& i) { return i.major * 1000 + i.minor; };
  const int wanted = id->major * 1000 + id->minor;
  const Interpreter* newer = nullptr;
  const Interpreter* older = nullptr;
  for (const Interpreter& candidate : interpreters_) {
    if (candidate.language != id->language) continue;
    const int have = order(candidate);
    if (have == wanted) {
      choice.interpreter = &candidate;
      return choice;
    }
    if (have > wanted && (newer == nullptr || have < order(*newer))) newer = &candidate;
    if (have < wanted && (older == nullptr || have > order(*older))) older = &candidate;
  }
  choice.interpreter = newer != nullptr ? newer : older;
  choice.exact = false;
  if (choice.interpreter == nullptr || options_.strict) {
    const char* remedy = options_.strict ? "runtimes.strict is set: install exactly this version"
                         : id->language == Language::kPython
                             ? "install Python 3, as in apt-get install python3"
                             : "install Node.js, as in apt-get install nodejs";
    return fail(make_error(ErrorKind::kNotFound,
                           fmt::format("no interpreter for runtime {} on this machine ({}, and "
                                       "restart Lapwing)",
                                       runtime_id, remedy)));
  }
  choice.note = fmt::format("{} is served by {} {} ({})", runtime_id,
                            id->language == Language::kPython ? "Python" : "Node.js",
                            choice.interpreter->version, choice.interpreter->origin);
  return choice;
}

}  // namespace lapwing::runtime
