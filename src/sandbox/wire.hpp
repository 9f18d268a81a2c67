// What the server, the helper and a sandbox's first process say to one another. All three
// are the same binary, so the encoding is private: little numbers and length-prefixed
// strings, checked on decoding.
//
// A launch request is one small message on the control socket with descriptors; the plan
// itself lies in a memory file in two parts. The helper reads only the head; the arguments
// and the environment, which hold secrets, are read by the new process alone.
//
// Everything about one sandbox comes back on that sandbox's own report socket:
//   helper -> kStarted (pid; with pidfd), kGone (wait status)
//   inside -> kReady (step times; with listeners) or kFailed, later kExited
//   server -> kSignal
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

struct LaunchHead {
  std::string id;
  Plan plan;                 // without argv and environment
  std::vector<int> targets;  // numbers of the inherited descriptors, in order
  bool tmp_mount = false;    // a mount descriptor for /tmp comes along
};

struct LaunchBody {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;
};

// The content of the memory file.
std::string encode_launch(const LaunchHead& head, const Plan& plan);
Result<LaunchHead> decode_head(std::string_view file);
Result<LaunchBody> decode_body(std::string_view file);

enum class ReportKind : std::uint8_t { kStarted, kReady, kFailed, kExited, kGone, kSignal };

struct Report {
  ReportKind kind = ReportKind::kGone;
  std::int64_t number = 0;  // pid, wait status, signal, or (kFailed) the ErrorKind
  std::int64_t user_us = 0;
  std::int64_t system_us = 0;
  std::string text;  // kFailed: what went wrong
  std::vector<StepTime> steps;
};

std::string encode_report(const Report& report);
Result<Report> decode_report(std::string_view bytes);
inline constexpr std::size_t kReportBytesMax = 8192;

}  // namespace lapwing::sandbox
