#include "runtime/failure_text.hpp"

#include <signal.h>

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "runtime/start/environment_variables.hpp"
#include "text/json_writer.hpp"

namespace lapwing::runtime {
namespace {

// The names Go's syscall package prints, which is what AWS's messages are made with.
std::string signal_name(int number) {
  switch (number) {
    case SIGHUP:
      return "hangup";
    case SIGINT:
      return "interrupt";
    case SIGQUIT:
      return "quit";
    case SIGILL:
      return "illegal instruction";
    case SIGTRAP:
      return "trace/breakpoint trap";
    case SIGABRT:
      return "aborted";
    case SIGBUS:
      return "bus error";
    case SIGFPE:
      return "floating point exception";
    case SIGKILL:
      return "killed";
    case SIGUSR1:
      return "user defined signal 1";
    case SIGSEGV:
      return "segmentation fault";
    case SIGUSR2:
      return "user defined signal 2";
    case SIGPIPE:
      return "broken pipe";
    case SIGALRM:
      return "alarm clock";
    case SIGTERM:
      return "terminated";
    case SIGXCPU:
      return "CPU time limit exceeded";
    case SIGSYS:
      return "bad system call";
    default:
      return fmt::format("signal {}", number);
  }
}

bool is_error_name(std::string_view text) {
  if (text.empty() || text[0] < 'A' || text[0] > 'Z') return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return false;
  }
  return true;
}

}  // namespace

std::string process_exit_text(const sandbox::ExitStatus& status) {
  if (status.signalled) return fmt::format("signal: {}", signal_name(status.code));
  return fmt::format("exit {} {}", status.code == 0 ? "code" : "status", status.code);
}

std::string exit_text(const sandbox::ExitStatus& status) {
  if (!status.signalled && status.code == 0) return "Runtime exited without providing a reason";
  return fmt::format("Runtime exited with error: {}", process_exit_text(status));
}

Outcome platform_outcome(std::string_view error_type, std::string_view request_id,
                         std::string_view text) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::kFunctionError;
  outcome.error_type = error_type;
  outcome.content_type = "application/json";
  text::JsonWriter writer(outcome.body);
  writer.begin_object();
  writer.member("errorType", error_type);
  writer.member("errorMessage", fmt::format("RequestId: {} Error: {}", request_id, text));
  writer.end_object();
  return outcome;
}

Outcome reply_outcome(Reply reply) {
  Outcome outcome;
  outcome.kind = reply.is_error ? Outcome::Kind::kFunctionError : Outcome::Kind::kSuccess;
  outcome.body = std::move(reply.body);
  outcome.content_type = std::move(reply.content_type);
  outcome.error_type = std::move(reply.error_type);
  return outcome;
}

std::string public_error_type(std::string_view posted) {
  for (const std::string_view prefix : {"Runtime.", "Function."}) {
    if (posted.starts_with(prefix) && is_error_name(posted.substr(prefix.size()))) {
      return std::string(posted);
    }
  }
  return posted.starts_with("Function.") ? "Function.Unknown" : "Runtime.Unknown";
}

Error entrypoint_error(Error error, std::string_view path, std::string_view directory) {
  const std::string& detail = error.detail();
  if (detail.find("working directory") != std::string::npos) {
    return Error(ErrorKind::kInvalid, kInvalidWorkingDir,
                 fmt::format("the working directory doesn't exist: {}", directory))
        .with_detail(detail);
  }
  if (detail.find("execve") == std::string::npos) return error;
  std::string_view reason = "no such file or directory";
  if (error.kind() == ErrorKind::kDenied) reason = "permission denied";
  if (detail.find("Exec format error") != std::string::npos) reason = "exec format error";
  return Error(ErrorKind::kInvalid, kInvalidEntrypoint,
               fmt::format("fork/exec {}: {}", path, reason))
      .with_detail(detail);
}

std::string runtime_version_arn(std::string_view partition, std::string_view region,
                                std::string_view runtime) {
  return fmt::format("arn:{}:lambda:{}::runtime:{}", partition, region,
                     crypto::sha256_hex(fmt::format("lapwing:{}", runtime)));
}

}  // namespace lapwing::runtime
