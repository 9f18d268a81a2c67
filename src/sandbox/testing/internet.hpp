// An internet of a test's own: a network namespace that plays the machine, and one behind it
// that plays everything else. Nothing leaves either.
//
//   machine: out0 198.51.100.2, 2001:db8:0:1::2; default routes out of it; no forwarding, but of
//            IPv6 where the kernel has no switch for each interface
//   outside: 203.0.113.5, 2001:db8:0:2::5, and the metadata services' addresses
//
// Both answer on kEchoPort: TCP with the caller's address, UDP with what was sent.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include "os/unique_fd.hpp"

namespace lapwing::sandbox::testing {

inline constexpr std::uint16_t kEchoPort = 8080;

class Internet {
 public:
  // Moves the calling thread into the machine. Only for processes of one thread.
  Internet();
  ~Internet();
  Internet(const Internet&) = delete;
  Internet& operator=(const Internet&) = delete;

  // Names of the machine's interfaces, and of its tables of packet rules.
  static std::vector<std::string> links();
  static std::vector<std::string> rule_tables();
  static bool forwards(const std::string& link);

 private:
  pid_t start_echo();

  os::UniqueFd machine_;
  os::UniqueFd outside_;
  std::vector<pid_t> servers_;
};

}  // namespace lapwing::sandbox::testing
