#include "delivery/hand_over.hpp"

#include <exception>
#include <string>
#include <utility>

#include "net/timeout.hpp"

namespace lapwing::delivery {
namespace {

using ports::Delivered;
using Answers = std::vector<Delivered>;

// An exception out of a destination is a bug of it; the parcels of others are not to suffer.
net::Task<Result<Answers>> ask(net::Loop& loop, ports::Destination& to,
                               const std::vector<ports::Parcel>& parcels) {
  try {
    co_return co_await to.deliver(loop, parcels);
  } catch (const std::exception& bug) {
    co_return fail(internal_error(bug.what()));
  }
}

Delivered no_answer(bool in_time) {
  if (!in_time) {
    return {.kind = Delivered::Kind::kLater, .code = "Timeout", .message = "No answer in time."};
  }
  return {.kind = Delivered::Kind::kLater,
          .code = "InternalFailure",
          .message = "The destination failed."};
}

}  // namespace

net::Task<HandedOver> hand_over(net::Loop& loop, Logger& logger, std::string_view who,
                                ports::Destination& to, std::vector<ports::Parcel> parcels,
                                Duration timeout) {
  Result<Answers> answers = co_await net::with_timeout(loop, timeout, ask(loop, to, parcels));
  HandedOver out;
  out.hung = !answers && answers.error().kind() == ErrorKind::kTimeout;
  if (!answers && !out.hung) {
    logger.error(
        "delivery", "a destination failed",
        {{"outbox", who}, {"target", parcels[0].target}, {"error", answers.error().to_log()}});
  }
  if (answers) out.delivered = *std::move(answers);
  out.delivered.resize(parcels.size(), no_answer(!out.hung));
  co_return out;
}

}  // namespace lapwing::delivery
