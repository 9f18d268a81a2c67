// Asynchronous invocation, whole: the events' way in (by Invoke, by other services), the queue they
// wait in, what is told of their ends. Lambda's service has one.
//
//   AsyncInvocations async(given, parts);
//   LAPWING_CHECK(async.start());        // after catalogue, concurrency and attachments were
//   loaded async.drain(); async.stop();                        // the loops have stopped
//
// Thread-safety: start(), drain() and stop() by one thread; the rest from any between, tasks on
// their loops.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "delivery/outbox.hpp"
#include "engine/control_plane.hpp"
#include "hosting/metrics_text.hpp"
#include "hosting/service.hpp"
#include "hosting/space_waker.hpp"
#include "mappings/stream_mapping.hpp"
#include "ports/destination.hpp"
#include "services/lambda/async/event_queue.hpp"
#include "services/lambda/async/event_settings.hpp"
#include "services/lambda/async/notices.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

class Attachments;
class Catalog;
class Concurrency;

// All outlive it.
struct AsyncParts {
  engine::Invoker& invoker;
  const Catalog& catalog;
  const Concurrency& concurrency;
  const Attachments& attachments;
};

class AsyncInvocations final : public engine::Events,
                               public ports::Destination,
                               public mappings::GivenUpSink,
                               private EventSettingsSource {
 public:
  AsyncInvocations(const hosting::Dependencies& given, const AsyncParts& parts);
  ~AsyncInvocations() override;

  Status start();
  void drain();
  void stop();

  // Of engine::Events. ServiceException (503) where only the disk's reserve is left.
  net::Task<Status> accept(net::Loop& here, runtime::FunctionVersionPtr function,
                           runtime::Invocation invocation) override;
  // Of ports::Destination: parcels become events of the functions they are for. A service is let by
  // the function's policy; a role by its own.
  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;
  std::optional<ports::Delivered> refusal(std::string_view target,
                                          const ports::OnBehalf& as) const override;

  // Of mappings::GivenUpSink: records of streams go to their destinations the same way.
  Status tell(store::Txn& txn, const mappings::GivenUpNotice& notice) override;

  // The function is gone.
  void forget(const FunctionKey& key);
  void metrics(hosting::MetricsText& text) const;
  // Of hosting::Service, as far as events and what is told of them go.
  Result<journal::EventPage> facts(const journal::EventAsk& ask);
  Result<std::size_t> replay(std::string_view event);

 private:
  EventSettings event_settings(const AccountId& account, const Region& region,
                               const FunctionName& function,
                               std::string_view qualifier) const override;
  // The version that the parcel would run, or why none.
  struct Aim;
  std::expected<Aim, ports::Delivered> aim(std::string_view target,
                                           const ports::OnBehalf& as) const;
  // The event that a parcel is, or why it is none.
  std::expected<Event, ports::Delivered> event_of(const ports::Parcel& parcel);

  const hosting::Dependencies given_;
  const AsyncParts parts_;
  Notices notices_;
  // From start() on.
  std::unique_ptr<hosting::SpaceWaker> waker_;
  std::unique_ptr<delivery::DeadEvents> dead_;
  std::unique_ptr<delivery::Outbox> outbox_;
  std::unique_ptr<EventQueue> events_;
};

}  // namespace lapwing::lambda
