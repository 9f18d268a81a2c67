// Where an image comes from: a registry, an OCI layout on disk, or a layout in a tar file.
//
// Thread-safety: one thread a source; every call blocks.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "images/byte_source.hpp"
#include "images/manifest.hpp"
#include "images/reference.hpp"

namespace lapwing::images {

struct ManifestDocument {
  std::string bytes;
  std::string media_type;  // "" when nothing says it
};

class ImageSource {
 public:
  virtual ~ImageSource() = default;
  // `which`: a tag, a digest ("sha256:..."), or "" for the only image of a layout. By digest the
  // caller checks the bytes.
  virtual Result<ManifestDocument> manifest(const std::string& which) = 0;
  // The blob, its digest verified. `scratch`: a path where one that comes from elsewhere may be
  // put; the file has no name any more when the call returns.
  virtual Result<BlobFile> blob(const Descriptor& descriptor, const std::string& scratch) = 0;
};

// A layout: kNotFound where the path holds none.
Result<std::unique_ptr<ImageSource>> open_layout(const std::string& directory);
Result<std::unique_ptr<ImageSource>> open_layout_archive(const std::string& file);

struct ResolvedManifest {
  Digest digest;
  Manifest manifest;
};
// Follows indexes to the manifest for this machine.
Result<ResolvedManifest> resolve_manifest(ImageSource& source, const ImageReference& reference);

}  // namespace lapwing::images
