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

namespace lapwing::server {

namespace {

bool listens_on_loopback(const Config& config) {
  const auto listen = parse_listen(config.listen);
  return listen && is_loopback(listen->first);
}

}  // namespace

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
        streams(std::move(p.streams)),
        sign_in(c, key, p.random, p.clock),
        orders(*p.machine, memory, static_cast<std::size_t>(c.workers)),
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
  void expect_recent(const engine::Functions& functions);
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
  const ports::StreamSources streams;
  SignIn sign_in;
  EngineOrders orders;
  std::optional<ServicePart> services;
  std::unique_ptr<Machine> machine;  // given; environments write to services until it goes
  std::optional<EnginePart> engine;
  std::optional<FrontPart> front;
};

void Instance::Parts::make_services(const std::vector<std::string>& names) {
  services.emplace(ServiceNeeds{clock, manual, random, logger, *store, loops, workers, &memory,
                                disk, &config.others, config.data_dir, key, sign_in.mint,
                                orders.side(), streams, listens_on_loopback(config)},
                   names);
  sign_in.ask(services->ports(), clock);
}

Status Instance::Parts::make_engine() {
  const auto set = config.read<engine::Settings>();
  engine::EngineOptions options = set.options(machine_sizes(config.data_dir));
  fit_open_files(options, set.environments_max != engine::Settings().environments_max, logger);
  connections.emplace(fit_connections(options, static_cast<std::size_t>(config.connections_max),
                                      config.connections_max != Config().connections_max, logger));
  const std::size_t most = connections->max();
  waits.emplace(most * kLongWaitsQuarters / 4, most / kLongWaitsOfCallerPart);
  LAPWING_CHECK(machine->begin({loops, services->ports().logs, *sign_in.of_roles, endpoint,
                                *connections, memory, services->upkeep()}));
  engine.emplace(loops, machine->environments(), options);
  orders.bind(engine->dispatcher);
  return {};
}

Status Instance::Parts::start_services() {
  engine::Functions* const functions = services->ports().functions;
  if (functions != nullptr) {
    functions->on_retired([this](const std::string& arn, const std::string& version) {
      engine->dispatcher.retire(arn, version);
      machine->retire(arn, version);
    });
    functions->on_ready([this](const runtime::FunctionVersionPtr& function) {
      engine->dispatcher.expect(function);
    });
  }
  LAPWING_CHECK(services->start());
  if (functions != nullptr) expect_recent(*functions);
  return {};
}

// What was called before this server came back is likely to be called again.
void Instance::Parts::expect_recent(const engine::Functions& functions) {
  for (const runtime::RecentStarts::Start& start : machine->recent_starts()) {
    if (auto version =
            functions.find_version(start.account, start.region, start.name, start.version)) {
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
  // A job that waits for a registry, say, must not be waited for.
  p.services->cancel();
  // Jobs use everything above, and what they were asked by has ended: from here on there are none,
  // and nothing tells a service anything that it does in the background.
  p.workers.stop();
  p.hashers.stop();
  p.orders.stop();
  p.services->stop();
  p.store->shut_down();
}

std::size_t Instance::signing_keys() { return parts_->services->ports().keys->signing_keys(); }

Services& Instance::services() { return parts_->services->services(); }

ports::AwsApi& Instance::api() { return parts_->services->calls(); }

net::LoopGroup& Instance::loops() { return parts_->loops; }

hosting::ManualTime* Instance::time() { return parts_->services->time(); }

}  // namespace lapwing::server
