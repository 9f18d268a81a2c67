#include "delivery/retry.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace lapwing::delivery {
namespace {

// Below it a factor has nothing to grow from.
constexpr double kLeastNs = 1e6;

double spread(const RetryPhase& phase, std::uint32_t index) {
  const auto first = static_cast<double>(phase.first.count());
  const auto last = static_cast<double>(phase.last.count());
  if (phase.attempts < 2 || last <= first) return first;
  const auto i = static_cast<double>(index);
  const auto n = static_cast<double>(phase.attempts - 1);
  switch (phase.backoff) {
    case Backoff::kLinear:
      return first + (last - first) * i / n;
    case Backoff::kArithmetic:
      return first + (last - first) * (i * (i + 1)) / (n * (n + 1));
    case Backoff::kGeometric: {
      if (index == 0) return first;
      const double from = std::max(first, kLeastNs);
      return from * std::pow(last / from, i / n);
    }
    case Backoff::kExponential:
      // Beyond 2^62 it is the last one anyway.
      if (index == 0) return first;
      return std::min(
          last, std::ldexp(std::max(first, kLeastNs), static_cast<int>(std::min(62u, index))));
  }
  return first;
}

// 0 up to, but not including, 1.
double fraction(Random& random) {
  std::array<std::byte, 8> bytes{};
  random.fill(bytes);
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return std::ldexp(static_cast<double>(value >> 11), -53);
}

}  // namespace

RetryPolicy::RetryPolicy(std::vector<RetryPhase> phases, Duration age_max, double jitter)
    : phases_(std::move(phases)), age_max_(age_max), jitter_(std::clamp(jitter, 0.0, 1.0)) {}

RetryPolicy RetryPolicy::exponential(const Exponential& how) {
  return {{{.attempts = how.attempts,
            .first = how.first,
            .last = how.most,
            .backoff = Backoff::kExponential}},
          how.age,
          how.jitter};
}

std::optional<Duration> RetryPolicy::next(std::uint32_t failures, Duration age,
                                          Random& random) const {
  std::uint32_t index = std::max<std::uint32_t>(failures, 1) - 1;
  for (const RetryPhase& phase : phases_) {
    if (index >= phase.attempts) {
      index -= phase.attempts;
      continue;
    }
    double ns = spread(phase, index);
    if (jitter_ > 0 && ns > 0) ns *= 1 - jitter_ * fraction(random);
    const Duration delay(std::llround(std::max(ns, 0.0)));
    if (age_max_ > Duration::zero() && age + delay > age_max_) return std::nullopt;
    return delay;
  }
  return std::nullopt;
}

std::uint32_t RetryPolicy::attempts() const {
  std::uint32_t out = 0;
  for (const RetryPhase& phase : phases_) out += phase.attempts;
  return out;
}

}  // namespace lapwing::delivery
