// The conversation of one runtime process with its Runtime API, as a state machine without
// any HTTP: which call is allowed when, which invocation is in flight, what was answered.
// runtime_api.hpp puts HTTP in front of it; Environment drives the other side.
//
//   Starting --next--> Ready --give--> Running --response|error--> Responded --next--> Ready
//   Starting --init/error--> InitFailed
//
// Thread-safety: one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "runtime/invocation.hpp"

namespace lapwing::runtime {

// What the runtime posted for an invocation, or as its initialisation error.
struct Reply {
  bool is_error = false;
  std::string body;
  std::string content_type;
  std::string error_type;   // Lambda-Runtime-Function-Error-Type, as sent
  std::uint64_t bytes = 0;  // of the response, streamed ones too
  bool broke_off = false;   // a stream whose connection ended early: perhaps the runtime crashed
};

class RuntimeSession {
 public:
  enum class State {
    kStarting,
    kInitFailed,
    kRestoring,  // only as the aim of a call that is not allowed
    kRestoreFailed,
    kReady,
    kRunning,
    kResponding,
    kResponded
  };

  // `changed` is set whenever something happened that the environment may wait for.
  RuntimeSession(net::Loop& loop, net::Event& changed);

  // ---- the runtime's side. Errors are kConflict or kInvalid with the Runtime API's own
  // errorType as code() and its errorMessage as message().

  // Completes with the invocation to run; it stays valid until its reply is complete.
  net::Task<Result<const Invocation*>> next();
  // The answer of next() could not be delivered: offers the invocation again.
  void undeliver();
  // Checks id and state before the body is read.
  Status begin_reply(std::string_view request_id);
  // After begin_reply(): where a streamed response goes, or nothing.
  std::shared_ptr<ResponseSink> sink() const { return current_->sink; }
  // And whose the response is.
  const http::CallerId& caller() const { return current_->caller; }
  // The body broke off: the invocation runs on.
  void abandon_reply();
  void finish_reply(Reply reply);
  Status init_error(Reply reply);
  // After a restore: GET restore/next (nothing to wait for) and POST restore/error. Not allowed
  // in a process that was not restored.
  Status restore_next();
  Status restore_error(Reply reply);

  // ---- the environment's side.

  // The runtime comes from a snapshot.
  void expect_restore() { restored_ = true; }
  State state() const { return state_; }
  bool ready() const { return state_ == State::kReady; }
  // The runtime answered, or its init failed.
  bool has_reply() const { return reply_.has_value(); }
  Reply take_reply();
  // Of the invocation that has just ended; nothing when its runtime posted no response.
  std::optional<ResponseTimes> response_times() const;
  // Needs ready(). `invocation` must stay until the session leaves kRunning and kResponding.
  void give(const Invocation& invocation, std::int64_t deadline_unix_ms);
  std::int64_t deadline_unix_ms() const { return deadline_unix_ms_; }

 private:
  static std::string_view name(State state);
  Error not_allowed(State to) const;

  net::Loop* loop_;
  net::Event* changed_;
  net::Event offered_;
  State state_ = State::kStarting;
  const Invocation* offer_ = nullptr;    // given, not yet fetched
  const Invocation* current_ = nullptr;  // fetched, not yet answered
  std::int64_t deadline_unix_ms_ = 0;
  std::optional<Reply> reply_;
  // Of the invocation that runs, or of the last one.
  WallTime given_wall_;
  MonoTime given_;
  MonoTime begun_;
  MonoTime ended_;
  MonoTime asked_;
  std::uint64_t response_bytes_ = 0;
  bool responded_ = false;
  bool restored_ = false;
};

}  // namespace lapwing::runtime
