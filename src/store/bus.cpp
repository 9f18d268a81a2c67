#include "store/bus.hpp"

#include <fmt/core.h>

namespace lapwing::store {

Result<std::string> LocalBus::call(std::string_view node, std::string_view method,
                                   std::string_view request, MonoTime deadline) {
  BusHandler* handler = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    handler = handler_;
  }
  if (node != name_) {
    return fail(make_error(ErrorKind::kNotFound, fmt::format("There is no node {}.", node)));
  }
  if (handler == nullptr) {
    return fail(make_error(ErrorKind::kUnavailable, "This node does not serve calls."));
  }
  return handler->on_call(method, request, deadline);
}

Signal& LocalBus::topic(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  auto& signal = topics_[std::string(name)];
  if (!signal) signal = std::make_unique<Signal>();
  return *signal;
}

void LocalBus::hint(std::string_view name) { topic(name).raise(); }

Subscription LocalBus::listen(std::string_view name, Listener& listener) {
  return topic(name).subscribe(listener);
}

void LocalBus::serve(BusHandler* handler) {
  const std::scoped_lock lock(mutex_);
  handler_ = handler;
}

}  // namespace lapwing::store
