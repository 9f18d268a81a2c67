// Registries for those who block: each image that is pulled has a loop of its own, on the thread
// that pulls it. What all pulls share is here, and the way to end them all.
//
// Thread-safety: any thread; outlives its sources.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "images/image_source.hpp"
#include "images/registry.hpp"
#include "net/tls.hpp"
#include "net/worker_pool.hpp"

namespace lapwing::images {

class RegistryAccess {
 public:
  RegistryAccess(RegistryOptions options, const Clock& clock, Logger& logger);
  ~RegistryAccess();

  // Nothing is asked yet. `patience`: of a request for a manifest.
  Result<std::unique_ptr<ImageSource>> open(const ImageReference& reference, Duration patience);
  // Ends what is going on with kCancelled; what comes later ends so at once.
  void stop();

 private:
  class Source;

  Result<const net::TlsClientContext*> tls();
  bool enter(net::Loop& loop);
  void leave(net::Loop& loop);

  RegistryOptions options_;
  const Clock& clock_;
  Logger& logger_;
  net::WorkerPool resolver_;
  std::mutex mutex_;
  std::optional<net::TlsClientContext> tls_;  // guarded by mutex_, made on first use
  std::set<net::Loop*> running_;              // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_
};

}  // namespace lapwing::images
