#include "runtime/telemetry/telemetry_subscription.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "sandbox/plan.hpp"
#include "text/json.hpp"

namespace lapwing::runtime {
namespace {

constexpr TelemetryCategory kCategories[] = {
    TelemetryCategory::kPlatform, TelemetryCategory::kFunction, TelemetryCategory::kExtension};

struct Range {
  std::string_view name;
  std::uint64_t least;
  std::uint64_t most;
};
constexpr Range kItems{"maxItems", 1'000, 10'000};
constexpr Range kBytes{"maxBytes", 262'144, 1'048'576};
constexpr Range kTimeoutMs{"timeoutMs", 25, 30'000};

// Reads one request and gathers what is wrong with its values: the answer names everything
// at once.
class Parser {
 public:
  explicit Parser(TelemetryKind kind) : kind_(kind) { out_.kind = kind; }

  Result<TelemetrySubscription> parse(std::string_view body);

 private:
  bool logs() const { return kind_ == TelemetryKind::kLogs; }
  std::string code(std::string_view name) const {
    return fmt::format("{}.{}", logs() ? "Logs" : "Telemetry", name);
  }
  Error malformed(std::string message) const {
    return Error(ErrorKind::kInvalid, code("DeserializationError"), std::move(message));
  }
  Error unknown_variant(std::string_view value, std::string_view expected) const {
    return malformed(fmt::format("unknown variant `{}`, expected {}", value, expected));
  }
  Error outside(std::string message) const {
    return Error(ErrorKind::kDenied, code("AccessDenied"), std::move(message));
  }
  Result<const text::JsonValue*> member(const text::JsonValue& object, std::string_view name,
                                        text::JsonKind kind, bool required) const;

  Status schema_version(const text::JsonValue& root);
  Status types(const text::JsonValue& root);
  Status buffering(const text::JsonValue& root);
  Result<std::uint64_t> number(const text::JsonValue& object, const Range& range,
                               std::uint64_t otherwise);
  Status destination(const text::JsonValue& root);
  Status http_destination(const text::JsonValue& object);
  Status tcp_destination(const text::JsonValue& object);
  void check_port();

  TelemetryKind kind_;
  TelemetrySubscription out_;
  std::vector<std::string> problems_;
};

Result<const text::JsonValue*> Parser::member(const text::JsonValue& object, std::string_view name,
                                              text::JsonKind kind, bool required) const {
  const text::JsonValue* value = object.find(name);
  if (value == nullptr) {
    if (required) return fail(malformed(fmt::format("missing field `{}`", name)));
    return value;
  }
  if (value->kind() != kind) {
    return fail(malformed(fmt::format("invalid type for `{}`: {}, expected {}", name,
                                      text::to_string(value->kind()), text::to_string(kind))));
  }
  return value;
}

Status Parser::schema_version(const text::JsonValue& root) {
  LAPWING_TRY(const text::JsonValue* value,
              member(root, "schemaVersion", text::JsonKind::kString, false));
  out_.schema_version = value != nullptr ? value->as_string() : logs() ? "2020-08-15" : "";
  const std::string& version = out_.schema_version;
  const bool of_logs = version == "2020-08-15" || version == "2021-03-18";
  const bool of_telemetry =
      version == "2022-07-01" || version == "2022-12-13" || version == "2025-01-29";
  if (value != nullptr && !of_logs && !of_telemetry) {
    return fail(unknown_variant(version,
                                "one of `2020-08-15`, `2021-03-18`, `2022-07-01`, `2022-12-13`, "
                                "`2025-01-29`"));
  }
  if (logs() && !of_logs) {
    problems_.emplace_back(
        "LogsAPI only supports the following SchemaVersion: 2020-08-15, 2021-03-18");
  } else if (!logs() && !of_telemetry) {
    problems_.emplace_back(
        "TelemetryAPI only supports the SchemaVersion released after 2021-03-18");
  }
  return {};
}

Status Parser::types(const text::JsonValue& root) {
  LAPWING_TRY(const text::JsonValue* list, member(root, "types", text::JsonKind::kArray, true));
  for (const text::JsonValue& item : list->items()) {
    const auto known = std::ranges::find_if(kCategories, [&](TelemetryCategory category) {
      return item.is_string() && to_string(category) == item.as_string();
    });
    if (known == std::end(kCategories)) {
      return fail(unknown_variant(item.as_string(), "one of `platform`, `function`, `extension`"));
    }
    if (out_.wants(*known)) {
      problems_.emplace_back("types should be unique");
    } else {
      out_.types.push_back(*known);
    }
  }
  if (list->size() == 0) problems_.emplace_back("types should not be empty");
  return {};
}

Result<std::uint64_t> Parser::number(const text::JsonValue& object, const Range& range,
                                     std::uint64_t otherwise) {
  LAPWING_TRY(const text::JsonValue* value,
              member(object, range.name, text::JsonKind::kNumber, false));
  if (value == nullptr) return otherwise;
  const std::optional<std::uint64_t> number = value->as_uint64();
  if (!number) {
    return fail(malformed(
        fmt::format("invalid value for `{}`: {}, expected u64", range.name, value->number_text())));
  }
  if (*number < range.least || *number > range.most) {
    problems_.push_back(
        fmt::format("{} should be between {} and {}", range.name, range.least, range.most));
  }
  return *number;
}

Status Parser::buffering(const text::JsonValue& root) {
  LAPWING_TRY(const text::JsonValue* object,
              member(root, "buffering", text::JsonKind::kObject, false));
  if (object == nullptr) return {};
  TelemetryBuffering& set = out_.buffering;
  LAPWING_TRY(set.items_max, number(*object, kItems, set.items_max));
  LAPWING_TRY(set.bytes_max, number(*object, kBytes, set.bytes_max));
  LAPWING_TRY(const std::uint64_t timeout_ms, number(*object, kTimeoutMs, 1'000));
  set.timeout = std::chrono::milliseconds(timeout_ms);
  return {};
}

Status Parser::destination(const text::JsonValue& root) {
  LAPWING_TRY(const text::JsonValue* object,
              member(root, "destination", text::JsonKind::kObject, true));
  LAPWING_TRY(const text::JsonValue* protocol,
              member(*object, "protocol", text::JsonKind::kString, true));
  if (protocol->as_string() == "TCP") return tcp_destination(*object);
  if (protocol->as_string() == "HTTP") return http_destination(*object);
  return fail(unknown_variant(protocol->as_string(), "`HTTP` or `TCP`"));
}

Status Parser::http_destination(const text::JsonValue& object) {
  TelemetryDestination& to = out_.destination;
  LAPWING_TRY(const text::JsonValue* uri, member(object, "URI", text::JsonKind::kString, true));
  LAPWING_TRY(const text::JsonValue* method,
              member(object, "method", text::JsonKind::kString, false));
  LAPWING_TRY(const text::JsonValue* encoding,
              member(object, "encoding", text::JsonKind::kString, false));
  if (method != nullptr && method->as_string() != "POST") {
    if (method->as_string() != "PUT") {
      return fail(unknown_variant(method->as_string(), "`PUT` or `POST`"));
    }
    to.method = http::Method::kPut;
  }
  if (encoding != nullptr && encoding->as_string() != "JSON") {
    return fail(unknown_variant(encoding->as_string(), "`JSON`"));
  }
  std::string_view rest = uri->as_string();
  constexpr std::string_view kScheme = "http://";
  if (!rest.starts_with(kScheme)) return fail(outside("Only 'http' scheme is supported."));
  rest.remove_prefix(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::string_view name = authority.substr(0, authority.find(':'));
  // "sandbox" is what AWS's own samples write.
  if (name != "sandbox.localdomain" && name != "sandbox") {
    return fail(outside("Only 'sandbox.localdomain' hostname is supported."));
  }
  rest.remove_prefix(authority.size());
  to.host = authority;
  to.target = rest.substr(0, rest.find('#'));
  if (!to.target.starts_with('/')) to.target.insert(0, "/");
  const std::string_view port =
      name.size() < authority.size() ? authority.substr(name.size() + 1) : std::string_view();
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), to.port);
  if (port.empty()) {
    problems_.emplace_back("URI port is not provided");
  } else if (error != std::errc() || end != port.data() + port.size()) {
    problems_.emplace_back("invalid destination port");
  } else {
    check_port();
  }
  return {};
}

Status Parser::tcp_destination(const text::JsonValue& object) {
  out_.destination.tcp = true;
  LAPWING_TRY(const text::JsonValue* port, member(object, "port", text::JsonKind::kNumber, true));
  const std::optional<std::uint64_t> number = port->as_uint64();
  if (!number || *number < 1 || *number > 65'535) {
    problems_.emplace_back("port should be between 1 and 65535");
  } else {
    out_.destination.port = static_cast<std::uint16_t>(*number);
    check_port();
  }
  return {};
}

void Parser::check_port() {
  if (out_.destination.port == sandbox::kRuntimeApiPort) {
    problems_.push_back(fmt::format("port {} is reserved", sandbox::kRuntimeApiPort));
  } else if (out_.destination.port == 0) {
    problems_.emplace_back("invalid destination port");
  }
}

Result<TelemetrySubscription> Parser::parse(std::string_view body) {
  const auto document = text::parse_json_detailed(body);
  if (!document) return fail(malformed(document.error().message));
  const text::JsonValue& root = document->root();
  if (!root.is_object()) return fail(malformed("expected a subscription object"));
  LAPWING_CHECK(schema_version(root));
  LAPWING_CHECK(destination(root));
  LAPWING_CHECK(types(root));
  LAPWING_CHECK(buffering(root));
  if (problems_.empty()) return std::move(out_);
  std::string message;
  for (const std::string& problem : problems_) {
    if (!message.empty()) message += "; ";
    message += problem;
  }
  return fail(Error(ErrorKind::kInvalid, logs() ? "Logs.ValidationError" : "ValidationError",
                    std::move(message)));
}

}  // namespace

bool TelemetrySubscription::wants(TelemetryCategory category) const {
  return std::ranges::find(types, category) != types.end();
}

std::string_view to_string(TelemetryCategory category) {
  switch (category) {
    case TelemetryCategory::kPlatform:
      return "platform";
    case TelemetryCategory::kFunction:
      return "function";
    case TelemetryCategory::kExtension:
      return "extension";
  }
  return "platform";
}

Result<TelemetrySubscription> parse_subscription(TelemetryKind kind, std::string_view body) {
  return Parser(kind).parse(body);
}

}  // namespace lapwing::runtime
