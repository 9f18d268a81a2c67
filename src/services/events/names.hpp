// How buses, rules and what belongs to them are named: names, ARNs, keys of records.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "aws/scope.hpp"
#include "base/result.hpp"

namespace lapwing::events {

inline constexpr std::string_view kDefaultBus = "default";

struct BusAddress {
  aws::Scope scope;
  std::string name;

  std::string key() const;
  std::string arn() const;
  friend bool operator==(const BusAddress&, const BusAddress&) = default;
};

struct RuleAddress {
  BusAddress bus;
  std::string name;

  std::string key() const;
  std::string arn() const;
};

// Of what an operation is given: a name, an ARN, or nothing (the default bus).
BusAddress bus_given(const aws::Call& call, const std::optional<std::string>& name_or_arn);
// The same, of the caller's own account and region only: another's does not exist for it.
Result<BusAddress> own_bus(const aws::Call& call, const std::optional<std::string>& name_or_arn);

// Nothing: it is none.
std::optional<BusAddress> parse_bus_arn(std::string_view arn);
std::optional<RuleAddress> parse_rule_arn(std::string_view arn);
bool is_bus_arn(std::string_view arn);

// "arn:aws:events:us-east-1:000000000000:archive/NAME"
std::string events_arn(const aws::Scope& scope, std::string_view resource);
// NAME of ".../archive/NAME" and "/connection/NAME/UUID" of this scope; empty where it is none.
std::string named_in(std::string_view arn, const aws::Scope& scope, std::string_view type);

}  // namespace lapwing::events
