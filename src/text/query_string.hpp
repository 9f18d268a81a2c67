// Query strings and application/x-www-form-urlencoded bodies: ordered pairs, repeated names
// kept. "a" and "a=" both give an empty value; empty pieces ("a=1&&b=2") are skipped.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::text {

struct QueryPair {
  std::string name;
  std::string value;
  bool has_equals = true;  // "a" against "a="

  friend bool operator==(const QueryPair&, const QueryPair&) = default;
};

class QueryString {
 public:
  // '+' means a space. kInvalid for bad percent encoding, kTooLarge beyond kQueryMaxPairs.
  static Result<QueryString> parse(std::string_view raw);

  const std::vector<QueryPair>& pairs() const { return pairs_; }
  // The first of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  bool contains(std::string_view name) const { return get(name).has_value(); }

 private:
  std::vector<QueryPair> pairs_;
};

// Splits without decoding; `visit(raw_name, raw_value, has_equals)` for each piece.
template <class Visit>
void for_each_raw_pair(std::string_view raw, Visit visit) {
  while (!raw.empty()) {
    const std::size_t end = raw.find('&');
    const std::string_view piece = raw.substr(0, end);
    raw = end == std::string_view::npos ? std::string_view() : raw.substr(end + 1);
    if (piece.empty()) continue;
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) {
      visit(piece, std::string_view(), false);
    } else {
      visit(piece.substr(0, equals), piece.substr(equals + 1), true);
    }
  }
}

}  // namespace lapwing::text
