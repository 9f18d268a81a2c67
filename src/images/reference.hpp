// Names of images, as ImageUri and `lapwing runtime add --from` take them:
//
//   123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1     a registry's, by tag
//   localhost:5000/app@sha256:<64 hex>                           by digest (a tag before it is
//                                                                allowed, the digest decides)
//   oci:/srv/images/app[:tag][@sha256:<64 hex>]                  an OCI layout on this machine
//   oci-archive:/srv/images/app.tar[:tag][@sha256:<64 hex>]      the same in one tar file
//
// There is no default registry: the first component names one (a dot, a port or "localhost"
// tells it from a repository). A registry's image needs a tag or a digest, a layout's only when
// it holds several.
//
// Grammar: distribution/reference and the OCI distribution specification, "Pulling manifests".
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "images/digest.hpp"

namespace lapwing::images {

enum class ReferenceKind { kRegistry, kLayout, kArchive };

struct ImageReference {
  ReferenceKind kind = ReferenceKind::kRegistry;
  std::string registry;    // "localhost:5000"; of a registry only
  std::string repository;  // "team/app"; likewise
  std::string path;        // absolute; of a layout or an archive
  std::string tag;         // "" when there is none
  std::optional<Digest> digest;

  // Without tag and digest: "localhost:5000/team/app", "oci:/srv/images/app".
  std::string name() const;
  std::string with_digest(const Digest& which) const;
};

// kInvalid with what is wrong.
Result<ImageReference> parse_reference(std::string_view text);
// Whether the text means an image on this machine: "oci:..." or "oci-archive:...".
bool is_local_reference(std::string_view text);

// "localhost:5000" into its parts; port 0 when none is given. Brackets around IPv6 are kept off.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
Result<HostPort> split_registry(std::string_view registry);

}  // namespace lapwing::images
