#include "server/instance.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.hpp"
#include "engine/settings.hpp"
#include "images/limits.hpp"
#include "server/endpoint.hpp"
#include "server/engine_part.hpp"
#include "server/front_part.hpp"
#include "server/limits.hpp"
#include "server/machine_defaults.hpp"
#include "server/open_files.hpp"
#include "server/service_part.hpp"
#include "server/sign_in.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/settings.hpp"

namespace lapwing::server {

// Declared in the order of dependence; members are destroyed in reverse.
struct Instance::Parts {
  Parts(const Config& c, Platform p)
      : config(c),
        clock(p.clock),
        manual(p.manual),
        random(p.random),
        logger(p.logger),
        disk(p.disk),
        memory({.payloads = static_cast<std::uint64_t>(c.payloads_mb) * kMiB}),
        // Those that look up images must not be all there are.
        workers(static_cast<std::size_t>(c.workers) + images::kResolvesMax),
        hashers(static_cast<std::size_t>(c.workers)),
        loops(static_cast<std::size_t>(c.loops), p.clock, p.logger),
        store(std::move(p.store)),
        key(p.key),
        sign_in(c, key, p.random, p.clock),
        orders(*p.machine, static_cast<std::size_t>(c.workers)),
        machine(std::move(p.machine)) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      loops.at(i).set_spin(std::chrono::microseconds(c.spin_us));
    }
  }

  // Also of one that did not start: steps in the background use everything below.
  ~Parts() { orders.stop(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void make_services(const std::vector<std::string>& names);
  Status make_engine();
  Status start_services();
  void expect_recent(const lambda::Catalog& functions);
  void make_front();

  const Config config;
  const Clock& clock;
  ManualClock* manual;
  Random& random;
  Logger& logger;
  const os::DiskSpace* disk;
  // What connections on the loops use until these end.
  http::Memory memory;
  std::optional<http::ConnectionBudget> connections;
  std::optional<http::Budget> waits;
  Endpoint endpoint;
  // Operations, and what is long to compute of large requests: neither waits for the other.
  net::WorkerPool workers;
  net::WorkerPool hashers;
  net::LoopGroup loops;
  std::unique_ptr<store::Engine> store;  // its writers wake tasks of the loops: it goes before them
  const crypto::AesKey key;
  SignIn sign_in;
  EngineOrders orders;
  std::optional<ServicePart> services;
  std::unique_ptr<Machine> machine;  // given; environments write to services until it goes
  std::optional<EnginePart> engine;
  std::optional<FrontPart> front;
};

void Instance::Parts::make_services(const std::vector<std::string>& names) {
  lambda::Options options = lambda::options_of(config.others);
  options.data_dir = config.data_dir;
  options.catalogue = machine->catalogue();
  options.disk = disk;
  options.network_modes = machine->network_modes();
  services.emplace(
      ServiceNeeds{clock, manual, random, logger, *store, loops, workers, disk, &config.others},
      Beside{orders.side(), options, sign_in.mint, key}, names);
  iam::Service& iam = services->services().iam();
  sign_in.credentials.ask_further(iam.keys());
  sign_in.of_roles.emplace(sign_in.mint, iam.roles(), clock,
                           config.others.read<iam::Settings>().known_roles_only());
}

Status Instance::Parts::make_engine() {
  const auto set = config.read<engine::Settings>();
  engine::EngineOptions options = set.options(machine_sizes(config.data_dir));
  fit_open_files(options, set.environments_max != engine::Settings().environments_max, logger);
  connections.emplace(fit_connections(options, static_cast<std::size_t>(config.connections_max),
                                      config.connections_max != Config().connections_max, logger));
  const std::size_t most = connections->max();
  waits.emplace(most * kLongWaitsQuarters / 4, most / kLongWaitsOfCallerPart);
  logs::Service* const logs = services->services().logs();
  LAPWING_CHECK(machine->begin({loops, logs != nullptr ? &logs->sink() : nullptr, *sign_in.of_roles,
                                endpoint, *connections, memory, services->upkeep()}));
  engine.emplace(loops, machine->environments(), options);
  orders.bind(engine->dispatcher);
  return {};
}

Status Instance::Parts::start_services() {
  lambda::Service* const lambda = services->services().lambda();
  if (lambda != nullptr) {
    lambda->catalog().on_retired([this](const std::string& arn, const std::string& version) {
      engine->dispatcher.retire(arn, version);
      machine->retire(arn, version);
    });
    lambda->catalog().on_ready([this](const runtime::FunctionVersionPtr& function) {
      engine->dispatcher.expect(function);
    });
  }
  LAPWING_CHECK(services->start());
  if (lambda != nullptr) expect_recent(lambda->catalog());
  return {};
}

// What was called before this server came back is likely to be called again.
void Instance::Parts::expect_recent(const lambda::Catalog& functions) {
  for (const runtime::RecentStarts::Start& start : machine->recent_starts()) {
    const std::optional<std::uint64_t> number = lambda::parse_version(start.version);
    if (!number) continue;
    if (auto version = functions.version({start.account, start.region, start.name}, *number)) {
      engine->dispatcher.expect(std::move(version));
    }
  }
}

void Instance::Parts::make_front() {
  front.emplace(FrontNeeds{config, clock, random, logger, disk, loops, workers, hashers, memory,
                           *connections, *waits, sign_in, endpoint, *machine, *services,
                           engine->dispatcher});
}

Instance::Instance(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Instance::~Instance() = default;

Result<std::unique_ptr<Instance>> Instance::create(const Config& config, Platform platform,
                                                   const std::vector<std::string>& services) {
  auto parts = std::make_unique<Parts>(config, std::move(platform));
  parts->make_services(services);
  LAPWING_CHECK(parts->make_engine());
  LAPWING_CHECK(parts->start_services());
  parts->make_front();
  return std::unique_ptr<Instance>(new Instance(std::move(parts)));
}

Result<std::string> Instance::start() {
  Parts& p = *parts_;
  LAPWING_CHECK(p.machine->serve());
  p.loops.start();
  Result<std::string> address = p.front->listen(p.config.listen);
  if (!address) {
    // Loops are at work already, on environments that were asked for.
    stop(Duration::zero());
    return address;
  }
  p.machine->tend();
  return address;
}

void Instance::stop(Duration grace) {
  Parts& p = *parts_;
  p.services->drain();
  p.engine->dispatcher.end_idle();
  p.machine->drain();
  p.front->stop(grace);
  p.engine->dispatcher.stop();
  p.machine->stop();
  p.endpoint.stop();
  p.loops.stop();
  // A job that waits for a registry must not be waited for.
  if (lambda::Service* const lambda = p.services->services().lambda()) lambda->cancel_pulls();
  // Jobs use everything above, and what they were asked by has ended: from here on there are none,
  // and nothing tells a service anything that it does in the background.
  p.workers.stop();
  p.hashers.stop();
  p.orders.stop();
  p.services->stop();
  p.store->shut_down();
}

Services& Instance::services() { return parts_->services->services(); }

net::LoopGroup& Instance::loops() { return parts_->loops; }

hosting::ManualTime* Instance::time() { return parts_->services->time(); }

}  // namespace lapwing::server
