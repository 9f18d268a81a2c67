// An alias: a name for a published version (or $LATEST), which may give a share of its
// invocations to a second version.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

struct WeightedVersion {
  std::uint64_t version = 0;
  double weight = 0;  // 0.0 to 1.0: the share of this version
  friend bool operator==(const WeightedVersion&, const WeightedVersion&) = default;
};

struct AliasTarget {
  std::uint64_t version = 0;  // 0: $LATEST
  std::optional<WeightedVersion> additional;

  // Which version the draw `share`, from 0 up to but not 1, falls on.
  std::uint64_t choose(double share) const {
    return additional && share < additional->weight ? additional->version : version;
  }
  std::vector<std::uint64_t> versions() const;
};

struct AliasRecord {
  FunctionKey key;
  std::string name;
  std::string description;
  AliasTarget target;
  std::string revision_id;
};

// What the store keeps: JSON with a format number. A newer format is refused.
std::string encode_alias(const AliasRecord& alias);
Result<AliasRecord> decode_alias(const FunctionKey& key, std::string_view name,
                                 std::string_view bytes);

}  // namespace lapwing::lambda
