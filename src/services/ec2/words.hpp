// What EC2 says when something is wrong: its model has no errors. All answer 400 where nothing else
// is said.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::ec2 {

Error invalid_value(std::string message);
Error missing(std::string_view parameter);
Error no_such_vpc(std::string_view id);
Error no_such_subnet(std::string_view id);
Error no_such_group(std::string_view id);
Error no_such_rule(std::string_view id);
Error no_such_id(std::string_view id);
// `kind` as ids begin: "sg".
Error malformed(std::string_view code, std::string_view id, std::string_view kind);
Error has_dependents(std::string message);
Error limit_reached(std::string_view code, std::string_view what);
Error dry_run();
Error failure(ErrorKind kind, std::string_view code, std::string message);

}  // namespace lapwing::ec2
