// Strong ids: a string with a name, so that a function name cannot be passed where an
// account id is wanted. Construction is explicit and does not validate; the edge that takes
// outside input does.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace lapwing {

template <class Tag>
class StringId {
 public:
  StringId() = default;
  explicit StringId(std::string value) : value_(std::move(value)) {}
  explicit StringId(std::string_view value) : value_(value) {}
  explicit StringId(const char* value) : value_(value) {}
  const std::string& str() const { return value_; }
  std::string_view view() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend auto operator<=>(const StringId&, const StringId&) = default;
  friend bool operator==(const StringId&, const StringId&) = default;

 private:
  std::string value_;
};

using AccountId = StringId<struct AccountIdTag>;        // 12 digits
using Region = StringId<struct RegionTag>;              // "us-east-1"
using FunctionName = StringId<struct FunctionNameTag>;  // 1..64 [A-Za-z0-9-_]
using Qualifier = StringId<struct QualifierTag>;        // "$LATEST", a number or an alias
using RequestId = StringId<struct RequestIdTag>;        // UUID, lower case

inline constexpr std::string_view kDefaultAccount = "000000000000";
inline constexpr std::string_view kDefaultRegion = "us-east-1";
inline constexpr std::string_view kLatest = "$LATEST";

}  // namespace lapwing

template <class Tag>
struct std::hash<lapwing::StringId<Tag>> {
  std::size_t operator()(const lapwing::StringId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
