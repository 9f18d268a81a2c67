#include "services/events/http_parameters.hpp"

#include <algorithm>

#include "services/events/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/percent.hpp"

namespace lapwing::events {
namespace {

bool names(const Pairs& pairs, std::string_view name) {
  return std::ranges::any_of(pairs, [&](const auto& pair) { return pair.first == name; });
}

}  // namespace

std::string form_of(const Pairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    text::append_uri_encoded(out, name);
    out += '=';
    text::append_uri_encoded(out, value);
  }
  return out;
}

std::string with_query(std::string_view url, const Pairs& pairs) {
  if (pairs.empty()) return std::string(url);
  const std::size_t mark = url.find('?');
  std::string out(url.substr(0, mark));
  std::string query;
  std::string_view rest =
      mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty() ||
        names(pairs, text::percent_decode_lenient(pair.substr(0, pair.find('='))))) {
      continue;
    }
    if (!query.empty()) query += '&';
    query += pair;
  }
  const std::string added = form_of(pairs);
  if (!query.empty()) query += '&';
  return out + '?' + query + added;
}

std::string with_path_values(std::string_view url, const std::vector<std::string>& values) {
  std::string out;
  auto next = values.begin();
  const std::size_t end = std::min(url.find('?'), url.size());
  for (std::size_t i = 0; i < url.size(); ++i) {
    if (i < end && url[i] == '*' && next != values.end()) {
      text::append_uri_encoded(out, *next++);
    } else {
      out += url[i];
    }
  }
  return out;
}

std::string with_members(std::string_view body, const Pairs& pairs) {
  if (pairs.empty()) return std::string(body);
  const auto document = text::parse_json(
      body, {.max_bytes = kEnvelopeBytesMax * 2, .max_depth = kDetailDepthMax + 1});
  if (!document || !document->root().is_object()) return std::string(body);
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  for (const text::JsonMember& member : document->root().members()) {
    if (names(pairs, member.key)) continue;
    json.key(member.key);
    json.value(member.value);
  }
  for (const auto& [name, value] : pairs) json.member(name, value);
  json.end_object();
  return out;
}

}  // namespace lapwing::events
