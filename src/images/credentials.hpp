// Who this server is to registries: a file as Docker's tools write it ("auths" of config.json,
// user and password in base64). Read again for each image, so that a token that was renewed counts.
//
// Thread-safety: pure functions but for reading the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::images {

// "user:password", base64, as it goes behind "Basic"; nothing when the file names none for this
// registry. kInvalid for a file that is none, kUnsupported for a registry whose credentials the
// file leaves to a helper program.
Result<std::optional<std::string>> find_credentials(const std::string& file,
                                                    std::string_view registry);

}  // namespace lapwing::images
