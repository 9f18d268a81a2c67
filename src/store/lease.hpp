// Lease: who may do a thing, for a while. The epoch grows with every change of hands; the
// holder puts it into each write it makes under the lease (Txn::guard), so that one who was
// paused past its time is refused. Time is the engine's clock: steps of the wall clock do
// not matter.
//
// The budget form divides a fixed amount (concurrency tokens) among owners: the sum of what
// is granted and not yet expired never exceeds the limit.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace lapwing::store {

struct LeaseGrant {
  std::uint64_t epoch = 0;
  Duration expires_in = Duration::zero();
};

struct LeaseInfo {
  std::string name;
  std::string owner;
  std::uint64_t epoch = 0;
  Duration expires_in = Duration::zero();
};

class Lease {
 public:
  virtual ~Lease() = default;

  // kConflict while another owner holds it. By the holder itself: extended, same epoch.
  virtual Result<LeaseGrant> acquire(std::string_view name, std::string_view owner,
                                     Duration ttl) = 0;
  // kConflict when the epoch is not the current one or its time has ended.
  virtual Result<LeaseGrant> renew(std::string_view name, std::uint64_t epoch, Duration ttl) = 0;
  virtual Status release(std::string_view name, std::uint64_t epoch) = 0;
  // Those held now, by name.
  virtual Result<std::vector<LeaseInfo>> list(std::string_view prefix) = 0;

  // Replaces what the owner had of `name`: grants min(amount, limit - what others hold).
  // Amount 0 gives everything back.
  virtual Result<std::uint64_t> acquire_amount(std::string_view name, std::string_view owner,
                                               std::uint64_t amount, std::uint64_t limit,
                                               Duration ttl) = 0;
};

}  // namespace lapwing::store
