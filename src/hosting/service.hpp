// A service, as the process that hosts it sees it.
//
// Thread-safety: start(), drain() and stop() once each, by one thread; everything else from any
// thread between them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/service.hpp"
#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "hosting/keys.hpp"
#include "hosting/metrics_text.hpp"
#include "hosting/outbox_page.hpp"
#include "hosting/ports.hpp"
#include "journal/event_facts.hpp"
#include "journal/journal.hpp"
#include "net/loop_group.hpp"
#include "os/disk_space.hpp"
#include "store/engine.hpp"

namespace lapwing::hosting {

class DataPlane;

// What every service is given; all of it outlives the service.
struct Dependencies {
  store::Engine& store;
  const Clock& clock;  // the server's: it may stand still until it is told
  // For what goes by the world's time by design, since others compare it with their clocks: what
  // functions do, ends of credentials, one-time codes.
  const Clock& real_clock;
  Random& random;
  Logger& log;
  background::Runner& background;
  net::LoopGroup& loops;  // for what waits and is no request (delivery/)
  const aws::Pipeline& pipeline;
  const Keys& keys;
  const Ports& ports;
  // Where what is no record is kept, a folder a service. Empty in tests of those that keep none.
  std::string data_dir = {};
  // What is left of the disk: asked before something is taken on that stays. Null in tests.
  const os::DiskSpace* disk = nullptr;
  // What was set, of all owners (base/settings.hpp). Null in tests: the defaults.
  const SettingValues* settings = nullptr;
  // Where what happens to events is noted; null in tests of those that need none.
  journal::Journal* journal = nullptr;

  template <class Settings>
  Settings read() const {
    return settings != nullptr ? settings->read<Settings>() : Settings();
  }
  crypto::AesKey key(std::string_view name) const { return keys.derive(name); }
};

// How a service is, in a word ("running") and, where that says too little, in a sentence.
struct Health {
  std::string_view state = "running";
  std::string text = {};
};

// A service that has settings names them: `using Settings = sqs::Settings;`.
class Service {
 public:
  virtual ~Service() = default;
  virtual const aws::Service& api() const = 0;
  // What it offers to its siblings. Once, when it has been made and before any has started.
  virtual void publish(Ports&) {}
  // Reads what is stored and finishes what a crash has cut. No request comes before.
  virtual Status start() { return {}; }
  // The process is about to stop: what waits for a long time answers now. Requests still come.
  virtual void drain() {}
  // No request comes any more, but what came is still at work: what waits for the world outside
  // ends now.
  virtual void cancel() {}
  // No request comes any more. What runs in the background has ended when it returns.
  virtual void stop() {}
  // Beside what is counted of every service (house_metrics.hpp): families of its own.
  virtual void metrics(MetricsText&) const {}
  virtual Health health() const { return {}; }
  // What is told of the events in it; it blocks. A list that it has nothing of is empty.
  virtual Result<journal::EventPage> events(const journal::EventAsk&) {
    return journal::EventPage();
  }
  // Sends an event that has died in it again, and notes that; answers to how many targets. 0: it
  // knows of none of this id, or what it takes is nowhere any more. cannot_replay()
  // (cannot_replay.hpp) says why not, and what to do.
  virtual Result<std::size_t> replay(std::string_view) { return std::size_t{0}; }
  // What it would have sent to people (e-mail, text messages, push notifications); it blocks.
  virtual Result<OutboxPage> outbox(const OutboxAsk&) { return OutboxPage(); }
  // Ways in that are no AWS API. Asked for once, after start(); they live as long as the service.
  virtual std::vector<DataPlane*> data_planes() { return {}; }
  // Now and then, by real time: what is no record, and nothing needs any more, goes. Blocks.
  virtual Status sweep() { return {}; }
};

}  // namespace lapwing::hosting
