// Who follows which group: subscriptions and metric filters (forwarder.hpp), live tails. Those who
// write events say so here afterwards, and followers then read the log. Where nobody follows any
// group, that is one look at a number.
//
// Thread-safety: any thread. A watcher that was removed is not called any more.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/logs/repository.hpp"

namespace lapwing::logs {

class Watcher {
 public:
  virtual ~Watcher() = default;
  // Events of the stream were written. Returns at once, and does not ask the list.
  virtual void wrote(const StreamTarget& target, std::string_view stream) = 0;
};

class FollowList {
 public:
  void add(const Scope& scope, std::string_view group, const std::string& group_uid,
           Watcher& watcher);
  void remove(const std::string& group_uid, Watcher& watcher);

  void wrote(const StreamTarget& target, std::string_view stream) const {
    if (groups_.load(std::memory_order_acquire) != 0) tell(target, stream);
  }
  bool follows(const Scope& scope, std::string_view group) const;

 private:
  struct Followed {
    std::pair<Scope, std::string> name;
    std::vector<Watcher*> watchers;
  };

  void tell(const StreamTarget& target, std::string_view stream) const;

  std::atomic<std::size_t> groups_{0};
  mutable std::shared_mutex mutex_;
  std::map<std::string, Followed, std::less<>> by_uid_;
  std::multiset<std::pair<Scope, std::string>> names_;  // a group and the one before it, deleted
};

}  // namespace lapwing::logs
