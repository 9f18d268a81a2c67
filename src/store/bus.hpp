// Bus: talk among nodes that is not durable. Messages may be lost; whatever must happen is
// in Store or Queue, and the Bus only makes it happen sooner. One process: function calls
// (LocalBus).
//
// Thread-safety: any thread. Handlers run on the caller's thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/signal.hpp"

namespace lapwing::store {

class BusHandler {
 public:
  virtual ~BusHandler() = default;
  virtual Result<std::string> on_call(std::string_view method, std::string_view request,
                                      MonoTime deadline) = 0;
};

class Bus {
 public:
  virtual ~Bus() = default;
  virtual std::string self() const = 0;
  virtual std::vector<std::string> members() = 0;
  // kNotFound: no such node or method; kUnavailable: it cannot be reached; kUnknown: the
  // link broke after sending.
  virtual Result<std::string> call(std::string_view node, std::string_view method,
                                   std::string_view request, MonoTime deadline) = 0;
  // A lossy wake-up for those who listen on the topic, on every node.
  virtual void hint(std::string_view topic) = 0;
  virtual Subscription listen(std::string_view topic, Listener& listener) = 0;
  // Calls to this node go here; null takes it away.
  virtual void serve(BusHandler* handler) = 0;
};

// The bus of a process that is alone.
class LocalBus final : public Bus {
 public:
  explicit LocalBus(std::string name) : name_(std::move(name)) {}
  std::string self() const override { return name_; }
  std::vector<std::string> members() override { return {name_}; }
  Result<std::string> call(std::string_view node, std::string_view method, std::string_view request,
                           MonoTime deadline) override;
  void hint(std::string_view topic) override;
  Subscription listen(std::string_view topic, Listener& listener) override;
  void serve(BusHandler* handler) override;

 private:
  Signal& topic(std::string_view name);

  std::string name_;
  std::mutex mutex_;
  BusHandler* handler_ = nullptr;
  std::map<std::string, std::unique_ptr<Signal>, std::less<>> topics_;
};

}  // namespace lapwing::store
