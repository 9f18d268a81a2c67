// The statements of a document as text: for AddPermission and RemovePermission, which change one of
// them and leave the others as they were given.
//
// A document that is changed is one that parse() has accepted. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.hpp"

namespace lapwing::policy {

// A statement as services write those of their own operations: what is one of its kind stands
// without a list, and conditions of one test together. It has a Sid, and says whom, what and about
// what it is.
std::string statement_json(const Statement& statement);
// A document of these statements, JSON objects; none: what AddPermission begins with. An empty id
// is not written.
std::string document_json(std::string_view version, std::string_view id,
                          const std::vector<std::string>& statements);
// The principals that are these accounts, each named by its root.
std::vector<Principal> account_principals(std::string_view partition,
                                          const std::vector<std::string>& accounts);

// What AddPermission takes: a label of letters, digits, - and _, of so many characters at most.
bool is_label(std::string_view label, std::size_t max);
struct AccountGrant {
  std::string label;
  std::vector<std::string> accounts;
  std::vector<std::string> actions;
};
// The statement it makes: the accounts may do the actions, which begin with `prefix` ("SQS:").
std::string grant_json(const AccountGrant& grant, std::string_view partition,
                       std::string_view prefix, const std::string& resource);

bool has_statement(std::string_view document, std::string_view sid);
// With `statement`, a JSON object, behind the others.
std::string with_statement(std::string_view document, std::string_view statement);
// None: there is none of that Sid. Empty: it was the last.
std::optional<std::string> without_statement(std::string_view document, std::string_view sid);

}  // namespace lapwing::policy
