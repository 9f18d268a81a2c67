#include "services/logs/service.hpp"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "delivery/outbox_events.hpp"
#include "services/logs/core.hpp"
#include "services/logs/deliveries.hpp"
#include "services/logs/following/following.hpp"
#include "services/logs/table.hpp"

namespace lapwing::logs {
namespace {

constexpr auto kHousekeepingEvery = std::chrono::minutes(1);

}  // namespace

struct Service::Inside {
  Inside(const hosting::Dependencies& of, const LogLimits& limits)
      : given(of),
        core(given.store.store(), given.store.bulk_log(), given.clock, given.random, given.log,
             limits, &given.pipeline.clock),
        service(make_table(core), given.pipeline),
        deliveries(core, given.pipeline.workers) {
    core.workers = &given.pipeline.workers;
  }

  Status run_housekeeping() {
    LAPWING_CHECK(sweep_dropped(core));
    return expire_events(core);
  }

  const hosting::Dependencies given;
  Core core;
  aws::Service service;
  Deliveries deliveries;
  std::unique_ptr<Following> following;
  background::Task housekeeping;
};

Service::Service(const hosting::Dependencies& given, const LogLimits& limits)
    : inside_(std::make_unique<Inside>(given, limits)) {}

Service::~Service() { stop(); }

Status Service::start() {
  Core& core = inside_->core;
  LAPWING_TRY(inside_->following, Following::start(inside_->given, core.repository, core.follows));
  core.following = inside_->following.get();
  core.sink.start();
  inside_->housekeeping = inside_->given.background.every(
      "logs.housekeeping", kHousekeepingEvery, [this] { return inside_->run_housekeeping(); });
  inside_->housekeeping.notify();
  return {};
}

void Service::drain() {
  inside_->core.tails.close();
  if (inside_->following != nullptr) inside_->following->drain();
}

void Service::stop() {
  inside_->housekeeping.reset();
  inside_->core.sink.stop();
  if (inside_->following != nullptr) inside_->following->stop();
}

const aws::Service& Service::api() const { return inside_->service; }

// What subscriptions send.
Result<journal::EventPage> Service::events(const journal::EventAsk& ask) {
  if (inside_->following == nullptr) return journal::EventPage();
  return delivery::outbox_events(inside_->following->outbox(), "logs", inside_->given.clock.wall(),
                                 ask);
}

Result<std::size_t> Service::replay(std::string_view event) {
  if (inside_->following == nullptr) return std::size_t{0};
  return inside_->following->outbox().replay(event);
}

void Service::metrics(hosting::MetricsText& text) const {
  const LogBudget& budget = inside_->core.budget;
  text.add("log_bytes", "gauge", "Disk space of log events, as last looked at.",
           budget.used_bytes());
  text.family("log_dropped_bytes_total", "counter",
              "Function output that was dropped, by what was at its limit.");
  for (std::size_t i = 0; i < kLosses; ++i) {
    const auto why = static_cast<Loss>(i);
    text.sample("log_dropped_bytes_total", fmt::format(R"(reason="{}")", to_string(why)),
                budget.lost_bytes(why));
  }
  if (inside_->following == nullptr) return;
  const Forwarder& forwarder = inside_->following->forwarder();
  const delivery::Counts counts = inside_->following->counts();
  text.add("log_subscription_events_total", "counter", "Log events that a subscription wanted.",
           forwarder.forwarded());
  text.add("log_subscription_events_too_large_total", "counter",
           "Log events that fit into no delivery.", forwarder.too_large());
  text.add("log_subscription_deliveries_total", "counter",
           "Deliveries to subscriptions that were taken.", counts.delivered);
  text.add("log_subscription_attempts_failed_total", "counter",
           "Attempts to deliver to a subscription that failed.", counts.failed_attempts);
  text.add("log_subscription_deliveries_dropped_total", "counter",
           "Deliveries to subscriptions that nobody took.", counts.dropped);
}

hosting::Health Service::health() const {
  const LogBudget& budget = inside_->core.budget;
  const std::optional<Loss> closed = budget.closed();
  if (!closed) return {};
  return {"limited", "Function output is dropped: " + describe(*closed, budget.limits())};
}

void Service::publish(hosting::Ports& ports) {
  ports.logs = &inside_->core.sink;
  if (ports.destinations != nullptr) ports.destinations->add("logs", inside_->deliveries);
}

ports::LogSink& Service::sink() { return inside_->core.sink; }

const LogBudget& Service::budget() const { return inside_->core.budget; }

Status Service::run_housekeeping() { return inside_->run_housekeeping(); }

}  // namespace lapwing::logs
