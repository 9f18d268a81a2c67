// Loop devices: a file as a block device.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

// The device goes away by itself when `fd` is closed and nothing has it mounted.
struct LoopDevice {
  UniqueFd fd;
  std::string path;  // "/dev/loop3"
};

Result<LoopDevice> attach_loop(int file);

}  // namespace lapwing::os
