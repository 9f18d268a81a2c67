#include "runtime/language/catalogue.hpp"

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

// "" where something of that language is there.
std::string Catalogue::missing(Language language) const {
  std::string text;
  if (language == Language::kJava && options_.java_client.empty()) {
    text =
        "AWS's runtime interface client for Java is missing: `runtimes/java/client/fetch.sh DIR` "
        "(in Lapwing's sources) gets it, `lapwing runtime add java-client --from DIR` (with the "
        "server's --data-dir) keeps it; then restart Lapwing";
  }
  for (const Interpreter& candidate : interpreters_) {
    if (candidate.language == language) return text;
  }
  return fmt::format("{}this machine has no {}: {}, and restart Lapwing",
                     text.empty() ? text : text + ". And ", traits(language).title,
                     traits(language).remedy);
}

std::string Catalogue::why_not(std::string_view runtime_id) const {
  const std::optional<RuntimeId> id = parse_runtime_id(runtime_id);
  if (!id) return "this version of Lapwing does not build it";
  if (id->language == Language::kProvided) return {};
  if (std::string text = missing(id->language); !text.empty() || !options_.strict) return text;
  for (const Interpreter& candidate : interpreters_) {
    if (candidate.language == id->language && candidate.major == id->major &&
        candidate.minor == id->minor) {
      return {};
    }
  }
  return "this machine does not have exactly that version, and runtimes.strict is set: install it, "
         "and restart Lapwing";
}

Result<RuntimeChoice> Catalogue::choose(std::string_view runtime_id) const {
  if (const std::string why = why_not(runtime_id); !why.empty()) {
    return fail(Error(ErrorKind::kNotFound, kUnservedRuntime,
                      fmt::format("runtime {} is not served here: {}", runtime_id, why)));
  }
  RuntimeChoice choice{
      .id = *parse_runtime_id(runtime_id), .interpreter = nullptr, .exact = true, .note = {}};
  const RuntimeId& id = choice.id;
  if (id.language == Language::kProvided) return choice;

  const auto order = [](const Interpreter& i) { return i.major * 1000 + i.minor; };
  const int wanted = id.major * 1000 + id.minor;
  const Interpreter* newer = nullptr;
  const Interpreter* older = nullptr;
  for (const Interpreter& candidate : interpreters_) {
    if (candidate.language != id.language) continue;
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
  choice.note = fmt::format("{} is served by {} {} ({})", runtime_id, traits(id.language).title,
                            choice.interpreter->version, choice.interpreter->origin);
  return choice;
}

}  // namespace lapwing::runtime
