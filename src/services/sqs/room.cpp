#include "services/sqs/room.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "services/sqs/limits.hpp"

namespace lapwing::sqs {
namespace {

Error no_room(std::string_view why) {
  return Error(ErrorKind::kUnavailable, "ServiceUnavailable",
               fmt::format("The service cannot take messages now: {}. Receiving, deleting and "
                           "purging go on.",
                           why))
      .with_status(503);
}

}  // namespace

// Counted at the first question.
Room::Room(store::Space& space, const os::DiskSpace* disk, std::uint64_t bytes_max)
    : space_(space),
      disk_(disk),
      bytes_max_(bytes_max),
      used_(std::numeric_limits<std::uint64_t>::max() / 2) {}

std::uint64_t Room::for_messages(std::uint64_t bytes_max) {
  return bytes_max - std::min(bytes_max / kRoomReserveShare, kRoomReserveBytesMax);
}

void Room::begin(background::Runner& runner, const Catalog& catalog, store::Queue& messages) {
  if (bytes_max_ == 0) return;
  counting_ = runner.every("sqs.room", kRoomCountEvery,
                           [this, &catalog, &messages] { return count(catalog, messages); });
  counting_.notify();
}

Status Room::count(const Catalog& catalog, store::Queue& messages) {
  LAPWING_TRY(const std::uint64_t used, space_.used_bytes());
  const bool matters = used >= for_messages(bytes_max_) / 4;
  Bytes counted;
  const std::vector<QueuePtr> queues = catalog.all();
  for (const QueuePtr& queue : queues) counted.try_emplace(queue->scope.account.str());
  {
    const std::lock_guard lock(mutex_);
    since_.clear();
  }
  for (const QueuePtr& queue : queues) {
    if (!matters || counted.size() < 2) break;  // everybody, or the only one, may have all
    LAPWING_TRY(const store::QueueSize size, messages.size(queue->place));
    counted[queue->scope.account.str()] +=
        size.payload_bytes + size.messages * kMessageOverheadBytes;
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [account, bytes] : since_) counted[account] += bytes;
  accounts_ = std::move(counted);
  return {};
}

bool Room::take_part(std::string_view account, std::uint64_t added, std::uint64_t most) {
  const std::uint64_t used = std::min(used_.load(), most);
  const std::lock_guard lock(mutex_);
  std::uint64_t& held = accounts_.try_emplace(std::string(account)).first->second;
  const std::uint64_t part = std::max(most / kRoomLeastShare, most - used);
  if (accounts_.size() > 1 && used + added > most / 2 && held + added > part) return false;
  held += added;
  since_[std::string(account)] += added;
  return true;
}

Status Room::check(std::string_view account, std::size_t bytes) {
  if (disk_ != nullptr && disk_->spare_bytes() == 0) return fail(no_room("the disk is full"));
  if (bytes_max_ == 0) return {};
  const std::uint64_t added = bytes + kMessageOverheadBytes;
  const std::uint64_t most = for_messages(bytes_max_);
  if (used_.load() + added > most) {
    LAPWING_TRY(const std::uint64_t counted, space_.used_bytes());
    used_.store(counted);
    if (counted + added > most) {
      return fail(
          no_room(fmt::format("messages take all of the {} MiB of the disk that they may "
                              "(sqs.mb)",
                              bytes_max_ / kMiB)));
    }
  }
  if (!take_part(account, added, most)) {
    // What was deleted meanwhile has not been seen, maybe.
    LAPWING_TRY(const std::uint64_t counted, space_.used_bytes());
    used_.store(counted);
    if (!take_part(account, added, most)) {
      counting_.notify();
      return fail(
          no_room(fmt::format("this account's messages take their part of the {} MiB of the disk "
                              "that those of all may (sqs.mb)",
                              bytes_max_ / kMiB)));
    }
  }
  used_.fetch_add(added);
  return {};
}

}  // namespace lapwing::sqs
