// An event as the service holds it: its envelope, and what is known of its way here.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/scope.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace lapwing::events {

struct Event {
  std::string id;
  // As it is matched and delivered: compact JSON, its members in EventBridge's order.
  std::string json;
  std::int64_t time_ms = 0;      // as the event says it
  std::int64_t ingested_ms = 0;  // when a bus here took it first
  std::uint32_t hops = 0;        // buses it has passed behind the first
  std::string trace = {};        // X-Amzn-Trace-Id, or empty
};

// What an envelope is made of. `detail` is a JSON object.
struct Envelope {
  std::string_view id;
  std::string_view detail_type;
  std::string_view source;
  aws::Scope scope;
  WallTime time;
  const std::vector<std::string>* resources = nullptr;  // null: none
  std::string_view detail;
};
// The detail is written again: without blanks, of members of one name the last. Nothing: it is no
// JSON object.
std::optional<std::string> envelope_json(const Envelope& envelope);

// The envelope with "replay-name" where EventBridge has it.
std::string with_replay_name(std::string_view json, std::string_view name);
// The envelope under another id.
std::string with_id(std::string_view json, std::string_view id);

// As an outbox or a log keeps it. kInternal: not to be read.
std::string pack(const Event& event);
Result<Event> unpack_event(std::string_view bytes);
// Its id alone; empty: not to be read.
std::string event_id(std::string_view bytes);

// An event from elsewhere that is an envelope already (another bus): nothing where it is none.
std::optional<Event> read_envelope(std::string_view json);

}  // namespace lapwing::events
