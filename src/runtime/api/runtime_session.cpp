#include "runtime/api/runtime_session.hpp"

#include <fmt/core.h>

#include "net/loop.hpp"

namespace lapwing::runtime {

RuntimeSession::RuntimeSession(net::Loop& loop, net::Event& changed)
    : loop_(&loop), changed_(&changed), offered_(loop) {}

// RAPID's names for the states, as they appear in its error messages.
std::string_view RuntimeSession::name(State state) {
  switch (state) {
    case State::kStarting:
      return "Started";
    case State::kInitFailed:
      return "InitError";
    case State::kRestoring:
      return "Restoring";
    case State::kRestoreFailed:
      return "RestoreError";
    case State::kReady:
      return "Ready";
    case State::kRunning:
      return "Running";
    case State::kResponding:
      return "InvocationResponse";
    case State::kResponded:
      return "ResponseSent";
  }
  return "Started";
}

Error RuntimeSession::not_allowed(State to) const {
  return Error(ErrorKind::kConflict, "InvalidStateTransition",
               fmt::format("State transition from {} to {} failed for runtime. Error: State "
                           "transition is not allowed",
                           name(state_), name(to)));
}

net::Task<Result<const Invocation*>> RuntimeSession::next() {
  // An event whose delivery failed waits for the runtime to ask again.
  const bool undelivered = state_ == State::kRunning && offer_ != nullptr;
  if (state_ != State::kStarting && state_ != State::kReady && state_ != State::kResponded &&
      !undelivered) {
    co_return fail(not_allowed(State::kReady));
  }
  if (state_ != State::kReady && !undelivered) {
    state_ = State::kReady;
    asked_ = loop_->now();
    changed_->set();
  }
  while (offer_ == nullptr) {
    offered_.reset();
    co_await offered_.wait();
  }
  current_ = offer_;
  offer_ = nullptr;
  co_return current_;
}

void RuntimeSession::undeliver() {
  if (current_ == nullptr || state_ != State::kRunning) return;
  offer_ = current_;
  current_ = nullptr;
  offered_.set();
}

Status RuntimeSession::begin_reply(std::string_view request_id) {
  if (current_ == nullptr || current_->request_id != request_id) {
    return fail(Error(ErrorKind::kInvalid, "InvalidRequestID", "Invalid request ID"));
  }
  if (state_ != State::kRunning) return fail(not_allowed(State::kResponding));
  state_ = State::kResponding;
  begun_ = loop_->now();
  return {};
}

void RuntimeSession::abandon_reply() {
  if (state_ == State::kResponding) state_ = State::kRunning;
}

void RuntimeSession::finish_reply(Reply reply) {
  if (state_ != State::kResponding) return;
  state_ = State::kResponded;
  current_ = nullptr;
  ended_ = loop_->now();
  response_bytes_ = reply.bytes;
  responded_ = !reply.is_error;
  reply_ = std::move(reply);
  changed_->set();
}

Status RuntimeSession::init_error(Reply reply) {
  if (state_ != State::kStarting) return fail(not_allowed(State::kInitFailed));
  state_ = State::kInitFailed;
  reply_ = std::move(reply);
  changed_->set();
  return {};
}

Status RuntimeSession::restore_next() {
  if (!restored_ || state_ != State::kStarting) return fail(not_allowed(State::kRestoring));
  return {};
}

Status RuntimeSession::restore_error(Reply reply) {
  if (!restored_ || state_ != State::kStarting) return fail(not_allowed(State::kRestoreFailed));
  state_ = State::kRestoreFailed;
  reply_ = std::move(reply);
  changed_->set();
  return {};
}

Reply RuntimeSession::take_reply() {
  Reply reply = std::move(*reply_);
  reply_.reset();
  return reply;
}

std::optional<ResponseTimes> RuntimeSession::response_times() const {
  if (!responded_ || state_ != State::kReady) return std::nullopt;
  return ResponseTimes{given_wall_, begun_ - given_, ended_ - begun_, asked_ - ended_,
                       response_bytes_};
}

void RuntimeSession::give(const Invocation& invocation, std::int64_t deadline_unix_ms) {
  reply_.reset();
  deadline_unix_ms_ = deadline_unix_ms;
  offer_ = &invocation;
  state_ = State::kRunning;
  given_ = loop_->now();
  given_wall_ = loop_->clock().wall();
  responded_ = false;
  offered_.set();
}

}  // namespace lapwing::runtime
