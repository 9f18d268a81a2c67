// An outbox alone, in a unit test: destinations and a sender that do what they are told, a clock
// that stands still, a loop that runs.
//
//   PostOffice office(engine_kind);
//   office.queues.answers("arn:aws:sqs:eu-west-1:1:a", {later(), taken()});
//   office.sender.shipment("a").retry = RetryPolicy(...);
//   office.post({.id = "1", .event = "e", .addressees = {"a"}});
//   office.advance(20s);
//   EXPECT_EQ(office.queues.log(), ...);
//
// An addressee "a" is sent to the queue "a", or to the URL "https://a/" where its shipment says so.
//
// Thread-safety: one thread; destinations and sender are called on a loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "background/runner.hpp"
#include "base/random.hpp"
#include "delivery/outbox.hpp"
#include "delivery/testing/unsure_space.hpp"
#include "hosting/manual_time.hpp"
#include "hosting/space_waker.hpp"
#include "net/loop_group.hpp"
#include "net/sync.hpp"
#include "store/testing/engines.hpp"

namespace lapwing::delivery::testing {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using ports::Delivered;

Delivered taken();
Delivered later(std::string code = "Throttled");
Delivered refused(std::string code = "NoSuchQueue");

std::string queue_arn(std::string_view name);
// What stands behind the last ':' or between the slashes.
std::string short_name(std::string_view target);

// One parcel handed over.
struct Handed {
  std::string to;  // the short name
  std::string body;
  std::string id;
  std::int64_t at_ms = 0;  // since the office opened, by the server's clock
  std::size_t call = 0;    // which call of the destination's
  std::string trace = {};
};

class ScriptedDestination final : public ports::Destination {
 public:
  ScriptedDestination(const Clock& clock, bool is_quick)
      : clock_(clock), opened_(clock.wall()), quick_(is_quick) {}

  net::Task<std::vector<Delivered>> deliver(net::Loop& loop,
                                            const std::vector<ports::Parcel>& parcels) override;
  bool quick() const override { return quick_; }

  // What this target answers, one after another; then it takes everything.
  void answers(std::string_view name, std::vector<Delivered> script);
  // It answers this each time.
  void always(std::string_view name, Delivered answer);
  // It never answers, until it is let go: what hung stays so.
  void hang(std::string_view name, bool on);
  // The next calls throw.
  void broken(bool on);
  // The next calls answer nothing at all.
  void silent(bool on);
  // Called on the loop once a call has happened and before it is answered.
  void on_call(UniqueFunction<void()> what);

  std::vector<Handed> log() const;
  std::vector<std::string> bodies(std::string_view name) const;  // handed over, whatever was said
  std::vector<std::int64_t> times(std::string_view name) const;
  std::vector<std::string> took(std::string_view name) const;  // the bodies it took
  std::size_t calls() const;
  // Of parcels of this target in hand at once.
  std::size_t most_at_once(std::string_view name) const;
  // Waits; false after 30 s.
  bool wait_for(std::size_t handed) const;
  bool wait_until_taken(std::size_t count) const;
  void clear();

 private:
  const Clock& clock_;
  const WallTime opened_;
  const bool quick_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Handed> log_;
  std::map<std::string, std::deque<Delivered>, std::less<>> scripts_;
  std::map<std::string, Delivered, std::less<>> always_;
  std::set<std::string, std::less<>> hanging_;
  std::map<std::string, std::vector<std::string>, std::less<>> took_;
  std::map<std::string, std::size_t, std::less<>> in_hand_;
  std::map<std::string, std::size_t, std::less<>> most_;
  std::size_t taken_ = 0;
  std::size_t calls_ = 0;
  bool broken_ = false;
  bool silent_ = false;
  UniqueFunction<void()> on_call_;
};

struct Told {
  std::string event;
  std::string addressee;
  std::optional<Failure> failure;
};

class ScriptedSender final : public Sender {
 public:
  std::optional<Shipment> shipment(const Posting& posting, std::string_view addressee) override;
  std::optional<ports::Parcel> dead_letter(const Posting& posting, std::string_view addressee,
                                           const Failure& failure) override;
  void ended(const Posting& posting, std::string_view addressee, const Failure* failure,
             Duration age) override;

  // How it is sent from now on; the target is the addressee's queue unless it is set.
  void sends(std::string_view addressee, Shipment how);
  void all_send(Shipment how);
  void gone(std::string_view addressee);
  void dead_letters_to(std::string_view addressee, std::string_view queue);
  void broken(bool on);

  std::vector<Told> told() const;
  std::vector<Failure> failures(std::string_view addressee) const;  // dead letters' reasons

 private:
  mutable std::mutex mutex_;
  Shipment common_;
  std::map<std::string, Shipment, std::less<>> how_;
  std::set<std::string, std::less<>> gone_;
  std::map<std::string, std::string, std::less<>> dead_;
  std::vector<Told> told_;
  bool broken_ = false;
};

class PostOffice {
 public:
  explicit PostOffice(const store::testing::EngineKind& kind);
  ~PostOffice();
  PostOffice(const PostOffice&) = delete;
  PostOffice& operator=(const PostOffice&) = delete;

  Status accept(const Posting& posting);
  // Fills in what is empty: the event (its id), the time.
  void post(Posting posting);
  void post_all(std::vector<Posting> postings);  // in one transaction
  // By the server's clock; answers when everything has settled.
  void advance(Duration by) { EXPECT_TRUE(time_->advance(by)); }
  void settle() { advance(Duration::zero()); }
  // Where the store may be lost meanwhile.
  void try_advance(Duration by);
  void post_unless_lost(const Posting& posting);
  // By the loops' clock: timeouts.
  void pass_real_time(Duration by);
  // A clean stop and start; the store is opened again where it lasts.
  void restart();
  // The same with no time for what is under way.
  void crash();
  // What hangs is cut, once all else has had its time.
  void stop(std::chrono::milliseconds cut_after = std::chrono::milliseconds(200));
  void start();
  // Of the outbox's transactions from now on, this one happens and is not known of: 1 is the next.
  void unsure_at(int which) { outboxes_->store().unsure_at(which); }
  bool was_unsure() const { return outboxes_->store().was_unsure(); }
  // The store takes nothing from now on; from any thread.
  void lose_store() {
    lost_ = true;
    engine->shut_down();
  }

  Outbox& outbox() { return *outbox_; }
  store::Space& space() { return **engine->space("post"); }
  // Of tasks in the background.
  std::uint64_t runs() const;
  // Nothing is left in any queue of the outbox.
  bool empty();

  ManualClock clock;
  ManualClock loop_clock;
  SeededRandom random{7};
  store::testing::TempDir dir;
  std::unique_ptr<store::Engine> engine;
  ScriptedDestination queues{clock, true};
  ScriptedDestination web{clock, false};
  ScriptedSender sender;

 private:
  void open();

  const store::testing::EngineKind kind_;
  std::atomic<bool> lost_{false};
  std::unique_ptr<background::Runner> runner_;
  std::unique_ptr<net::LoopGroup> loops_;
  ports::Destinations destinations_;
  std::unique_ptr<hosting::SpaceWaker> waker_;
  std::unique_ptr<hosting::ManualTime> time_;
  std::unique_ptr<UnsureSpace> outboxes_;  // the space, as the outbox sees it
  std::unique_ptr<Outbox> outbox_;
};

}  // namespace lapwing::delivery::testing
