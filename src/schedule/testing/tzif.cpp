#include "schedule/testing/tzif.hpp"

namespace lapwing::schedule::testing {
namespace {

void put(std::string& out, std::int64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) {
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
  }
}

// One type for the time before, one for each change; one letter.
std::string part(char version, int time_bytes, std::int32_t first,
                 const std::vector<Change>& changes) {
  const auto count = static_cast<std::int64_t>(changes.size());
  std::string out = "TZif";
  out += version;
  out.append(15, '\0');
  for (const std::int64_t each :
       {std::int64_t{0}, std::int64_t{0}, std::int64_t{0}, count, count + 1, std::int64_t{1}}) {
    put(out, each, 4);
  }
  for (const Change& change : changes) put(out, change.utc, time_bytes);
  for (std::int64_t i = 1; i <= count; ++i) put(out, i, 1);
  put(out, first, 4);
  put(out, 0, 2);
  for (const Change& change : changes) {
    put(out, change.offset, 4);
    put(out, 0, 2);
  }
  out += '\0';
  return out;
}

}  // namespace

std::string tzif(std::int32_t first, const std::vector<Change>& changes, std::string_view rule) {
  return part('2', 4, 0, {}) + part('2', 8, first, changes) + "\n" + std::string(rule) + "\n";
}

std::string old_tzif(std::int32_t first, const std::vector<Change>& changes) {
  return part('\0', 4, first, changes);
}

}  // namespace lapwing::schedule::testing
