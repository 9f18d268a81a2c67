// What both doors ask of a request before anything is held for it, and how it is noted down.
//
// Thread-safety: the request's loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/caller.hpp"
#include "aws/message.hpp"
#include "aws/sigv4.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "http/budget.hpp"
#include "http/server.hpp"

namespace lapwing::server {

// 429 TooManyRequestsException: this caller, or all, hold too much.
Error too_many(std::string message);
// A body that could not be read, for another reason than its size.
Error body_error(Error error);

// An error where too many answers that are counted to this caller wait to be read.
Status check_answers(http::RequestContext& context);

// Before the body is read: what the request holds is counted to those who name this key at this
// address, and not to its owner, as anybody can name a key; unless its connection has proven it
// before, or the head itself does: where a large body follows and its hash stands in the head
// (x-amz-content-sha256), the signature over that is checked here. So nobody who only names a key
// holds up the bodies of its owner's new connections, as far as their clients send that header.
// `service`: the signing name of what is asked for. An error where too many answers that are
// counted there wait to be read.
Status admit(http::RequestContext& context, const aws::Authenticator& authenticator,
             const aws::Request& head, const aws::SignatureHead& signature,
             std::string_view service);
// Whose share a verified caller has: a user's or role's, however many keys and sessions, or the
// account's.
std::uint64_t share_of(const aws::Caller& caller);
// Once it is: counted to the principal, whichever of its keys or sessions signed. Where any key
// will do, nothing changes: a caller could be as many as it likes. Errors as above.
Status admit(http::RequestContext& context, const aws::Caller& caller);

// Of the caller's share of payloads at work; where it is small, without asking whose that is. An
// error where there is no room.
Result<http::Charge> payload_room(http::Memory& memory, const http::CallerId& caller,
                                  std::size_t bytes);

// What a call may hold of the answer that is made for it: its caller's share of answers on their
// way. The part of an aws::Allowance that all who take calls have.
class AnswerHold {
 public:
  // Null: nothing is counted.
  explicit AnswerHold(http::Memory* memory) : memory_(memory) {}
  // aws::Allowance's answer_room() and hold_answer().
  std::uint64_t room(const http::CallerId& caller);
  void hold(std::uint64_t bytes) {
    held_.release();
    held_.add(bytes);
  }
  void release() { held_ = {}; }

 private:
  http::Memory* const memory_;
  http::Charge held_;
};

// Which operation was asked for, as far as it was found out.
struct Asked {
  std::string_view service = {};    // "sqs"
  std::string_view operation = {};  // "SendMessage"
};

// The one access record: refusals and failures at info, the rest at debug. Of an answer in pieces
// it is made when its head goes out.
void record_access(Logger& logger, const http::RequestContext& context, const RequestId& request_id,
                   const aws::Response& response, const Asked& asked);

// The same of a client that has gone before its answer was whole.
void record_left(Logger& logger, const http::RequestContext& context, const RequestId& request_id,
                 const Asked& asked);

// Records that, where it goes before anything else was recorded. All it is given outlive it.
class LeavingNote {
 public:
  LeavingNote(Logger& logger, const http::RequestContext& context, const RequestId& request_id,
              const Asked& asked)
      : logger_(logger), context_(context), request_id_(request_id), asked_(asked) {}
  LeavingNote(const LeavingNote&) = delete;
  LeavingNote& operator=(const LeavingNote&) = delete;
  ~LeavingNote() {
    if (!stayed_) record_left(logger_, context_, request_id_, asked_);
  }
  void stayed() { stayed_ = true; }

 private:
  Logger& logger_;
  const http::RequestContext& context_;
  const RequestId& request_id_;
  const Asked& asked_;
  bool stayed_ = false;
};

}  // namespace lapwing::server
