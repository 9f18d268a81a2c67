// The Filters of Describe operations: a thing is shown when each filter has a value that one of its
// facts of that name fits; '*' and '?' stand for any text and any character, '\' takes the next
// character as it is.
//
//   LAPWING_CHECK(check_filters(in.filters, {"vpc-id", "cidr"}));
//   Facts facts; facts.add("vpc-id", subnet.vpc); facts.add_tags(subnet.tags);
//   if (facts.fit(in.filters)) ...
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gen/ec2/shape/filter.hpp"
#include "resources/tags.hpp"

namespace lapwing::ec2 {

using Filters = std::optional<std::vector<gen::ec2::Filter>>;

// Refuses names that are none of these, nor of tags, in EC2's words.
Status check_filters(const Filters& filters, std::initializer_list<std::string_view> names);

class Facts {
 public:
  void add(std::string_view name, std::string_view value) {
    facts_.emplace(std::string(name), std::string(value));
  }
  void add(std::string_view name, bool value) { add(name, value ? "true" : "false"); }
  void add(std::string_view name, const char* value) { add(name, std::string_view(value)); }
  // "tag-key" and "tag:KEY".
  void add_tags(const resources::Tags& tags);
  bool fit(const Filters& filters) const;

 private:
  std::multimap<std::string, std::string, std::less<>> facts_;
};

// Whether a filter's value fits the text.
bool fits(std::string_view pattern, std::string_view text);

}  // namespace lapwing::ec2
