#include "images/image_source.hpp"

#include <fmt/core.h>

#include "images/errors.hpp"
#include "images/limits.hpp"

namespace lapwing::images {

Result<ResolvedManifest> resolve_manifest(ImageSource& source, const ImageReference& reference) {
  std::string which = reference.digest ? reference.digest->text() : reference.tag;
  std::optional<Digest> expected = reference.digest;
  for (int depth = 0; depth <= kIndexDepthMax; ++depth) {
    LAPWING_TRY(const ManifestDocument document, source.manifest(which));
    Digest digest = Digest::of(document.bytes);
    if (expected && digest != *expected) {
      return fail(errors::damaged("manifest", expected->text()));
    }
    LAPWING_TRY(auto parsed, parse_manifest(document.bytes, document.media_type));
    if (auto* manifest = std::get_if<Manifest>(&parsed)) {
      return ResolvedManifest{std::move(digest), std::move(*manifest)};
    }
    LAPWING_TRY(const IndexEntry entry, choose_platform(std::get<Index>(parsed)));
    expected = entry.manifest.digest;
    which = expected->text();
  }
  return fail(errors::invalid(fmt::format("indexes nested more than {} deep", kIndexDepthMax)));
}

}  // namespace lapwing::images
