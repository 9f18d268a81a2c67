// What the server, the helper and a sandbox's first process say to one another. All three
// are the same binary, so the encoding is private: little numbers and length-prefixed
// strings, checked on decoding.
//
// A launch request is one small message on the control socket with descriptors; the plan
// itself lies in a memory file in two parts. The helper reads only the head; the arguments
// and the environment, which hold secrets, are read by the new process alone.
//
// Everything about one sandbox goes over that sandbox's own report socket:
//   helper -> kStarted (pid; with pidfd), kGone (wait status)
//   inside -> kReady (step times; with listeners) or kFailed, later kExited for each program
//   server -> orders; inside answers each but kSignal with kDone or kRefused
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
#include "sandbox/template.hpp"

namespace lapwing::sandbox {

struct LaunchHead {
  std::string id;
  Plan plan;                 // without the program
  bool has_program = false;  // or the sandbox waits for orders
  std::vector<int> targets;  // numbers of the inherited descriptors, in order
  bool tmp_mount = false;    // a mount descriptor for /tmp comes along
};

// The content of the memory file: head and program.
std::string encode_launch(const LaunchHead& head, const Plan& plan);
Result<LaunchHead> decode_head(std::string_view file);
Result<ProgramPlan> decode_launch_program(std::string_view file);

// The program of a kStart order, in a memory file of its own.
std::string encode_program(const ProgramPlan& program);
Result<ProgramPlan> decode_program(std::string_view file);

// The directories of a mount request, in a memory file.
std::string encode_binds(const std::vector<Bind>& binds);
Result<std::vector<Bind>> decode_binds(std::string_view file);

// What a sandbox that is there lets out, in a memory file.
struct EgressChange {
  std::string id;  // of the sandbox
  Egress egress;
};
std::string encode_egress(const EgressChange& change);
Result<EgressChange> decode_egress(std::string_view file);

// A template's plan, in a memory file.
std::string encode_template(const TemplatePlan& plan);
Result<TemplatePlan> decode_template(std::string_view file);

enum class OrderKind : std::uint8_t {
  kSignal,  // `number` to program `id`
  kAssign,  // mounts for `destinations`, and one more for /tmp if `tmp`
  kStart,   // program `id`: a memory file, then a descriptor for each of `targets`
  kSocket,  // a socket of this network namespace: family `number`, type `type`
  // Descriptors of the sandbox's namespaces, and where a program that enters them sends its
  // filter's listener.
  kNamespaces,
  kClear,  // every program ended; answered when none is left
};

struct Order {
  OrderKind kind = OrderKind::kSignal;
  std::uint64_t id = 0;     // of the order, or of the program
  std::int64_t number = 0;  // the signal, the address family, or the size of a tmpfs for /tmp
  std::int64_t type = 0;
  std::vector<std::string> destinations;
  std::vector<int> targets;
  bool tmp = false;
  std::uint64_t memory_bytes = 0;  // kAssign: what programs are shown
  std::uint32_t processors = 0;
};

std::string encode_order(const Order& order);
Result<Order> decode_order(std::string_view bytes);
inline constexpr std::size_t kOrderBytesMax = 16384;

enum class ReportKind : std::uint8_t { kStarted, kReady, kFailed, kExited, kGone, kDone, kRefused };

struct Report {
  ReportKind kind = ReportKind::kGone;
  std::uint64_t id = 0;     // of the program (kExited) or the order (kDone, kRefused)
  std::int64_t number = 0;  // pid, wait status, or (kFailed, kRefused) the ErrorKind
  std::int64_t user_us = 0;
  std::int64_t system_us = 0;
  std::string text;  // kFailed, kRefused: what went wrong
  std::vector<StepTime> steps;
};

std::string encode_report(const Report& report);
Result<Report> decode_report(std::string_view bytes);
inline constexpr std::size_t kReportBytesMax = 8192;

}  // namespace lapwing::sandbox
