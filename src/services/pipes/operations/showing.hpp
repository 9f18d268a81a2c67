// A pipe as answers have it.
//
// Thread-safety: pure functions, but for reason_shown(): any thread.
#pragma once

#include <optional>
#include <string>

#include "gen/pipes/shape/describe_pipe_response.hpp"
#include "services/pipes/core.hpp"
#include "services/pipes/pipe.hpp"

namespace lapwing::pipes {

// What every answer about a pipe says.
template <class Out>
Out shown(const Pipe& pipe) {
  Out out;
  out.arn = pipe.arn();
  out.name = pipe.name;
  out.desired_state = std::string(to_string(pipe.wanted));
  out.current_state = std::string(to_string(pipe.state));
  out.creation_time = wall_from_unix_ms(pipe.created_ms);
  out.last_modified_time = wall_from_unix_ms(pipe.modified_ms);
  return out;
}

// All of it, with what was not said; but for its StateReason.
Result<gen::pipes::DescribePipeResponse> described(const Pipe& pipe);

// StateReason: why it failed, or why a running one's source cannot be received from; none: all is
// well.
std::optional<std::string> reason_shown(const Core& core, const Pipe& pipe);

}  // namespace lapwing::pipes
