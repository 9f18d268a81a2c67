// The services of an Instance, with the time and the work in the background that they share.
//
// Thread-safety: made, started and stopped by one thread; the rest from any between.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/service.hpp"
#include "background/runner.hpp"
#include "delivery/http_caller.hpp"
#include "delivery/http_destination.hpp"
#include "delivery/http_reach.hpp"
#include "delivery/mail_destination.hpp"
#include "hosting/manual_time.hpp"
#include "journal/journal.hpp"
#include "net/loop_group.hpp"
#include "net/worker_pool.hpp"
#include "ports/destination.hpp"
#include "ports/stream_source.hpp"
#include "server/platform.hpp"
#include "server/service_calls.hpp"
#include "server/services.hpp"
#include "text/pattern.hpp"

namespace lapwing::server {

// All outlive the part.
struct ServiceNeeds {
  const Clock& clock;             // real time
  ManualClock* manual = nullptr;  // what services wait by, where that stands still
  Random& random;
  Logger& logger;
  store::Engine& store;
  net::LoopGroup& loops;
  net::WorkerPool& workers;
  http::Memory* memory = nullptr;  // where what services hand one another is counted
  const os::DiskSpace* disk = nullptr;
  const SettingValues* settings = nullptr;
  std::string data_dir;
  const crypto::AesKey& server_key;
  const aws::SessionMint& sessions;
  const engine::EngineSide& engine;
  ports::StreamSources streams = {};  // that are no service's
  bool on_loopback = false;           // the server listens there only
};

class ServicePart {
 public:
  // Of the named services, all where none is named.
  ServicePart(const ServiceNeeds& needs, const std::vector<std::string>& names);

  Status start();
  // The clock moves no more, and what waits for long answers.
  void drain();
  // No request comes any more, and then, that none is at work.
  void cancel() { services_.cancel(); }
  void stop();

  Services& services() { return services_; }
  // What the services have published.
  const hosting::Ports& ports() const { return ports_; }
  ServiceCalls& calls() { return calls_; }
  // Where requests may go that are sent for others.
  delivery::HttpReach& reach() { return reach_; }
  // Null where the clock moves by itself.
  hosting::ManualTime* time() { return time_ ? &*time_ : nullptr; }
  background::Runner& upkeep() { return upkeep_; }
  journal::Journal& journal() { return journal_; }
  std::vector<background::TaskFacts> tasks() const;

 private:
  Status sweep();

  ServiceNeeds needs_;
  text::PatternCache patterns_;
  aws::AuthoriseAll authoriser_;  // as long as no identities are evaluated
  aws::Pipeline pipeline_;
  background::Runner background_;
  background::Runner upkeep_;  // of what keeps real time: files, the journal
  std::optional<hosting::ManualTime> time_;
  const hosting::Keys keys_;
  ServiceCalls calls_;
  journal::Journal journal_;
  net::WorkerPool names_;  // that look up who somebody wants called; they may hang
  delivery::HttpReach reach_;
  delivery::HttpCaller http_caller_;
  delivery::HttpDestination http_;
  std::unique_ptr<delivery::MailDestination> mail_;  // null: no mail leaves
  ports::Destinations destinations_;
  ports::StreamSources streams_;
  hosting::Ports ports_;
  Services services_;
  background::Task sweeping_;
};

}  // namespace lapwing::server
