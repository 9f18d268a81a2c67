// The pipes at work: each that runs has a poller of its source, and those on their way from one
// state to another are brought there.
//
//   Works works(given);
//   LAPWING_CHECK(works.start());      // what runs is taken up, also what a crash has cut
//   works.changed();                   // a record was written that is on its way
//   works.drain();  works.stop();
//
// A change answers a state on its way (CREATING, STOPPING ...); a step in the background ends it.
// What is at work when a pipe is stopped or deleted ends first; what is changed meanwhile goes on
// as it began.
//
// Thread-safety: start(), drain() and stop() by one thread; the rest from any between.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "background/runner.hpp"
#include "base/due_source.hpp"
#include "hosting/metrics_text.hpp"
#include "hosting/service.hpp"
#include "mappings/endings.hpp"
#include "mappings/pollers.hpp"
#include "services/pipes/execution.hpp"
#include "services/pipes/pipe.hpp"

namespace lapwing::pipes {

class Works final : private DueSource {
 public:
  explicit Works(const hosting::Dependencies& given);
  ~Works() override { stop(); }

  Status start();
  void drain();
  void stop();

  void changed() { task_.notify(); }
  // Why the source of one that runs cannot be received from, at present; "": it can.
  std::string trouble(const Pipe& pipe) const;
  void metrics(hosting::MetricsText& text) const;
  // What is told of them: state, what is at work, how the last batch went.
  Result<journal::EventPage> events(const journal::EventAsk& ask) const;

 private:
  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

  // Those on their way that nothing is done about yet.
  Result<std::vector<Pipe>> on_their_way();
  Status step(const Pipe& pipe);
  // Where it is to be: what it runs with is said there, too.
  State bring_up(const Pipe& pipe, std::string& reason);
  Status check_source(const Pipe& pipe) const;
  // Why it cannot be run here.
  Status check_places(const Plan& plan) const;
  Status settle(const Pipe& pipe, State to, const std::string& reason);
  Status begin(const Pipe& pipe);

  const hosting::Dependencies given_;
  store::Store& store_;
  std::shared_ptr<const ExecutionNeeds> needs_;  // from start() on
  std::unique_ptr<mappings::Pollers> pollers_;   // from start() on; null: there are no queues
  background::Task task_;
  const std::shared_ptr<mappings::Endings> endings_ = std::make_shared<mappings::Endings>();
};

}  // namespace lapwing::pipes
