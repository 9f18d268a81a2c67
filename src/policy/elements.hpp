// What may stand in single elements of a statement. A fault is IAM's message; empty: all is well.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::policy {

inline constexpr std::string_view kLegacyFault = "The policy failed legacy parsing";

std::string action_fault(std::string_view action);
std::string resource_fault(std::string_view resource);
// Forms of ARNs that an older parser of IAM's refuses.
bool fails_legacy_parsing(std::string_view resource);
// A condition's test, taken apart: "ForAllValues:ArnLikeIfExists" is an ArnLike.
struct TestName {
  enum class Set : std::uint8_t { kNone, kAllValues, kAnyValue };
  Set set = Set::kNone;
  bool if_exists = false;
  std::string_view bare = {};
};
TestName test_name(std::string_view test);
bool is_condition_test(std::string_view test);
bool is_date_test(std::string_view test);
// ISO 8601 in any of its lengths, or seconds since the epoch.
bool is_date(std::string_view text);
// "sts:AssumeRole" and what else a trust policy may grant.
bool is_trust_action(std::string_view action);

bool same_ignoring_case(std::string_view a, std::string_view b);

// At each colon; at most `parts` pieces, the last one takes the rest.
std::vector<std::string_view> split_colons(std::string_view text, std::size_t parts);

}  // namespace lapwing::policy
