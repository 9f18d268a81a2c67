#include "resources/bounded_log.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "base/bytes.hpp"

namespace lapwing::resources {
namespace {

constexpr std::string_view kShard = "all";
// Trimming goes by notice; this is only the longest without, and how exact an age is.
constexpr auto kTrimEvery = std::chrono::hours(24);

}  // namespace

Status BoundedLog::add(store::Txn& txn, const std::vector<store::LogInput>& records) const {
  if (records.empty()) return {};
  const auto appended = txn.append(stream_, kShard, records);
  if (!appended) return fail(appended.error());
  return {};
}

Result<store::LogPage> BoundedLog::read(store::LogSequence from, store::Direction direction,
                                        std::size_t max, std::size_t max_bytes) const {
  auto page = space_.log().read({.stream = stream_,
                                 .shard = std::string(kShard),
                                 .from = from,
                                 .direction = direction,
                                 .max_records = max,
                                 .max_bytes = max_bytes});
  if (!page && page.error().kind() == ErrorKind::kNotFound) return store::LogPage();
  return page;
}

void BoundedLog::begin(background::Runner& background, const Clock& clock) {
  trimming_ = background.every(stream_, kTrimEvery, [this, &clock] { return trim(clock); });
}

Status BoundedLog::trim(const Clock& clock) {
  for (;;) {
    const auto info = space_.log().shard(stream_, kShard);
    if (!info) {
      if (info.error().kind() == ErrorKind::kNotFound) return {};
      return fail(info.error());
    }
    if (measure_.age > Duration::zero() && info->first_time_ms) {
      const std::int64_t oldest = unix_ms(clock.wall() - measure_.age);
      if (*info->first_time_ms < oldest) {
        LAPWING_TRY([[maybe_unused]] const auto gone,
                    space_.log().trim_before_time(stream_, kShard, oldest));
        continue;
      }
    }
    if (info->records <= measure_.records && info->bytes <= measure_.bytes) return {};
    const store::LogSequence first = info->next_sequence - info->records;
    // By number exactly; by size a sixteenth at a time.
    const std::uint64_t over = info->records > measure_.records
                                   ? info->records - measure_.records
                                   : std::max<std::uint64_t>(1, info->records / 16);
    LAPWING_CHECK(space_.log().trim_before(stream_, kShard, first + over));
  }
}

}  // namespace lapwing::resources
