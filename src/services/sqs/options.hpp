// How the service differs from AWS where a user wants it so.
#pragma once

#include <cstdint>

namespace lapwing::sqs {

struct Options {
  // A name is free again 60 s after its queue was deleted, as on AWS; else at once.
  bool strict_deletion = false;
  // What all messages and queues may take of the disk; 0: no limit but the disk's.
  std::uint64_t bytes_max = 0;
};

}  // namespace lapwing::sqs
