// A function that comes as a container image: where the image's files are, and what is to be run
// of them. services/lambda merges what the image says with the function's ImageConfig.
//
// Programs and directories are looked up in the image's tree as a process inside would, links
// included (os::open_in_root): the tree is somebody else's.
//
// Source: AWS Lambda developer guide, "Create a Lambda function using a container image"; the
// messages are RAPID's.
// Thread-safety: pure but for looking at the image's tree.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace lapwing::runtime {

struct ImageProgram {
  std::string root;  // absolute, on this machine; read-only for sandboxes
  std::vector<std::string> entry_point;
  std::vector<std::string> command;
  std::string working_directory;  // "" is /
  std::vector<std::pair<std::string, std::string>> environment;
  friend bool operator==(const ImageProgram&, const ImageProgram&) = default;
};

// Entry point and command as one command line, its first word a path. kInvalid with the code
// Runtime.InvalidEntrypoint when there is no such program in `path`, the PATH of the function.
Result<std::vector<std::string>> image_command_line(const ImageProgram& image,
                                                    std::string_view path);

// kInvalid with the code Runtime.InvalidWorkingDir when it is no directory of the image.
Result<std::string> image_working_directory(const ImageProgram& image);

// What functions of images have where the image says nothing.
void set_image_defaults(const ImageProgram& image, std::map<std::string, std::string>& out);

// "IMAGE Launch error: ...", as it stands in the function's log.
std::string launch_error_line(const ImageProgram& image, std::string_view error);

}  // namespace lapwing::runtime
