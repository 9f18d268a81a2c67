// A request on its way through the front door: what it is, and what it holds of the budgets. For
// front_door.cpp only.
//
// Thread-safety: the request's loop, but for what a worker does while the loop waits for it, and
// for answer_room() and hold_answer(), which the store's writer calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "aws/allowance.hpp"
#include "aws/service.hpp"
#include "aws/sigv4.hpp"
#include "base/let_go.hpp"
#include "http/budget.hpp"
#include "http/message.hpp"
#include "server/admission.hpp"
#include "server/front_door.hpp"
#include "server/limits.hpp"
#include "server/request_view.hpp"
#include "server/turns.hpp"

namespace lapwing::server {

// Shared with a worker that looks at it, because a connection that is cut while the
// worker runs takes its coroutine along.
struct FrontDoor::Job final : aws::Exchange, aws::Allowance {
  // What is only needed until the operation has its input.
  struct Head {
    explicit Head(const http::Request& request) : kept(request), view(kept) {}
    http::Request kept;
    RequestView view;
    aws::SignatureHead signature;
    std::string body;  // given back by body_read(), on the thread that reads it
    // What the body holds of the budget. A connection may go while the worker is at it.
    http::Charge charge;
  };

  Job(const http::Request& request, const FrontDoorParts& parts)
      : head(std::make_unique<Head>(request)), memory(parts.memory), waits(parts.waits) {}

  void body_read() const override {
    if (head->body.size() > kOffloadBytes) let_go(head->body);
    // Nothing of it is held any longer by what waits.
    if (service->waits(*operation)) head->charge = {};
  }
  void input_taken() const override { head.reset(); }

  // Once it is known whose it is: the body counts to nobody else any longer. An error where that is
  // too much.
  Status admit(http::RequestContext& context) {
    LAPWING_CHECK(server::admit(context, call.caller));
    if (caller == context.caller()) return {};
    caller = context.caller();
    http::Charge& charge = head->charge;
    if (memory == nullptr || charge.bytes() == 0) return {};
    const std::uint64_t bytes = charge.bytes();
    charge = memory->bodies.charge(caller);
    if (!charge.has_room(bytes <= http::kSmallBodyBytes ? http::kSmallBodiesReserve : 0)) {
      charge = {};
      return fail(too_many("Too many request bytes in flight. Please retry."));
    }
    charge.add(bytes);
    return {};
  }

  std::uint64_t answer_room() override { return held.room(caller); }
  void hold_answer(std::uint64_t bytes) override { held.hold(bytes); }
  bool wait_long() override {
    if (waits == nullptr || place.counts()) return true;
    place = waits->charge(caller);
    if (!place.has_room()) {
      place = {};
      return false;
    }
    place.add(1);
    return true;
  }

  const RequestId& request_id() const { return call.caller.request_id; }

  mutable std::unique_ptr<Head> head;
  Turns::Turn turn;
  const aws::Service* service = nullptr;    // once it is identified
  bool body_follows = false;                // the operation reads it as it arrives
  Asked asked;                              // as far as it was found out
  std::unique_ptr<aws::Unrouted> unrouted;  // whose names `asked` has, of what is not known
  http::CallerId caller;
  http::Memory* const memory;
  http::Budget* const waits;
  AnswerHold held{memory};  // of the answer that is being made
  http::Charge place;       // among those that wait for long
};

}  // namespace lapwing::server
