#include "images/manifest.hpp"

#include <array>
#include <span>

#include <fmt/core.h>

#include "images/errors.hpp"
#include "images/limits.hpp"
#include "text/json.hpp"

namespace lapwing::images {
namespace {

constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::array kConfigTypes = {
    std::string_view("application/vnd.oci.image.config.v1+json"),
    std::string_view("application/vnd.docker.container.image.v1+json")};
// How a layer is compressed is seen from its first bytes; the type only tells that it is one.
constexpr std::array kLayerTypes = {
    std::string_view("application/vnd.oci.image.layer.v1.tar"),
    std::string_view("application/vnd.oci.image.layer.v1.tar+gzip"),
    std::string_view("application/vnd.oci.image.layer.v1.tar+zstd"),
    std::string_view("application/vnd.docker.image.rootfs.diff.tar"),
    std::string_view("application/vnd.docker.image.rootfs.diff.tar.gzip"),
    std::string_view("application/vnd.docker.image.rootfs.diff.tar.zstd")};

bool is_one_of(std::string_view text, std::span<const std::string_view> set) {
  for (const std::string_view known : set) {
    if (text == known) return true;
  }
  return false;
}

std::string_view text_of(const text::JsonValue& in, std::string_view key) {
  const text::JsonValue* found = in.find(key);
  return found == nullptr ? std::string_view() : found->as_string();
}

Result<text::JsonDocument> parse(std::string_view bytes, std::size_t limit, std::string_view what) {
  if (bytes.size() > limit) {
    return fail(errors::too_large(fmt::format("{} of more than {} bytes", what, limit)));
  }
  auto document = text::parse_json(bytes);
  if (!document || !document->root().is_object()) {
    return fail(errors::invalid(fmt::format("{} is no JSON object", what))
                    .with_detail(document ? "" : document.error().message()));
  }
  return *std::move(document);
}

Result<Descriptor> read_descriptor(const text::JsonValue& in) {
  Descriptor out;
  out.media_type = text_of(in, "mediaType");
  LAPWING_TRY(out.digest, Digest::parse(text_of(in, "digest")));
  const text::JsonValue* size = in.find("size");
  const auto bytes = size == nullptr ? std::nullopt : size->as_uint64();
  if (!bytes) return fail(errors::invalid(out.digest.text() + " has no size"));
  out.size = *bytes;
  return out;
}

Result<Manifest> read_manifest(const text::JsonValue& root) {
  Manifest out;
  const text::JsonValue* config = root.find("config");
  const text::JsonValue* layers = root.find("layers");
  if (config == nullptr || layers == nullptr || !layers->is_array()) {
    return fail(errors::invalid("the manifest has no config or no layers"));
  }
  LAPWING_TRY(out.config, read_descriptor(*config));
  if (!is_one_of(out.config.media_type, kConfigTypes)) {
    return fail(errors::unsupported(
        fmt::format("config media type {}", out.config.media_type.substr(0, 200))));
  }
  if (out.config.size > kConfigBytesMax) {
    return fail(errors::too_large(fmt::format("config of more than {} bytes", kConfigBytesMax)));
  }
  if (layers->size() > kLayersMax) {
    return fail(errors::too_large(fmt::format("more than {} layers", kLayersMax)));
  }
  for (const text::JsonValue& item : layers->items()) {
    LAPWING_TRY(Descriptor layer, read_descriptor(item));
    if (!is_one_of(layer.media_type, kLayerTypes)) {
      return fail(
          errors::unsupported(fmt::format("layer media type {}", layer.media_type.substr(0, 200))));
    }
    if (layer.size > kLayerBytesMax) {
      return fail(errors::too_large(fmt::format("a layer of more than {} bytes", kLayerBytesMax)));
    }
    out.layers.push_back(std::move(layer));
  }
  return out;
}

Result<Index> read_index(const text::JsonValue& root) {
  Index out;
  const text::JsonValue* manifests = root.find("manifests");
  if (manifests == nullptr || !manifests->is_array()) {
    return fail(errors::invalid("the index has no manifests"));
  }
  if (manifests->size() > kIndexEntriesMax) {
    return fail(errors::too_large(fmt::format("more than {} manifests", kIndexEntriesMax)));
  }
  for (const text::JsonValue& item : manifests->items()) {
    IndexEntry entry;
    LAPWING_TRY(entry.manifest, read_descriptor(item));
    if (const text::JsonValue* platform = item.find("platform")) {
      entry.os = text_of(*platform, "os");
      entry.architecture = text_of(*platform, "architecture");
    }
    if (const text::JsonValue* annotations = item.find("annotations")) {
      entry.tag = text_of(*annotations, "org.opencontainers.image.ref.name");
    }
    out.manifests.push_back(std::move(entry));
  }
  return out;
}

Result<std::vector<std::string>> read_strings(const text::JsonValue& in, std::string_view key,
                                              std::size_t most) {
  std::vector<std::string> out;
  const text::JsonValue* list = in.find(key);
  if (list == nullptr) return out;
  if (list->size() > most) return fail(errors::too_large(fmt::format("{} is too long", key)));
  for (const text::JsonValue& item : list->items()) {
    const std::string_view text = item.as_string();
    if (!item.is_string() || text.find('\0') != std::string_view::npos) {
      return fail(errors::invalid(fmt::format("{} of the image is no list of strings", key)));
    }
    out.emplace_back(text);
  }
  return out;
}

}  // namespace

Result<std::variant<Manifest, Index>> parse_manifest(std::string_view bytes,
                                                     std::string_view media_type) {
  LAPWING_TRY(const text::JsonDocument document, parse(bytes, kManifestBytesMax, "the manifest"));
  const text::JsonValue& root = document.root();
  const std::string_view own = text_of(root, "mediaType");
  // "type; charset=..." of a registry's answer.
  std::string_view type = media_type.substr(0, media_type.find(';'));
  if (!own.empty()) type = own;
  const text::JsonValue* version = root.find("schemaVersion");
  if (version == nullptr || version->as_int64() != 2) {
    return fail(errors::unsupported("an image manifest other than schema version 2"));
  }
  // OCI lets a document leave out what it is.
  if (type.empty()) type = root.find("manifests") != nullptr ? kOciIndex : kOciManifest;
  if (type == kOciManifest || type == kDockerManifest) {
    LAPWING_TRY(Manifest manifest, read_manifest(root));
    return manifest;
  }
  if (type == kOciIndex || type == kDockerList) {
    LAPWING_TRY(Index index, read_index(root));
    return index;
  }
  return fail(errors::unsupported(fmt::format("manifest media type {}", type.substr(0, 200))));
}

Result<ImageConfig> parse_config(std::string_view bytes) {
  LAPWING_TRY(const text::JsonDocument document, parse(bytes, kConfigBytesMax, "the config"));
  const text::JsonValue& root = document.root();
  ImageConfig out;
  if (const std::string_view os = text_of(root, "os"); !os.empty() && os != "linux") {
    return fail(errors::unsupported(fmt::format("an image for {}", os.substr(0, 50))));
  }
  const text::JsonValue* rootfs = root.find("rootfs");
  const text::JsonValue* ids = rootfs == nullptr ? nullptr : rootfs->find("diff_ids");
  if (ids != nullptr) {
    if (ids->size() > kLayersMax) return fail(errors::too_large("too many layers"));
    for (const text::JsonValue& id : ids->items()) {
      LAPWING_TRY(Digest digest, Digest::parse(id.as_string()));
      out.diff_ids.push_back(std::move(digest));
    }
  }
  const text::JsonValue* config = root.find("config");
  if (config == nullptr) return out;
  LAPWING_TRY(const std::vector<std::string> variables,
              read_strings(*config, "Env", kEnvironmentMax));
  for (const std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos) continue;  // names nothing
    out.environment.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  LAPWING_TRY(out.entry_point, read_strings(*config, "Entrypoint", kArgumentsMax));
  LAPWING_TRY(out.command, read_strings(*config, "Cmd", kArgumentsMax));
  out.working_directory = text_of(*config, "WorkingDir");
  if (out.working_directory.contains('\0')) {
    return fail(errors::invalid("the working directory of the image is none"));
  }
  std::size_t total = out.working_directory.size();
  for (const std::string& text : variables) total += text.size();
  for (const std::string& text : out.entry_point) total += text.size();
  for (const std::string& text : out.command) total += text.size();
  if (total > kSettingsBytesMax) {
    return fail(errors::too_large(
        fmt::format("settings of the image of more than {} bytes", kSettingsBytesMax)));
  }
  return out;
}

std::string_view machine_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
#error "Lapwing runs on x86_64 and aarch64"
#endif
}

Result<IndexEntry> choose_platform(const Index& index) {
  std::string there;
  for (const IndexEntry& entry : index.manifests) {
    if (entry.os == "linux" && entry.architecture == machine_architecture()) return entry;
    // Attestations stand in the list as a platform of their own.
    if (entry.os == "unknown" || entry.os.empty()) continue;
    there += fmt::format(" {}/{}", entry.os.substr(0, 20), entry.architecture.substr(0, 20));
  }
  // One image that does not say what it is for.
  if (index.manifests.size() == 1 && index.manifests.front().os.empty()) {
    return index.manifests.front();
  }
  return fail(errors::unsupported(fmt::format("no image for linux/{} in the index, only:{}",
                                              machine_architecture(), there.substr(0, 300))));
}

std::string manifest_media_types() {
  return fmt::format("{}, {}, {}, {}", kOciManifest, kDockerManifest, kOciIndex, kDockerList);
}

}  // namespace lapwing::images
