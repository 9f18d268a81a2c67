#include "services/logs/following/chain.hpp"

#include <fmt/core.h>

#include "crypto/crc32.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kLineage = "Lineage=";
constexpr std::size_t kUniqueDigits = 24;
constexpr std::size_t kParentDigits = 16;

}  // namespace

std::string_view chain_of(std::string_view trace) {
  if (trace.size() > kChainBytesMax) return {};
  const std::size_t at = trace.find(kLineage);
  if (at == std::string_view::npos) return {};
  std::string_view lineage = trace.substr(at + kLineage.size());
  lineage = lineage.substr(0, lineage.find(';'));
  const bool first_run = !lineage.contains('|') && lineage.ends_with(":0");
  return first_run ? std::string_view() : trace;
}

std::string new_chain(std::string_view group_arn, WallTime now, Random& random) {
  return fmt::format("Root=1-{:08x}-{};Parent={};Lineage=1:{:08x}:0",
                     static_cast<std::uint32_t>(unix_ms(now) / 1000),
                     random_hex(random, kUniqueDigits), random_hex(random, kParentDigits),
                     crypto::crc32(group_arn));
}

}  // namespace lapwing::logs
