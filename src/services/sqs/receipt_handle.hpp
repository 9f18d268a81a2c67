// Receipt handles: which receipt of which queue, and when it was given. Opaque, no secret: they
// are checked for being ours and this queue's, so that another queue's handle is refused.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "services/sqs/queue.hpp"
#include "store/queue_types.hpp"

namespace lapwing::sqs {

struct Handle {
  store::Receipt receipt;
  std::int64_t received_ms = 0;
  friend bool operator==(const Handle&, const Handle&) = default;
};

std::string write_handle(const Queue& queue, const Handle& handle);
// ReceiptHandleIsInvalid.
Result<Handle> read_handle(const Queue& queue, std::string_view text);

}  // namespace lapwing::sqs
