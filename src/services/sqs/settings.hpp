// What may be set of SQS: how it differs from AWS where a user wants it so, and its disk.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/settings.hpp"
#include "os/disk_space.hpp"

namespace lapwing::sqs {

inline constexpr std::uint64_t kDiskShare = 4;  // a quarter

struct Settings {
  // A name is free again 60 s after its queue was deleted, as on AWS; else at once.
  bool strict_deletion = false;
  // What all messages and queues may take of the disk; 0: a quarter of it.
  std::int64_t mb = 0;

  void visit(SettingVisitor& to) {
    to.flag("sqs.strict_deletion", strict_deletion,
            {.help = "a queue's name is free again 60 s after the queue was deleted, as on AWS; "
                     "else at once"});
    to.number("sqs.mb", mb,
              {.help = "what the messages of all queues together may take of the disk, less a "
                       "sixteenth for queues and their changes; more are refused (503) until some "
                       "are received and deleted; of several accounts one has a sixteenth, or as "
                       "much as it leaves; 0: a quarter of the file system",
               .unit = "MiB",
               .high = 1 << 30,
               .stands_for = [](const MachineSizes& machine) {
                 return std::optional<std::uint64_t>(machine.disk_mb / kDiskShare);
               }});
  }
  // On this disk; without one only what was said is a limit. 0: none.
  std::uint64_t bytes_max(const os::DiskSpace* disk) const {
    if (mb != 0) return static_cast<std::uint64_t>(mb) * kMiB;
    return disk != nullptr ? disk->look().total / kDiskShare : 0;
  }
};

}  // namespace lapwing::sqs
