#include "runtime/telemetry/telemetry_hub.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "runtime/limits.hpp"

namespace lapwing::runtime {
namespace {

std::string_view api_name(TelemetryKind kind) {
  return kind == TelemetryKind::kLogs ? "Logs" : "Telemetry";
}

}  // namespace

TelemetryHub::TelemetryHub(net::Loop& loop, SandboxConnector& connector)
    : loop_(&loop), connector_(&connector), changed_(loop), tasks_(loop) {}

TelemetryHub::~TelemetryHub() { tasks_.cancel_all(); }

Result<TelemetryHub::Subscribed> TelemetryHub::subscribe(std::string_view extension,
                                                         TelemetrySubscription subscription) {
  const std::string_view api = api_name(subscription.kind);
  if (!open_) {
    return fail(Error(ErrorKind::kDenied, fmt::format("{}.SubscriptionClosed", api),
                      fmt::format("{} API subscription is closed already", api)));
  }
  for (const Subscriber& other : subscribers_) {
    if (other.extension != extension) continue;
    const TelemetrySubscription& theirs = other.delivery->subscription();
    if (theirs.kind != subscription.kind) {
      return fail(Error(ErrorKind::kInvalid, fmt::format("{}.AccessDenied", api),
                        fmt::format("The extension {} is already subscribed to the {}API. You "
                                    "must either subscribe to the LogsAPI or the TelemetryAPI",
                                    extension, api_name(theirs.kind))));
    }
    if (theirs == subscription) return Subscribed::kAlready;
  }
  if (subscribers_.size() >= kTelemetrySubscriptionsMax) {
    return fail(Error(ErrorKind::kInvalid, fmt::format("{}.ValidationError", api),
                      fmt::format("Subscription limit ({}) reached", kTelemetrySubscriptionsMax)));
  }
  subscribers_.push_back(
      {std::string(extension),
       std::make_unique<TelemetryDelivery>(*loop_, *connector_, std::move(subscription))});
  TelemetryDelivery& delivery = *subscribers_.back().delivery;
  for (const TelemetryEvent& event : early_) delivery.add(event);
  delivery.note_dropped(early_dropped_);
  tasks_.spawn(delivery.run(changed_));
  return Subscribed::kNew;
}

void TelemetryHub::close() {
  open_ = false;
  early_.clear();
  early_.shrink_to_fit();
}

bool TelemetryHub::wants(TelemetryCategory category) const {
  return open_ || std::ranges::any_of(subscribers_, [category](const Subscriber& subscriber) {
           return subscriber.delivery->subscription().wants(category);
         });
}

void TelemetryHub::publish(const TelemetryEvent& event) {
  for (const Subscriber& subscriber : subscribers_) subscriber.delivery->add(event);
  if (open_) remember(event);
}

void TelemetryHub::remember(const TelemetryEvent& event) {
  if (early_.size() >= kTelemetryEarlyEventsMax ||
      early_bytes_ + event.record.size() > kTelemetryEarlyBytesMax) {
    ++early_dropped_.records;
    early_dropped_.bytes += event.record.size();
    return;
  }
  early_bytes_ += event.record.size();
  early_.push_back(event);
}

bool TelemetryHub::idle() const {
  return std::ranges::all_of(
      subscribers_, [](const Subscriber& subscriber) { return subscriber.delivery->idle(); });
}

net::Task<void> TelemetryHub::drain(MonoTime deadline) {
  for (const Subscriber& subscriber : subscribers_) subscriber.delivery->flush();
  net::Timer timer(*loop_, [this] { changed_.set(); });
  timer.arm_at(deadline);
  while (!idle() && loop_->now() < deadline) {
    changed_.reset();
    co_await changed_.wait();
  }
}

void TelemetryHub::pause() {
  for (const Subscriber& subscriber : subscribers_) subscriber.delivery->pause();
}

void TelemetryHub::resume() {
  for (const Subscriber& subscriber : subscribers_) subscriber.delivery->resume();
}

}  // namespace lapwing::runtime
