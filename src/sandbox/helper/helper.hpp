// The helper: the process that clones sandboxes. See launcher.hpp for its place.
#pragma once

#include <string>

#include "os/unique_fd.hpp"
#include "sandbox/cgroup/cgroup.hpp"
#include "sandbox/network/network.hpp"

namespace lapwing::sandbox {

// What the helper says first, on the control socket: "" or what keeps it from working.
struct HelperHello {
  bool user_ids = false;     // a range of user ids a sandbox, not just one
  bool network = false;      // there is a way out; the name server's sockets come along
  std::string network_text;  // how, or why not
  std::string failure;
};
std::string encode_hello(const HelperHello& hello);
HelperHello decode_hello(std::string_view bytes);

struct HelperOptions {
  os::UniqueFd control;  // SOCK_SEQPACKET to the server
  os::UniqueFd parent;   // pidfd of the server
  const CgroupTree* cgroups = nullptr;
  NetworkOptions network;
  std::string tag;  // of this instance
  bool hide_processors = false;
  int root_id = -1;  // RootId
};

// Launch request on the control socket: these descriptors first, then the inherited ones.
inline constexpr std::string_view kLaunchRequest = "launch";
// Mount request: a report socket for the answer, the memory file of the binds.
inline constexpr std::string_view kMountRequest = "mounts";
// Egress request: a report socket for the answer, the memory file of the change.
inline constexpr std::string_view kEgressRequest = "egress";
// Template request: the template's control socket, the memory file of its plan.
inline constexpr std::string_view kTemplateRequest = "template";
enum LaunchFd { kLaunchReport, kLaunchPlan, kLaunchTmp, kLaunchInherited };

// Runs until the server goes; removes what is left; ends the process.
[[noreturn]] void run_helper(HelperOptions options);

}  // namespace lapwing::sandbox
