// The answers of the APIs inside a sandbox: JSON bodies and the one error format
// {"errorMessage":...,"errorType":...}.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"

namespace lapwing::runtime {

http::Response json_answer(int status, std::string body);
// Both texts are escaped.
http::Response error_answer(int status, std::string_view type, std::string_view message);
// The status is the error's own (Error::with_status), else by kind: 400 for kInvalid, 413 for
// kTooLarge, 403 for what is denied or out of turn, 500 for the rest.
http::Response error_answer(const Error& error);
// 202 {"status":"OK"}
http::Response accepted_answer();

}  // namespace lapwing::runtime
