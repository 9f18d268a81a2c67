// DueSource: work that waits for an instant of its own. background::Runner drives it.
//
// Thread-safety: both are called by one thread at a time.
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace lapwing {

class DueSource {
 public:
  virtual ~DueSource() = default;
  // When there is next something to do; nothing: not before the driver is told.
  virtual Result<std::optional<MonoTime>> next_due() = 0;
  // Does what is due. Called again while next_due() is not after now.
  virtual Status run_due() = 0;
};

}  // namespace lapwing
