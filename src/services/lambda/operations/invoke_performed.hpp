// Invoke for those who are no HTTP request (ports::AwsApi): the same rules as the fast path's, in
// the table's row of Invoke. Event answers 501 NotImplemented, as there.
//
// Thread-safety: a coroutine of the loop it is given.
#pragma once

#include "gen/lambda/invoke.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

net::Task<Result<gen::lambda::InvocationResponse>> invoke(Core& core, net::Loop& loop,
                                                          const aws::Call& call,
                                                          gen::lambda::InvocationRequest in);

}  // namespace lapwing::lambda
