#include "store/blob_files.hpp"

#include <algorithm>
#include <atomic>
#include <dirent.h>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "os/disk_space.hpp"
#include "os/unique_fd.hpp"
#include "store/data_dir.hpp"

namespace lapwing::store {
namespace {

Error file_error(std::string_view what, const std::string& path) {
  const int number = errno;
  Error error = errno_error(fmt::format("{} {}", what, path), number);
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
    return os::disk_full_error("The disk is full: the blob was not kept.")
        .with_detail(error.detail());
  }
  return make_error(ErrorKind::kUnavailable, "The blob cannot be read or written.")
      .with_detail(error.detail());
}

Error missing(const BlobId& id) {
  return make_error(ErrorKind::kNotFound, "There is no such blob.").with_detail(id.hex());
}

Status sync_dir(const std::string& path) {
  const os::UniqueFd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir || ::fsync(dir.get()) != 0) return fail(file_error("sync", path));
  return {};
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(dir);
  return names;
}

class FileBlobs;

class FileBlobWriter final : public BlobWriter {
 public:
  FileBlobWriter(FileBlobs& blobs, os::UniqueFd fd, std::string path)
      : blobs_(&blobs), fd_(std::move(fd)), path_(std::move(path)) {}
  ~FileBlobWriter() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Status write(ByteView bytes) override;
  Result<BlobInfo> finish() override;

 private:
  FileBlobs* blobs_;
  os::UniqueFd fd_;
  std::string path_;  // empty once renamed
  crypto::Sha256 hash_;
  std::uint64_t size_ = 0;
};

class FileBlobReader final : public BlobReader {
 public:
  FileBlobReader(os::UniqueFd fd, std::uint64_t begin, std::uint64_t end, std::string name)
      : fd_(std::move(fd)), at_(begin), end_(end), name_(std::move(name)) {}
  Result<std::size_t> read(MutableBytes out) override {
    const std::uint64_t want = std::min<std::uint64_t>(out.size(), end_ - at_);
    if (want == 0) return std::size_t{0};
    const ssize_t got = ::pread(fd_.get(), out.data(), want, static_cast<off_t>(at_));
    if (got < 0) return fail(file_error("read", name_));
    if (got == 0) return fail(internal_error("blob " + name_ + " is shorter than when opened"));
    at_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

 private:
  os::UniqueFd fd_;
  std::uint64_t at_;
  std::uint64_t end_;
  std::string name_;
};

class FileBlobs final : public BlobStore {
 public:
  FileBlobs(std::string dir, const Clock& clock) : dir_(std::move(dir)), clock_(&clock) {}

  Status start() {
    LAPWING_CHECK(make_dirs(dir_ + "/tmp"));
    for (const std::string& left : names_in(dir_ + "/tmp")) {
      ::unlink((dir_ + "/tmp/" + left).c_str());
    }
    return {};
  }

  Result<std::unique_ptr<BlobWriter>> begin() override {
    std::string path = fmt::format("{}/tmp/{}", dir_, next_temp_++);
    os::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return fail(file_error("create", path));
    return std::make_unique<FileBlobWriter>(*this, std::move(fd), std::move(path));
  }

  // Gives the synced file at `temp` its name; true when it was there already.
  Result<bool> name_it(const std::string& temp, const BlobId& id);
  Result<std::unique_ptr<BlobReader>> open(const BlobId& id, std::uint64_t offset,
                                           std::uint64_t length) override;
  Result<BlobInfo> stat(const BlobId& id) override;
  Result<Swept> gc(std::vector<BlobId> marked, std::chrono::nanoseconds older_than) override;

 private:
  std::string parent_of(const BlobId& id) const { return dir_ + "/" + id.hex().substr(0, 2); }
  std::string path_of(const BlobId& id) const {
    const std::string hex = id.hex();
    return fmt::format("{}/{}/{}", dir_, hex.substr(0, 2), hex.substr(2));
  }
  timespec now() const {
    const std::int64_t ns = clock_->wall().time_since_epoch().count();
    return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  }
  Status sweep(const std::string& path, std::chrono::nanoseconds older_than, Swept& swept);

  std::string dir_;
  const Clock* clock_;
  std::atomic<std::uint64_t> next_temp_ = 1;
  std::mutex naming_;  // between naming (or using again) and sweeping
};

Status FileBlobWriter::write(ByteView bytes) {
  if (size_ + bytes.size() > kMaxBlobBytes) {
    return fail(make_error(ErrorKind::kTooLarge, "The blob is above the limit."));
  }
  hash_.update(bytes);
  size_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(file_error("write", path_));
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<BlobInfo> FileBlobWriter::finish() {
  const BlobInfo info{BlobId{hash_.finish()}, size_};
  if (::fsync(fd_.get()) != 0) return fail(file_error("sync", path_));
  LAPWING_TRY(const bool there_already, blobs_->name_it(path_, info.id));
  if (!there_already) path_.clear();
  return info;
}

Result<bool> FileBlobs::name_it(const std::string& temp, const BlobId& id) {
  const std::string path = path_of(id);
  const std::string parent = parent_of(id);
  {
    const std::scoped_lock lock(naming_);
    const timespec times[2] = {now(), now()};
    // Fresh use: gc() counts its age from now.
    if (::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0) return true;
    if (::utimensat(AT_FDCWD, temp.c_str(), times, 0) != 0) return fail(file_error("touch", temp));
    const bool made = ::mkdir(parent.c_str(), 0700) == 0;
    if (::rename(temp.c_str(), path.c_str()) != 0) return fail(file_error("rename", path));
    if (made) LAPWING_CHECK(sync_dir(dir_));
  }
  LAPWING_CHECK(sync_dir(parent));
  return false;
}

Result<std::unique_ptr<BlobReader>> FileBlobs::open(const BlobId& id, std::uint64_t offset,
                                                    std::uint64_t length) {
  const std::string path = path_of(id);
  os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return fail(missing(id));
  struct stat found{};
  if (!fd || ::fstat(fd.get(), &found) != 0) return fail(file_error("open", path));
  const auto size = static_cast<std::uint64_t>(found.st_size);
  const std::uint64_t begin = std::min(offset, size);
  return std::make_unique<FileBlobReader>(std::move(fd), begin,
                                          begin + std::min(length, size - begin), path);
}

Result<BlobInfo> FileBlobs::stat(const BlobId& id) {
  struct stat found{};
  const std::string path = path_of(id);
  if (::stat(path.c_str(), &found) == 0) {
    return BlobInfo{id, static_cast<std::uint64_t>(found.st_size)};
  }
  if (errno == ENOENT) return fail(missing(id));
  return fail(file_error("stat", path));
}

Status FileBlobs::sweep(const std::string& path, std::chrono::nanoseconds older_than,
                        Swept& swept) {
  const std::scoped_lock lock(naming_);
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  const auto put_at =
      std::chrono::seconds(found.st_mtim.tv_sec) + std::chrono::nanoseconds(found.st_mtim.tv_nsec);
  if (clock_->wall().time_since_epoch() - put_at <= older_than) return {};
  if (::unlink(path.c_str()) != 0) return fail(file_error("remove", path));
  ++swept.removed;
  swept.bytes += static_cast<std::uint64_t>(found.st_size);
  return {};
}

Result<BlobStore::Swept> FileBlobs::gc(std::vector<BlobId> marked,
                                       std::chrono::nanoseconds older_than) {
  std::ranges::sort(marked);
  Swept swept;
  for (const std::string& parent : names_in(dir_)) {
    if (parent.size() != 2) continue;
    for (const std::string& name : names_in(dir_ + "/" + parent)) {
      const auto id = BlobId::from_hex(parent + name);
      if (!id || std::ranges::binary_search(marked, *id)) continue;
      LAPWING_CHECK(sweep(fmt::format("{}/{}/{}", dir_, parent, name), older_than, swept));
    }
  }
  return swept;
}

}  // namespace

Result<std::unique_ptr<BlobStore>> open_blob_files(const std::string& dir, const Clock& clock) {
  auto blobs = std::make_unique<FileBlobs>(dir, clock);
  LAPWING_CHECK(blobs->start());
  return blobs;
}

std::unique_ptr<BlobStore> view_blob_files(const std::string& dir, const Clock& clock) {
  return std::make_unique<FileBlobs>(dir, clock);
}

}  // namespace lapwing::store
