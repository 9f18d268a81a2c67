#include "text/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "text/json_scan.hpp"
#include "text/json_unescape.hpp"

namespace lapwing::text {

std::string_view to_string(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return "boolean";
    case JsonKind::kNumber:
      return "number";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
  }
  return "?";
}

std::string_view JsonValue::as_string() const {
  return kind_ == JsonKind::kString ? std::string_view(text_, size_) : std::string_view();
}

std::string_view JsonValue::number_text() const {
  return kind_ == JsonKind::kNumber ? std::string_view(text_, size_) : std::string_view();
}

namespace {

template <class Integer>
std::optional<Integer> to_integer(std::string_view text) {
  Integer value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> JsonValue::as_int64() const {
  if (!is_integer()) return std::nullopt;
  return to_integer<std::int64_t>(number_text());
}

std::optional<std::uint64_t> JsonValue::as_uint64() const {
  if (!is_integer()) return std::nullopt;
  if (number_text() == "-0") return 0;
  return to_integer<std::uint64_t>(number_text());
}

double JsonValue::as_double() const {
  if (kind_ != JsonKind::kNumber) return 0;
  const std::string_view text = number_text();
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    // from_chars does not say in which direction; the exponent's sign does, or, without an
    // exponent, whether there is anything before the point.
    const std::size_t e = text.find_first_of("eE");
    const bool tiny = e != std::string_view::npos
                          ? text[e + 1] == '-'
                          : text.find_first_of("123456789") > text.find('.');
    const double size = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    return text.front() == '-' ? -size : size;
  }
  return value;
}

std::span<const JsonValue> JsonValue::items() const {
  if (kind_ != JsonKind::kArray) return {};
  return {items_, size_};
}

std::span<const JsonMember> JsonValue::members() const {
  if (kind_ != JsonKind::kObject) return {};
  return {members_, size_};
}

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto all = members();
  for (std::size_t i = all.size(); i > 0; --i) {
    if (all[i - 1].key == key) return &all[i - 1].value;
  }
  return nullptr;
}

void* JsonArena::allocate(std::size_t bytes) {
  constexpr std::size_t kAlign = alignof(JsonMember);
  bytes = (bytes + kAlign - 1) & ~(kAlign - 1);
  if (bytes > left_) {
    const std::size_t block = std::max(bytes, next_block_);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    next_block_ = std::min<std::size_t>(next_block_ * 2, std::size_t{1} << 20);
    cursor_ = blocks_.back().get();
    left_ = block;
  }
  void* out = cursor_;
  cursor_ += bytes;
  left_ -= bytes;
  return out;
}

// The sink that makes nodes. Values wait in one stack until their container closes and are
// then copied, packed, into the arena.
class JsonTreeBuilder {
 public:
  explicit JsonTreeBuilder(JsonDocument& document) : document_(document) { stack_.reserve(64); }

  void key(std::string_view raw, bool escaped) { key_ = text(raw, escaped); }
  void string(std::string_view raw, bool escaped) {
    const std::string_view decoded = text(raw, escaped);
    push_text(JsonKind::kString, decoded, false);
  }
  void number(std::string_view raw, bool is_integer) {
    push_text(JsonKind::kNumber, raw, is_integer);
  }
  void boolean(bool value) {
    JsonValue node;
    node.kind_ = JsonKind::kBool;
    node.flag_ = value;
    push(node);
  }
  void null() { push(JsonValue()); }

  void begin(bool) {
    open_.push_back({stack_.size(), key_});
    key_ = {};
  }
  void end(bool is_array) {
    const Open open = open_.back();
    open_.pop_back();
    const std::size_t count = stack_.size() - open.first;
    JsonValue node;
    node.size_ = static_cast<std::uint32_t>(count);
    if (is_array) {
      node.kind_ = JsonKind::kArray;
      auto* items = static_cast<JsonValue*>(document_.arena_.allocate(count * sizeof(JsonValue)));
      for (std::size_t i = 0; i < count; ++i)
        new (items + i) JsonValue(stack_[open.first + i].value);
      node.items_ = items;
    } else {
      node.kind_ = JsonKind::kObject;
      auto* members =
          static_cast<JsonMember*>(document_.arena_.allocate(count * sizeof(JsonMember)));
      for (std::size_t i = 0; i < count; ++i) new (members + i) JsonMember(stack_[open.first + i]);
      node.members_ = members;
    }
    stack_.resize(open.first);
    key_ = open.key;
    push(node);
  }

  void finish() { document_.root_ = stack_.front().value; }
  JsonArena& arena() { return document_.arena_; }

 private:
  struct Open {
    std::size_t first;
    std::string_view key;
  };

  void push(const JsonValue& value) {
    stack_.push_back({key_, value});
    key_ = {};
  }
  void push_text(JsonKind kind, std::string_view value, bool flag) {
    JsonValue node;
    node.kind_ = kind;
    node.flag_ = flag;
    node.size_ = static_cast<std::uint32_t>(value.size());
    node.text_ = value.data();
    push(node);
  }

  std::string_view text(std::string_view raw, bool escaped) {
    return escaped ? unescape(raw) : raw;
  }
  std::string_view unescape(std::string_view raw);

  JsonDocument& document_;
  std::vector<JsonMember> stack_;
  std::vector<Open> open_;
  std::string_view key_;
};

std::string_view JsonTreeBuilder::unescape(std::string_view raw) {
  char* const begin = static_cast<char*>(document_.arena_.allocate(raw.size()));
  return {begin, static_cast<std::size_t>(json_unescape(raw, begin) - begin)};
}

namespace {

std::expected<void, JsonError> parse_into(JsonTreeBuilder& builder, std::string_view text,
                                          const JsonLimits& limits) {
  JsonScanner<JsonTreeBuilder> scanner(text, limits.max_depth, builder);
  if (!scanner.run()) return std::unexpected(scanner.take_error());
  builder.finish();
  return {};
}

std::optional<Error> check_size(std::string_view text, const JsonLimits& limits) {
  const std::size_t max = std::min(limits.max_bytes, kJsonHardMaxBytes);
  if (text.size() <= max) return std::nullopt;
  return make_error(ErrorKind::kTooLarge, "JSON document of " + std::to_string(text.size()) +
                                              " bytes is larger than " + std::to_string(max));
}

Error to_error(const JsonError& error) {
  std::string message = error.message;
  if (error.line != 0) {
    message +=
        " at line " + std::to_string(error.line) + ", column " + std::to_string(error.column);
  }
  return {ErrorKind::kInvalid, "SerializationException", std::move(message)};
}

}  // namespace

std::expected<JsonDocument, JsonError> parse_json_detailed(std::string_view text,
                                                           JsonLimits limits) {
  if (const auto too_large = check_size(text, limits)) {
    return std::unexpected(JsonError{too_large->message(), 0, 0, 0});
  }
  JsonDocument document;
  JsonTreeBuilder builder(document);
  if (auto parsed = parse_into(builder, text, limits); !parsed) {
    return std::unexpected(std::move(parsed).error());
  }
  return document;
}

Result<JsonDocument> parse_json(std::string_view text, JsonLimits limits) {
  if (auto too_large = check_size(text, limits)) return fail(std::move(*too_large));
  auto document = parse_json_detailed(text, limits);
  if (!document) return fail(to_error(document.error()));
  return std::move(*document);
}

Result<JsonDocument> parse_json_copy(std::string_view text, JsonLimits limits) {
  if (auto too_large = check_size(text, limits)) return fail(std::move(*too_large));
  JsonDocument document;
  JsonTreeBuilder builder(document);
  char* copy = static_cast<char*>(builder.arena().allocate(text.size()));
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  const auto parsed = parse_into(builder, std::string_view(copy, text.size()), limits);
  if (!parsed) return fail(to_error(parsed.error()));
  return document;
}

}  // namespace lapwing::text
