#include "runtime/catalogue.hpp"

#include <unistd.h>

#include <fmt/core.h>

namespace lapwing::runtime {

RuntimeLaunch launch_of(const RuntimeChoice& choice, std::uint32_t memory_mb,
                        std::string_view handler) {
  const Interpreter& interpreter = *choice.interpreter;
  RuntimeLaunch launch;
  launch.asked = &choice.id;
  launch.interpreter = interpreter.sandbox_path;
  launch.major = interpreter.major;
  launch.minor = interpreter.minor;
  launch.version = interpreter.version;
  launch.memory_mb = memory_mb;
  launch.handler = handler;
  launch.class_path = interpreter.class_path;
  launch.jvm_library = interpreter.jvm_library;
  const std::string& archive = interpreter.class_archive;
  if (!archive.empty() && access(archive.c_str(), R_OK) == 0) {
    launch.class_archive = "/var/runtime/lib" + archive.substr(archive.rfind('/'));
  }
  return launch;
}

void Catalogue::look_at(const std::string& prefix, const std::string& origin, bool shared) {
  for (Interpreter& found :
       find_interpreters({options_.root, prefix, origin, shared, options_.java_client})) {
    bool known = false;
    for (const Interpreter& other : interpreters_) {
      known = known || other.host_path == found.host_path;
    }
    if (!known) interpreters_.push_back(std::move(found));
  }
}

void Catalogue::look_below(const std::string& directory, const std::string& origin) {
  for (const std::string& name : list_directory(options_.root + directory)) {
    look_at(directory + "/" + name, origin);
  }
}

Catalogue Catalogue::discover(CatalogueOptions options) {
  Catalogue catalogue;
  catalogue.options_ = std::move(options);
  for (const std::string& prefix : catalogue.options_.added_prefixes) {
    catalogue.look_at(prefix, "added");
  }
  for (const std::string& prefix : catalogue.options_.extra_prefixes) {
    catalogue.look_at(prefix, "configured");
  }
  for (const std::string& home : catalogue.options_.homes) {
    catalogue.look_below(home + "/.pyenv/versions", "pyenv");
    catalogue.look_below(home + "/.nvm/versions/node", "nvm");
    catalogue.look_below(home + "/.rbenv/versions", "rbenv");
    catalogue.look_below(home + "/.sdkman/candidates/java", "sdkman");
  }
  catalogue.look_below("/usr/lib/jvm", "system");
  catalogue.look_below("/opt", "opt");
  catalogue.look_at("/usr/local", "local", true);
  catalogue.look_at("/usr", "system", true);
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

  if (id->language == Language::kJava && options_.java_client.empty()) {
    return fail(make_error(
        ErrorKind::kNotFound,
        fmt::format("runtime {} needs AWS's runtime interface client for Java: "
                    "runtimes/java/client/fetch.sh DIR gets it, lapwing runtime add java-client "
                    "--from DIR gives it to this server",
                    runtime_id)));
  }
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
    const std::string_view remedy = options_.strict
                                        ? "runtimes.strict is set: install exactly this version"
                                        : traits(id->language).remedy;
    return fail(make_error(ErrorKind::kNotFound,
                           fmt::format("no interpreter for runtime {} on this machine ({}, and "
                                       "restart Lapwing)",
                                       runtime_id, remedy)));
  }
  choice.note = fmt::format("{} is served by {} {} ({})", runtime_id, traits(id->language).title,
                            choice.interpreter->version, choice.interpreter->origin);
  return choice;
}

}  // namespace lapwing::runtime
