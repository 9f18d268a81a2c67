#include "services/lambda/installed_code.hpp"

namespace lapwing::lambda {

namespace {

std::vector<std::string> layer_hashes(const Settings& settings) {
  std::vector<std::string> out;
  for (const LayerRef& layer : settings.layers) out.push_back(layer.content.sha256);
  return out;
}

}  // namespace

Result<InstalledCode> install_code(PackageStore& packages, const Settings& settings) {
  InstalledCode out;
  LAPWING_TRY(out.package, packages.install(settings.code.sha256));
  LAPWING_TRY(out.layers, packages.install_layers(layer_hashes(settings)));
  return out;
}

std::optional<InstalledCode> find_installed(PackageStore& packages, const Settings& settings) {
  InstalledCode out;
  out.package = packages.hold(settings.code.sha256);
  if (!out.package) return std::nullopt;
  if (!settings.layers.empty()) {
    out.layers = packages.hold(PackageStore::layers_name(layer_hashes(settings)));
    if (!out.layers) return std::nullopt;
  }
  return out;
}

void add_directories(const Settings& settings, std::set<std::string>& names) {
  names.insert(settings.code.sha256);
  if (!settings.layers.empty()) names.insert(PackageStore::layers_name(layer_hashes(settings)));
}

void add_blobs(const Settings& settings, std::vector<std::string>& sha256s) {
  sha256s.push_back(settings.code.sha256);
  for (const LayerRef& layer : settings.layers) sha256s.push_back(layer.content.sha256);
}

}  // namespace lapwing::lambda
