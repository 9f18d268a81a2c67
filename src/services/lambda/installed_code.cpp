#include "services/lambda/installed_code.hpp"

namespace lapwing::lambda {

namespace {

std::vector<std::string> layer_hashes(const Settings& settings) {
  std::vector<std::string> out;
  for (const LayerRef& layer : settings.layers) out.push_back(layer.content.sha256);
  return out;
}

}  // namespace

Result<InstalledCode> install_code(const CodeStores& stores, const Settings& settings) {
  InstalledCode out;
  if (settings.image) {
    LAPWING_TRY(out.image, stores.images.install(settings.image->resolved_uri));
    return out;
  }
  LAPWING_TRY(out.package, stores.packages.install(settings.code.sha256));
  LAPWING_TRY(out.layers, stores.packages.install_layers(layer_hashes(settings)));
  return out;
}

std::optional<InstalledCode> find_installed(const CodeStores& stores, const Settings& settings) {
  InstalledCode out;
  if (settings.image) {
    out.image = stores.images.hold(settings.code.sha256);
    return out.image ? std::optional(out) : std::nullopt;
  }
  out.package = stores.packages.hold(settings.code.sha256);
  if (!out.package) return std::nullopt;
  if (!settings.layers.empty()) {
    out.layers = stores.packages.hold(PackageStore::layers_name(layer_hashes(settings)));
    if (!out.layers) return std::nullopt;
  }
  return out;
}

void add_directories(const Settings& settings, std::set<std::string>& names) {
  if (settings.image) return;
  names.insert(settings.code.sha256);
  if (!settings.layers.empty()) names.insert(PackageStore::layers_name(layer_hashes(settings)));
}

void add_images(const Settings& settings, std::set<std::string>& digests) {
  if (settings.image) digests.insert(settings.code.sha256);
}

void add_blobs(const Settings& settings, std::vector<std::string>& sha256s) {
  if (settings.image) return;
  sha256s.push_back(settings.code.sha256);
  for (const LayerRef& layer : settings.layers) sha256s.push_back(layer.content.sha256);
}

}  // namespace lapwing::lambda
