// Which rules and archives of a bus an event is for. All patterns of a bus stand in one set, which
// is changed with each change of a rule, and matched against without holding up changes.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/pattern_set.hpp"
#include "services/events/bus.hpp"

namespace lapwing::events {

struct Matched {
  std::vector<RulePtr> rules;
  std::vector<ArchivePtr> archives;

  bool empty() const { return rules.empty() && archives.empty(); }
};

class Matching {
 public:
  // Between the two, all patterns are put together: when a service starts and reads a hundred
  // thousand rules.
  void begin_loading() { loading_ = true; }
  void end_loading();

  // Watches rules and archives.
  void changed(const RulePtr& before, const RulePtr& after);
  void changed(const ArchivePtr& before, const ArchivePtr& after);

  // Whether the account may have this pattern, beside all others but the one that the rule or
  // archive has; one that takes no more than that always.
  bool has_room(const RuleAddress& rule, const patterns::Pattern& pattern) const;
  bool has_room(const Archive& archive, const patterns::Pattern& pattern) const;

  Matched match(const BusAddress& bus, std::string_view event) const;
  // Whether there is any rule with a pattern, or an archive.
  bool any(const BusAddress& bus) const;
  // How many patterns there are.
  std::size_t patterns(const BusAddress& bus) const;

 private:
  // One of the two.
  struct Listener {
    RulePtr rule = nullptr;
    ArchivePtr archive = nullptr;
    std::size_t weight = 0;  // its pattern's
  };
  struct OfBus {
    patterns::PatternSet set;
    std::map<patterns::PatternId, Listener> listeners;
    std::map<std::string, patterns::PatternId, std::less<>> ids;  // by the listener's key
    std::map<std::string, ArchivePtr, std::less<>> all;           // archives of everything
    std::vector<patterns::Identified> loaded;
  };
  using Memory = std::unique_ptr<patterns::Match>;

  void put(const BusAddress& bus, const std::string& key, const std::optional<std::string>& text,
           Listener listener);
  void remove(const BusAddress& bus, const std::string& key);
  // Answers the id it had; 0: none. With both mutexes.
  patterns::PatternId forget(const AccountId& account, OfBus& bus, const std::string& key);
  // With mutex_.
  void weigh(const AccountId& account, Listener& listener, std::size_t weight);
  bool has_room(const BusAddress& bus, std::string_view key, std::size_t weight) const;
  Memory take_memory() const;
  void give_back(Memory memory) const;

  // One change at a time: an automaton that is made again holds up no match.
  std::mutex changing_;
  bool loading_ = false;
  patterns::PatternId next_ = 1;
  mutable std::shared_mutex mutex_;                                   // of what follows
  std::map<std::string, std::shared_ptr<OfBus>, std::less<>> buses_;  // by the bus's key
  std::map<AccountId, std::size_t> weights_;                          // of all patterns
  mutable std::mutex memory_mutex_;
  mutable std::vector<Memory> memory_;
};

}  // namespace lapwing::events
