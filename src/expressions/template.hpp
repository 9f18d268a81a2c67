// A text with placeholders: the InputTemplate of rules and pipes.
//
//   const Template body = Template::read(text, Dialect::kRule);
//   if (const auto* wrong = body.unknown(names)) return invalid_placeholder(wrong->name);
//   const auto sent = body.render(value_of);
//   if (!sent) return dead_letter(fmt::format("It {}.", to_string(sent.error())));
//
// What is a placeholder: <name> of letters, digits, '-', '_' and '.'; in pipes also <$.a.path>.
// Any other '<' is text.
//
// What becomes of it, where the template begins with { or [ (JSON):
// - outside quotes: the value as JSON; nothing there is "".
// - inside quotes: a string's characters as they are, not escaped; any other value as JSON, which
//   makes the whole invalid where it has quotes of its own ({"x":"<list>"}).
// In other templates (text, usually in quotes): the same, but a value inside quotes that is not a
// string loses all its quotes ({acc_id:0a78}, [ACTIVE,INACTIVE]).
//
// Each name is asked for once, however often it stands there.
//
// What comes out must be JSON, or several values of JSON between white space (lines in quotes):
// else nothing is sent. A pipe's text that is not JSON is sent as it is, but for templates that
// begin as JSON.
//
// Sources: answers recorded from EventBridge; EventBridge user guide, "Input transformation" and
// "Pipes input transformation".
//
// Thread-safety: constant once read; render() calls `value` on the caller's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "expressions/value.hpp"

namespace lapwing::expressions {

enum class Dialect : std::uint8_t { kRule, kPipe };

// Why nothing is sent.
enum class Unsent : std::uint8_t {
  kNoJson,    // what came out may not be sent
  kTooLarge,  // kRenderedBytesMax
  kTooMuch,   // a value is Value::Kind::kTooMuch
};
// "is not valid JSON"
std::string_view to_string(Unsent why);

struct Placeholder {
  std::string name = {};   // between '<' and '>'
  std::size_t number = 0;  // of the name, among the different ones
  bool quoted = false;     // inside a JSON string
  bool is_key = false;     // stands as a member's name, or in it; AWS refuses that
};

class Template {
 public:
  static Template read(std::string_view text, Dialect dialect);

  const std::vector<Placeholder>& placeholders() const { return placeholders_; }
  // The first whose name is not wanted; nullptr: all are.
  const Placeholder* unknown(FunctionRef<bool(std::string_view)> is_known) const;

  std::expected<std::string, Unsent> render(FunctionRef<Value(std::string_view)> value) const;

 private:
  Dialect dialect_ = Dialect::kRule;
  bool is_json_ = false;
  // One more than there are placeholders: what stands before each, and behind the last.
  std::vector<std::string> texts_;
  std::vector<Placeholder> placeholders_;
  std::size_t names_ = 0;  // different ones
};

}  // namespace lapwing::expressions
