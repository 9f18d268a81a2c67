// Pipes, socket pairs, and messages that carry descriptors (SCM_RIGHTS).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

// The kernel takes no more in one message.
inline constexpr std::size_t kMessageFdsMax = 253;

struct FdPair {
  UniqueFd first;
  UniqueFd second;
};
// Reads from `first` what is written to `second`.
Result<FdPair> make_pipe();
enum class SocketKind { kStream, kSeqPacket };
Result<FdPair> make_socketpair(SocketKind kind, bool nonblocking);
// For TCP connections (and listeners of such) that stay within the machine: the plainest congestion
// control there is, as those that pace themselves (BBR) pay a timer for every message. Best effort.
void do_not_pace(int socket);
// An anonymous file in memory holding `content`, offset 0.
Result<UniqueFd> make_memory_file(const char* name, std::string_view content);

struct Message {
  std::string bytes;
  std::vector<UniqueFd> fds;
  bool end = false;  // the other side has gone
};

// Sends one message; kUnavailable when a non-blocking socket is full.
Status send_message(int socket, std::string_view bytes, std::span<const int> fds);
// Receives one; received descriptors are close-on-exec. kUnavailable: nothing there yet.
Result<Message> receive_message(int socket, std::size_t bytes_max);

}  // namespace lapwing::os
