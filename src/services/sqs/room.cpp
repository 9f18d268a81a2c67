#include "services/sqs/room.hpp"

#include <algorithm>
#include <limits>

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

Status Room::check(std::size_t bytes) {
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
  used_.fetch_add(added);
  return {};
}

}  // namespace lapwing::sqs
