// What a call may hold of the server on its caller's behalf, beside its turn. What took the call
// counts it, and gives back what is held when the call has ended.
//
// Thread-safety: the answer's part any thread, one at a time; wait_long() the call's loop.
#pragma once

#include <cstdint>
#include <memory>

namespace lapwing::aws {

class Allowance : public std::enable_shared_from_this<Allowance> {
 public:
  virtual ~Allowance() = default;
  // Bytes of answers that may be made now; 0: the caller's answers wait to be read already.
  virtual std::uint64_t answer_room() = 0;
  // What is being made, in place of what was said before.
  virtual void hold_answer(std::uint64_t bytes) = 0;
  // A place among the calls that wait for long, kept until it ends; false: there is none left.
  virtual bool wait_long() = 0;
};

}  // namespace lapwing::aws
