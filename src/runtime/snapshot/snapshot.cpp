#include "runtime/snapshot/snapshot.hpp"

#include <algorithm>
#include <fcntl.h>

#include <fmt/core.h>

#include "os/file.hpp"

namespace lapwing::runtime {

Status SnapshotStore::check_room(std::uint64_t bytes) const {
  return space_ == nullptr ? Status() : space_->check(bytes);
}

Result<os::UniqueFd> SnapshotStore::make_file() const {
  LAPWING_CHECK(os::make_directories(directory_, 0700));
  return os::open_at(os::kCwd, directory_, O_RDWR | O_TMPFILE, 0400);
}

std::string SnapshotStore::key_of(std::string_view arn, std::string_view version) {
  return fmt::format("{}:{}", arn, version);
}

std::string SnapshotStore::asked_key(const std::string& key, std::string_view revision_id) {
  return fmt::format("{}\n{}", key, revision_id);
}

SnapshotPtr SnapshotStore::find_locked(const FunctionVersion& function) {
  const auto found = kept_.find(key_of(function.arn, function.version));
  // A function deleted and made again has the same numbers for other code.
  if (found == kept_.end() || found->second.revision_id != function.revision_id) return nullptr;
  found->second.used = ++uses_;
  return found->second.snapshot;
}

SnapshotPtr SnapshotStore::find(const FunctionVersion& function) {
  const std::lock_guard lock(mutex_);
  return find_locked(function);
}

SnapshotPtr SnapshotStore::find_or_ask(const FunctionVersionPtr& function) {
  {
    const std::lock_guard lock(mutex_);
    if (SnapshotPtr found = find_locked(*function)) return found;
    const std::string key = key_of(function->arn, function->version);
    if (!asked_.insert(asked_key(key, function->revision_id)).second) return nullptr;
  }
  if (missing_) missing_(function);
  return nullptr;
}

void SnapshotStore::note_asked(const FunctionVersion& function) {
  const std::lock_guard lock(mutex_);
  asked_.insert(asked_key(key_of(function.arn, function.version), function.revision_id));
}

bool SnapshotStore::keep(const FunctionVersion& function, SnapshotPtr snapshot) {
  if (snapshot->bytes > bytes_max_) return false;
  const std::lock_guard lock(mutex_);
  Kept& place = kept_[key_of(function.arn, function.version)];
  if (place.snapshot) bytes_ -= place.snapshot->bytes;
  bytes_ += snapshot->bytes;
  place = {function.revision_id, std::move(snapshot), ++uses_};
  make_room();
  return true;
}

void SnapshotStore::erase(Kepts::iterator which) {
  bytes_ -= which->second.snapshot->bytes;
  kept_.erase(which);
}

void SnapshotStore::make_room() {
  while (bytes_ > bytes_max_) {
    const auto oldest =
        std::ranges::min_element(kept_, {}, [](const auto& entry) { return entry.second.used; });
    asked_.erase(asked_key(oldest->first, oldest->second.revision_id));
    erase(oldest);
  }
}

void SnapshotStore::drop(std::string_view arn, std::string_view version) {
  const std::lock_guard lock(mutex_);
  const std::string key = key_of(arn, version);
  const auto marks = asked_.lower_bound(asked_key(key, ""));
  auto end = marks;
  while (end != asked_.end() && end->starts_with(asked_key(key, ""))) ++end;
  asked_.erase(marks, end);
  if (const auto found = kept_.find(key); found != kept_.end()) erase(found);
}

void SnapshotStore::give_up(const FunctionVersion& function) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(key_of(function.arn, function.version));
  if (found != kept_.end()) erase(found);
}

std::uint64_t SnapshotStore::count() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

std::uint64_t SnapshotStore::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace lapwing::runtime
