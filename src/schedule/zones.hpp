// The machine's time zones by their IANA names ("Europe/Berlin", "US/Eastern", "Etc/GMT+5"), read
// when they are first asked for and kept. "UTC" is there on every machine.
//
//   Zones zones;
//   if (const auto zone = zones.find(name)) use(*zone);
//
// Names are case-sensitive. What lies beside the zones in the directory ("posix/", "right/",
// "localtime", tables) is not a zone. Files that change under us (an update of tzdata) are not read
// again: they count from the next start.
//
// Thread-safety: find() may be called from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "schedule/zone.hpp"

namespace lapwing::schedule {

class Zones {
 public:
  explicit Zones(std::string directory = "/usr/share/zoneinfo")
      : directory_(std::move(directory)) {}

  // Never null for "UTC"; null for what is no zone.
  std::shared_ptr<const Zone> find(std::string_view name);

 private:
  std::shared_ptr<const Zone> load(const std::string& name) const;

  std::string directory_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Zone>, std::less<>> kept_;
};

// Could it be a zone's name? Looks at the letters only; safe as a path below a directory.
bool is_zone_name(std::string_view name);

}  // namespace lapwing::schedule
