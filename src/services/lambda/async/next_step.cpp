#include "services/lambda/async/next_step.hpp"

#include <algorithm>
#include <array>

namespace lapwing::lambda {
namespace {

NextStep end(Condition condition) { return {NextStep::Kind::kEnd, condition, {}}; }

// Up to a quarter off, so that what was refused together does not come back together.
Duration jittered(Duration delay, Random& random) {
  std::array<std::byte, 2> drawn{};
  random.fill(drawn);
  const auto part = std::to_integer<std::int64_t>(drawn[0]) << 8 | std::to_integer<int>(drawn[1]);
  return delay - delay / 4 * part / 65536;
}

}  // namespace

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::kSuccess:
      return "Success";
    case Condition::kRetriesExhausted:
      return "RetriesExhausted";
    case Condition::kEventAgeExceeded:
      return "EventAgeExceeded";
    case Condition::kZeroReservedConcurrency:
      return "ZeroReservedConcurrency";
    case Condition::kRecursiveInvocation:
      return "RecursiveInvocation";
  }
  return "";
}

NextStep after_run(bool failed, std::uint32_t failures, Duration age, const RetryLimits& limits) {
  if (!failed) return end(Condition::kSuccess);
  if (failures > limits.retries) return end(Condition::kRetriesExhausted);
  const Duration delay = std::chrono::minutes(failures);
  if (age + delay >= limits.age) return end(Condition::kEventAgeExceeded);
  return {NextStep::Kind::kTryAgain, {}, delay};
}

NextStep after_refusal(std::uint32_t refusals, Duration age, const RetryLimits& limits,
                       Random& random) {
  const unsigned doublings = std::clamp(refusals, 1U, 20U) - 1;
  const Duration delay =
      jittered(std::min<Duration>(kBackoffMost, kBackoffFirst * (1LL << doublings)), random);
  if (age + delay >= limits.age) return end(Condition::kEventAgeExceeded);
  return {NextStep::Kind::kTryLater, {}, delay};
}

}  // namespace lapwing::lambda
