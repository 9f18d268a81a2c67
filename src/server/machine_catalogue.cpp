#include "server/machine_catalogue.hpp"

#include <algorithm>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/settings.hpp"
#include "server/added_runtimes.hpp"
#include "server/sdk_trees.hpp"

namespace lapwing::server {
namespace {

void add_home(std::vector<std::string>& homes, const char* path) {
  if (path == nullptr || *path != '/') return;
  if (std::find(homes.begin(), homes.end(), path) == homes.end()) homes.emplace_back(path);
}

}  // namespace

runtime::Catalogue discover_runtimes(const Config& config) {
  runtime::CatalogueOptions options;
  add_home(options.homes, getenv("HOME"));
  if (const passwd* user = getpwuid(geteuid())) add_home(options.homes, user->pw_dir);
  if (const char* sudo_user = getenv("SUDO_USER")) {
    if (const passwd* user = getpwnam(sudo_user)) add_home(options.homes, user->pw_dir);
  }
  for (const AddedRuntime& added : AddedRuntimes(config.data_dir).list()) {
    if (added.name == kJavaClientName) {
      options.java_client = added.tree;
    } else if (find_sdk_kind(added.name) == nullptr) {
      options.added_prefixes.push_back(added.tree);
    }
  }
  const auto set = config.read<runtime::Settings>();
  options.extra_prefixes = set.prefixes;
  options.strict = set.strict;
  return runtime::Catalogue::discover(std::move(options));
}

std::vector<runtime::SdkMount> added_sdks(const Config& config) {
  std::vector<runtime::SdkMount> out;
  for (const AddedRuntime& added : AddedRuntimes(config.data_dir).list()) {
    if (const SdkKind* kind = find_sdk_kind(added.name))
      out.push_back(sdk_mount(*kind, added.tree));
  }
  return out;
}

std::vector<const SdkKind*> missing_sdks(const Config& config) {
  const std::vector<runtime::SdkMount> added = added_sdks(config);
  const runtime::Catalogue catalogue = discover_runtimes(config);
  std::vector<const SdkKind*> out;
  for (const SdkKind& kind : sdk_kinds()) {
    const auto same = [&kind](const auto& one) { return one.language == kind.language; };
    if (std::ranges::any_of(added, same)) continue;
    if (std::ranges::any_of(catalogue.interpreters(), same)) out.push_back(&kind);
  }
  return out;
}

}  // namespace lapwing::server
