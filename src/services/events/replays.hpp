// Replays: events of an archive, once more to the rules of its bus, some at a time, in the order of
// their times. How far one has come is written together with what it sends, so that a crash neither
// skips nor repeats an event.
//
// Thread-safety: as DueSource; notify() from any thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "delivery/outbox.hpp"
#include "services/events/intake.hpp"
#include "services/events/shelf.hpp"
#include "services/events/tables.hpp"
#include "store/engine.hpp"

namespace lapwing::events {

class Replays final : public DueSource {
 public:
  Replays(const Clock& clock, store::Space& space, const Intake& intake,
          const delivery::Outbox& outbox, const Shelf<ArchiveTable>& archives,
          Shelf<ReplayTable>& replays)
      : clock_(clock),
        space_(space),
        intake_(intake),
        outbox_(outbox),
        archives_(archives),
        replays_(replays) {}

  void begin(background::Runner& runner);
  void stop();
  // A replay has begun, or is to be cancelled.
  void notify() { task_.notify(); }

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  // Events read, and what they come to.
  struct Step {
    Routed routed;
    std::string state;
    std::string reason;
    std::int64_t last_ms = 0;
    std::uint64_t last_sequence = 0;
  };
  Status step(const ReplayPtr& replay);
  Result<Step> read(const Replay& replay) const;
  void route(const Replay& replay, const store::LogRecord& record, Routed& routed) const;
  Status forget_old();

  const Clock& clock_;
  store::Space& space_;
  const Intake& intake_;
  const delivery::Outbox& outbox_;
  const Shelf<ArchiveTable>& archives_;
  Shelf<ReplayTable>& replays_;
  background::Task task_;
  background::Task upkeep_;
  MonoTime next_{};
};

}  // namespace lapwing::events
