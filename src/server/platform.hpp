// What an Instance stands on: everything that a test of the whole server has another one of.
//
//   Platform platform;                       // the machine's, as commands.cpp makes it
//   platform.machine = std::make_unique<SandboxMachine>(config, launcher, disk, logger);
//
// Thread-safety: made by one thread and handed over.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/aes_gcm.hpp"
#include "engine/snapshots.hpp"
#include "hosting/metrics_text.hpp"
#include "http/budget.hpp"
#include "http/connection_budget.hpp"
#include "net/loop_group.hpp"
#include "os/disk_space.hpp"
#include "ports/log_sink.hpp"
#include "ports/stream_source.hpp"
#include "runtime/environment/environment_host.hpp"
#include "runtime/execution_environment.hpp"
#include "runtime/language/catalogue.hpp"
#include "runtime/start/recent_starts.hpp"
#include "store/engine.hpp"
#include "text/json_writer.hpp"

namespace lapwing::server {

// What the machine is given once loops and services are there. All outlive its stop().
struct MachineNeeds {
  net::LoopGroup& loops;
  ports::LogSink* logs = nullptr;  // of functions; null where there is no such service
  runtime::RoleCredentialSource& credentials;
  runtime::EndpointServer& endpoint;
  http::ConnectionBudget& connections;
  http::Memory& memory;
  background::Runner& upkeep;  // of what keeps real time
};

// What functions run on.
//
// Thread-safety: begin() and stop() by one thread; the rest from any between them.
class Machine : public engine::Snapshots {
 public:
  // Before begin(). What it has to run functions with; null: nothing is refused for that.
  virtual const runtime::Catalogue* catalogue() const = 0;
  // Values of the tag lapwing:network and why they are refused, "" where they are not.
  virtual std::map<std::string, std::string> network_modes() const = 0;

  virtual Status begin(const MachineNeeds& needs) = 0;
  // From begin() on.
  virtual runtime::EnvironmentFactory& environments() = 0;
  // A version changed or is gone: beside what the engine ends.
  virtual void retire(const std::string& arn, const std::string& version) = 0;
  // What was started last before this server was, the last first; once, before anything starts.
  virtual std::vector<runtime::RecentStarts::Start> recent_starts() { return {}; }
  // Before the loops run.
  virtual Status serve() { return {}; }
  // The API listens: what may take its time begins.
  virtual void tend() {}
  // What begins nothing more, while requests end.
  virtual void drain() {}
  // After the engine's environments have ended, while the loops run.
  virtual void stop() = 0;

  virtual void metrics(hosting::MetricsText&) const {}
  // Members of an object that is open.
  virtual void health(text::JsonWriter&) const {}
};

struct Platform {
  const Clock& clock;             // real time: connections, functions, signatures, files
  ManualClock* manual = nullptr;  // what services wait by, where that stands still
  Random& random;
  Logger& logger;
  std::unique_ptr<store::Engine> store;
  std::unique_ptr<Machine> machine;
  crypto::AesKey key;  // server.key: what all others are derived from
  const os::DiskSpace* disk = nullptr;
  ports::StreamSources streams = {};  // beside those of services: in tests
};

}  // namespace lapwing::server
