// A message-move task: carries the messages of a dead-letter queue to another queue, or home.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::sqs {

namespace move_status {
inline constexpr std::string_view kRunning = "RUNNING";
inline constexpr std::string_view kCompleted = "COMPLETED";
inline constexpr std::string_view kCancelled = "CANCELLED";
inline constexpr std::string_view kFailed = "FAILED";
}  // namespace move_status

struct MoveTask {
  std::string id;  // a UUID
  std::string source_arn;
  std::string place;            // of the source queue
  std::string destination_arn;  // empty: each message to the queue it came from
  std::int32_t rate = 0;        // messages a second; 0: as fast as it goes
  std::string status = std::string(move_status::kRunning);
  std::int64_t moved = 0;
  std::int64_t to_move = 0;
  // How many the queue held at the start, hidden ones included: no more are moved, so that tasks
  // that bring one another messages end. None in records of an older program.
  std::optional<std::int64_t> there;
  std::int64_t started_ms = 0;
  std::string failure;

  bool running() const { return status == move_status::kRunning; }
  // "PLACE/STARTED/ID": those of one queue stand in the order of their start.
  std::string key() const;
  std::string handle() const;
};

struct MoveHandle {
  std::string task_id;
  std::string source_arn;
};
// kInvalid for what handle() cannot have made.
Result<MoveHandle> read_move_handle(std::string_view text);

}  // namespace lapwing::sqs
