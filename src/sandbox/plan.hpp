// Plan: everything one sandbox is to be, as plain data. Nothing here touches the machine;
// launcher.hpp applies it. `describe()` prints it for `lapwing doctor --plan`.
//
// The isolation itself is not a choice: every plan gets its own mount, pid, network, ipc,
// uts, user and cgroup namespaces, a read-only root, no capabilities, no_new_privs and the
// system-call filter. What a plan chooses is what is visible inside and how much of the
// machine it may use.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "os/egress_rule.hpp"

namespace lapwing::sandbox {

// A host file or directory seen inside, always read-only, nosuid and nodev. `destination`
// must exist in the root (RootStore makes the usual ones).
struct Bind {
  std::string source;       // absolute, on the host
  std::string destination;  // absolute, inside
  friend bool operator==(const Bind&, const Bind&) = default;
};

// The read-only root. Equal RootPlans share one prepared mount namespace, so what differs
// from function to function (code, layers) belongs into Plan::binds, not here.
struct RootPlan {
  std::string base_dir;     // from RootStore::ensure_base()
  std::vector<Bind> binds;  // system libraries, interpreter, bootstrap; in order
  friend bool operator==(const RootPlan&, const RootPlan&) = default;
};

// kWeight shares the machine in proportion to memory and gives all of it when it idles;
// kQuota gives memory / 1769 MB of a processor, as AWS does.
enum class CpuModel { kWeight, kQuota };

struct Limits {
  std::uint64_t memory_bytes = 128 * kMiB;  // no swap on top
  std::uint32_t processes = 1024;           // processes and threads
  std::uint32_t open_files = 1024;
  std::uint64_t tmp_bytes = 512 * kMiB;  // size of /tmp
  CpuModel cpu = CpuModel::kWeight;
  // What calls that tell of the machine answer (system_answers.hpp); 0: memory_bytes.
  std::uint64_t memory_shown = 0;
  std::uint32_t processors_shown = 2;
};

// A TCP listener made inside the network namespace before anything runs there. Addresses
// other than 127.0.0.0/8 are put on the loopback interface. Its descriptor comes back with
// the Sandbox, so the server accepts what is connected to inside.
struct ListenerPlan {
  std::string name;     // "runtime-api"
  std::string address;  // IPv4: "169.254.100.1"
  std::uint16_t port = 0;
};

// A UDP port inside where what is sent is dropped: a sender there finds somebody, and is told
// of no error.
struct SinkPlan {
  std::string address;  // IPv4; one of the listeners' or of 127.0.0.0/8
  std::uint16_t port = 0;
};

// Test-only weakenings: each takes one wall away so that the escape suite can show that it
// sees the hole. Never set outside tests.
// kOpenRouter and kOpenMachine are of the whole launcher (NetworkOptions), the others of a plan.
enum class Weakness {
  kNone,
  kKeepCapabilities,
  kNoSeccomp,
  kHostPidNamespace,
  kHostNetwork,
  kHostIpc,
  kHostCgroupNamespace,
  kNoMasks,          // of /proc
  kNoLimits,         // resource limits
  kOpenDescriptors,  // what the way to the program held stays open in it
  kOpenRouter,
  kOpenMachine
};

// What a sandbox reaches besides its listeners (network.hpp): nothing; everything but this
// machine and other sandboxes; this machine too.
enum class NetworkMode : std::uint8_t { kNone, kNat, kHost };
// Of what the mode reaches: what is let out. Nothing said: all of it.
using Egress = std::optional<std::vector<os::EgressRule>>;
std::string_view to_string(NetworkMode mode);  // "none", "nat", "host"
std::optional<NetworkMode> parse_network_mode(std::string_view text);

// Programs of one sandbox; the plan's own is the main one.
using ProgramId = std::uint64_t;
inline constexpr ProgramId kMainProgram = 0;

// A program to run in a sandbox.
struct ProgramPlan {
  std::vector<std::string> argv;  // argv[0] is the path executed
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory = "/var/task";
  // argv[0] is a wrapper (AWS_LAMBDA_EXEC_WRAPPER): a file that is not there, or cannot be
  // executed, says so in the output and ends the program as AWS's start scripts do (127, 126).
  bool wrapped = false;
};

// What makes a waiting sandbox one function's: mounted and set before its first program.
struct Assignment {
  std::vector<Bind> binds;  // its view, /var/task, /opt
  Limits limits;
  Egress egress = {};
};

// A plan with `argv` is one program: the sandbox ends when it does. Without, the sandbox is
// set up and waits for assign() and start(), and ends when it is killed.
struct Plan {
  std::string name;   // for humans: shown in errors and as part of the cgroup's name
  std::string owner;  // who may not learn of others what children of one template share
  RootPlan root;
  std::vector<Bind> binds;  // /var/task, /opt
  std::vector<Bind> view;   // what shows the function's size (machine_view.hpp); below `binds`
  Limits limits;
  std::string hostname = "sandbox.localdomain";
  std::vector<std::string> argv;  // argv[0] is the path executed
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory = "/var/task";
  bool wrapped = false;  // as ProgramPlan's
  std::vector<ListenerPlan> listeners;
  std::vector<SinkPlan> sinks;
  NetworkMode network = NetworkMode::kNone;  // others only where Launcher::network() has them
  Egress egress;
  Weakness weakness = Weakness::kNone;
};

// The Runtime API's address and port inside, as on AWS.
inline constexpr const char* kRuntimeApiAddress = "169.254.100.1";
inline constexpr std::uint16_t kRuntimeApiPort = 9001;
// Where SDKs fetch credentials over HTTP: they insist on a loopback address. Port as above.
inline constexpr const char* kCredentialsAddress = "127.0.0.1";
// Where Lapwing's own API is reached from inside.
inline constexpr std::uint16_t kEndpointPort = 4566;
// Where X-Ray SDKs send segments (AWS_XRAY_DAEMON_ADDRESS), by UDP.
inline constexpr std::uint16_t kXrayDaemonPort = 2000;

// Refuses what could not be applied: empty argv, relative paths, "..", too many mounts,
// sizes beyond limits.hpp. The launcher checks again on its side.
Status validate(const Plan& plan);
Status validate(const ProgramPlan& program);
Status validate(const Assignment& assignment);

// Indented text, one line a fact, environment values left out.
std::string describe(const Plan& plan);

}  // namespace lapwing::sandbox
