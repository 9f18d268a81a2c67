// What a Shard keeps: functions, the pools of their versions, the environments in them.
// Private to this folder.
//
// Thread-safety: the shard's loop.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "engine/admission.hpp"
#include "engine/pace.hpp"
#include "engine/plan.hpp"
#include "net/sync.hpp"
#include "runtime/execution_environment.hpp"

namespace lapwing::engine {

class Shard;
struct Function;
struct Pool;

struct Slot {
  Pool* pool = nullptr;
  std::unique_ptr<runtime::ExecutionEnvironment> environment;
  std::uint32_t memory_mb = 0;
  std::uint32_t shape = 0;  // Pool::shape when it was made
  MonoTime made{};
  bool is_provisioned = false;
  bool is_ready = false;    // its initialisation is over
  bool is_retired = false;  // ends as soon as it is free
  bool is_idle = false;
  bool is_active = false;  // starting or running: its memory counts
  bool has_run = false;    // an invocation
  MonoTime idle_since{};
  std::list<Slot*>::iterator idle_position;  // in Shard::idle_, while idle and not provisioned
};

// A slot on its way to the caller who waited for it; goes back when nobody takes it.
class Lease {
 public:
  Lease(Shard& shard, Slot& slot) : shard_(&shard), slot_(&slot) {}
  Lease(Lease&& other) noexcept
      : shard_(other.shard_), slot_(std::exchange(other.slot_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      give_back();
      shard_ = other.shard_;
      slot_ = std::exchange(other.slot_, nullptr);
    }
    return *this;
  }
  ~Lease() { give_back(); }
  Slot& take() { return *std::exchange(slot_, nullptr); }

 private:
  void give_back();

  Shard* shard_;
  Slot* slot_;
};

struct Waiter {
  net::OneShotSender<Lease> sender;
  MonoTime since;
  // Not zero: until then it would rather have one that is at work now than one that is idle.
  MonoTime content_until{};
};

// What is wanted and had of one version's provisioned environments.
struct Provision {
  std::uint32_t wanted = 0;
  std::uint32_t alive = 0;  // starting or ready, retired ones not
  std::uint32_t ready = 0;
  bool aged = false;  // one of them is to be replaced
  ProvisionState::Trouble trouble = ProvisionState::Trouble::kNone;
  Duration retry_delay{};
  MonoTime retry_at{};
};

struct Pool {
  Function* function = nullptr;
  bool is_tenants = false;              // one tenant's, of a function with tenant isolation
  runtime::FunctionVersionPtr version;  // the newest snapshot asked for
  std::uint32_t shape = 0;              // counts the snapshots that look different to the code
  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<Slot*> idle;              // on demand; back: most recently used
  std::vector<Slot*> idle_provisioned;  // likewise
  std::deque<Waiter> waiters;
  std::uint32_t content = 0;  // waiters that are
  Pace pace;
  std::uint32_t starting = 0;  // on demand
  std::uint32_t active = 0;
  std::uint32_t ends = 0;  // of runs, while invocations were content to wait for them
  Provision provision;
  bool is_hungry = false;   // in Shard::hungry_
  bool is_crowded = false;  // in Shard::crowded_
};

struct Function {
  std::string arn;
  Load load;
  // Few: $LATEST and the versions in use; or one a version and tenant.
  std::vector<std::unique_ptr<Pool>> pools;
  std::unordered_map<std::string, Pool*> by_tenant;  // "VERSION NUL TENANT"
  std::uint32_t tenant_environments = 0;
  std::uint64_t invocations = 0;
  std::uint64_t throttles = 0;
};

}  // namespace lapwing::engine
