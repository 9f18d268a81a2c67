// The real machine: sandboxes made by the launcher, interpreters found here, environments kept
// ready, snapshots on disk.
//
// Thread-safety: as Machine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/snapshot/snapshot.hpp"
#include "runtime/snapshot/snapshot_maker.hpp"
#include "runtime/start/sandbox_planner.hpp"
#include "runtime/start/starter.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/network/dns_forwarder.hpp"
#include "server/config.hpp"
#include "server/maintenance.hpp"
#include "server/platform.hpp"

namespace lapwing::server {

class SandboxMachine final : public Machine {
 public:
  // All outlive it. Looks for interpreters and installs the bootstraps in the data directory.
  static Result<std::unique_ptr<SandboxMachine>> open(const Config& config,
                                                      sandbox::Launcher& launcher,
                                                      const os::DiskSpace& disk, Random& random,
                                                      Logger& logger);
  ~SandboxMachine() override;

  const runtime::Catalogue* catalogue() const override { return &*catalogue_; }
  std::map<std::string, std::string> network_modes() const override;
  Status begin(const MachineNeeds& needs) override;
  runtime::EnvironmentFactory& environments() override { return *environments_; }
  void retire(const std::string& arn, const std::string& version) override;
  std::vector<runtime::RecentStarts::Start> recent_starts() override { return recent_->load(); }
  Status serve() override;
  void tend() override { maintenance_->start(); }
  void drain() override { maintenance_->stop(); }
  void stop() override;
  void metrics(hosting::MetricsText& text) const override;
  void health(text::JsonWriter& json) const override;

  // Of engine::Snapshots.
  void make(runtime::FunctionVersionPtr version, Done done) override;
  void drop(const runtime::FunctionVersion& version) override;

 private:
  SandboxMachine(const Config& config, sandbox::Launcher& launcher, const os::DiskSpace& disk,
                 Random& random, Logger& logger);
  Status prepare();

  const Config config_;
  sandbox::Launcher& launcher_;
  const os::DiskSpace& disk_;
  Random& random_;
  Logger& logger_;
  net::LoopGroup* loops_ = nullptr;  // from begin() on
  std::optional<runtime::Catalogue> catalogue_;
  sandbox::RootStore roots_;
  std::unique_ptr<sandbox::MachineViews> views_;
  std::unique_ptr<runtime::SandboxPlanner> planner_;
  std::unique_ptr<sandbox::DnsForwarder> names_;
  runtime::EnvironmentHost host_;
  std::unique_ptr<runtime::SnapshotStore> snapshots_;
  std::unique_ptr<runtime::StarterGroup> starters_;
  std::optional<runtime::RecentStarts> recent_;
  background::Task recent_written_;
  std::unique_ptr<runtime::EnvironmentFactory> environments_;
  std::unique_ptr<runtime::SnapshotMaker> maker_;
  std::unique_ptr<Maintenance> maintenance_;
};

}  // namespace lapwing::server
