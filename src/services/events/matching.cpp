#include "services/events/matching.hpp"

#include <utility>

#include "patterns/compile.hpp"
#include "services/events/limits.hpp"

namespace lapwing::events {
namespace {

// Matches under way at once whose memory is kept for the next.
constexpr std::size_t kMemoriesKept = 8;

std::string rule_key(const RuleAddress& address) { return "rule/" + address.name; }
std::string archive_key(const Archive& archive) { return "archive/" + archive.name; }

}  // namespace

void Matching::end_loading() {
  const std::lock_guard change(changing_);
  const std::unique_lock lock(mutex_);
  loading_ = false;
  for (auto& [key, bus] : buses_) {
    if (!bus->loaded.empty()) bus->set.add(std::exchange(bus->loaded, {}));
  }
}

void Matching::changed(const RulePtr& before, const RulePtr& after) {
  const auto listens = [](const RulePtr& rule) {
    return rule != nullptr && rule->pattern && rule->enabled();
  };
  const RuleAddress& address = (after != nullptr ? after : before)->address;
  const std::string key = rule_key(address);
  if (listens(after)) {
    put(address.bus, key, after->pattern, {.rule = after});
  } else if (listens(before)) {
    remove(address.bus, key);
  }
}

void Matching::changed(const ArchivePtr& before, const ArchivePtr& after) {
  const Archive& archive = after != nullptr ? *after : *before;
  const std::string key = archive_key(archive);
  if (after != nullptr) {
    put(archive.bus(), key, after->pattern, {.archive = after});
  } else {
    remove(archive.bus(), key);
  }
}

void Matching::put(const BusAddress& address, const std::string& key,
                   const std::optional<std::string>& text, Listener listener) {
  std::shared_ptr<const patterns::Pattern> pattern;
  if (text) {
    auto compiled = patterns::compile(*text, patterns::Dialect::kRule);
    // What is kept was compiled when it came.
    if (compiled) pattern = std::make_shared<const patterns::Pattern>(*std::move(compiled));
  }
  const std::lock_guard change(changing_);
  std::shared_ptr<OfBus> bus;
  patterns::PatternId id = 0;
  bool same = false;
  {
    const std::unique_lock lock(mutex_);
    std::shared_ptr<OfBus>& found = buses_[address.key()];
    if (found == nullptr) found = std::make_shared<OfBus>();
    bus = found;
    if (!text) {
      id = forget(address.scope.account, *bus, key);
      bus->all.insert_or_assign(key, std::move(listener.archive));
    } else {
      bus->all.erase(key);
      const auto [at, fresh] = bus->ids.try_emplace(key, next_);
      if (fresh) ++next_;
      id = at->second;
      Listener& there = bus->listeners[id];
      // Whose pattern is as it was needs no other automaton.
      same = !fresh &&
             (there.rule != nullptr ? there.rule->pattern == *text
                                    : there.archive != nullptr && there.archive->pattern == *text);
      listener.weight = there.weight;
      there = std::move(listener);
      weigh(address.scope.account, there, pattern == nullptr ? 0 : pattern->weight());
    }
  }
  if (!text) {
    if (id != 0) bus->set.remove(id);
  } else if (same || pattern == nullptr) {
    return;
  } else if (loading_) {
    bus->loaded.push_back({id, std::move(pattern)});
  } else {
    bus->set.add({patterns::Identified{id, std::move(pattern)}});
  }
}

void Matching::remove(const BusAddress& address, const std::string& key) {
  const std::lock_guard change(changing_);
  std::shared_ptr<OfBus> bus;
  patterns::PatternId id = 0;
  {
    const std::unique_lock lock(mutex_);
    const auto found = buses_.find(address.key());
    if (found == buses_.end()) return;
    bus = found->second;
    bus->all.erase(key);
    id = forget(address.scope.account, *bus, key);
    if (bus->ids.empty() && bus->all.empty()) buses_.erase(found);
  }
  if (id != 0) bus->set.remove(id);
}

patterns::PatternId Matching::forget(const AccountId& account, OfBus& bus, const std::string& key) {
  const auto found = bus.ids.find(key);
  if (found == bus.ids.end()) return 0;
  const patterns::PatternId id = found->second;
  const auto listener = bus.listeners.find(id);
  weigh(account, listener->second, 0);
  bus.listeners.erase(listener);
  bus.ids.erase(found);
  return id;
}

void Matching::weigh(const AccountId& account, Listener& listener, std::size_t weight) {
  std::size_t& all = weights_[account];
  all += weight;
  all -= std::exchange(listener.weight, weight);
  if (all == 0) weights_.erase(account);
}

bool Matching::has_room(const RuleAddress& rule, const patterns::Pattern& pattern) const {
  return has_room(rule.bus, rule_key(rule), pattern.weight());
}

bool Matching::has_room(const Archive& archive, const patterns::Pattern& pattern) const {
  return has_room(archive.bus(), archive_key(archive), pattern.weight());
}

bool Matching::has_room(const BusAddress& address, std::string_view key, std::size_t weight) const {
  const std::shared_lock lock(mutex_);
  std::size_t there = 0;
  if (const auto bus = buses_.find(address.key()); bus != buses_.end()) {
    const auto id = bus->second->ids.find(key);
    if (id != bus->second->ids.end()) there = bus->second->listeners.at(id->second).weight;
  }
  const auto all = weights_.find(address.scope.account);
  const std::size_t others = (all == weights_.end() ? 0 : all->second) - there;
  return weight <= there || others + weight <= kAccountPatternsMax;
}

Matching::Memory Matching::take_memory() const {
  const std::lock_guard lock(memory_mutex_);
  if (memory_.empty()) return std::make_unique<patterns::Match>();
  Memory out = std::move(memory_.back());
  memory_.pop_back();
  return out;
}

void Matching::give_back(Memory memory) const {
  const std::lock_guard lock(memory_mutex_);
  if (memory_.size() < kMemoriesKept) memory_.push_back(std::move(memory));
}

Matched Matching::match(const BusAddress& address, std::string_view event) const {
  Matched out;
  std::shared_ptr<OfBus> bus;
  std::shared_ptr<const patterns::Snapshot> snapshot;
  {
    const std::shared_lock lock(mutex_);
    const auto found = buses_.find(address.key());
    if (found == buses_.end()) return out;
    bus = found->second;
    snapshot = bus->set.snapshot();
    for (const auto& [key, archive] : bus->all) out.archives.push_back(archive);
  }
  Memory memory = take_memory();
  if (snapshot->match(event, *memory)) {
    const std::shared_lock lock(mutex_);
    for (const patterns::PatternId id : memory->ids()) {
      const auto found = bus->listeners.find(id);
      if (found == bus->listeners.end()) continue;
      if (found->second.rule != nullptr) out.rules.push_back(found->second.rule);
      if (found->second.archive != nullptr) out.archives.push_back(found->second.archive);
    }
  }
  give_back(std::move(memory));
  return out;
}

bool Matching::any(const BusAddress& address) const {
  const std::shared_lock lock(mutex_);
  const auto found = buses_.find(address.key());
  return found != buses_.end() &&
         (!found->second->listeners.empty() || !found->second->all.empty());
}

std::size_t Matching::patterns(const BusAddress& address) const {
  const std::shared_lock lock(mutex_);
  const auto found = buses_.find(address.key());
  return found == buses_.end() ? 0 : found->second->set.size();
}

}  // namespace lapwing::events
