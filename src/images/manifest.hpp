// The documents an image consists of: manifest, index of manifests, configuration. OCI's and
// Docker's (schema 2) media types; whatever came from outside is checked against limits.hpp.
//
// Sources: OCI image specification 1.1 (manifest, image index, configuration); Docker image
// manifest version 2, schema 2.
// Thread-safety: pure functions over plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "images/digest.hpp"

namespace lapwing::images {

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  // lowest first
};

struct IndexEntry {
  Descriptor manifest;
  std::string os;
  std::string architecture;  // Go's names: "amd64", "arm64"
  std::string tag;           // org.opencontainers.image.ref.name, in a layout's index.json
};

struct Index {
  std::vector<IndexEntry> manifests;
};

// What an image says about how its program is run.
struct ImageConfig {
  std::vector<std::pair<std::string, std::string>> environment;  // in order
  std::vector<std::string> entry_point;
  std::vector<std::string> command;
  std::string working_directory;  // "" when it names none
  std::vector<Digest> diff_ids;   // of the layers, uncompressed
};

// `media_type`: what the registry says it is, "" when nothing does. The document's own mediaType
// goes before it. kUnsupported for what is neither (schema 1, artifacts).
Result<std::variant<Manifest, Index>> parse_manifest(std::string_view bytes,
                                                     std::string_view media_type);
Result<ImageConfig> parse_config(std::string_view bytes);

// The one for Linux on this machine's processor; kUnsupported, with what there is, without.
Result<IndexEntry> choose_platform(const Index& index);
// "amd64" or "arm64".
std::string_view machine_architecture();

// For Accept, when a manifest is asked for.
std::string manifest_media_types();

}  // namespace lapwing::images
