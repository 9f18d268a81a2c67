// The formats of our files, as numbered migrations: never edit one that was released, add
// the next. Only sqlite/*.cpp includes this.
#pragma once

#include <cstdint>
#include <vector>

namespace lapwing::store::sqlite {

std::vector<const char*> state_migrations();
std::vector<const char*> bulk_log_migrations();

// Rows of the counter table.
enum class Counter : std::int64_t {
  kCommit = 1,       // commits that changed records
  kRevision = 2,     // puts
  kFeedTrimmed = 3,  // the feed holds what is after this commit
  kEngineTime = 4,   // the greatest engine time written, ns
  kMessage = 5,      // the greatest message id
};

}  // namespace lapwing::store::sqlite
