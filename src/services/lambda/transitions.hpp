// The background half of creating, updating and publishing: unpack the package and the layers, or
// pull the image, take the snapshot of a version with SnapStart, then Pending -> Active and
// InProgress -> Successful, or Failed with a reason. Each step is one
// transaction and checks that the function is still at the settings it was scheduled for, so
// steps may be repeated, come late, or be cut by a crash and scheduled again.
//
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "engine/executor.hpp"
#include "engine/snapshots.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/installed_code.hpp"
#include "services/lambda/package.hpp"
#include "services/lambda/repository.hpp"

namespace lapwing::lambda {

class Transitions {
 public:
  // All outlive the transitions.
  // `slow` runs what may wait for a registry.
  Transitions(Repository& functions, Catalog& catalog, const CodeStores& code,
              engine::Snapshots& snapshots, engine::Executor& executor, engine::Executor& slow,
              Random& random, Logger& logger);
  // stop() must have been called if anything was scheduled.
  ~Transitions();

  // Finishes the transitions of these versions (0: $LATEST) of a function to the settings with
  // this id, later and in this order.
  void schedule(const FunctionKey& key, const std::string& settings_id,
                std::vector<std::uint64_t> versions = {0});
  // Removes unused packages, later.
  void schedule_sweep();

  // Unpacks what active functions serve and is not on disk (a data directory restored without
  // it), loads the catalog, takes the snapshots of active versions again, and schedules what was
  // under way when the last run ended. Once.
  Status resume();

  Result<std::size_t> sweep();

  // No step begins after this, and none is running when it returns.
  void stop();

 private:
  class Gate;

  void post(engine::Executor& executor, UniqueFunction<void()> step);
  Status begin(const FunctionKey& key, const std::string& settings_id, std::uint64_t version);
  Status restore(const FunctionKey& key, std::uint64_t version);
  Status finish(const FunctionKey& key, const std::string& settings_id, std::uint64_t version);
  // How a transition ends.
  struct End {
    std::optional<Reason> failure;
    bool optimized = false;
  };
  static End end_of(const runtime::SnapshotResult& snapshot);
  Status take_snapshot(const FunctionRecord& record, InstalledCode code);
  void retake(const FunctionKey& key, std::uint64_t version);
  Status settle(const FunctionKey& key, const std::string& settings_id, std::uint64_t version,
                const End& end);

  Repository& functions_;
  Catalog& catalog_;
  const CodeStores& code_;
  engine::Snapshots& snapshots_;
  engine::Executor& executor_;
  engine::Executor& slow_;
  Random& random_;
  Logger& logger_;
  std::shared_ptr<Gate> gate_;
  std::atomic<bool> sweep_waiting_{false};
};

}  // namespace lapwing::lambda
