#include "server/events_command.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "server/ask.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/percent.hpp"

namespace lapwing::server {
namespace {

using Row = std::vector<std::string>;

// Columns as wide as what is in them; the last is not filled up.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += fmt::format(" {:<{}}", row[i], i + 1 < row.size() ? widths[i] : 0);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string text_of(const text::JsonValue& from, std::string_view key) {
  const text::JsonValue* const found = from.find(key);
  if (found == nullptr) return "";
  if (found->is_string()) return std::string(found->as_string());
  if (found->is_number()) return std::string(found->number_text());
  return found->is_bool() ? (found->as_bool() ? "yes" : "no") : "";
}

// "2026-11-30T09:00:00.123Z" as people read it.
std::string time_of(const text::JsonValue& from, std::string_view key) {
  std::string out = text_of(from, key);
  std::ranges::replace(out, 'T', ' ');
  if (out.ends_with('Z')) out.pop_back();
  return out;
}

// "arn:aws:sqs:us-east-1:000000000000:orders" without what is the same everywhere.
std::string short_name(const std::string& name) {
  constexpr std::string_view kArn = "arn:aws:";
  if (!name.starts_with(kArn)) return name;
  std::size_t at = kArn.size();
  const std::string service = name.substr(at, name.find(':', at) - at);
  for (int i = 0; i < 3; ++i) {
    at = name.find(':', at);
    if (at == std::string::npos) return name;
    ++at;
  }
  return service + ":" + name.substr(at);
}

struct Column {
  std::string_view title;
  std::string_view key;
};

std::string cell(const text::JsonValue& row, std::string_view key) {
  if (key == "due" || key == "time" || key == "replayed") return time_of(row, key);
  const std::string text = text_of(row, key);
  return short_name(text);
}

// Those that have something in some row.
std::string list_text(const text::JsonValue& rows) {
  static constexpr Column kColumns[] = {{"service", "service"}, {"what", "what"},
                                        {"name", "name"},       {"to", "to"},
                                        {"id", "id"},           {"state", "state"},
                                        {"waiting", "waiting"}, {"later", "delayed"},
                                        {"at work", "at_work"}, {"oldest s", "oldest_seconds"},
                                        {"due", "due"},         {"time", "time"},
                                        {"tried", "attempts"},  {"dead letters", "dead_letters"},
                                        {"kept", "replayable"}, {"sent again", "replayed"},
                                        {"why", "reason"}};
  std::vector<Row> out;
  std::vector<Column> shown;
  for (const Column& column : kColumns) {
    const bool any = std::ranges::any_of(rows.items(), [&](const text::JsonValue& row) {
      return !text_of(row, column.key).empty();
    });
    if (any) shown.push_back(column);
  }
  Row& head = out.emplace_back();
  for (const Column& column : shown) head.emplace_back(column.title);
  for (const text::JsonValue& row : rows.items()) {
    Row& cells = out.emplace_back();
    for (const Column& column : shown) cells.push_back(cell(row, column.key));
  }
  return table(out);
}

int say(const NoAnswer& none) {
  fmt::print(stderr, "lapwing: {}\n", none.text);
  return none.status;
}

int show(const EventsWanted& wanted, Question question, std::string (*text)(const std::string&)) {
  question.listen = wanted.listen;
  std::string answer;
  if (const auto none = ask_server(question, answer)) return say(*none);
  fmt::print("{}{}", wanted.json ? answer : text(answer), wanted.json ? "\n" : "");
  return 0;
}

std::string replayed_text(const std::string& json) {
  const auto document = text::parse_json(json);
  if (!document) return json + "\n";
  const std::string count = text_of(document->root(), "replayed");
  return fmt::format("sent again to {} {}\n", count, count == "1" ? "target" : "targets");
}

}  // namespace

std::string events_text(const std::string& json) {
  const auto document = text::parse_json(json);
  if (!document || !document->root().is_object()) return json + "\n";
  std::string out;
  for (const text::JsonMember& list : document->root().members()) {
    const text::JsonValue* const rows = list.value.find("rows");
    const std::string next = text_of(list.value, "next");
    if (rows == nullptr) continue;
    if (rows->items().empty() && next.empty()) {
      out += fmt::format("{}: none\n", list.key);
      continue;
    }
    out += fmt::format("{}:\n", list.key);
    out += list_text(*rows);
    if (!next.empty()) {
      out += fmt::format("  there are more: lapwing events --list {} --after {}\n", list.key, next);
    }
  }
  return out;
}

std::string story_text(const std::string& json) {
  const auto document = text::parse_json(json);
  const text::JsonValue* const steps = document ? document->root().find("steps") : nullptr;
  if (steps == nullptr) return json + "\n";
  std::vector<Row> rows;
  for (const text::JsonValue& step : steps->items()) {
    std::string where = short_name(text_of(step, "at"));
    if (const std::string to = text_of(step, "to"); !to.empty()) where += " -> " + short_name(to);
    std::string what = text_of(step, "step");
    const std::string attempt = text_of(step, "attempt");
    if (!attempt.empty() && attempt != "1") what += " #" + attempt;
    std::string event = text_of(step, "event");
    if (const std::string became = text_of(step, "became"); !became.empty()) {
      event += " => " + became;
    }
    rows.push_back({time_of(step, "time"), what, where, event, text_of(step, "reason")});
  }
  return table(rows);
}

int run_events(const EventsWanted& wanted) {
  std::string query;
  const auto say_so = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, text::uri_encode(value));
  };
  say_so("list", wanted.list);
  say_so("service", wanted.service);
  say_so("function", wanted.function);
  say_so("holds", wanted.holds);
  say_so("after", wanted.after);
  if (wanted.limit > 0) say_so("limit", std::to_string(wanted.limit));
  return show(wanted, {.target = "/_lapwing/events" + query}, events_text);
}

int run_events_trace(const EventsWanted& wanted, const std::string& id) {
  return show(wanted, {.target = "/_lapwing/events/trace/" + text::uri_encode(id)}, story_text);
}

int run_events_replay(const EventsWanted& wanted, const std::string& id) {
  std::string body;
  text::JsonWriter json(body);
  json.begin_object();
  json.member("id", id);
  if (wanted.again) json.member("again", true);
  json.end_object();
  return show(wanted, {.target = "/_lapwing/events/replay", .body = std::move(body)},
              replayed_text);
}

}  // namespace lapwing::server
