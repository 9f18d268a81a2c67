#include "journal/event_facts.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "journal/limits.hpp"

namespace lapwing::journal {
namespace {

constexpr std::string_view kNames[] = {"queues", "mappings", "schedules", "retries",
                                       "dead-letters"};

constexpr std::string_view kFunction = ":function:";

// What a function's name is made of.
bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// An ARN of the function in the text, with a qualifier or without.
bool names_function(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(kFunction); at != std::string_view::npos;
       at = text.find(kFunction, at + 1)) {
    const std::string_view rest = text.substr(at + kFunction.size());
    if (!rest.starts_with(name)) continue;
    if (rest.size() == name.size() || !is_of_name(rest[name.size()])) return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(EventList list) { return kNames[static_cast<std::size_t>(list)]; }

std::optional<EventList> event_list(std::string_view name) {
  for (const EventList each : kEventLists) {
    if (to_string(each) == name) return each;
  }
  return std::nullopt;
}

bool passes(const EventAsk& ask, const EventRow& row) {
  const auto any = [&](const auto& wanted) {
    return wanted(row.name) || wanted(row.to) || wanted(row.id);
  };
  return (ask.holds.empty() ||
          any([&](std::string_view text) { return text.contains(ask.holds); })) &&
         (ask.function.empty() ||
          any([&](std::string_view text) { return names_function(text, ask.function); }));
}

std::size_t looked_at(const EventAsk& ask) {
  return ask.holds.empty() && ask.function.empty() ? ask.max
                                                   : std::max(ask.max, kEventRowsLookedAt);
}

Result<EventPage> events_of_all(const EventAsk& ask, std::span<const EventPart> parts) {
  return events_of_all(ask, parts.size(),
                       [&](std::size_t part, const EventAsk& asked) { return parts[part](asked); });
}

Result<EventPage> events_of_all(const EventAsk& ask, std::size_t count, NumberedParts parts) {
  std::size_t at = 0;
  EventAsk part = ask;
  if (!ask.after.empty()) {
    const char* const end = ask.after.data() + ask.after.size();
    const auto [rest, error] = std::from_chars(ask.after.data(), end, at);
    if (error != std::errc() || rest == end || *rest != ':') {
      return fail(make_error(ErrorKind::kInvalid, "This is no place to go on from."));
    }
    part.after.assign(rest + 1, end);
  }
  EventPage out;
  for (; at < count; ++at, part.after.clear()) {
    if (out.rows.size() >= ask.max) {
      out.next = fmt::format("{}:", at);
      return out;
    }
    part.max = ask.max - out.rows.size();
    LAPWING_TRY(EventPage page, parts(at, part));
    for (EventRow& row : page.rows) out.rows.push_back(std::move(row));
    if (page.next.empty()) continue;
    out.next = fmt::format("{}:{}", at, page.next);
    return out;
  }
  return out;
}

}  // namespace lapwing::journal
