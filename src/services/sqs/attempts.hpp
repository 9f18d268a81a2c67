// Receives of FIFO queues that may be asked for again (ReceiveRequestAttemptId): which receipts an
// id was given. In memory: after a restart the id is unknown, and a receive with it a new one.
//
// Thread-safety: any thread.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
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
    return found == receives_.end() ? std::vector<Handle>() : found->second;
  }

  void keep(const std::string& place, const std::string& id, std::vector<Handle> handles) {
    const std::scoped_lock lock(mutex_);
    forget_old(kAttemptsMax - 1);
    receives_[{place, id}] = std::move(handles);
    ages_.emplace_back(clock_.mono() + kAttemptsFor, Key{place, id});
  }

 private:
  using Key = std::pair<std::string, std::string>;

  void forget_old(std::size_t kept_max) {
    while (!ages_.empty() && (ages_.front().first <= clock_.mono() || ages_.size() > kept_max)) {
      receives_.erase(ages_.front().second);
      ages_.pop_front();
    }
  }

  const Clock& clock_;
  std::mutex mutex_;
  std::map<Key, std::vector<Handle>> receives_;
  std::deque<std::pair<MonoTime, Key>> ages_;
};

}  // namespace lapwing::sqs
