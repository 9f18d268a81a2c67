// Functions, run for who waits for their answer and is no client: event source mappings, pipes.
// Implemented by services/lambda.
//
// Thread-safety: any thread; a task stays on the loop it is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "ports/destination.hpp"

namespace lapwing::ports {

struct FunctionFacts {
  std::uint32_t room = 0;     // runs at once; UINT32_MAX: as many as there is room for
  std::string role_arn = {};  // its execution role
  Duration timeout{};
};

struct FunctionRun {
  enum class Kind : std::uint8_t {
    kAnswered,  // `answer` is what it returned
    kFailed,    // it is not there, it failed, or it could not be run
    kNotNow,    // nothing happened: there is no room for it (throttled)
  };
  Kind kind = Kind::kAnswered;
  bool counts = true;           // a failure: of a run; else it could not be run
  std::string answer = {};      // of one that failed, too, where it said something
  std::string reason = {};      // why not: an error's type, or our words
  std::string request_id = {};  // of this run
  std::string version = {};     // what ran
  std::string trace = {};
};

class FunctionRunner {
 public:
  virtual ~FunctionRunner() = default;
  // By ARN, with its qualifier. None: it is not there, or cannot be run.
  virtual std::optional<FunctionFacts> facts(std::string_view arn) const = 0;
  // As with InvocationType RequestResponse, where `as` may invoke it (acting.hpp); kFailed where
  // not. Destroying the task leaves the run to itself.
  virtual net::Task<FunctionRun> run(net::Loop& loop, std::string arn, std::string payload,
                                     OnBehalf as) = 0;
};

}  // namespace lapwing::ports
