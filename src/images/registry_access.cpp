#include "images/registry_access.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "images/errors.hpp"
#include "images/limits.hpp"
#include "os/file.hpp"

namespace lapwing::images {

namespace {

constexpr std::size_t kResolverThreads = 2;

template <class R>
net::Task<void> drive(net::Loop& loop, net::Task<R> task, R& out) {
  out = co_await std::move(task);
  loop.stop();
}

}  // namespace

class RegistryAccess::Source final : public ImageSource {
 public:
  Source(RegistryAccess& access, const RegistryParts& parts, const ImageReference& reference,
         Duration patience)
      : access_(access),
        patience_(patience),
        loop_(access.clock_, access.logger_),
        registry_(loop_, parts, reference) {}

  Result<ManifestDocument> manifest(const std::string& which) override {
    return run(registry_.manifest(which, loop_.now() + patience_));
  }

  Result<BlobFile> blob(const Descriptor& descriptor, const std::string& scratch) override {
    BlobFile out;
    LAPWING_TRY(out.file,
                os::open_at(os::kCwd, scratch, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    // It goes with its last descriptor, whatever happens.
    if (::unlink(scratch.c_str()) != 0) return fail(errno_error("unlink " + scratch));
    LAPWING_CHECK(run(registry_.blob(descriptor, out.file.get())));
    out.size = descriptor.size;
    return out;
  }

 private:
  template <class R>
  R run(net::Task<R> task) {
    R out = fail(errors::stopping());
    if (!access_.enter(loop_)) return out;
    loop_.spawn(drive(loop_, std::move(task), out));
    loop_.run();
    access_.leave(loop_);
    return out;
  }

  RegistryAccess& access_;
  Duration patience_;
  net::Loop loop_;
  Registry registry_;
};

RegistryAccess::RegistryAccess(RegistryOptions options, const Clock& clock, Logger& logger)
    : options_(std::move(options)), clock_(clock), logger_(logger), resolver_(kResolverThreads) {}

RegistryAccess::~RegistryAccess() = default;

Result<std::unique_ptr<ImageSource>> RegistryAccess::open(const ImageReference& reference,
                                                          Duration patience) {
  RegistryParts parts;
  parts.options = &options_;
  parts.resolver = &resolver_;
  LAPWING_TRY(parts.tls, tls());
  return std::make_unique<Source>(*this, parts, reference, patience);
}

Result<const net::TlsClientContext*> RegistryAccess::tls() {
  const std::lock_guard lock(mutex_);
  if (!tls_) {
    std::string extra;
    if (!options_.ca_file.empty()) {
      LAPWING_TRY(extra, os::read_file(options_.ca_file, kCredentialFileBytesMax));
    }
    LAPWING_TRY(tls_, net::TlsClientContext::create(extra));
  }
  return &*tls_;
}

bool RegistryAccess::enter(net::Loop& loop) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  running_.insert(&loop);
  return true;
}

void RegistryAccess::leave(net::Loop& loop) {
  const std::lock_guard lock(mutex_);
  running_.erase(&loop);
}

void RegistryAccess::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (net::Loop* loop : running_) loop->stop();
}

}  // namespace lapwing::images
