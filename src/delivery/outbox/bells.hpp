// From the store's threads to the outbox's loop: which queues may have something.
//
// Thread-safety: on_signal() and ring() from any thread; the rest on the loop.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "delivery/outbox/core.hpp"
#include "store/signal.hpp"

namespace lapwing::delivery {

class Bells;

// A queue that is worked on. Its subscription ends before it does.
class Place : public store::Listener, public std::enable_shared_from_this<Place> {
 public:
  explicit Place(Bells& bells) : bells_(bells) {}
  void on_signal() noexcept override;
  // There may be something to claim. On the loop.
  virtual void look(const HoldPtr& hold) = 0;

  store::Subscription subscription;

 private:
  friend class Bells;
  Bells& bells_;
  std::atomic<bool> rung_{false};
};

// Kept alive by what it has posted.
class Bells : public std::enable_shared_from_this<Bells> {
 public:
  explicit Bells(Core& core) : core_(core) {}
  // Any thread.
  void ring(std::shared_ptr<Place> place);
  // Nobody is told from here on.
  void close();
  bool closed() const;

 private:
  void take();

  Core& core_;  // used only until close()
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Place>> rung_;
  HoldPtr hold_;
  bool posted_ = false;
  bool closed_ = false;
};

}  // namespace lapwing::delivery
