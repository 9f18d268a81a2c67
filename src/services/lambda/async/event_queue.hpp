// The events that wait for their functions, and their way through them: accepted on disk, run, run
// again, told of in the end.
//
//   EventQueue events(needs);
//   LAPWING_CHECK(events.start());                        // takes up what a crash has cut; the
//                                                         // space's due() is driven by its owner
//   Status accepted = co_await events.accept(loop, event);   // on disk when it answers
//   events.drain();                                       // nothing more is begun
//
// Each function has a *lane*: its queue in Lambda's space, and how many of its events are at work.
// A lane takes no more events than get done sooner for it: it begins with a few, takes more as long
// as runs take no longer than they did, half of it after a throttle. All lanes together leave half
// of an account's concurrency to callers who wait. So the backlog of one function holds up no
// other.
//
// An event is removed, put off, or told of, in one transaction with its end. It is run at least
// once: a crash between a run and that transaction runs it again.
//
// What a run leaves to tell (destinations, dead letters) is accepted by `outbox` in the same
// transaction.
//
// Thread-safety: accept() on any loop of the group; start() and drain() by one thread; counts()
// any. The loops have stopped before it goes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/room_line.hpp"
#include "delivery/dead_events.hpp"
#include "delivery/outbox.hpp"
#include "engine/control_plane.hpp"
#include "journal/event_facts.hpp"
#include "journal/journal.hpp"
#include "net/loop_group.hpp"
#include "services/lambda/async/event.hpp"
#include "services/lambda/async/event_settings.hpp"
#include "services/lambda/async/notices.hpp"
#include "store/engine.hpp"

namespace lapwing::lambda {

// All outlive the queue.
struct EventQueueNeeds {
  store::Space& space;
  const Clock& clock;
  Random& random;
  Logger& logger;
  background::Runner& background;
  net::LoopGroup& loops;
  const engine::Functions& functions;
  engine::Invoker& invoker;
  const EventSettingsSource& settings;
  Notices& notices;
  delivery::Outbox& outbox;             // of the notices
  delivery::DeadEvents& dead;           // where those are kept that ended without success
  journal::Journal* journal = nullptr;  // null: nothing is noted
};

struct EventCounts {
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> runs{0};
  std::atomic<std::uint64_t> failed_runs{0};
  std::atomic<std::uint64_t> refusals{0};  // throttled, or could not be run
  std::atomic<std::uint64_t> loops_ended{0};
  std::atomic<std::uint64_t> dropped{0};  // ended unsuccessfully, told of or not
};

class EventLane;

class EventQueue {
 public:
  explicit EventQueue(const EventQueueNeeds& needs);
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  Status start();
  void drain();

  // Errors: those of the store; kUnavailable where the disk is full.
  net::Task<Status> accept(net::Loop& loop, Event event);
  // Several at once, in one transaction.
  net::Task<Status> accept_all(net::Loop& loop, std::vector<Event> events);
  // The function is gone: what waits for it is dropped.
  void forget(const AccountId& account, const Region& region, const FunctionName& function);

  const EventCounts& counts() const { return counts_; }
  // What is told of the functions' queues: all of them, or, as retries, those with events that are
  // put off. Blocks on the store.
  Result<journal::EventPage> facts(const journal::EventAsk& ask);
  // Runs the function again for an event that ended without success; 0: there is none of this id.
  // cannot_replay() where the function is not there any more. Blocks on the store.
  Result<std::size_t> replay(std::string_view request_id);
  // Events that wait or are at work, of one function.
  Result<store::QueueStats> waiting(const AccountId& account, const Region& region,
                                    const FunctionName& function) const;

 private:
  friend class EventLane;
  std::shared_ptr<EventLane> lane(const std::string& queue);
  // For another event to be at work.
  bool has_room() const;
  Result<std::optional<journal::EventRow>> row(const std::string& queue, journal::EventList list);

  const EventQueueNeeds needs_;
  EventCounts counts_;
  std::atomic<std::uint32_t> at_work_{0};
  std::atomic<std::size_t> bytes_at_work_{0};
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<EventLane>> lanes_;
  // Lanes with nothing at work, kept from beginning by what others have: they are woken once some
  // of that has ended.
  RoomLine<EventLane> line_;
};

}  // namespace lapwing::lambda
