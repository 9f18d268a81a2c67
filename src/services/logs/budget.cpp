#include "services/logs/budget.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "services/logs/limits.hpp"

namespace lapwing::logs {

std::string_view to_string(Loss loss) {
  constexpr std::array<std::string_view, kLosses> kNames = {"rate", "group", "whole", "disk"};
  return kNames[static_cast<std::size_t>(loss)];
}

std::string describe(Loss loss, const LogLimits& limits) {
  switch (loss) {
    case Loss::kRate:
      return fmt::format("the log group may write {} MiB a second (logs.function_mib_per_second)",
                         limits.group_bytes_per_second / kMiB);
    case Loss::kGroup:
      return fmt::format("the log group may hold {} MiB (logs.function_mb)",
                         limits.group_bytes / kMiB);
    case Loss::kWhole:
      return fmt::format("all logs together may take {} MiB of the disk (logs.mb)",
                         limits.bytes / kMiB);
    case Loss::kDisk:
      break;
  }
  return "the disk is full but for its reserve (disk.reserve_mb)";
}

std::optional<Loss> GroupBudget::closed() const {
  if (const std::optional<Loss> whole = whole_->closed()) return whole;
  if (full_) return Loss::kGroup;
  return std::nullopt;
}

std::optional<Loss> GroupBudget::take(std::uint64_t bytes, MonoTime now) {
  if (const std::optional<Loss> why = closed()) return why;
  const auto rate = static_cast<std::int64_t>(whole_->limits().group_bytes_per_second);
  const auto wanted = static_cast<std::int64_t>(bytes);
  const std::int64_t burst = rate * kRateBurst;
  const std::lock_guard lock(mutex_);
  if (rate == 0) {
    filled_ = now;
    return std::nullopt;
  }
  // In microseconds: no idle time makes the product overflow once it is cut to the burst's.
  const auto idle = std::chrono::duration_cast<std::chrono::microseconds>(now - filled_).count();
  constexpr std::int64_t kWhole = std::int64_t{kRateBurst} * 1'000'000;
  tokens_ = filled_ == MonoTime{} || idle >= kWhole
                ? burst
                : std::min(burst, tokens_ + rate / 1'000 * idle / 1'000);
  filled_ = now;
  // What is small, as the platform's own lines are, may still come after a flood.
  const bool small = bytes <= kSmallAppendBytes && tokens_ > -kSmallAppendsBytesMax;
  if (tokens_ < wanted && !small) return Loss::kRate;
  tokens_ -= wanted;
  return std::nullopt;
}

GroupBudgetPtr LogBudget::group(const Scope& scope, std::string_view name) {
  const std::lock_guard lock(mutex_);
  GroupBudgetPtr& known = groups_[{scope, std::string(name)}];
  if (!known) known = std::make_shared<GroupBudget>(*this);
  return known;
}

bool GroupBudget::forgettable(MonoTime now) {
  const std::lock_guard lock(mutex_);
  return now - filled_ >= kGroupRememberedFor;
}

std::optional<Loss> LogBudget::closed() const {
  const std::uint8_t why = closed_;
  if (why == kOpen) return std::nullopt;
  return static_cast<Loss>(why);
}

void LogBudget::refresh(MonoTime now) {
  std::uint8_t closed = kOpen;
  {
    const std::lock_guard lock(mutex_);
    if (now - forgotten_ >= kGroupRememberedFor) {
      forgotten_ = now;
      std::erase_if(groups_, [&](const auto& entry) {
        return entry.second.use_count() == 1 && entry.second->forgettable(now);
      });
    }
  }
  if (limits_.bytes > 0) {
    const std::lock_guard lock(mutex_);
    if (!counted_ || now - *counted_ >= kWholeLookEvery) {
      counted_ = now;
      if (const auto used = events_->used_bytes()) used_ = *used;
    }
    if (used_ > limits_.bytes) closed = static_cast<std::uint8_t>(Loss::kWhole);
  }
  if (limits_.disk != nullptr && limits_.disk->spare_bytes() == 0) {
    closed = static_cast<std::uint8_t>(Loss::kDisk);
  }
  closed_ = closed;
}

void LogBudget::note_written(GroupBudget& group, const std::string& group_uid,
                             std::uint64_t bytes) {
  used_ += bytes;
  if (limits_.group_bytes == 0) return;
  {
    const std::lock_guard lock(group.mutex_);
    group.uncounted_ += bytes;
    if (group.stored_) {
      *group.stored_ += bytes;
      group.full_ = *group.stored_ > limits_.group_bytes;
      return;
    }
    // Most groups never write as much: they are spared the question.
    if (group.uncounted_ < std::min(kCountAfterBytes, limits_.group_bytes / 16)) return;
  }
  // Without the lock, for which event loops would wait.
  const auto counted = events_->group_bytes(group_uid);
  if (!counted) return;
  const std::lock_guard lock(group.mutex_);
  group.stored_ = *counted;  // with what was written
  group.full_ = *counted > limits_.group_bytes;
}

void LogBudget::recount() {
  const std::lock_guard lock(mutex_);
  counted_.reset();
  for (const auto& [name, group] : groups_) {
    const std::lock_guard inner(group->mutex_);
    group->stored_.reset();
    group->uncounted_ = 0;
    group->full_ = false;  // what comes next is counted
  }
}

}  // namespace lapwing::logs
