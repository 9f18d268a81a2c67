// Paths and templates: whatever comes in is read or refused; what a rule sends is JSON, value by
// value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "expressions/path.hpp"
#include "expressions/template.hpp"
#include "expressions/value.hpp"
#include "text/json.hpp"

namespace {

using lapwing::expressions::Dialect;
using lapwing::expressions::Path;
using lapwing::expressions::Template;
using lapwing::expressions::Value;
using lapwing::expressions::Visits;

constexpr std::string_view kDocument =
    R"({"a":{"b":[1,{"c":"x"},[2,3]],"d-e":"quo\"te"},"list":[{"id":1},{"id":2}],"n":null})";

void require(bool holds) {
  if (!holds) std::abort();
}

void check_template(std::string_view text, const lapwing::text::JsonValue& root, Dialect dialect) {
  const Template read = Template::read(text, dialect);
  std::size_t asked = 0;
  Visits visits;
  const auto sent = read.render([&](std::string_view name) {
    ++asked;
    const auto path = Path::read(name);
    return path ? path->in(root, visits) : Value::string("plain");
  });
  require(asked <= read.placeholders().size());
  if (sent && dialect == Dialect::kRule) require(!sent->empty());
  // Without placeholders nothing changes.
  if (sent && read.placeholders().empty()) require(*sent == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Safe: bytes are looked at as characters.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = lapwing::text::parse_json(kDocument);
  require(document.has_value());
  if (const auto path = Path::read(text)) {
    Visits visits;
    const Value value = path->in(document->root(), visits);
    require(path->definite() || value.kind == Value::Kind::kJson);
    require(lapwing::text::check_json(value.as_json()).has_value());
  }
  check_template(text, document->root(), Dialect::kRule);
  check_template(text, document->root(), Dialect::kPipe);
  return 0;
}
