// The way in: events are matched, and what comes of them is written in one transaction: a posting
// for each event that has targets, a record for each archive that wants it. An event that nobody
// wants is written nowhere.
//
// Thread-safety: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "delivery/outbox.hpp"
#include "journal/journal.hpp"
#include "os/disk_space.hpp"
#include "services/events/event.hpp"
#include "services/events/matching.hpp"
#include "store/store.hpp"

namespace lapwing::events {

// What events come to.
struct Routed {
  struct Archived {
    std::string stream;
    store::LogInput record;
  };
  std::vector<delivery::Posting> postings;
  std::vector<Archived> archived;
  std::vector<journal::Step> steps;  // what is told of it

  bool empty() const { return postings.empty() && archived.empty(); }
};

// An archive's log has one shard.
inline constexpr std::string_view kArchiveShard = "events";

class Intake {
 public:
  // `journal` and `disk` may be null.
  Intake(const Matching& matching, delivery::Outbox& outbox, Random& random,
         journal::Journal* journal, const os::DiskSpace* disk)
      : matching_(matching), outbox_(outbox), random_(random), journal_(journal), disk_(disk) {}

  // disk_full_error() where what comes of a request would take from the disk's reserve. Asked by
  // all who write.
  Status check_room() const;

  // What was put on the bus, or came from another one.
  void route(const BusAddress& bus, const Event& event, Routed& out) const;
  // To the targets of these rules alone, and into no archive.
  void route_to(const std::vector<RulePtr>& rules, const Event& event, Routed& out) const;
  const Matching& matching() const { return matching_; }

  Status write(store::Txn& txn, const Routed& routed) const;
  // Once it is written, or nothing had to be.
  void note(Routed& routed) const;

 private:
  const Matching& matching_;
  delivery::Outbox& outbox_;
  Random& random_;
  journal::Journal* const journal_;
  const os::DiskSpace* const disk_;
};

}  // namespace lapwing::events
