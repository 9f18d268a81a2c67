#include "sandbox/network/dns_places.hpp"

#include <algorithm>
#include <utility>

namespace lapwing::sandbox {

bool DnsPlaces::has_its_share(const std::string& sandbox) const {
  const auto mine = taken_.find(sandbox);
  return mine != taken_.end() && mine->second >= per_sandbox_;
}

DnsPlaces::Ticket DnsPlaces::take(std::string sandbox) {
  if (has_its_share(sandbox)) free_oldest_of(sandbox);
  if (taken_total_ >= total_) free_oldest_of(greediest());
  ++taken_[sandbox];
  ++taken_total_;
  return Ticket(*this, places_.insert(places_.end(), Place{std::move(sandbox), {}, false}));
}

// The one whose place is oldest, of several with as many.
std::string DnsPlaces::greediest() const {
  const std::string* found = nullptr;
  std::size_t most = 0;
  for (const Place& place : places_) {
    if (place.lost) continue;
    const std::size_t count = taken_.find(place.sandbox)->second;
    if (count <= most) continue;
    most = count;
    found = &place.sandbox;
  }
  return found == nullptr ? std::string() : *found;
}

// Counted as free at once; its owner hears of it in the loop's next turn.
void DnsPlaces::free_oldest_of(const std::string& sandbox) {
  const auto oldest = std::ranges::find_if(
      places_, [&](const Place& place) { return !place.lost && place.sandbox == sandbox; });
  if (oldest == places_.end()) return;
  oldest->lost = true;
  uncount(oldest->sandbox);
  oldest->stop.request_stop();
}

void DnsPlaces::uncount(const std::string& sandbox) {
  --taken_total_;
  const auto mine = taken_.find(sandbox);
  if (--mine->second == 0) taken_.erase(mine);
}

void DnsPlaces::give_back(Iterator place) {
  if (!place->lost) uncount(place->sandbox);
  places_.erase(place);
}

}  // namespace lapwing::sandbox
