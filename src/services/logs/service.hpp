// CloudWatch Logs over the store: the only header server/ includes.
//
//   logs::Service logs(given);
//   LAPWING_CHECK(logs.start());
//   ... logs.api() for the front door, logs.sink() for runtime/ ...
//   logs.stop();   // before the engine is shut down
//
// Events given to PutLogEvents are with the log's file when it answers; function output is
// within a second. Everything is kept per account and region and survives a restart.
//
// Thread-safety: api() and sink() from any thread; start() and stop() once each.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "hosting/service.hpp"
#include "ports/log_sink.hpp"
#include "services/logs/budget.hpp"
#include "services/logs/settings.hpp"

namespace lapwing::logs {

class Service final : public hosting::Service {
 public:
  using Settings = logs::Settings;

  explicit Service(const hosting::Dependencies& given)
      : Service(given, given.read<logs::Settings>().limits(given.disk)) {}
  Service(const hosting::Dependencies& given, const LogLimits& limits);
  ~Service() override;

  // Its thread, which writes function output, and its tasks: expiry, subscriptions.
  Status start() override;
  // Live tails end within a second.
  void drain() override;
  // Writes what was taken over, then ends them.
  void stop() override;

  const aws::Service& api() const override;
  void publish(hosting::Ports& ports) override;
  void metrics(hosting::MetricsText& text) const override;
  Result<journal::EventPage> events(const journal::EventAsk& ask) override;
  Result<std::size_t> replay(std::string_view event) override;
  // Whether function output is dropped now.
  hosting::Health health() const override;
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
