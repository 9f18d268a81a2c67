#include "runtime/telemetry/telemetry_delivery.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "runtime/limits.hpp"

namespace lapwing::runtime {
namespace {

http::ClientOptions client_options() {
  http::ClientOptions options;
  // What a consumer answers is not looked at.
  options.body_bytes_max = 64 * kKiB;
  options.idle_per_endpoint_max = 1;
  return options;
}

}  // namespace

TelemetryDelivery::TelemetryDelivery(net::Loop& loop, SandboxConnector& connector,
                                     TelemetrySubscription subscription)
    : loop_(&loop),
      connector_(&connector),
      subscription_(std::move(subscription)),
      buffer_(subscription_.buffering),
      woken_(loop),
      awake_(loop, true),
      due_(loop, [this] { woken_.set(); }),
      client_(loop, client_options(), [this](const http::Endpoint&, MonoTime deadline) {
        return connector_->connect(subscription_.destination.port, deadline);
      }) {}

void TelemetryDelivery::add(const TelemetryEvent& event) {
  if (!reaches(event, subscription_)) return;
  buffer_.add(render(event, subscription_), loop_->now());
  woken_.set();
}

void TelemetryDelivery::flush() {
  buffer_.flush();
  woken_.set();
}

net::Task<void> TelemetryDelivery::run(net::Event& changed) {
  while (true) {
    co_await wait_until_due();
    batch_ = buffer_.take();
    Duration pause = kTelemetryRetryFirst;
    while (!co_await attempt()) {
      co_await loop_->sleep(pause);
      pause = std::min(2 * pause, kTelemetryRetryMost);
    }
    batch_.clear();
    tell_dropped();
    changed.set();
  }
}

net::Task<void> TelemetryDelivery::wait_until_due() {
  while (true) {
    woken_.reset();
    const std::optional<MonoTime> due = buffer_.due();
    if (due && *due <= loop_->now()) break;
    if (due) due_.arm_at(*due);
    co_await woken_.wait();
  }
  due_.disarm();
}

net::Task<Status> TelemetryDelivery::attempt() {
  co_await awake_.wait();
  if (subscription_.destination.tcp) co_return co_await write_lines();
  co_return co_await post();
}

net::Task<Status> TelemetryDelivery::post() {
  const TelemetryDestination& to = subscription_.destination;
  LAPWING_CO_TRY(net::Address address, net::Address::ip("127.0.0.1", to.port));
  http::Request request;
  request.method = to.method;
  request.target = to.target;
  request.headers.add("Content-Type", "application/json");
  std::string body = "[";
  for (const std::string& event : batch_) {
    if (body.size() > 1) body += ',';
    body += event;
  }
  body += ']';
  const http::Endpoint endpoint{std::move(address), to.host, nullptr};
  Result<http::Response> answer = co_await client_.send(
      endpoint, std::move(request), std::move(body), loop_->now() + kTelemetryAttempt);
  if (!answer) co_return fail(std::move(answer).error());
  if (answer->status >= 400) {
    co_return fail(make_error(ErrorKind::kUnavailable, "the consumer refused the events"));
  }
  co_return Status();
}

net::Task<Status> TelemetryDelivery::write_lines() {
  if (!lines_.valid() || lines_.peer_closed()) {
    lines_.close();
    LAPWING_CO_TRY(lines_, co_await connector_->connect(subscription_.destination.port,
                                                        loop_->now() + kTelemetryAttempt));
    lines_.set_write_timeout(kTelemetryAttempt);
  }
  std::string text;
  for (const std::string& event : batch_) {
    text += event;
    text += '\n';
  }
  Status written = co_await lines_.write_all(text);
  if (!written) lines_.close();
  co_return written;
}

void TelemetryDelivery::tell_dropped() {
  const TelemetryBuffer::Dropped dropped = buffer_.take_dropped();
  if (dropped.records == 0) return;
  TelemetryEvent event;
  event.type = "platform.logsDropped";
  event.time = loop_->clock().wall();
  event.record = fmt::format(
      R"({{"reason":"Consumer seems to have fallen behind as it has not acknowledged receipt )"
      R"(of logs.","droppedRecords":{},"droppedBytes":{}}})",
      dropped.records, dropped.bytes);
  add(event);
}

}  // namespace lapwing::runtime
