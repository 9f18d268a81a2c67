// AWS's words for what goes wrong with a runtime process, and the mapping of error types.
// Source: recorded answers, and the open-source runtime interface emulator (RAPID).
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "runtime/api/runtime_session.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"
#include "runtime/language/catalogue.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing::runtime {

inline constexpr char kTimedOut[] = "Sandbox.Timedout";
inline constexpr char kInvalidEntrypoint[] = "Runtime.InvalidEntrypoint";
inline constexpr char kInvalidWorkingDir[] = "Runtime.InvalidWorkingDir";

// "Runtime exited with error: signal: killed", "Runtime exited without providing a reason".
std::string exit_text(const sandbox::ExitStatus& status);

// The same of an extension: "exit status 1", "signal: killed", "exit code 0".
std::string process_exit_text(const sandbox::ExitStatus& status);

// The outcome {"errorType":...,"errorMessage":"RequestId: <id> Error: <text>"}. `text` and
// `request_id` are escaped.
Outcome platform_outcome(std::string_view error_type, std::string_view request_id,
                         std::string_view text);

// What the runtime posted becomes the caller's answer, bytes unchanged.
Outcome reply_outcome(Reply reply);

// What telemetry and REPORT lines may call a posted error type: "Runtime.X" and "Function.X"
// are kept, other "Function." become Function.Unknown, the rest Runtime.Unknown.
std::string public_error_type(std::string_view posted);

// A launch that failed because the entry point could not be executed, or the working directory
// not be entered, is the function's fault: codes Runtime.InvalidEntrypoint and
// Runtime.InvalidWorkingDir. Everything else passes unchanged.
Error entrypoint_error(Error error, std::string_view path, std::string_view directory = "/");

// "arn:aws:lambda:us-east-1::runtime:<64 hex>". The service names a runtime's build by a hash; ours
// is that of the identifier ("python3.12").
std::string runtime_version_arn(std::string_view partition, std::string_view region,
                                std::string_view runtime);

}  // namespace lapwing::runtime
