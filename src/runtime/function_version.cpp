#include "runtime/function_version.hpp"

#include <tuple>

#include "runtime/execution_environment.hpp"

namespace lapwing::runtime {
namespace {

auto visible(const FunctionVersion& fn) {
  return std::tie(fn.account, fn.region, fn.name, fn.version, fn.arn, fn.runtime, fn.handler,
                  fn.role_arn, fn.code_sha256, fn.code_dir, fn.layers_dir, fn.memory_mb,
                  fn.timeout_s, fn.ephemeral_storage_mb, fn.environment, fn.logging, fn.image,
                  fn.snap_start, fn.network, fn.egress, fn.per_tenant, fn.endpoint);
}

}  // namespace

std::string_view to_string(InitializationType type) {
  switch (type) {
    case InitializationType::kOnDemand:
      return "on-demand";
    case InitializationType::kProvisioned:
      return "provisioned-concurrency";
    case InitializationType::kSnapStart:
      return "snap-start";
  }
  return "on-demand";
}

bool same_environment(const FunctionVersion& a, const FunctionVersion& b) {
  return &a == &b || visible(a) == visible(b);
}

}  // namespace lapwing::runtime
