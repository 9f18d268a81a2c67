#include <algorithm>
#include <cstring>

#include "crypto/sha256.hpp"
#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"

namespace lapwing::store::memory {
namespace {

struct StoredBlob {
  std::shared_ptr<const std::string> bytes;
  MonoTime put_at;
};

class MemoryBlobs;

class MemoryBlobWriter final : public BlobWriter {
 public:
  explicit MemoryBlobWriter(MemoryBlobs& blobs) : blobs_(&blobs) {}
  Status write(ByteView bytes) override {
    if (bytes_.size() + bytes.size() > kMaxBlobBytes) {
      return fail(make_error(ErrorKind::kTooLarge, "The blob is above the limit."));
    }
    bytes_ += as_text(bytes);
    return {};
  }
  Result<BlobInfo> finish() override;

 private:
  MemoryBlobs* blobs_;
  std::string bytes_;
};

class MemoryBlobReader final : public BlobReader {
 public:
  MemoryBlobReader(std::shared_ptr<const std::string> bytes, std::size_t begin, std::size_t end)
      : bytes_(std::move(bytes)), at_(begin), end_(end) {}
  Result<std::size_t> read(MutableBytes out) override {
    const std::size_t count = std::min(out.size(), end_ - at_);
    if (count > 0) std::memcpy(out.data(), bytes_->data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  std::size_t at_;
  std::size_t end_;
};

class MemoryBlobs final : public BlobStore {
 public:
  explicit MemoryBlobs(const Clock& clock) : clock_(&clock) {}

  Result<std::unique_ptr<BlobWriter>> begin() override {
    return std::make_unique<MemoryBlobWriter>(*this);
  }
  BlobInfo keep(std::string bytes) {
    const BlobInfo info{BlobId{crypto::sha256(std::string_view(bytes))}, bytes.size()};
    const std::scoped_lock lock(mutex_);
    StoredBlob& blob = blobs_[info.id];
    if (!blob.bytes) blob.bytes = std::make_shared<const std::string>(std::move(bytes));
    blob.put_at = clock_->mono();
    return info;
  }
  Result<std::unique_ptr<BlobReader>> open(const BlobId& id, std::uint64_t offset,
                                           std::uint64_t length) override {
    const std::scoped_lock lock(mutex_);
    const auto found = blobs_.find(id);
    if (found == blobs_.end()) return fail(missing(id));
    const std::uint64_t size = found->second.bytes->size();
    const std::uint64_t begin = std::min(offset, size);
    return std::make_unique<MemoryBlobReader>(found->second.bytes, begin,
                                              begin + std::min(length, size - begin));
  }
  Result<BlobInfo> stat(const BlobId& id) override {
    const std::scoped_lock lock(mutex_);
    const auto found = blobs_.find(id);
    if (found == blobs_.end()) return fail(missing(id));
    return BlobInfo{id, found->second.bytes->size()};
  }
  Result<Swept> gc(std::vector<BlobId> marked, std::chrono::nanoseconds older_than) override {
    std::ranges::sort(marked);
    const std::scoped_lock lock(mutex_);
    Swept swept;
    std::erase_if(blobs_, [&](const auto& item) {
      if (clock_->mono() - item.second.put_at <= older_than ||
          std::ranges::binary_search(marked, item.first)) {
        return false;
      }
      ++swept.removed;
      swept.bytes += item.second.bytes->size();
      return true;
    });
    return swept;
  }

 private:
  static Error missing(const BlobId& id) {
    return make_error(ErrorKind::kNotFound, "There is no such blob.").with_detail(id.hex());
  }

  const Clock* clock_;
  std::mutex mutex_;
  std::map<BlobId, StoredBlob> blobs_;
};

Result<BlobInfo> MemoryBlobWriter::finish() { return blobs_->keep(std::move(bytes_)); }

}  // namespace

std::unique_ptr<BlobStore> make_blobs(const Clock& clock) {
  return std::make_unique<MemoryBlobs>(clock);
}

}  // namespace lapwing::store::memory
