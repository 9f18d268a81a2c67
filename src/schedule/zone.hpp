// A time zone: what its clocks show at an instant, and the first instant at which they show a time.
//
//   const auto zone = Zone::read(bytes_of_a_tzif_file);
//   zone->offset_at(utc_seconds);     // 3600: clocks are an hour ahead of UTC
//   zone->first(local_seconds);       // nothing in a gap; the earlier of two where clocks go back
//
// Times are seconds since 1970 without leap seconds. Local times are counted as if they were UTC.
// After the last transition that the file names, its rule holds (the POSIX line at its end), worked
// out up to the end of 2200; after that the last offset.
//
// Source: RFC 9636 (TZif, versions 1 to 4); leap seconds ("right/") are refused.
//
// Thread-safety: constant once read.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::schedule {

class Zone {
 public:
  // Without transitions.
  static Zone fixed(std::int32_t offset_seconds = 0);
  // The error says what is wrong with the file, for our log.
  static std::expected<Zone, std::string> read(std::string_view tzif);

  std::int32_t offset_at(std::int64_t utc) const;

  struct Shown {
    // When clocks show the time first. Nothing: clocks jump over it.
    std::optional<std::int64_t> utc;
    // Where to go on when `utc` is of no use, later than the time asked for. In a gap: what clocks
    // show at its end. Else where clocks are next moved: whatever local time lies before that is
    // first shown before they are.
    std::int64_t resume_local = 0;
  };
  Shown first(std::int64_t local) const;

  std::size_t transitions() const { return steps_.size() - 1; }

 private:
  // From `utc` on clocks are ahead by `offset`. The first begins before all time.
  struct Step {
    std::int64_t utc;
    std::int32_t offset;
  };

  Zone() = default;
  std::size_t step_at(std::int64_t utc) const;
  // When step `index` ends; after all time for the last.
  std::int64_t end_of(std::size_t index) const;
  void add(std::int64_t utc, std::int32_t offset);
  // Works out a rule for what comes after `last`.
  bool extend(std::string_view rule, std::int64_t last);

  std::vector<Step> steps_;
};

}  // namespace lapwing::schedule
