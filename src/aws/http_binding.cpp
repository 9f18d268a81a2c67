#include "aws/http_binding.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/scalar.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"

namespace lapwing::aws {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Comma-separated header values; a value in quotes may hold commas and escaped quotes.
// HTTP dates hold one comma each.
std::vector<std::string> split_header_list(std::string_view text, bool http_dates) {
  std::vector<std::string> out;
  std::string item;
  bool quoted = false;
  bool was_quoted = false;
  int commas = 0;
  const auto finish = [&] {
    out.push_back(was_quoted ? item : std::string(trim(item)));
    item.clear();
    was_quoted = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\' && i + 1 < text.size()) {
        item += text[++i];
      } else if (c == '"') {
        quoted = false;
      } else {
        item += c;
      }
    } else if (c == '"' && trim(item).empty()) {
      item.clear();
      quoted = was_quoted = true;
    } else if (c == ',' && !(http_dates && ++commas % 2 == 1)) {
      finish();
    } else if (!was_quoted || (c != ' ' && c != '\t')) {
      item += c;
    }
  }
  finish();
  return out;
}

// Text with a comma or a quote in it is quoted; dates have a comma of their own.
std::string list_item(const ShapeRow& element, std::string text) {
  if (element.kind != ShapeKind::kString) return text;
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct BindingReader {
  const ServiceModel& model;
  Arena& arena;

  Result<Value> scalar(const MemberRow* member, const ShapeRow& shape, std::string_view text,
                       TimestampFormat otherwise) {
    return parse_scalar(shape, arena.copy(text), timestamp_format(member, shape, otherwise), arena);
  }

  Result<Value> texts(const ShapeRow& list, const std::vector<std::string>& texts,
                      TimestampFormat otherwise) {
    const ShapeRow& element = model.shape(list.element);
    auto items = arena.make_array<Value>(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      LAPWING_TRY(items[i], scalar(nullptr, element, texts[i], otherwise));
    }
    return Value::list(items);
  }

  Result<Value> header(const MemberRow& member, std::string_view text) {
    const ShapeRow& shape = model.shape(member.shape);
    if (shape.kind != ShapeKind::kList) {
      return scalar(&member, shape, trim(text), TimestampFormat::kHttpDate);
    }
    if (trim(text).empty()) return Value::list({});
    const ShapeRow& element = model.shape(shape.element);
    const bool dates = element.kind == ShapeKind::kTimestamp &&
                       timestamp_format(nullptr, element, TimestampFormat::kHttpDate) ==
                           TimestampFormat::kHttpDate;
    return texts(shape, split_header_list(text, dates), TimestampFormat::kHttpDate);
  }

  Value prefix_headers(const MemberRow& member, const Request& request) {
    const std::string_view prefix = model.text(member.wire);
    std::vector<MapEntry> found;
    for (const HeaderView& header : request.headers) {
      if (header.name.size() < prefix.size() ||
          !equals_ignoring_case(header.name.substr(0, prefix.size()), prefix)) {
        continue;
      }
      found.push_back({Value::string(arena.copy(header.name.substr(prefix.size()))),
                       Value::string(arena.copy(trim(header.value)))});
    }
    if (found.empty()) return {};
    auto entries = arena.make_array<MapEntry>(found.size());
    std::ranges::copy(found, entries.begin());
    return Value::map(entries);
  }

  Result<Value> query(const MemberRow& member, const text::QueryString& query) {
    const ShapeRow& shape = model.shape(member.shape);
    const std::string_view name = model.text(member.wire);
    if (shape.kind == ShapeKind::kList) {
      std::vector<std::string> values;
      for (const auto& pair : query.pairs()) {
        if (pair.name == name) values.push_back(pair.value);
      }
      if (values.empty()) return Value();
      return texts(shape, values, TimestampFormat::kIso8601);
    }
    const auto value = query.get(name);
    if (!value) return Value();
    return scalar(&member, shape, *value, TimestampFormat::kIso8601);
  }

  // A map bound to the query takes every parameter that no other member is bound to; where its
  // values are lists, all of one name together.
  Result<Value> query_map(const ShapeRow& shape, std::span<const MemberRow> members,
                          const text::QueryString& query) {
    std::vector<std::pair<std::string, std::vector<std::string>>> found;
    for (const auto& pair : query.pairs()) {
      const bool bound = std::ranges::any_of(members, [&](const MemberRow& other) {
        return other.location == Location::kQuery && model.text(other.wire) == pair.name;
      });
      if (bound) continue;
      const auto at =
          std::ranges::find(found, pair.name, [](const auto& one) { return one.first; });
      if (at == found.end()) {
        found.push_back({pair.name, {pair.value}});
      } else {
        at->second.push_back(pair.value);
      }
    }
    if (found.empty()) return Value();
    const ShapeRow& element = model.shape(shape.element);
    auto entries = arena.make_array<MapEntry>(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      entries[i].key = Value::string(arena.copy(found[i].first));
      if (element.kind == ShapeKind::kList) {
        LAPWING_TRY(entries[i].value, texts(element, found[i].second, TimestampFormat::kIso8601));
      } else {
        LAPWING_TRY(entries[i].value,
                    scalar(nullptr, element, found[i].second.front(), TimestampFormat::kIso8601));
      }
    }
    return Value::map(entries);
  }
};

Status read_labels(BindingReader& reader, const OperationRow& operation,
                   std::span<const MemberRow> members, std::string_view path,
                   std::span<Value> slots) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto segments =
      reader.model.segments.subspan(operation.first_segment, operation.segment_count);
  for (const SegmentRow& segment : segments) {
    const std::size_t end = segment.greedy ? path.size() : std::min(path.find('/'), path.size());
    if (segment.member != kNone) {
      auto decoded = text::percent_decode(path.substr(0, end));
      if (!decoded) return fail(serialization_error("Malformed percent encoding in the path."));
      const MemberRow& member = members[segment.member];
      LAPWING_TRY(slots[segment.member], reader.scalar(&member, reader.model.shape(member.shape),
                                                       *decoded, TimestampFormat::kIso8601));
    }
    path.remove_prefix(std::min(path.size(), end + 1));
  }
  return {};
}

}  // namespace

Status read_bindings(const ServiceModel& model, const OperationRow& operation,
                     const Request& request, std::span<Value> slots, Arena& arena) {
  BindingReader reader{model, arena};
  const auto members = model.members_of(model.shape(operation.input));
  LAPWING_CHECK(read_labels(reader, operation, members, request.raw_path, slots));
  auto query = text::QueryString::parse(request.raw_query);
  if (!query) return fail(serialization_error("Malformed query string."));
  for (std::size_t i = 0; i < members.size(); ++i) {
    const MemberRow& member = members[i];
    if (member.location == Location::kQuery) {
      if (model.shape(member.shape).kind == ShapeKind::kMap) {
        LAPWING_TRY(slots[i], reader.query_map(model.shape(member.shape), members, *query));
      } else {
        LAPWING_TRY(slots[i], reader.query(member, *query));
      }
    } else if (member.location == Location::kHeader) {
      const auto text = request.header(model.text(member.wire));
      if (text) {
        LAPWING_TRY(slots[i], reader.header(member, *text));
      }
    } else if (member.location == Location::kPrefixHeaders) {
      slots[i] = reader.prefix_headers(member, request);
    }
  }
  return {};
}

bool is_written_in_body(const MemberRow& member) {
  return member.location == Location::kBody || member.location == Location::kUri ||
         member.location == Location::kQuery;
}

bool has_written_members(const ServiceModel& model, const ShapeRow& shape) {
  return std::ranges::any_of(model.members_of(shape), is_written_in_body);
}

bool has_body_members(const ServiceModel& model, const ShapeRow& shape) {
  return std::ranges::any_of(model.members_of(shape), [](const MemberRow& member) {
    return member.location == Location::kBody;
  });
}

bool is_plain_payload(const ShapeRow& shape) {
  return shape.kind == ShapeKind::kBlob || shape.kind == ShapeKind::kString;
}

void set_default_type(Response& response, std::string_view type) {
  if (!response.header("Content-Type")) response.set_header("Content-Type", type);
}

void write_plain_payload(const ShapeRow& shape, const Value& value, Response& response) {
  set_default_type(response,
                   shape.kind == ShapeKind::kBlob ? "application/octet-stream" : "text/plain");
  response.body = value.as_string();
}

void write_bindings(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                    Response& response) {
  const auto members = model.members_of(shape);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!value[i].present()) continue;
    const MemberRow& member = members[i];
    const ShapeRow& target = model.shape(member.shape);
    if (member.location == Location::kStatusCode) {
      response.status = static_cast<int>(value[i].as_integer());
    } else if (member.location == Location::kPrefixHeaders) {
      for (const MapEntry& entry : value[i].entries()) {
        response.set_header(
            std::string(model.text(member.wire)) + std::string(entry.key.as_string()),
            entry.value.as_string());
      }
    } else if (member.location == Location::kHeader && target.kind == ShapeKind::kList) {
      const ShapeRow& element = model.shape(target.element);
      std::string joined;
      for (const Value& item : value[i].items()) {
        if (!joined.empty()) joined += ", ";
        joined += list_item(
            element, format_scalar(element, item,
                                   timestamp_format(nullptr, element, TimestampFormat::kHttpDate)));
      }
      response.set_header(model.text(member.wire), joined);
    } else if (member.location == Location::kHeader) {
      response.set_header(
          model.text(member.wire),
          format_scalar(target, value[i],
                        timestamp_format(&member, target, TimestampFormat::kHttpDate)));
    }
  }
}

}  // namespace lapwing::aws
