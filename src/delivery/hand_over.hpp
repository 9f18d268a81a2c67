// Parcels handed over to a destination, whatever it does: one that throws, hangs or answers less
// than it was given costs its own parcels, and nobody else anything.
//
// Thread-safety: the loop's.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "ports/destination.hpp"

namespace lapwing::delivery {

struct HandedOver {
  std::vector<ports::Delivered> delivered;  // one a parcel, in their order
  bool hung = false;                        // no answer in time
};

// At least one parcel, all for `to`. `who` is for the log. What was not answered is kLater:
// "Timeout" or "InternalFailure".
net::Task<HandedOver> hand_over(net::Loop& loop, Logger& logger, std::string_view who,
                                ports::Destination& to, std::vector<ports::Parcel> parcels,
                                Duration timeout);

}  // namespace lapwing::delivery
