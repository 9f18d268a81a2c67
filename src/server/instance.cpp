#include "server/instance.hpp"

#include <algorithm>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "aws/credentials.hpp"
#include "aws/route.hpp"
#include "aws/sigv4.hpp"
#include "background/runner.hpp"
#include "crypto/random.hpp"
#include "engine/dispatcher.hpp"
#include "gen/models.hpp"
#include "hosting/manual_time.hpp"
#include "images/limits.hpp"
#include "net/loop_group.hpp"
#include "net/worker_pool.hpp"
#include "runtime/environment.hpp"
#include "runtime/sandbox_planner.hpp"
#include "runtime/snapshot.hpp"
#include "runtime/snapshot_maker.hpp"
#include "runtime/starter.hpp"
#include "sandbox/dns_forwarder.hpp"
#include "server/added_runtimes.hpp"
#include "server/admin.hpp"
#include "server/embedded_files.hpp"
#include "server/endpoint.hpp"
#include "server/front_door.hpp"
#include "server/limits.hpp"
#include "server/machine_catalogue.hpp"
#include "server/machine_defaults.hpp"
#include "server/maintenance.hpp"
#include "server/network.hpp"
#include "server/role_credentials.hpp"
#include "server/server_key.hpp"
#include "server/services.hpp"
#include "store/sqlite/sqlite_engine.hpp"
#include "text/pattern.hpp"

namespace lapwing::server {
namespace {

// Background steps of services on the worker pool; on the caller's thread when it is full,
// so that nothing begun is dropped.
class PoolExecutor final : public lambda::Executor {
 public:
  explicit PoolExecutor(net::WorkerPool& pool) : pool_(pool) {}
  void post(UniqueFunction<void()> job) override {
    auto shared = std::make_shared<UniqueFunction<void()>>(std::move(job));
    if (!pool_.submit([shared] { (*shared)(); })) (*shared)();
  }

 private:
  net::WorkerPool& pool_;
};

class RealEnvironments final : public runtime::EnvironmentFactory {
 public:
  explicit RealEnvironments(const runtime::EnvironmentHost& host) : host_(host) {}
  std::unique_ptr<runtime::ExecutionEnvironment> make(net::Loop& loop,
                                                      runtime::FunctionVersionPtr function,
                                                      runtime::InitializationType type) override {
    return std::make_unique<runtime::Environment>(loop, host_, std::move(function), type);
  }
  void expect(net::Loop& loop, const runtime::FunctionVersion& function) override {
    runtime::expect_environment(loop, host_, function);
  }
  void forget(net::Loop& loop, const std::string& arn) override {
    host_.starters->of(loop).forget(arn);
  }

 private:
  const runtime::EnvironmentHost& host_;
};

// Each pull of an image takes a thread for as long as its registry takes.
constexpr std::size_t kPullers = 4;

images::RegistryOptions registry_options(const Config& config) {
  images::RegistryOptions options;
  options.insecure = config.images_insecure;
  for (const std::string& mirror : config.images_mirrors) {
    const std::size_t equals = mirror.find('=');
    options.mirrors.emplace_back(mirror.substr(0, equals), mirror.substr(equals + 1));
  }
  options.credentials_file = config.images_credentials_file;
  options.ca_file = config.images_ca_file;
  return options;
}

// The engine as Lambda's control plane sees it. The dispatcher is made after the service.
class EngineScaling final : public lambda::Scaling {
 public:
  explicit EngineScaling(const std::unique_ptr<engine::Dispatcher>& dispatcher)
      : dispatcher_(dispatcher) {}
  void plan(engine::FunctionPlan plan) override { dispatcher_->plan(std::move(plan)); }
  void set_unreserved(const AccountId& account, const Region& region,
                      std::uint32_t limit) override {
    dispatcher_->admission().set_unreserved(account, region, limit);
  }
  std::optional<engine::ProvisionState> provisioned(const std::string& arn,
                                                    const std::string& version) const override {
    return dispatcher_->provisioned(arn, version);
  }

 private:
  const std::unique_ptr<engine::Dispatcher>& dispatcher_;
};

// Snapshots as Lambda's control plane asks for them. The maker is made after the service.
class RuntimeSnapshots final : public lambda::Snapshots {
 public:
  RuntimeSnapshots(const std::unique_ptr<runtime::SnapshotMaker>& maker,
                   const std::unique_ptr<runtime::SnapshotStore>& store)
      : maker_(maker), store_(store) {}
  void make(runtime::FunctionVersionPtr version, Done done) override {
    maker_->make(std::move(version), std::move(done));
  }
  void drop(const runtime::FunctionVersion& version) override {
    store_->drop(version.arn, version.version);
  }

 private:
  const std::unique_ptr<runtime::SnapshotMaker>& maker_;
  const std::unique_ptr<runtime::SnapshotStore>& store_;
};

engine::EngineOptions engine_options(const Config& config) {
  engine::EngineOptions options;
  options.account_concurrency = static_cast<std::uint32_t>(config.concurrency);
  options.environments_max = static_cast<std::uint32_t>(config.environments_max);
  options.idle_timeout = std::chrono::seconds(config.idle_seconds);
  options.recycle_after = std::chrono::seconds(config.recycle_seconds);
  options.running_enough = static_cast<std::uint32_t>(config.running_enough) *
                           std::max(1u, std::thread::hardware_concurrency());
  options.start_patience = std::chrono::milliseconds(config.start_patience_ms);
  options.scaling_rate = static_cast<std::uint32_t>(config.scaling_rate);
  options.requests_per_concurrency = static_cast<std::uint32_t>(config.requests_per_concurrency);
  options.memory_mb_max = memory_mb_max(config);
  options.memory_reserve_mb = memory_reserve_mb(config);
  return options;
}

logs::LogLimits log_limits(const Config& config, const os::DiskSpace& disk) {
  logs::LogLimits limits;
  limits.bytes = logs_bytes(config, disk);
  limits.group_bytes = logs_group_bytes(config, disk);
  limits.group_bytes_per_second =
      static_cast<std::uint64_t>(config.logs_function_mib_per_second) * kMiB;
  limits.disk = &disk;
  return limits;
}

// No more environments than there are descriptors for: the one idle longest makes room then, where
// starts would fail otherwise. An eighth is left for connections and files.
void fit_open_files(engine::EngineOptions& options, Logger& logger) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return;
  const std::uint64_t fit =
      std::max<std::uint64_t>(1, files.rlim_cur / 8 * 7 / kFilesPerEnvironment);
  if (fit >= options.environments_max) return;
  // Nobody asked for the default: told, not warned of.
  const bool asked =
      static_cast<std::int64_t>(options.environments_max) != Config().environments_max;
  logger.log(asked ? LogLevel::kWarn : LogLevel::kInfo, "engine",
             "the limit of open files leaves room for fewer environments at once than "
             "engine.environments_max allows. Nothing needs doing unless more are wanted: then "
             "raise it (ulimit -n, LimitNOFILE=)",
             {{"environments", fit},
              {"environments_max", static_cast<std::uint64_t>(options.environments_max)},
              {"open_files", static_cast<std::uint64_t>(files.rlim_cur)}});
  options.environments_max = static_cast<std::uint32_t>(fit);
}

// Nor more connections: with all of them open there are descriptors left for everything else.
std::size_t fit_connections(const engine::EngineOptions& options, const Config& config,
                            Logger& logger) {
  const auto wanted = static_cast<std::uint64_t>(config.connections_max);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  const std::uint64_t taken = options.environments_max * kFilesPerEnvironment +
                              std::max(files.rlim_cur / kFilesReservePart, kFilesReserveMin);
  const std::uint64_t fit =
      std::max(kConnectionsMin, files.rlim_cur - std::min<std::uint64_t>(files.rlim_cur, taken));
  if (fit >= wanted) return wanted;
  const bool asked = config.connections_max != Config().connections_max;
  logger.log(asked ? LogLevel::kWarn : LogLevel::kInfo, "http",
             "the limit of open files leaves room for fewer connections at once than "
             "server.connections_max allows. Nothing needs doing unless more are wanted: then "
             "raise it (ulimit -n, LimitNOFILE=)",
             {{"connections", fit},
              {"connections_max", wanted},
              {"open_files", static_cast<std::uint64_t>(files.rlim_cur)}});
  return fit;
}

Result<net::Address> bind_address(const Config& config) {
  LAPWING_TRY(const auto listen, parse_listen(config.listen));
  const std::string host = listen.first == "localhost" ? "127.0.0.1" : listen.first;
  auto address = net::Address::ip(host, listen.second);
  if (!address) {
    return fail(make_error(
        ErrorKind::kInvalid,
        fmt::format("listen = {}: write an IP address or localhost, and a port", config.listen)));
  }
  return address;
}

// Beyond loopback the metrics name every function to everybody who reaches the port.
bool metrics_signed(const Config& config) {
  if (config.auth == "off" || config.metrics_signed == "never") return false;
  const auto address = parse_listen(config.listen);
  return config.metrics_signed == "always" || !address || !is_loopback(address->first);
}

// They are the operator's, and functions reach the port wherever it listens.
bool functions_may_see(const Config& config) {
  return config.auth == "off" || config.metrics_signed == "never";
}

Error cannot_listen(const Error& error, const std::string& listen) {
  if (error.kind() == ErrorKind::kConflict) {
    return make_error(ErrorKind::kConflict,
                      fmt::format("{} is in use by another program: stop it, or say another "
                                  "address with --listen (port 0 takes a free one)",
                                  listen));
  }
  return make_error(error.kind(),
                    fmt::format("cannot listen on {} ({}): say another address with --listen",
                                listen, error.detail().empty() ? error.message() : error.detail()));
}

}  // namespace

// Declared in the order of dependence; members are destroyed in reverse.
struct Instance::Parts {
  Parts(const Config& c, std::unique_ptr<sandbox::Launcher> l, const os::DiskSpace& space,
        Logger& log)
      : config(c),
        disk(&space),
        logger(&log),
        launcher(std::move(l)),
        manual(c.clock == "manual" ? std::make_unique<ManualClock>(clock.wall()) : nullptr),
        memory({.payloads = static_cast<std::uint64_t>(c.payloads_mb) * kMiB}),
        // Those that look up images must not be all there are.
        workers(static_cast<std::size_t>(c.workers) + images::kResolvesMax),
        pullers(kPullers),
        loops(static_cast<std::size_t>(c.loops), clock, log),
        executor(workers),
        pull_executor(pullers),
        scaling(dispatcher),
        snapshot_orders(snapshot_maker, snapshots),
        roots(c.data_dir),
        guard(c.hosts),
        router(gen::all_models()) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      loops.at(i).set_spin(std::chrono::microseconds(c.spin_us));
    }
  }

  Status open();
  Status make_runtimes();
  void make_services();
  void make_engine();
  Status start_services();
  void make_front();

  Config config;
  const os::DiskSpace* disk;
  Logger* logger;
  std::unique_ptr<sandbox::Launcher> launcher;
  SystemClock clock;
  std::unique_ptr<ManualClock> manual;  // where services wait by one
  crypto::SystemRandom random;

  const Clock& service_clock() const {
    return manual != nullptr ? static_cast<const Clock&>(*manual) : clock;
  }
  // What connections on the loops use until these end.
  http::Memory memory;
  std::optional<http::ConnectionBudget> connections;
  Endpoint endpoint;
  text::PatternCache patterns;
  net::WorkerPool workers;
  net::WorkerPool pullers;
  net::LoopGroup loops;
  std::unique_ptr<store::Engine> store;  // its writers wake tasks of the loops: it goes before them
  std::unique_ptr<sandbox::DnsForwarder> names;

  std::unique_ptr<aws::SessionMint> mint;
  std::unique_ptr<aws::MemoryCredentialStore> credentials;
  std::unique_ptr<aws::Authenticator> authenticator;
  std::unique_ptr<RoleCredentialMint> role_credentials;

  aws::AuthoriseAll authoriser;  // as long as no identities are evaluated
  std::optional<aws::Pipeline> pipeline;
  std::unique_ptr<background::Runner> background;
  std::unique_ptr<background::Runner> upkeep;  // of what keeps real time: files
  std::optional<hosting::ManualTime> time;
  PoolExecutor executor;
  PoolExecutor pull_executor;
  EngineScaling scaling;
  RuntimeSnapshots snapshot_orders;
  std::unique_ptr<Services> services;

  std::string bootstraps;  // directory of the installed bootstraps
  std::string python_sdk;  // directory of boto3; "" for none
  std::optional<runtime::Catalogue> catalogue;
  sandbox::RootStore roots;
  std::unique_ptr<sandbox::MachineViews> views;
  std::unique_ptr<runtime::SandboxPlanner> planner;
  runtime::EnvironmentHost host;
  std::unique_ptr<runtime::SnapshotStore> snapshots;
  std::unique_ptr<runtime::StarterGroup> starters;
  std::unique_ptr<RealEnvironments> environments;
  std::unique_ptr<runtime::SnapshotMaker> snapshot_maker;
  engine::ProcMachineGauge machine;
  std::unique_ptr<engine::Dispatcher> dispatcher;

  HostGuard guard;
  aws::Router router;
  std::unique_ptr<Admin> admin;
  std::unique_ptr<InvokeDoor> invoke_door;
  std::unique_ptr<FrontDoor> front_door;
  std::unique_ptr<http::Server> http;
  std::unique_ptr<Maintenance> maintenance;
};

Status Instance::Parts::open() {
  LAPWING_TRY(store, store::open_sqlite_engine({.data_dir = config.data_dir, .file_clock = &clock},
                                               service_clock(), *logger));
  LAPWING_TRY(const crypto::AesKey key, load_server_key(config.data_dir, random));
  mint = std::make_unique<aws::SessionMint>(key, random);
  credentials = std::make_unique<aws::MemoryCredentialStore>(mint.get());
  for (const StaticCredential& known : config.credentials) {
    aws::Principal principal;
    principal.account = AccountId(known.account);
    principal.arn = known.principal;
    credentials->add(known.access_key_id, known.secret_access_key, principal);
  }
  const aws::AuthMode mode = aws::parse_auth_mode(config.auth).value_or(aws::AuthMode::kOff);
  authenticator = std::make_unique<aws::Authenticator>(mode, *credentials, clock);
  role_credentials = std::make_unique<RoleCredentialMint>(*mint, clock);
  return {};
}

Status Instance::Parts::make_runtimes() {
  LAPWING_TRY(bootstraps, install_files(config.data_dir, embedded_runtimes()));
  LAPWING_CHECK(AddedRuntimes(config.data_dir).sweep());
  catalogue = discover_runtimes(config);
  runtime::PlannerOptions options;
  views = std::make_unique<sandbox::MachineViews>(config.data_dir);
  options.bootstrap_dir = bootstraps;
  options.sdks = added_sdks(config);
  for (const runtime::SdkMount& sdk : options.sdks) {
    if (sdk.language == runtime::Language::kPython) python_sdk = sdk.source;
  }
  options.cpu = config.cpu == "quota" ? sandbox::CpuModel::kQuota : sandbox::CpuModel::kWeight;
  LAPWING_TRY(options.network, default_network_mode(config, launcher->network()));
  if (config.endpoint != "auto") options.endpoint = config.endpoint == "open";
  options.network_said_none = config.network == "none";
  planner = std::make_unique<runtime::SandboxPlanner>(options, *catalogue, roots, *views);
  return planner->prepare();
}

void Instance::Parts::make_services() {
  pipeline.emplace(aws::Pipeline{patterns, *logger, clock, authoriser, workers});
  background::RunnerOptions pace;
  if (manual != nullptr) pace.pace = background::Pace::kManual;
  background = std::make_unique<background::Runner>(service_clock(), *logger, pace);
  if (manual != nullptr) time.emplace(*manual, *background, store->store());
  upkeep =
      std::make_unique<background::Runner>(clock, *logger, background::RunnerOptions{.threads = 1});
  ServiceOptions settings;
  settings.logs = log_limits(config, *disk);
  lambda::Options& options = settings.lambda;
  options.data_dir = config.data_dir;
  options.concurrency_limit = static_cast<std::uint32_t>(config.concurrency);
  options.registries = registry_options(config);
  options.image_layouts = config.images_layouts;
  options.refuse_retired = config.runtimes_retired == "refuse";
  options.catalogue = &*catalogue;
  options.disk = disk;
  options.network_modes = network_tag_values(config, launcher->network());
  services = std::make_unique<Services>(
      hosting::Dependencies{*store, service_clock(), random, *logger, *background, *pipeline, disk},
      lambda::EngineSide{executor, pull_executor, scaling, snapshot_orders}, std::move(settings));
}

Status Instance::Parts::start_services() {
  if (time) LAPWING_CHECK(time->load());
  background->start();
  upkeep->start();
  lambda::Catalog& functions = services->lambda().catalog();
  functions.on_retired([this](const std::string& arn, const std::string& version) {
    dispatcher->retire(arn, version);
    snapshots->drop(arn, version);
  });
  functions.on_ready(
      [this](const runtime::FunctionVersionPtr& function) { dispatcher->expect(function); });
  return services->start();
}

void Instance::Parts::make_engine() {
  runtime::StarterOptions ahead;
  ahead.standby = config.standby;
  ahead.templates = config.templates == "off"      ? runtime::Templates::kOff
                    : config.templates == "shared" ? runtime::Templates::kShared
                                                   : runtime::Templates::kAccount;
  ahead.ready = static_cast<std::uint32_t>(config.standby_ready);
  ahead.ready_max = static_cast<std::uint32_t>(config.standby_max);
  ahead.expected_max = static_cast<std::uint32_t>(config.standby_expected_max);
  ahead.memory_mb = static_cast<std::uint64_t>(config.standby_memory_mb);
  starters = std::make_unique<runtime::StarterGroup>(loops, *launcher, *logger, ahead);
  host.starters = starters.get();
  host.planner = planner.get();
  host.catalogue = &*catalogue;
  host.logs = &services->logs().sink();
  host.credentials = role_credentials.get();
  host.endpoint = &endpoint;
  snapshots = std::make_unique<runtime::SnapshotStore>(
      config.data_dir + "/snapshots", static_cast<std::uint64_t>(config.snapshots_mb) * kMiB);
  snapshots->set_space(disk);
  snapshots->on_missing([this](const runtime::FunctionVersionPtr& function) {
    snapshot_maker->make(function, nullptr);
  });
  host.snapshots = snapshots.get();
  host.random = &random;
  host.logger = logger;
  host.init_timeout = std::chrono::milliseconds(config.init_timeout_ms);
  host.stream.bytes_max = static_cast<std::uint64_t>(config.stream_mib_max) * kMiB;
  host.stream.bytes_per_second = static_cast<std::uint64_t>(config.stream_kib_per_second) * kKiB;
  host.stream.burst_bytes = static_cast<std::uint64_t>(config.stream_burst_kib) * kKiB;
  environments = std::make_unique<RealEnvironments>(host);
  snapshot_maker = std::make_unique<runtime::SnapshotMaker>(loops, host);
  engine::EngineOptions options = engine_options(config);
  fit_open_files(options, *logger);
  connections.emplace(fit_connections(options, config, *logger));
  host.connections = &*connections;
  host.memory = &memory;
  dispatcher = std::make_unique<engine::Dispatcher>(loops, *environments, machine, options);
}

void Instance::Parts::make_front() {
  admin = std::make_unique<Admin>(
      AdminParts{kVersion, &launcher->report(), dispatcher.get(), &starters->stats(),
                 snapshots.get(), services.get(), time ? &*time : nullptr, &workers, &clock,
                 static_cast<std::size_t>(config.metrics_functions), authenticator.get(),
                 metrics_signed(config), functions_may_see(config), &memory, &*connections, disk,
                 &launcher->tmp_pauses()});
  invoke_door = std::make_unique<InvokeDoor>(
      InvokeDoorParts{authenticator.get(), &services->lambda(), dispatcher.get(), &*catalogue,
                      &memory, &workers, &random, logger});
  front_door =
      std::make_unique<FrontDoor>(FrontDoorParts{&guard, authenticator.get(), &router, admin.get(),
                                                 invoke_door.get(), &workers, &random, logger});
  for (const auto& service : services->all()) front_door->add(service->api());
  const auto served = [door = front_door.get()](CameFrom from) {
    return [door, from](http::RequestContext& context) { return door->handle(context, from); };
  };
  endpoint.open(
      served(CameFrom::kSandbox),
      [door = front_door.get()](http::RequestContext& context) {
        return door->handle_closed(context);
      },
      memory);
  http::ServerOptions options;
  options.connections = &*connections;
  options.memory = &memory;
  http = std::make_unique<http::Server>(loops, std::move(options), served(CameFrom::kClient));
  admin->observe(front_door->stats(), invoke_door->stats(), http->stats());
}

Instance::Instance(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Instance::~Instance() = default;

Result<std::unique_ptr<Instance>> Instance::create(const Config& config,
                                                   std::unique_ptr<sandbox::Launcher> launcher,
                                                   const os::DiskSpace& disk, Logger& logger) {
  auto parts = std::make_unique<Parts>(config, std::move(launcher), disk, logger);
  LAPWING_CHECK(parts->open());
  LAPWING_CHECK(parts->make_runtimes());
  parts->make_services();
  parts->make_engine();
  LAPWING_CHECK(parts->start_services());
  parts->make_front();
  return std::unique_ptr<Instance>(new Instance(std::move(parts)));
}

Result<std::string> Instance::start() {
  Parts& p = *parts_;
  LAPWING_CHECK(p.launcher->begin_housekeeping(*p.logger));
  if (p.launcher->network().available) {
    LAPWING_TRY(p.names,
                sandbox::DnsForwarder::start(
                    p.loops.at(0), std::move(p.launcher->network().name_server), p.random));
  }
  p.loops.start();
  LAPWING_TRY(const net::Address address, bind_address(p.config));
  if (const Status listening = p.http->listen(address); !listening) {
    return fail(cannot_listen(listening.error(), p.config.listen));
  }
  p.maintenance = std::make_unique<Maintenance>(
      MaintenanceParts{&p.services->lambda(), p.store.get(), &*p.catalogue, p.bootstraps,
                       p.python_sdk, p.upkeep.get(), p.logger});
  p.maintenance->start();
  return p.http->addresses().front().to_string();
}

void Instance::stop(Duration grace) {
  Parts& p = *parts_;
  if (p.time) p.time->stop();
  p.services->drain();
  p.dispatcher->end_idle();
  p.maintenance->stop();
  p.http->stop(grace);
  p.dispatcher->stop();
  p.snapshot_maker->stop();
  p.starters->stop();
  p.endpoint.stop();
  p.loops.stop();
  // A job that waits for a registry must not be waited for.
  p.services->lambda().cancel_pulls();
  // Jobs use everything above, and what they were asked by has ended: from here on there are none,
  // and nothing tells a service anything that it does in the background.
  p.workers.stop();
  p.pullers.stop();
  p.services->stop();
  p.upkeep->stop();
  p.background->stop();
  p.store->shut_down();
}

}  // namespace lapwing::server
