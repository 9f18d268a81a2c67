// The environment variables of a function, as AWS sets them (Lambda developer guide,
// "Defined runtime environment variables").
//
// Thread-safety: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "runtime/function_version.hpp"
#include "runtime/language/catalogue.hpp"

namespace lapwing::runtime {

// Where our own bootstraps find their connection to the Runtime API, announced as
// _LAPWING_RUNTIME_FD: a Unix socket, or a pipe to read from and (kRuntimeOutFd) one to write to.
inline constexpr int kRuntimeFd = 3;
inline constexpr int kRuntimeOutFd = 8;
// And the pipe for framed log records (_LAMBDA_TELEMETRY_LOG_FD), one frame an event.
inline constexpr int kTelemetryFd = 4;

// And, in a process started before its function is known, the pipe over which it learns what to
// become (_LAPWING_STANDBY_FD).
inline constexpr int kStandbyFd = 5;

// Where a process that comes from a snapshot fetches its credentials.
inline constexpr std::string_view kCredentialsPath = "/2021-04-23/credentials";

// Credentials of the execution role, minted per environment.
struct RoleCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  WallTime expires{};
};

struct EnvironmentInputs {
  const FunctionVersion* function = nullptr;
  const RuntimeChoice* runtime = nullptr;
  RoleCredentials credentials;
  std::string log_stream;
  std::string_view initialization_type = "on-demand";
  // For a process that comes from a snapshot, or becomes one: it fetches its credentials with
  // this token instead (credentials_api.hpp).
  std::string credentials_token = {};
};

// Everything the sandboxed process starts with: AWS's own variables over the user's.
std::map<std::string, std::string> function_environment(const EnvironmentInputs& in);

// What an interpreter started ahead of its function gets: only what it reads while it starts.
std::map<std::string, std::string> boot_environment(const RuntimeChoice& runtime);
// Whether an interpreter started with boot_environment() is as good as one started with these:
// false when they hold anything else that it reads while it starts.
bool boots_alike(const RuntimeChoice& runtime, const std::map<std::string, std::string>& wanted);

// "python:3.8.v18", "nodejs:20.v20.2", "provided:al2023.v1".
std::string runtime_version(const RuntimeChoice& runtime);

}  // namespace lapwing::runtime
