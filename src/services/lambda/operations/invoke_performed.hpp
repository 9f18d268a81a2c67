// Invoke for those who are no HTTP request (ports::AwsApi): the same rules as the fast path's, in
// the table's row of Invoke. And InvokeAsync, the older way to say Event.
//
// Thread-safety: a coroutine of the loop it is given.
#pragma once

#include "gen/lambda/invoke.hpp"
#include "gen/lambda/invoke_async.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

net::Task<Result<gen::lambda::InvocationResponse>> invoke(Core& core, net::Loop& loop,
                                                          const aws::Call& call,
                                                          gen::lambda::InvocationRequest in);
net::Task<Result<gen::lambda::InvokeAsyncResponse>> invoke_async(
    Core& core, net::Loop& loop, const aws::Call& call, gen::lambda::InvokeAsyncRequest in);

}  // namespace lapwing::lambda
