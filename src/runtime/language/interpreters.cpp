#include "runtime/language/interpreters.hpp"

#include <algorithm>
#include <charconv>
#include <dirent.h>
#include <fstream>
#include <limits.h>
#include <optional>
#include <stdlib.h>
#include <sys/stat.h>

#include <fmt/core.h>

namespace lapwing::runtime {
namespace {

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

// The rest of the first line of `file` that begins with `start`, without quotes and blanks:
// versions are read out of headers and scripts, so that nothing has to be started.
std::string read_after(const std::string& file, std::string_view start) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    const auto first = line.find_first_not_of(' ');
    if (first == std::string::npos || !std::string_view(line).substr(first).starts_with(start)) {
      continue;
    }
    std::string value = line.substr(first + start.size());
    std::erase_if(value, [](char c) { return c == '"' || c == ' ' || c == '\t'; });
    return value;
  }
  return {};
}

std::string host(const Place& place) { return place.root + place.prefix; }

// The whole prefix at /var/lang.
sandbox::Bind whole_prefix(const Place& place) {
  return {host(place), std::string(kLanguagePrefix)};
}

// ---- Python

void find_python(const Place& place, std::vector<Interpreter>& out) {
  const std::string prefix = host(place);
  for (const std::string& name : list_directory(prefix + "/bin")) {
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
    found.version = read_after(fmt::format("{}/include/python3.{}/patchlevel.h", prefix, *minor),
                               "#define PY_VERSION ");
    if (found.version.empty()) found.version = fmt::format("3.{}", *minor);
    if (place.shared) {
      // Only this version's files of a shared prefix; the host's dist-packages stay outside.
      found.sandbox_path = place.prefix + "/bin/" + name;
      found.binds = {{found.host_path, found.sandbox_path},
                     {prefix + library, place.prefix + library}};
    } else {
      found.sandbox_path = fmt::format("{}/bin/{}", kLanguagePrefix, name);
      found.binds = {whole_prefix(place)};
    }
    out.push_back(std::move(found));
  }
}

// ---- Node.js

std::string node_version(const std::string& prefix) {
  const std::string header = prefix + "/include/node/node_version.h";
  const std::string major = read_after(header, "#define NODE_MAJOR_VERSION ");
  if (!major.empty()) {
    return fmt::format("{}.{}.{}", major, read_after(header, "#define NODE_MINOR_VERSION "),
                       read_after(header, "#define NODE_PATCH_VERSION "));
  }
  // nvm names its directories v20.11.1; unpacked archives node-v20.11.1-linux-x64.
  const std::string_view name = std::string_view(prefix).substr(prefix.rfind('/') + 1);
  const auto v = name.find('v');
  if (v == std::string_view::npos) return {};
  const std::string_view rest = name.substr(v + 1);
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

void find_node(const Place& place, std::vector<Interpreter>& out) {
  const std::string prefix = host(place);
  const std::string path = prefix + "/bin/node";
  if (!is_executable_file(path)) return;
  std::string version = node_version(prefix);
  if (version.empty() && place.shared) version = dpkg_node_version(place.root);
  const auto major = to_int(std::string_view(version).substr(0, version.find('.')));
  if (!major) return;
  Interpreter found;
  found.language = Language::kNode;
  found.major = *major;
  found.host_path = resolve_links(path);
  found.version = std::move(version);
  found.sandbox_path = fmt::format("{}/bin/node", kLanguagePrefix);
  if (place.shared) {
    found.binds = {{found.host_path, found.sandbox_path}};
    // Debian's node keeps some of its own internals outside the binary.
    const std::string shared = prefix + "/share/nodejs";
    if (exists(shared + "/undici")) found.binds.push_back({shared, place.prefix + "/share/nodejs"});
  } else {
    found.binds = {whole_prefix(place)};
  }
  out.push_back(std::move(found));
}

// ---- Ruby

// "3.1.2" from its parts: RUBY_PROGRAM_VERSION itself is written in terms of them.
std::string rbconfig_version(const std::string& file) {
  const std::string major = read_after(file, R"(CONFIG["MAJOR"] = )");
  const std::string minor = read_after(file, R"(CONFIG["MINOR"] = )");
  const std::string teeny = read_after(file, R"(CONFIG["TEENY"] = )");
  if (!to_int(major) || !to_int(minor) || !to_int(teeny)) return {};
  return fmt::format("{}.{}.{}", major, minor, teeny);
}

// By the rbconfig.rb of lib/ruby/3.1.0/<machine>/, or, in Debian, of lib/<machine>/ruby/3.1.0/;
// "" when there is none.
std::string ruby_version(const std::string& prefix, const std::string& api) {
  const std::string library = prefix + "/lib/ruby/" + api;
  for (const std::string& machine : list_directory(library)) {
    const std::string version = rbconfig_version(library + "/" + machine + "/rbconfig.rb");
    if (!version.empty()) return version;
  }
  for (const std::string& machine : list_directory(prefix + "/lib")) {
    const std::string version =
        rbconfig_version(fmt::format("{}/lib/{}/ruby/{}/rbconfig.rb", prefix, machine, api));
    if (!version.empty()) return version;
  }
  return {};
}

// Debian's /usr/bin/ruby3.1 and the directories of that version.
std::vector<sandbox::Bind> shared_ruby_binds(const Place& place, const Interpreter& found) {
  const std::string prefix = host(place);
  std::vector<sandbox::Bind> binds = {{found.host_path, found.sandbox_path}};
  for (const char* path : {"/lib/ruby", "/share/rubygems-integration"}) {
    if (exists(prefix + path)) binds.push_back({prefix + path, place.prefix + path});
  }
  return binds;
}

void find_ruby(const Place& place, std::vector<Interpreter>& out) {
  const std::string prefix = host(place);
  for (const std::string& api : list_directory(prefix + "/lib/ruby")) {
    const auto dot = api.find('.');
    if (dot == std::string::npos || !api.ends_with(".0") || api.size() < dot + 3) continue;
    const auto major = to_int(std::string_view(api).substr(0, dot));
    const auto minor = to_int(std::string_view(api).substr(dot + 1, api.size() - dot - 3));
    if (!major || !minor || *major < 3) continue;
    std::string name = fmt::format("ruby{}.{}", *major, *minor);
    if (!is_executable_file(prefix + "/bin/" + name)) name = "ruby";
    const std::string path = prefix + "/bin/" + name;
    if (!is_executable_file(path)) continue;
    Interpreter found;
    found.language = Language::kRuby;
    found.major = *major;
    found.minor = *minor;
    found.host_path = resolve_links(path);
    found.version = ruby_version(prefix, api);
    if (found.version.empty()) continue;  // gems of a version that is not installed
    if (place.shared) {
      found.sandbox_path = place.prefix + "/bin/" + name;
      found.binds = shared_ruby_binds(place, found);
    } else if (place.origin == "added") {
      // Copied from where it was built to be, so it must be one that finds itself.
      found.sandbox_path = fmt::format("{}/bin/{}", kLanguagePrefix, name);
      found.binds = {whole_prefix(place)};
    } else {
      // Ruby looks for its library where it was built to be, which is where it lies.
      found.sandbox_path = place.prefix + "/bin/" + name;
      found.binds = {whole_prefix(place), {prefix, place.prefix}};
    }
    out.push_back(std::move(found));
  }
}

// ---- Java

constexpr std::string_view kClientJar = "aws-lambda-java-runtime-interface-client-";

std::string client_class_path(const std::string& client) {
  std::string path;
  bool complete = false;
  for (const std::string& name : list_directory(client + "/lib")) {
    if (!name.ends_with(".jar")) continue;
    complete = complete || name.starts_with(kClientJar);
    path += fmt::format("{}/var/runtime/lib/{}", path.empty() ? "" : ":", name);
  }
  return complete ? path : std::string();
}

// Of "17.0.9", "21", "1.8.0_392".
std::optional<int> java_major(std::string_view version) {
  if (version.starts_with("1.")) version.remove_prefix(2);
  return to_int(version.substr(0, version.find_first_not_of("0123456789")));
}

// Below the JDK's home: since version 9, and version 8's own and its JRE's.
std::string jvm_library(const std::string& home) {
  for (const char* path : {"/lib/server/libjvm.so", "/jre/lib/amd64/server/libjvm.so",
                           "/jre/lib/aarch64/server/libjvm.so", "/lib/amd64/server/libjvm.so",
                           "/lib/aarch64/server/libjvm.so"}) {
    if (exists(home + path)) return std::string(kLanguagePrefix) + path;
  }
  return {};
}

void find_java(const Place& place, std::vector<Interpreter>& out) {
  if (place.shared) return;  // what /usr/bin/java leads to is found in /usr/lib/jvm
  const std::string path = host(place) + "/bin/java";
  if (!is_executable_file(path)) return;
  Interpreter found;
  found.language = Language::kJava;
  found.host_path = resolve_links(path);
  // Debian's directories have second names that are links.
  const std::string home = found.host_path.substr(0, found.host_path.rfind("/bin/"));
  found.version = read_after(home + "/release", "JAVA_VERSION=");
  const auto major = java_major(found.version);
  if (!major) return;
  found.major = *major;
  found.sandbox_path = fmt::format("{}/bin/java", kLanguagePrefix);
  found.jvm_library = jvm_library(home);
  found.binds = {{home, std::string(kLanguagePrefix)}};
  // Debian keeps configuration and certificates in /etc, with links to them.
  for (const std::string& etc :
       {fmt::format("/etc/java-{}-openjdk", *major), std::string("/etc/ssl/certs/java")}) {
    if (exists(place.root + etc)) found.binds.push_back({place.root + etc, etc});
  }
  if (!place.java_client.empty()) {
    found.class_path = client_class_path(place.java_client);
    found.class_archive = fmt::format("{}/lib/java-{}.jsa", place.java_client, found.version);
    found.binds.push_back({place.java_client + "/lib", "/var/runtime/lib"});
  }
  out.push_back(std::move(found));
}

}  // namespace

std::string identifier_of(const Interpreter& interpreter) {
  const LanguageTraits& language = traits(interpreter.language);
  return fmt::format("{}{}{}", language.name,
                     version_named(interpreter.language, interpreter.major, interpreter.minor),
                     language.form == VersionForm::kMajorX ? ".x" : "");
}

std::vector<std::string> class_archive_command(const Interpreter& java, const std::string& into) {
  // A JVM accepts an archive only for the paths it was made with, which are those inside: in a
  // mount namespace of its own the JDK and the jars are put there.
  constexpr const char* kScript =
      "set -e; mount -t tmpfs none /mnt; mkdir /mnt/jdk /mnt/client; "
      "mount --bind \"$1\" /mnt/jdk; mount --bind \"$2\" /mnt/client; "
      "mount -t tmpfs none /var; mkdir -p /var/lang /var/runtime/lib; "
      "mount --bind /mnt/jdk /var/lang; mount --bind /mnt/client /var/runtime/lib; "
      "exec /var/lang/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "
      "-XX:ArchiveClassesAtExit=\"/var/runtime/lib/$3\" -cp \"$4\" "
      "com.amazonaws.services.lambda.runtime.api.client.ClasspathLoader";
  const auto slash = into.rfind('/');
  return {"/usr/bin/unshare",
          "--mount",
          "--map-root-user",
          "/bin/sh",
          "-c",
          kScript,
          "sh",
          java.binds.front().source,
          into.substr(0, slash),
          into.substr(slash + 1),
          java.class_path};
}

std::vector<std::string> list_directory(const std::string& path) {
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

std::vector<Interpreter> find_interpreters(const Place& place) {
  std::vector<Interpreter> found;
  find_python(place, found);
  find_node(place, found);
  find_ruby(place, found);
  find_java(place, found);
  for (Interpreter& interpreter : found) interpreter.origin = place.origin;
  return found;
}

}  // namespace lapwing::runtime
