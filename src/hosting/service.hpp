// A service, as the process that hosts it sees it.
//
// Thread-safety: start(), drain() and stop() once each, by one thread; everything else from any
// thread between them.
#pragma once

#include <string>
#include <string_view>

#include "aws/service.hpp"
#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "hosting/metrics_text.hpp"
#include "os/disk_space.hpp"
#include "store/engine.hpp"

namespace lapwing::hosting {

// What every service is given; all of it outlives the service.
struct Dependencies {
  store::Engine& store;
  const Clock& clock;  // the server's: it may stand still until it is told
  Random& random;
  Logger& log;
  background::Runner& background;
  const aws::Pipeline& pipeline;
  // What is left of the disk: asked before something is taken on that stays. Null in tests.
  const os::DiskSpace* disk = nullptr;
  // What was set, of all owners (base/settings.hpp). Null in tests: the defaults.
  const SettingValues* settings = nullptr;

  template <class Settings>
  Settings read() const {
    return settings != nullptr ? settings->read<Settings>() : Settings();
  }
};

// How a service is, in a word ("running") and, where that says too little, in a sentence.
struct Health {
  std::string_view state = "running";
  std::string text = {};
};

// A service that has settings names them: `using Settings = sqs::Options;`.
class Service {
 public:
  virtual ~Service() = default;
  virtual const aws::Service& api() const = 0;
  // Reads what is stored and finishes what a crash has cut. No request comes before.
  virtual Status start() { return {}; }
  // The process is about to stop: what waits for a long time answers now. Requests still come.
  virtual void drain() {}
  // No request comes any more. What runs in the background has ended when it returns.
  virtual void stop() {}
  // Beside what is counted of every service (house_metrics.hpp): families of its own.
  virtual void metrics(MetricsText&) const {}
  virtual Health health() const { return {}; }
};

}  // namespace lapwing::hosting
