#include "schedule/zones.hpp"

#include <algorithm>
#include <array>

#include "os/file.hpp"
#include "schedule/limits.hpp"

namespace lapwing::schedule {
namespace {

// Other spellings of the database, copies, and the machine's own setting.
constexpr std::array<std::string_view, 2> kNotFolders = {"posix/", "right/"};
constexpr std::array<std::string_view, 3> kNotZones = {"Factory", "localtime", "posixrules"};

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '+';
}

}  // namespace

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > kZoneNameBytesMax) return false;
  char previous = '/';
  for (const char c : name) {
    if (c == '/' ? previous == '/' : !is_name_letter(c)) return false;
    previous = c;
  }
  if (previous == '/') return false;
  return std::ranges::none_of(kNotFolders, [&](auto each) { return name.starts_with(each); }) &&
         std::ranges::none_of(kNotZones, [&](auto each) { return name == each; });
}

std::shared_ptr<const Zone> Zones::load(const std::string& name) const {
  if (name == "UTC") return std::make_shared<const Zone>(Zone::fixed());
  const auto bytes = os::read_file(directory_ + "/" + name, kZoneFileBytesMax);
  if (!bytes) return nullptr;
  auto zone = Zone::read(*bytes);
  if (!zone) return nullptr;
  return std::make_shared<const Zone>(*std::move(zone));
}

std::shared_ptr<const Zone> Zones::find(std::string_view name) {
  if (!is_zone_name(name)) return nullptr;
  const std::lock_guard lock(mutex_);
  if (const auto kept = kept_.find(name); kept != kept_.end()) return kept->second;
  auto zone = load(std::string(name));
  // What is no zone is not kept: names come from callers.
  if (zone && kept_.size() < kZonesKeptMax) kept_.emplace(name, zone);
  return zone;
}

}  // namespace lapwing::schedule
