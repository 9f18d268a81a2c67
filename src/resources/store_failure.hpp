// What a store could not do, as a service says it to its callers.
//
//   return resources::store_failure(std::move(error), {.throttled = errors::throttling("..."),
//                                                      .too_large =
//                                                      errors::limit_exceeded("...")});
//
// Thread-safety: pure functions.
#pragma once

#include "base/result.hpp"

namespace lapwing::resources {

// 503 ServiceUnavailable: no disk, or the end of the server.
Error cannot_write();

struct StoreWords {
  Error throttled;  // too much waits to be written
  Error too_large;  // a record is larger than can be kept
  Error unavailable = cannot_write();
};

// What the store said goes into the detail, for our log. Errors of other kinds, those of the
// transaction's body among them, stay as they are.
Error store_failure(Error error, StoreWords words);

}  // namespace lapwing::resources
