#include "images/image_store.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/core.h>

#include "images/decompress.hpp"
#include "images/errors.hpp"
#include "images/layer_unpacker.hpp"
#include "images/limits.hpp"
#include "os/file.hpp"

namespace lapwing::images {
namespace {

constexpr std::string_view kMakingPrefix = ".making-";
constexpr std::string_view kGonePrefix = ".gone-";
constexpr std::string_view kRootPrefix = "root-";
constexpr std::size_t kRootDigits = 8;

Status make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return fail(errno_error("mkdir " + path));
  }
  // Past the umask: sandboxes are somebody else.
  if (::chmod(path.c_str(), mode) != 0) return fail(errno_error("chmod " + path));
  return {};
}

Status sync_file_system(const std::string& path) {
  LAPWING_TRY(const os::UniqueFd fd, os::open_at(os::kCwd, path, O_RDONLY | O_DIRECTORY));
  if (::syncfs(fd.get()) != 0) return fail(errno_error("syncfs " + path));
  return {};
}

bool is_image_name(std::string_view name) {
  return Digest::parse("sha256:" + std::string(name)).has_value();
}

Status apply_layer(LayerUnpacker& unpacker, const BlobFile& blob, const Digest& diff_id) {
  FileSource file(blob);
  LAPWING_TRY(const std::unique_ptr<ByteSource> plain, decompress(file));
  HashingSource hashing(*plain);
  TarReader tar(hashing);
  LAPWING_CHECK(unpacker.apply(tar));
  // The padding behind the archive's end is part of the layer.
  LAPWING_CHECK(hashing.drain(kTrailerBytesMax));
  if (hashing.digest() != diff_id) return fail(errors::damaged("layer", diff_id.text()));
  return {};
}

// The least of `bytes_max` and what is left of the disk.
std::uint64_t within_disk(const os::DiskSpace* disk, std::uint64_t bytes_max) {
  return disk == nullptr ? bytes_max : std::min(bytes_max, disk->spare_bytes());
}

// `error` says that the limit was met; where the disk's was the lower one, that it is full.
Error too_large_for(const os::DiskSpace* disk, std::uint64_t limit, Error error) {
  if (error.kind() != ErrorKind::kTooLarge || limit >= kUnpackedBytesMax) return error;
  const Status room = disk->check(limit + 1);
  return room ? error : room.error();
}

// The configuration's bytes; the files go below `root`, an empty directory.
Result<std::string> unpack_image(ImageSource& source, const Manifest& manifest,
                                 const std::string& root, const std::string& scratch,
                                 const std::atomic<bool>& stopping, const os::DiskSpace* disk) {
  LAPWING_TRY(const BlobFile config_blob, source.blob(manifest.config, scratch));
  LAPWING_TRY(std::string bytes, read_blob(config_blob, kConfigBytesMax));
  LAPWING_TRY(const ImageConfig config, parse_config(bytes));
  if (config.diff_ids.size() != manifest.layers.size()) {
    return fail(errors::invalid(fmt::format("the config names {} layers, the manifest {}",
                                            config.diff_ids.size(), manifest.layers.size())));
  }
  const std::uint64_t limit = within_disk(disk, kUnpackedBytesMax);
  LAPWING_TRY(LayerUnpacker unpacker, LayerUnpacker::open(root, {limit, kEntriesMax}, stopping));
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    // As it is sent; unpacked it is larger, or hardly smaller.
    if (disk != nullptr) LAPWING_CHECK(disk->check(manifest.layers[i].size));
    LAPWING_TRY(const BlobFile layer, source.blob(manifest.layers[i], scratch));
    if (Status applied = apply_layer(unpacker, layer, config.diff_ids[i]); !applied) {
      return fail(too_large_for(disk, limit, std::move(applied).error())
                      .context("layer " + manifest.layers[i].digest.text()));
    }
  }
  LAPWING_CHECK(unpacker.finish());
  return bytes;
}

Result<std::string> real_path(const std::string& path) {
  char real[PATH_MAX];
  if (::realpath(path.c_str(), real) == nullptr) return fail(errno_error("realpath " + path));
  return std::string(real);
}

}  // namespace

ImageStore::ImageStore(ImageOptions options, const Clock& clock, Random& random, Logger& logger)
    : options_(std::move(options)),
      random_(random),
      logger_(logger),
      registries_(options_.registries, clock, logger),
      root_(options_.data_dir + "/images") {}

ImageStore::~ImageStore() { stop(); }

void ImageStore::stop() {
  stopping_ = true;
  registries_.stop();
}

std::string ImageStore::directory(std::string_view name) const {
  return root_ + "/" + std::string(name);
}

Status ImageStore::prepare() {
  LAPWING_CHECK(make_directory(root_, 0711));
  LAPWING_TRY(const std::vector<std::string> names, os::list_directory(root_));
  for (const std::string& name : names) {
    if (!name.starts_with(kMakingPrefix) && !name.starts_with(kGonePrefix)) continue;
    LAPWING_CHECK(os::remove_tree(directory(name)));
  }
  return {};
}

Status ImageStore::check_allowed(const std::string& path) const {
  const auto real = real_path(path);
  for (const std::string& allowed : options_.layouts) {
    const auto base = real_path(allowed);
    if (!base || !real) continue;
    if (*real == *base || *base == "/" || real->starts_with(*base + "/")) return {};
  }
  // The same whether it is there or not.
  return fail(errors::denied(
      path, "not below a directory of images.layouts, which names where images may lie"));
}

Result<std::unique_ptr<ImageSource>> ImageStore::open(const ImageReference& reference,
                                                      Duration patience) {
  if (reference.kind == ReferenceKind::kRegistry) return registries_.open(reference, patience);
  LAPWING_CHECK(check_allowed(reference.path));
  return reference.kind == ReferenceKind::kLayout ? open_layout(reference.path)
                                                  : open_layout_archive(reference.path);
}

Result<ResolvedImage> ImageStore::resolve(const std::string& uri) {
  LAPWING_TRY(const ImageReference reference, parse_reference(uri));
  // Each holds up a thread as long as a registry likes.
  if (resolving_.fetch_add(1) >= kResolvesMax) {
    resolving_.fetch_sub(1);
    return fail(make_error(ErrorKind::kThrottled, "too many images are being looked up"));
  }
  const auto resolved = [&]() -> Result<ResolvedManifest> {
    LAPWING_TRY(const auto source, open(reference, kResolveTimeout));
    return resolve_manifest(*source, reference);
  }();
  resolving_.fetch_sub(1);
  if (!resolved) return fail(resolved.error());
  return ResolvedImage{resolved->digest, reference.with_digest(resolved->digest)};
}

Result<ImageHoldPtr> ImageStore::install(const std::string& resolved_uri) {
  LAPWING_TRY(const ImageReference reference, parse_reference(resolved_uri));
  if (!reference.digest) return fail(internal_error(resolved_uri + " names no digest"));
  const std::string& digest = reference.digest->hex();
  {
    // One at a time makes an image; who comes meanwhile waits for that.
    std::unique_lock lock(mutex_);
    installed_.wait(lock, [&] { return !installing_.contains(digest); });
    if (ImageHoldPtr there = hold_locked(digest)) return there;
    installing_.insert(digest);
  }
  Result<ImageHoldPtr> out = install_alone(reference);
  const std::lock_guard lock(mutex_);
  installing_.erase(digest);
  installed_.notify_all();
  return out;
}

Result<ImageHoldPtr> ImageStore::install_alone(const ImageReference& reference) {
  LAPWING_TRY(const auto source, open(reference, kAnswerTimeout));
  LAPWING_TRY(const ResolvedManifest resolved, resolve_manifest(*source, reference));
  const std::string making = directory(std::string(kMakingPrefix) + make_uuid(random_));
  Status done = make(*source, resolved.manifest, making);
  Result<ImageHoldPtr> out = done ? publish(making, resolved.digest.hex())
                                  : Result<ImageHoldPtr>(fail(std::move(done).error()));
  if (!out) {
    if (const Status removed = os::remove_tree(making); !removed) {
      logger_.warn("images", "half-made image left", {{"why", removed.error().to_log()}});
    }
  }
  return out;
}

Status ImageStore::make(ImageSource& source, const Manifest& manifest, const std::string& making) {
  const std::string root =
      fmt::format("{}/{}{}", making, kRootPrefix, random_hex(random_, kRootDigits));
  LAPWING_CHECK(make_directory(making, 0755));
  LAPWING_CHECK(make_directory(root, 0755));
  LAPWING_TRY(const std::string config,
              unpack_image(source, manifest, root, making + "/blob", stopping_, options_.disk));
  LAPWING_CHECK(os::write_atomically(making + "/config.json", config));
  return sync_file_system(making);
}

Result<ImageHoldPtr> ImageStore::publish(const std::string& making, const std::string& digest) {
  ImageHoldPtr out;
  {
    const std::lock_guard lock(mutex_);
    if (::rename(making.c_str(), directory(digest).c_str()) != 0) {
      return fail(errno_error("rename " + making));
    }
    out = hold_locked(digest);
  }
  if (!out) return fail(internal_error("an image that was made is not there"));
  LAPWING_TRY(const os::UniqueFd fd, os::open_at(os::kCwd, root_, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail(errno_error("fsync " + root_));
  return out;
}

ImageHoldPtr ImageStore::hold(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  return hold_locked(digest);
}

ImageHoldPtr ImageStore::hold_locked(const std::string& digest) {
  std::weak_ptr<const ImageHold>& known = holds_[digest];
  if (ImageHoldPtr there = known.lock()) return there;
  const std::string place = directory(digest);
  ImageHold made;
  const auto names = os::list_directory(place);
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    if (name.starts_with(kRootPrefix)) made.root = place + "/" + name;
  }
  const auto bytes = os::read_file(place + "/config.json", kConfigBytesMax);
  auto config = bytes ? parse_config(*bytes) : Result<ImageConfig>(fail(bytes.error()));
  if (made.root.empty() || !config) {
    holds_.erase(digest);
    return nullptr;
  }
  made.config = *std::move(config);
  auto out = std::make_shared<const ImageHold>(std::move(made));
  known = out;
  return out;
}

Result<std::size_t> ImageStore::sweep(const std::set<std::string>& referenced) {
  LAPWING_TRY(const std::vector<std::string> names, os::list_directory(root_));
  std::vector<std::string> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names) {
      if (!is_image_name(name) || referenced.contains(name)) continue;
      const auto known = holds_.find(name);
      if (known != holds_.end() && !known->second.expired()) continue;
      // Out of the way first: one who needs it again makes a new one.
      std::string grave = directory(std::string(kGonePrefix) + make_uuid(random_));
      if (::rename(directory(name).c_str(), grave.c_str()) != 0) continue;
      if (known != holds_.end()) holds_.erase(known);
      gone.push_back(std::move(grave));
    }
  }
  for (const std::string& grave : gone) LAPWING_CHECK(os::remove_tree(grave));
  return gone.size();
}

Status unpack_layout(const std::string& text, const std::string& directory) {
  LAPWING_TRY(const ImageReference reference, parse_reference(text));
  if (reference.kind == ReferenceKind::kRegistry) {
    return fail(errors::unsupported(text + " is a registry's: only layouts on disk are taken"));
  }
  LAPWING_TRY(const auto source, reference.kind == ReferenceKind::kLayout
                                     ? open_layout(reference.path)
                                     : open_layout_archive(reference.path));
  LAPWING_TRY(const ResolvedManifest resolved, resolve_manifest(*source, reference));
  const std::atomic<bool> never{false};
  LAPWING_CHECK(unpack_image(*source, resolved.manifest, directory, "", never, nullptr));
  return {};
}

}  // namespace lapwing::images
