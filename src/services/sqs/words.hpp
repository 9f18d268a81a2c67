// Refusals in SQS's words, where the model's errors (gen/sqs/errors.hpp) need composing.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::sqs {

// "Value V for parameter P is invalid. Reason: R"
Error invalid_value(std::string_view value, std::string_view parameter, std::string_view reason);
Error no_such_queue();
// What a store answered, to callers: our failures keep their kind, what is theirs gets words.
Error store_failure(Error error);
// The code of an error as batches' entries and query answers carry it.
std::string query_code(const Error& error);

}  // namespace lapwing::sqs
