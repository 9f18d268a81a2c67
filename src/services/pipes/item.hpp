// One event on its way through a pipe: a record of the source, or what an enrichment made of it.
//
// Thread-safety: one thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "expressions/path.hpp"
#include "expressions/template.hpp"
#include "services/pipes/plan.hpp"
#include "text/json.hpp"

namespace lapwing::pipes {

class Item {
 public:
  // `of_source`: a queue's record, whose body is looked into where it is JSON.
  Item(std::string text, bool of_source) : text_(std::move(text)), of_source_(of_source) {}

  // JSON.
  const std::string& text() const { return text_; }
  // As it came, and with a body that is JSON as JSON, which is what paths look into. Read when
  // they are first asked for.
  const text::JsonValue& event();
  const text::JsonValue& decoded();

  // What a stage gets of it: itself, or what the template makes of it.
  std::expected<std::string, expressions::Unsent> payload(
      const std::optional<expressions::Template>& body, const Plan& plan, WallTime ingested);
  // A parameter: a text as it is, a JSON path as what is there; none: nothing is, or all parameters
  // together look at too much.
  std::optional<std::string> value(const std::string& text_or_path);
  // The same, of a time: a number of seconds or milliseconds since the epoch, or ISO 8601.
  std::optional<std::int64_t> time_ms(const std::string& path);

 private:
  std::string text_;
  bool of_source_;
  bool read_ = false;
  bool decoded_differs_ = false;
  expressions::Visits visits_;  // of parameters
  text::JsonDocument event_;
  text::JsonDocument decoded_;
};

// As an item of a JSON array: text that is no JSON becomes a string.
std::string as_json(std::string payload);

}  // namespace lapwing::pipes
