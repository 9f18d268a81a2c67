#include "services/logs/following/follow_list.hpp"

#include <algorithm>
#include <mutex>

namespace lapwing::logs {

void FollowList::add(const Scope& scope, std::string_view group, const std::string& group_uid,
                     Watcher& watcher) {
  const std::lock_guard lock(mutex_);
  Followed& followed = by_uid_[group_uid];
  if (followed.watchers.empty()) {
    followed.name = {scope, std::string(group)};
    names_.insert(followed.name);
  }
  if (std::ranges::find(followed.watchers, &watcher) == followed.watchers.end()) {
    followed.watchers.push_back(&watcher);
  }
  groups_.store(by_uid_.size(), std::memory_order_release);
}

void FollowList::remove(const std::string& group_uid, Watcher& watcher) {
  const std::lock_guard lock(mutex_);
  const auto found = by_uid_.find(group_uid);
  if (found == by_uid_.end()) return;
  std::erase(found->second.watchers, &watcher);
  if (found->second.watchers.empty()) {
    names_.erase(names_.find(found->second.name));
    by_uid_.erase(found);
  }
  groups_.store(by_uid_.size(), std::memory_order_release);
}

bool FollowList::follows(const Scope& scope, std::string_view group) const {
  if (groups_.load(std::memory_order_acquire) == 0) return false;
  const std::shared_lock lock(mutex_);
  return names_.contains({scope, std::string(group)});
}

void FollowList::tell(const StreamTarget& target, std::string_view stream) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_uid_.find(target.group_uid);
  if (found == by_uid_.end()) return;
  for (Watcher* const watcher : found->second.watchers) watcher->wrote(target, stream);
}

}  // namespace lapwing::logs
