// External extensions as they lie in the layers, and what their programs may see.
//
// Thread-safety: pure but for reading the directory.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/start/code_view.hpp"

namespace lapwing::runtime {

// Inside the sandbox.
inline constexpr std::string_view kExtensionsDirectory = "/opt/extensions";

// The names of everything directly in /opt/extensions that is no directory, sorted. Empty without
// layers. A few more than the limit are enough to see that it is exceeded.
std::vector<std::string> extension_files(const CodeTrees& trees);
// The same of /opt/extensions in an image's tree, whose links lead nowhere outside it.
std::vector<std::string> image_extension_files(const std::string& root);

// The function's variables without those of the runtime alone (AWS Lambda developer guide,
// "Accessing environment variables from extensions").
std::vector<std::pair<std::string, std::string>> extension_environment(
    const std::vector<std::pair<std::string, std::string>>& function);

}  // namespace lapwing::runtime
