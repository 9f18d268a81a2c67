// What a pipe is.
//
//   arn:aws:pipes:REGION:ACCOUNT:pipe/NAME
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/arn.hpp"
#include "aws/scope.hpp"
#include "resources/tags.hpp"

namespace lapwing::pipes {

// Kept as numbers, which never change their meaning.
enum class State : std::uint8_t {
  kCreating = 0,
  kRunning = 1,
  kStopped = 2,
  kStarting = 3,
  kStopping = 4,
  kUpdating = 5,
  kDeleting = 6,
  kCreateFailed = 7,
  kUpdateFailed = 8,
  kStartFailed = 9,
};
std::string_view to_string(State state);
// On its way to another one: nobody changes it meanwhile.
bool is_changing(State state);

enum class Wanted : std::uint8_t { kRunning = 0, kStopped = 1, kDeleted = 2 };
std::string_view to_string(Wanted wanted);

struct Pipe {
  aws::Scope scope;
  std::string name;
  std::string id;  // never the same for two pipes, even of one name
  std::string source_arn;
  std::string enrichment_arn;  // empty: none
  std::string target_arn;
  std::string role_arn;
  std::optional<std::string> description;
  // As JSON in the model's names (parameters.hpp); empty: none.
  std::string source_parameters;
  std::string enrichment_parameters;
  std::string target_parameters;
  std::string log_configuration;
  State state = State::kCreating;
  Wanted wanted = Wanted::kRunning;
  std::string reason;  // of a failed state
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  resources::Tags tags = {};

  bool ordered() const { return source_arn.ends_with(".fifo"); }
  std::string arn() const {
    return aws::make_arn("pipes", scope.region, scope.account, "pipe/" + name);
  }
};

// What a pipe sends to, by ARN.
enum class Kind : std::uint8_t { kFunction, kQueue, kTopic, kBus, kLogGroup, kApi };
// None: nothing that is built.
std::optional<Kind> kind_of(std::string_view arn);
// How logs call who is asked: "sqs".
std::string_view service_name(Kind kind);
// The most that one request to it holds.
std::int32_t batch_max(Kind kind);

}  // namespace lapwing::pipes
