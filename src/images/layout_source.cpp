// OCI layouts (image specification, "Image Layout"): oci-layout, index.json, blobs/sha256/...
// in a directory or a tar file.
#include <fcntl.h>
#include <map>
#include <sys/stat.h>

#include <fmt/core.h>

#include "images/errors.hpp"
#include "images/image_source.hpp"
#include "images/limits.hpp"
#include "images/tar_reader.hpp"
#include "os/file.hpp"
#include "os/open_beneath.hpp"

namespace lapwing::images {
namespace {

// The files of a layout by name. kNotFound for what is not there.
class LayoutFiles {
 public:
  virtual ~LayoutFiles() = default;
  virtual Result<BlobFile> open(const std::string& name) = 0;
};

class DirectoryFiles final : public LayoutFiles {
 public:
  explicit DirectoryFiles(os::UniqueFd directory) : directory_(std::move(directory)) {}
  Result<BlobFile> open(const std::string& name) override {
    BlobFile out;
    // Not through links: what was allowed is this directory. A fifo must not hold us up.
    LAPWING_TRY(out.file,
                os::open_beneath(directory_.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
    struct stat st{};
    if (::fstat(out.file.get(), &st) != 0) return fail(errno_error("stat " + name));
    if (!S_ISREG(st.st_mode)) return fail(errors::invalid(name + " is no file"));
    out.size = static_cast<std::uint64_t>(st.st_size);
    return out;
  }

 private:
  os::UniqueFd directory_;
};

class ArchiveFiles final : public LayoutFiles {
 public:
  static Result<std::unique_ptr<LayoutFiles>> scan(os::UniqueFd file, std::uint64_t size) {
    auto out = std::make_unique<ArchiveFiles>();
    const BlobFile whole{std::move(file), 0, size};
    FileSource source(whole);
    TarReader tar(source);
    while (true) {
      LAPWING_TRY(const std::optional<TarEntry> entry, tar.next());
      if (!entry) break;
      if (entry->kind != TarKind::kFile) continue;
      if (out->parts_.size() >= kArchiveEntriesMax) {
        return fail(errors::too_large(fmt::format("more than {} files", kArchiveEntriesMax)));
      }
      const std::size_t start = entry->path.starts_with("./") ? 2 : 0;
      out->parts_[entry->path.substr(start)] = {tar.position(), entry->size};
    }
    out->file_ = os::UniqueFd(::fcntl(whole.file.get(), F_DUPFD_CLOEXEC, 3));
    if (!out->file_) return fail(errno_error("dup"));
    return out;
  }
  Result<BlobFile> open(const std::string& name) override {
    const auto found = parts_.find(name);
    if (found == parts_.end()) return fail(errors::not_found(name));
    BlobFile out;
    out.file = os::UniqueFd(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 3));
    if (!out.file) return fail(errno_error("dup"));
    out.offset = found->second.first;
    out.size = found->second.second;
    return out;
  }

 private:
  os::UniqueFd file_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> parts_;
};

std::string blob_name(const Digest& digest) { return "blobs/sha256/" + digest.hex(); }

class LayoutSource final : public ImageSource {
 public:
  LayoutSource(std::string name, std::unique_ptr<LayoutFiles> files)
      : name_(std::move(name)), files_(std::move(files)) {}

  Result<ManifestDocument> manifest(const std::string& which) override {
    if (auto digest = Digest::parse(which)) return document(*digest);
    LAPWING_TRY(const IndexEntry entry, find(which));
    LAPWING_TRY(ManifestDocument out, document(entry.manifest.digest));
    if (Digest::of(out.bytes) != entry.manifest.digest) {
      return fail(errors::damaged("manifest", entry.manifest.digest.text()));
    }
    if (out.media_type.empty()) out.media_type = entry.manifest.media_type;
    return out;
  }

  Result<BlobFile> blob(const Descriptor& descriptor, const std::string&) override {
    LAPWING_TRY(BlobFile out, open(descriptor.digest));
    if (out.size != descriptor.size) {
      return fail(errors::damaged("blob", descriptor.digest.text()));
    }
    LAPWING_CHECK(verify_blob(out, descriptor.digest));
    return out;
  }

 private:
  Result<BlobFile> open(const Digest& digest) {
    auto file = files_->open(blob_name(digest));
    if (!file && file.error().kind() == ErrorKind::kNotFound) {
      return fail(errors::not_found(fmt::format("{}@{}", name_, digest.text())));
    }
    return file;
  }
  Result<ManifestDocument> document(const Digest& digest) {
    LAPWING_TRY(const BlobFile file, open(digest));
    LAPWING_TRY(std::string bytes, read_blob(file, kManifestBytesMax));
    return ManifestDocument{std::move(bytes), ""};
  }

  // The image of this tag; without one, the only image there is.
  Result<IndexEntry> find(const std::string& tag) {
    auto file = files_->open("index.json");
    if (!file && file.error().kind() == ErrorKind::kNotFound) return fail(errors::not_found(name_));
    if (!file) return fail(std::move(file).error());
    LAPWING_TRY(const std::string bytes, read_blob(*file, kManifestBytesMax));
    LAPWING_TRY(auto parsed, parse_manifest(bytes, "application/vnd.oci.image.index.v1+json"));
    auto* all = std::get_if<Index>(&parsed);
    if (all == nullptr) return fail(errors::invalid(name_ + "/index.json is no index"));
    Index fitting;
    std::string tags;
    for (IndexEntry& entry : all->manifests) {
      if (!entry.tag.empty()) tags += " " + entry.tag.substr(0, 128);
      if (tag.empty() || entry.tag == tag) fitting.manifests.push_back(std::move(entry));
    }
    if (fitting.manifests.empty()) {
      return fail(errors::not_found(tag.empty() ? name_ : name_ + ":" + tag));
    }
    if (fitting.manifests.size() == 1) return std::move(fitting.manifests.front());
    if (tag.empty() && !tags.empty()) {
      return fail(errors::invalid(
          fmt::format("{} holds several images, say which:{}", name_, tags.substr(0, 500))));
    }
    return choose_platform(fitting);
  }

  std::string name_;
  std::unique_ptr<LayoutFiles> files_;
};

}  // namespace

Result<std::unique_ptr<ImageSource>> open_layout(const std::string& directory) {
  auto fd = os::open_at(os::kCwd, directory, O_PATH | O_DIRECTORY);
  if (!fd) return fail(errors::not_found(directory).with_detail(fd.error().detail()));
  return std::make_unique<LayoutSource>(directory,
                                        std::make_unique<DirectoryFiles>(*std::move(fd)));
}

Result<std::unique_ptr<ImageSource>> open_layout_archive(const std::string& file) {
  auto fd = os::open_at(os::kCwd, file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return fail(errors::not_found(file).with_detail(fd.error().detail()));
  struct stat st{};
  if (::fstat(fd->get(), &st) != 0) return fail(errno_error("stat " + file));
  if (!S_ISREG(st.st_mode)) return fail(errors::invalid(file + " is no file"));
  LAPWING_TRY(auto files,
              ArchiveFiles::scan(*std::move(fd), static_cast<std::uint64_t>(st.st_size)));
  return std::make_unique<LayoutSource>(file, std::move(files));
}

}  // namespace lapwing::images
