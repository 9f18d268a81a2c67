// Outbox: what a service sends, kept in its own space until it has arrived. README.md tells the way
// of a posting.
//
//   delivery::Outbox outbox("sns", {space, clock, random, logger, background, loops, destinations},
//                           sender);
//   LAPWING_CHECK(outbox.start());                       // takes up what was there
//   ... LAPWING_CHECK(outbox.accept(txn, posting));      // inside the sender's transaction
//   outbox.drain();  outbox.stop();
//
// Waits on the server's clock; nothing polls. Where the clock moves by hand, it is settled once all
// that was due has been attempted.
//
// Errors of accept(): kTooLarge beyond the store's limits or limits.hpp; kInvalid for what has no
// id or an empty addressee; the store's.
//
// A space has one outbox at most, whose queues in it are named outbox, outbox.ordered, lane/... and
// dead/..., and whose log delivery.dead. Its owner drives Space::due() (hosting::SpaceWaker), for
// the sender's own queues may be in it as well: without that nothing is tried again.
//
// Everything happens on one of the loops. An attempt's timeout is real time, by that loop's clock.
//
// Thread-safety: accept() inside any transaction of the space; start(), drain(), stop() by one
// thread, not the loop's; forget() and counts() from any between; lanes(), waiting(),
// waiting_for(), dead() and replay() as well, and they block on the store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "delivery/dead_events.hpp"
#include "delivery/posting.hpp"
#include "delivery/sender.hpp"
#include "journal/journal.hpp"
#include "net/loop_group.hpp"
#include "ports/destination.hpp"
#include "store/engine.hpp"

namespace lapwing::delivery {

// All outlive the outbox.
struct Needs {
  store::Space& space;
  const Clock& clock;
  Random& random;
  Logger& logger;
  background::Runner& background;
  net::LoopGroup& loops;
  const ports::Destinations& destinations;
  journal::Journal* journal = nullptr;  // where each step is noted; null: nowhere
};

struct Counts {
  std::uint64_t accepted = 0;  // taken up for the first time
  std::uint64_t delivered = 0;
  std::uint64_t failed_attempts = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t dropped = 0;  // no dead-letter queue took it
};

// One addressee that is behind.
struct LaneFacts {
  std::string addressee;
  bool dead_letters = false;  // what waits is on its way to its dead-letter queue
  std::uint64_t waiting = 0;
  std::uint64_t under_way = 0;
  std::optional<Duration> oldest;
  std::optional<Duration> next_in;  // until the next attempt may begin; none: all are under way
  std::string last_failure;         // code and message
};

class Outbox {
 public:
  // `name` is its tasks' ("sns.outbox").
  Outbox(std::string name, const Needs& needs, Sender& sender);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Without addressees nothing is written.
  Status accept(store::Txn& txn, const Posting& posting);

  Status start();
  // Nothing new is attempted; what is under way goes on.
  void drain();
  // What is under way has ended, or is cut after kStopGrace and attempted again by the next start.
  // Where the loops run no more it is cut at once.
  void stop();

  // The addressee is gone: what waits for it is dropped.
  void forget(std::string_view addressee);

  Counts counts() const;
  // Those with something in them, most first.
  Result<std::vector<LaneFacts>> lanes(std::size_t max) const;
  // Lanes by their names, after the one of this name; it may have ended.
  struct LanePage {
    std::vector<LaneFacts> lanes;
    std::string next;  // the name to go on after; empty: there are no more
  };
  Result<LanePage> lanes_after(const std::string& name, std::size_t max) const;
  // What has died, newest first, of smaller numbers than `before` (0: all).
  Result<DeadEvents::Page> dead(std::uint64_t before, std::size_t max) const;
  // Sends the event of this id again to each addressee for which it has died; answers how many they
  // are. Its parcels keep their ids, so that who has taken one within five minutes takes no second.
  Result<std::size_t> replay(std::string_view event);
  // Of one addressee: what is in its lane, and whatever was not yet looked at. For senders who have
  // another place to wait in. Asks the store little.
  Result<std::uint64_t> waiting_for(std::string_view addressee) const;
  // Postings not yet looked at.
  Result<std::uint64_t> waiting() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lapwing::delivery
