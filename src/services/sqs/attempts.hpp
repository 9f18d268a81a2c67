// Receives of FIFO queues that may be asked for again (ReceiveRequestAttemptId): which receipts an
// id was given. In memory: after a restart the id is unknown, and a receive with it a new one.
//
// Thread-safety: any thread.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "services/sqs/limits.hpp"
#include "services/sqs/receipt_handle.hpp"

namespace lapwing::sqs {

class Attempts {
 public:
  explicit Attempts(const Clock& clock) : clock_(clock) {}

  // Empty where there is none, or it is too old.
  std::vector<Handle> find(const std::string& place, const std::string& id) {
    const std::scoped_lock lock(mutex_);
    forget_old(kAttemptsMax);
    const auto found = receives_.find({place, id});
    return found == receives_.end() ? std::vector<Handle>() : found->second.handles;
  }

  // The five minutes begin with the receive; asking for it again does not prolong them.
  void keep(const std::string& place, const std::string& id, std::vector<Handle> handles) {
    const std::scoped_lock lock(mutex_);
    const Key key{place, id};
    const auto found = receives_.find(key);
    if (found != receives_.end()) {
      if (found->second.handles == handles) return;
      by_age_.erase({found->second.until, key});
      receives_.erase(found);
    }
    forget_old(kAttemptsMax - 1);
    const MonoTime until = clock_.mono() + kAttemptsFor;
    by_age_.emplace(until, key);
    receives_.emplace(key, Kept{std::move(handles), until});
  }

  // How many are kept.
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return by_age_.size();
  }

 private:
  using Key = std::pair<std::string, std::string>;
  struct Kept {
    std::vector<Handle> handles;
    MonoTime until;
  };

  void forget_old(std::size_t kept_max) {
    while (!by_age_.empty() &&
           (by_age_.begin()->first <= clock_.mono() || by_age_.size() > kept_max)) {
      receives_.erase(by_age_.begin()->second);
      by_age_.erase(by_age_.begin());
    }
  }

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Key, Kept> receives_;
  std::set<std::pair<MonoTime, Key>> by_age_;  // each of them once
};

}  // namespace lapwing::sqs
