#include "services/events/archives.hpp"

#include <chrono>
#include <set>
#include <vector>

#include "services/events/limits.hpp"

namespace lapwing::events {
namespace {

constexpr std::string_view kStreams = "archive/";

}  // namespace

void Archives::begin(background::Runner& runner) {
  task_ = runner.every("events.retention", kRetentionEvery, [this]() -> Status {
    LAPWING_CHECK(trim());
    return drop_forgotten();
  });
  task_.notify();
}

Result<ArchiveFacts> Archives::facts(const Archive& archive) const {
  const auto shard = log_.shard(archive.stream(), kArchiveShard);
  if (!shard) {
    if (shard.error().kind() == ErrorKind::kNotFound) return ArchiveFacts();
    return fail(shard.error());
  }
  return ArchiveFacts{static_cast<std::int64_t>(shard->records),
                      static_cast<std::int64_t>(shard->bytes)};
}

Status Archives::trim() {
  for (const ArchivePtr& archive : archives_.list("")) {
    if (archive->retention_days == 0) continue;
    const WallTime oldest =
        clock_.wall() - std::chrono::hours(24) * static_cast<std::int64_t>(archive->retention_days);
    const auto done = log_.trim_before_time(archive->stream(), kArchiveShard, unix_ms(oldest));
    if (!done && done.error().kind() != ErrorKind::kNotFound) return fail(done.error());
  }
  return {};
}

// Of archives that were deleted while events for them were about to be written.
Status Archives::drop_forgotten() {
  std::string after;
  while (true) {
    LAPWING_TRY(const std::vector<std::string> streams, log_.streams(after));
    if (streams.empty()) return {};
    // Asked for behind the streams: an archive is shown before anything is written for it, so that
    // one of a stream found here is among these, or was deleted.
    std::set<std::string, std::less<>> known;
    for (const ArchivePtr& archive : archives_.list("")) known.insert(archive->stream());
    for (const std::string& stream : streams) {
      after = stream;
      if (!stream.starts_with(kStreams) || known.contains(stream)) continue;
      LAPWING_CHECK(log_.drop_stream(stream));
    }
  }
}

}  // namespace lapwing::events
