// Receives of FIFO queues that may be asked for again (ReceiveRequestAttemptId): which receipts an
// id was given. In memory: after a restart the id is unknown, and a receive with it a new one.
// Beyond the limit the oldest of the account that has most are forgotten: an account alone has all
// of it, and no other takes what is below an equal part.
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
    forget_old();
    const auto found = receives_.find({place, id});
    return found == receives_.end() ? std::vector<Handle>() : found->second.handles;
  }

  // The five minutes begin with the receive; asking for it again does not prolong them. `place` is
  // one of the account's.
  void keep(const std::string& account, const std::string& place, const std::string& id,
            std::vector<Handle> handles) {
    const std::scoped_lock lock(mutex_);
    const Key key{place, id};
    const auto found = receives_.find(key);
    if (found != receives_.end()) {
      if (found->second.handles == handles) return;
      forget(found);
    }
    forget_old();
    const MonoTime until = clock_.mono() + kAttemptsFor;
    by_age_.emplace(until, key);
    receives_.emplace(key, Kept{account, std::move(handles), until});
    std::set<Aged>& of_account = accounts_[account];
    count(account, of_account.size(), of_account.size() + 1);
    of_account.emplace(until, key);
    // It may be the new one's account that has most: then its oldest goes.
    while (by_age_.size() > kAttemptsMax) {
      forget(receives_.find(accounts_.at(by_count_.rbegin()->second).begin()->second));
    }
  }

  // How many are kept.
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return by_age_.size();
  }

 private:
  using Key = std::pair<std::string, std::string>;
  using Aged = std::pair<MonoTime, Key>;
  struct Kept {
    std::string account;
    std::vector<Handle> handles;
    MonoTime until;
  };
  using Place = std::map<Key, Kept>::iterator;

  void forget_old() {
    while (!by_age_.empty() && by_age_.begin()->first <= clock_.mono()) {
      forget(receives_.find(by_age_.begin()->second));
    }
  }

  void forget(Place one) {
    const std::string account = one->second.account;
    const Aged aged{one->second.until, one->first};
    std::set<Aged>& of_account = accounts_.at(account);
    count(account, of_account.size(), of_account.size() - 1);
    of_account.erase(aged);
    if (of_account.empty()) accounts_.erase(account);
    by_age_.erase(aged);
    receives_.erase(one);
  }

  void count(const std::string& account, std::size_t before, std::size_t now) {
    if (before != 0) by_count_.erase({before, account});
    if (now != 0) by_count_.emplace(now, account);
  }

  const Clock& clock_;
  mutable std::mutex mutex_;
  // All guarded by mutex_. Each of the receives is once in by_age_ and once in accounts_.
  std::map<Key, Kept> receives_;
  std::set<Aged> by_age_;
  std::map<std::string, std::set<Aged>> accounts_;
  std::set<std::pair<std::size_t, std::string>> by_count_;  // how many of each account
};

}  // namespace lapwing::sqs
