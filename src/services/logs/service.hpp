// CloudWatch Logs over the store: the only header server/ includes.
//
//   logs::LogsService logs({engine.store(), engine.bulk_log(), clock, random, pipeline, log,
//                           background});
//   logs.start();
//   ... logs.service() for the front door, logs.sink() for runtime/ ...
//   logs.stop();   // before the engine is shut down
//
// Events given to PutLogEvents are with the log's file when it answers; function output is
// within a second. Everything is kept per account and region and survives a restart.
//
// Thread-safety: service() and sink() from any thread; start() and stop() once each.
#pragma once

#include <memory>

#include "aws/service.hpp"
#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "ports/log_sink.hpp"
#include "services/logs/budget.hpp"
#include "store/log.hpp"
#include "store/store.hpp"

namespace lapwing::logs {

// All must outlive the service.
struct LogsParts {
  store::Store& store;  // groups and streams
  store::Log& events;   // Engine::bulk_log()
  const Clock& clock;
  Random& random;
  const aws::Pipeline& pipeline;
  Logger& log;
  background::Runner& background;
  LogLimits limits = {};
};

class LogsService {
 public:
  explicit LogsService(const LogsParts& parts);
  ~LogsService();

  // Its thread, which writes function output, and its task, expiry.
  void start();
  // Writes what was taken over, then ends them.
  void stop();

  const aws::Service& service() const;
  ports::LogSink& sink();

  // What logs take of the disk, and what was dropped of them.
  const LogBudget& budget() const;

  // One round of expiry and of taking away what deletions left; from start() on the first at once,
  // then one a minute.
  Status run_housekeeping();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace lapwing::logs
