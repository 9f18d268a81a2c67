// What the control plane asks of those who take snapshots of initialised functions (SnapStart).
//
// Thread-safety: any thread.
#pragma once

#include "base/unique_function.hpp"
#include "runtime/function_version.hpp"
#include "runtime/snapshot/snapshot.hpp"

namespace lapwing::engine {

class Snapshots {
 public:
  virtual ~Snapshots() = default;
  using Done = UniqueFunction<void(runtime::SnapshotResult result)>;
  // Initialises that version, whether it is active or not yet, and takes a snapshot; `done` is
  // called later, on any thread, or never when the server stops before.
  virtual void make(runtime::FunctionVersionPtr version, Done done) = 0;
  // The version is gone.
  virtual void drop(const runtime::FunctionVersion& version) = 0;
};

}  // namespace lapwing::engine
