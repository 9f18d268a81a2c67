// Concurrency settings of one function: what is reserved for it, and what is kept initialised
// for its versions and aliases.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

struct ProvisionedConfig {
  std::uint32_t requested = 0;
  std::int64_t last_modified_ms = 0;
};

struct ConcurrencyRecord {
  FunctionKey key;
  std::optional<std::uint32_t> reserved;
  std::map<std::string, ProvisionedConfig, std::less<>> provisioned;  // by version or alias

  bool empty() const { return !reserved && provisioned.empty(); }
  std::uint64_t provisioned_total() const;
  // What it takes out of what the functions of the account share. Provisioned concurrency
  // is part of a reservation where there is one.
  std::uint64_t claimed() const { return reserved ? *reserved : provisioned_total(); }
};

// What the store keeps: JSON with a format number. A newer format is refused.
std::string encode_concurrency(const ConcurrencyRecord& record);
Result<ConcurrencyRecord> decode_concurrency(const FunctionKey& key, std::string_view bytes);

}  // namespace lapwing::lambda
