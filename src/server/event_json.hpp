// How /_lapwing/events and /_lapwing/outbox say what they tell: JSON, times in ISO 8601, members
// without a value left out.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hosting/outbox_page.hpp"
#include "journal/event_facts.hpp"
#include "journal/journal.hpp"
#include "text/json_writer.hpp"

namespace lapwing::server {

// {"rows": [...], "next": "..."}
void write_page(text::JsonWriter& json, const journal::EventPage& page);
// {"id": "...", "steps": [...]}
std::string story_json(std::string_view id, const std::vector<journal::Step>& steps);
// {"replayed": 1, "events": ["..."]}
std::string replay_json(std::size_t count, const std::vector<std::string>& events);
// {"messages": [...], "next": "..."}
std::string outbox_json(const hosting::OutboxPage& page, std::string_view next);

}  // namespace lapwing::server
