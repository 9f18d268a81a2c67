// What goes wrong with an image, by what a caller can do about it:
//   kInvalid      it is no image, or a damaged one        kTooLarge  beyond limits.hpp
//   kNotFound     there is none under that name           kDenied    the registry wants to know who
//   kUnsupported  a kind of image that is not served      kUnavailable, kTimeout: not now
// Messages may be shown to the user who named the image; details are for our log.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::images::errors {

Error invalid(std::string message);
// A layer or the configuration is not what its digest or size says.
Error damaged(std::string_view what, std::string_view digest);
Error too_large(std::string message);
Error not_found(std::string_view reference);
Error denied(std::string_view reference, std::string detail);
Error unsupported(std::string message);
Error unavailable(std::string_view registry, std::string detail);
Error stopping();

}  // namespace lapwing::images::errors
