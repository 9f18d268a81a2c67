// What takes batches: a function, a pipe's target.
//
// Threading: the mapping's loop; ready() returns at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "mappings/batch.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace lapwing::mappings {

struct Readiness {
  std::uint32_t room = 0;     // batches that it may have at once; 0: none now
  std::string role_arn = {};  // as whom the source is asked
  Duration timeout{};         // the longest that a batch can take
};

struct Taken {
  enum class Kind : std::uint8_t {
    kDone,    // `answer` says what came of it
    kFailed,  // it was tried
    kLater,   // it was not: there is no room for it
  };
  Kind kind = Kind::kDone;
  std::string answer = {};
  // Done but for these of the batch, by index, rising: who knows it without an answer says it.
  std::vector<std::size_t> failed = {};
  std::string reason = {};      // why not
  std::string request_id = {};  // of this attempt
  std::string trace = {};
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  // None: it is not there, or cannot be run.
  virtual std::optional<Readiness> ready() = 0;
  // The batch outlives the task.
  virtual net::Task<Taken> take(net::Loop& loop, const Batch& batch) = 0;
};

}  // namespace lapwing::mappings
