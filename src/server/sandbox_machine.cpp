#include "server/sandbox_machine.hpp"

#include <utility>

#include "base/bytes.hpp"
#include "runtime/environment/environment.hpp"
#include "runtime/settings.hpp"
#include "sandbox/settings.hpp"
#include "server/added_runtimes.hpp"
#include "server/embedded_files.hpp"
#include "server/machine_catalogue.hpp"
#include "server/metrics.hpp"
#include "server/network.hpp"

namespace lapwing::server {
namespace {

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

runtime::StarterOptions starter_options(const runtime::Settings& set) {
  runtime::StarterOptions out;
  out.standby = set.standby;
  out.templates = set.templates == "off"      ? runtime::Templates::kOff
                  : set.templates == "shared" ? runtime::Templates::kShared
                                              : runtime::Templates::kAccount;
  out.ready = static_cast<std::uint32_t>(set.standby_ready);
  out.ready_max = static_cast<std::uint32_t>(set.standby_max);
  out.expected_max = static_cast<std::uint32_t>(set.standby_expected_max);
  out.memory_mb = static_cast<std::uint64_t>(set.standby_memory_mb);
  return out;
}

}  // namespace

SandboxMachine::SandboxMachine(const Config& config, sandbox::Launcher& launcher,
                               const os::DiskSpace& disk, Random& random, Logger& logger)
    : config_(config),
      launcher_(launcher),
      disk_(disk),
      random_(random),
      logger_(logger),
      roots_(config.data_dir) {}

SandboxMachine::~SandboxMachine() = default;

Result<std::unique_ptr<SandboxMachine>> SandboxMachine::open(const Config& config,
                                                             sandbox::Launcher& launcher,
                                                             const os::DiskSpace& disk,
                                                             Random& random, Logger& logger) {
  std::unique_ptr<SandboxMachine> out(new SandboxMachine(config, launcher, disk, random, logger));
  LAPWING_CHECK(out->prepare());
  return out;
}

Status SandboxMachine::prepare() {
  LAPWING_TRY(const std::string bootstraps, install_files(config_.data_dir, embedded_runtimes()));
  LAPWING_CHECK(AddedRuntimes(config_.data_dir).sweep());
  catalogue_ = discover_runtimes(config_);
  views_ = std::make_unique<sandbox::MachineViews>(config_.data_dir);
  const auto set = config_.read<sandbox::Settings>();
  runtime::PlannerOptions options;
  options.bootstrap_dir = bootstraps;
  options.sdks = added_sdks(config_);
  std::string python_sdk;
  for (const runtime::SdkMount& sdk : options.sdks) {
    if (sdk.language == runtime::Language::kPython) python_sdk = sdk.source;
  }
  options.cpu = set.cpu == "quota" ? sandbox::CpuModel::kQuota : sandbox::CpuModel::kWeight;
  LAPWING_TRY(options.network, default_network_mode(set, launcher_.network()));
  if (set.endpoint != "auto") options.endpoint = set.endpoint == "open";
  options.network_said_none = set.network == "none";
  planner_ = std::make_unique<runtime::SandboxPlanner>(options, *catalogue_, roots_, *views_);
  maintenance_ = std::make_unique<Maintenance>(
      MaintenanceParts{&*catalogue_, bootstraps, std::move(python_sdk), &logger_});
  return planner_->prepare();
}

std::map<std::string, std::string> SandboxMachine::network_modes() const {
  return network_tag_values(config_.read<sandbox::Settings>(), launcher_.network());
}

Status SandboxMachine::begin(const MachineNeeds& needs) {
  const auto set = config_.read<runtime::Settings>();
  loops_ = &needs.loops;
  starters_ = std::make_unique<runtime::StarterGroup>(needs.loops, launcher_, logger_,
                                                      starter_options(set));
  snapshots_ = std::make_unique<runtime::SnapshotStore>(
      config_.data_dir + "/snapshots", static_cast<std::uint64_t>(set.snapshots_mb) * kMiB);
  snapshots_->set_space(&disk_);
  snapshots_->on_missing(
      [this](const runtime::FunctionVersionPtr& function) { maker_->make(function, nullptr); });
  host_.starters = starters_.get();
  host_.planner = planner_.get();
  host_.catalogue = &*catalogue_;
  host_.logs = needs.logs;
  host_.credentials = &needs.credentials;
  host_.endpoint = &needs.endpoint;
  host_.connections = &needs.connections;
  host_.memory = &needs.memory;
  host_.snapshots = snapshots_.get();
  host_.random = &random_;
  host_.logger = &logger_;
  host_.init_timeout = std::chrono::milliseconds(set.init_timeout_ms);
  host_.stream.bytes_max = static_cast<std::uint64_t>(set.stream_mib_max) * kMiB;
  host_.stream.bytes_per_second = static_cast<std::uint64_t>(set.stream_kib_per_second) * kKiB;
  host_.stream.burst_bytes = static_cast<std::uint64_t>(set.stream_burst_kib) * kKiB;
  environments_ = std::make_unique<RealEnvironments>(host_);
  maker_ = std::make_unique<runtime::SnapshotMaker>(needs.loops, host_);
  return {};
}

Status SandboxMachine::serve() {
  LAPWING_CHECK(launcher_.begin_housekeeping(logger_));
  if (!launcher_.network().available) return {};
  LAPWING_TRY(names_, sandbox::DnsForwarder::start(
                          loops_->at(0), std::move(launcher_.network().name_server), random_));
  return {};
}

void SandboxMachine::stop() {
  maker_->stop();
  starters_->stop();
}

void SandboxMachine::retire(const std::string& arn, const std::string& version) {
  snapshots_->drop(arn, version);
}

void SandboxMachine::make(runtime::FunctionVersionPtr version, Done done) {
  maker_->make(std::move(version), std::move(done));
}

void SandboxMachine::drop(const runtime::FunctionVersion& version) {
  snapshots_->drop(version.arn, version.version);
}

void SandboxMachine::metrics(hosting::MetricsText& text) const {
  add_start_metrics(text, starters_->stats());
  text.add("snapshots", "gauge", "Snapshots of initialised functions.", snapshots_->count());
  text.add("snapshot_bytes", "gauge", "Disk space of snapshots.", snapshots_->bytes());
  text.add("snapshots_restored_total", "counter", "Starts from a snapshot.",
           snapshots_->restored());
  add_tmp_metrics(text, launcher_.tmp_pauses());
}

void SandboxMachine::health(text::JsonWriter& json) const {
  const sandbox::IsolationReport& report = launcher_.report();
  json.key("isolation");
  json.begin_object();
  json.member("complete", report.complete());
  json.key("features");
  json.begin_array();
  for (const sandbox::IsolationFeature& feature : report.features) {
    json.begin_object();
    json.member("name", feature.name);
    json.member("enforced", feature.enforced);
    json.member("how", feature.how);
    if (!feature.enforced) json.member("remedy", feature.remedy);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace lapwing::server
