// What takes batches: a function, a pipe's target.
//
// Threading: the mapping's loop; ready() returns at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
  bool counts = true;  // a failure: of what was run; else it is nobody's fault
  std::string answer = {};
  // Done but for these of the batch, by index, rising: who knows it without an answer says it.
  std::vector<std::size_t> failed = {};
  std::string reason = {};      // why not
  std::string request_id = {};  // of this attempt
  std::string version = {};     // what ran
  std::string trace = {};       // of this attempt
  std::string by = {};          // the ARN of who has taken it
};

// A place for one batch, held: nobody else gets it. Its end gives it back, as does its time.
class Place {
 public:
  virtual ~Place() = default;
};
using PlacePtr = std::unique_ptr<Place>;

class Consumer {
 public:
  virtual ~Consumer() = default;
  // None: it is not there, or cannot be run.
  virtual std::optional<Readiness> ready() = 0;
  // Places for so many batches, or as many as there are now. They are used soon. Null ones: it
  // looks for a place when it takes a batch.
  virtual net::Task<std::vector<PlacePtr>> hold(net::Loop& loop, std::uint32_t count);
  // Of a queue; the batch outlives the task. `place` null: it looks for one itself.
  virtual net::Task<Taken> take(net::Loop& loop, const Batch& batch, PlacePtr place) = 0;
  // Of a stream, as functions get it (stream_event.hpp). Not for those that take queues only.
  virtual net::Task<Taken> take_event(net::Loop& loop, std::string event);
};

}  // namespace lapwing::mappings
