// The statements of a document as text: for AddPermission and RemovePermission, which change one of
// them and leave the others as they were given.
//
// The document is one that parse() has accepted. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lapwing::policy {

bool has_statement(std::string_view document, std::string_view sid);
// With `statement`, a JSON object, behind the others.
std::string with_statement(std::string_view document, std::string_view statement);
// None: there is none of that Sid. Empty: it was the last.
std::optional<std::string> without_statement(std::string_view document, std::string_view sid);

}  // namespace lapwing::policy
