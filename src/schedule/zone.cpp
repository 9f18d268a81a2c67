#include "schedule/zone.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

#include "schedule/limits.hpp"
#include "schedule/zone_rule.hpp"

namespace lapwing::schedule {
namespace {

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kAfterAll = std::numeric_limits<std::int64_t>::max();
// No transition is further from 1970: 2^59 seconds, which older files name for the beginning.
constexpr std::int64_t kTransitionMax = std::int64_t{1} << 59;
constexpr std::size_t kHeaderBytes = 44;
// What is not a transition is bounded loosely; a file's size bounds it, too.
constexpr std::uint32_t kOtherCountMax = 10'000;

// Big-endian; the caller has checked the size.
std::int64_t signed_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return size == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(value))
                   : static_cast<std::int64_t>(value);
}

struct Block {
  std::size_t times = 0;  // transitions
  std::size_t types = 0;
  std::size_t letters = 0;
  std::size_t leaps = 0;
  std::size_t standards = 0;
  std::size_t universals = 0;

  std::size_t bytes(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) + standards +
           universals;
  }
};

// The counts behind a header's version.
std::optional<Block> read_header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return std::nullopt;
  Block block;
  std::size_t at = 20;
  for (std::size_t* count : {&block.universals, &block.standards, &block.leaps, &block.times,
                             &block.types, &block.letters}) {
    const auto value = static_cast<std::uint32_t>(signed_at(bytes, at, 4));
    if (value > kOtherCountMax) return std::nullopt;
    *count = value;
    at += 4;
  }
  return block;
}

// Rounded to the years that a rule may be worked out for.
int year_of(std::int64_t utc) {
  constexpr std::int64_t k1900 = -2'208'988'800;
  constexpr std::int64_t k2202 = 7'321'190'400;
  const std::chrono::sys_seconds time{std::chrono::seconds(std::clamp(utc, k1900, k2202))};
  return int(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time)).year());
}

bool sane(std::int64_t offset) {
  return offset >= -kZoneOffsetSecondsMax && offset <= kZoneOffsetSecondsMax;
}

}  // namespace

Zone Zone::fixed(std::int32_t offset_seconds) {
  Zone zone;
  zone.steps_.push_back({kBeforeAll, offset_seconds});
  return zone;
}

std::size_t Zone::step_at(std::int64_t utc) const {
  const auto behind = std::ranges::upper_bound(steps_, utc, {}, &Step::utc);
  return static_cast<std::size_t>(behind - steps_.begin()) - 1;
}

std::int64_t Zone::end_of(std::size_t index) const {
  return index + 1 < steps_.size() ? steps_[index + 1].utc : kAfterAll;
}

std::int32_t Zone::offset_at(std::int64_t utc) const { return steps_[step_at(utc)].offset; }

Zone::Shown Zone::first(std::int64_t local) const {
  Shown shown{.utc = std::nullopt, .resume_local = kAfterAll};
  for (std::size_t i = step_at(local - kZoneOffsetSecondsMax); i < steps_.size(); ++i) {
    const auto [begin, offset] = steps_[i];
    const std::int64_t utc = local - offset;
    if (i > 0 && begin > local + kZoneOffsetSecondsMax) break;
    if (utc < begin) {  // clocks show more from the start
      shown.resume_local = std::min(shown.resume_local, begin + offset);
      continue;
    }
    const std::int64_t end = end_of(i);
    if (utc < end) {
      return {.utc = utc, .resume_local = end == kAfterAll ? kAfterAll : end + offset};
    }
  }
  return shown;
}

void Zone::add(std::int64_t utc, std::int32_t offset) {
  // Two at one instant: the second counts.
  if (steps_.size() > 1 && steps_.back().utc == utc) steps_.pop_back();
  if (steps_.back().offset != offset) steps_.push_back({utc, offset});
}

bool Zone::extend(std::string_view text, std::int64_t last) {
  if (text.empty()) return true;
  const auto rule = read_zone_rule(text);
  if (!rule || !sane(rule->standard_offset)) return false;
  if (!rule->summer) return true;  // the last transition led there
  const auto& [offset, start, end] = *rule->summer;
  if (!sane(offset)) return false;
  std::vector<Step> steps;
  for (int year = last == kBeforeAll ? kYearFirst - 1 : year_of(last); year <= kYearLast + 1;
       ++year) {
    steps.push_back({start.local_seconds(year) - rule->standard_offset, offset});
    steps.push_back({end.local_seconds(year) - offset, rule->standard_offset});
  }
  // Where summer's end and the next one's start are one instant, the start counts.
  std::ranges::sort(steps, {},
                    [&](const Step& step) { return std::pair(step.utc, step.offset == offset); });
  for (const Step& step : steps) {
    if (step.utc > last) add(step.utc, step.offset);
  }
  return true;
}

std::expected<Zone, std::string> Zone::read(std::string_view tzif) {
  if (tzif.size() > kZoneFileBytesMax) return std::unexpected("larger than any time zone's file");
  auto block = read_header(tzif);
  if (!block) return std::unexpected("not a time zone's file");
  std::size_t time_bytes = 4;
  if (tzif[4] != '\0') {  // version 2 and later: all again, with 64 bits
    tzif.remove_prefix(std::min(kHeaderBytes + block->bytes(4), tzif.size()));
    block = read_header(tzif);
    if (!block) return std::unexpected("its second part is missing");
    time_bytes = 8;
  }
  tzif.remove_prefix(kHeaderBytes);
  if (block->bytes(time_bytes) > tzif.size()) return std::unexpected("cut short");
  if (block->leaps != 0) return std::unexpected("counts leap seconds");
  if (block->types == 0 || block->times > kZoneTransitionsMax) {
    return std::unexpected("no or too many transitions");
  }
  const std::size_t indices_at = block->times * time_bytes;
  const std::size_t types_at = indices_at + block->times;
  const auto offset_of = [&](std::size_t type) { return signed_at(tzif, types_at + type * 6, 4); };
  if (!sane(offset_of(0))) return std::unexpected("an offset beyond days");

  Zone zone = fixed(static_cast<std::int32_t>(offset_of(0)));
  std::int64_t previous = kBeforeAll;
  for (std::size_t i = 0; i < block->times; ++i) {
    const std::int64_t utc = signed_at(tzif, i * time_bytes, time_bytes);
    const auto type = static_cast<unsigned char>(tzif[indices_at + i]);
    if (utc <= previous || utc < -kTransitionMax || utc > kTransitionMax) {
      return std::unexpected("transitions out of order");
    }
    if (type >= block->types || !sane(offset_of(type))) return std::unexpected("a bad offset");
    zone.add(utc, static_cast<std::int32_t>(offset_of(type)));
    previous = utc;
  }
  tzif.remove_prefix(block->bytes(time_bytes));
  if (time_bytes == 4) return zone;
  if (!tzif.starts_with('\n') || !tzif.ends_with('\n') || tzif.size() < 2) {
    return std::unexpected("its rule is missing");
  }
  if (!zone.extend(tzif.substr(1, tzif.size() - 2), previous)) {
    return std::unexpected("a rule not understood");
  }
  return zone;
}

}  // namespace lapwing::schedule
