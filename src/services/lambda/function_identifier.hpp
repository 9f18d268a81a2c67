// How requests name a function: a name, a partial ARN or an ARN, each with or without a
// qualifier; and the ARNs we write.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace lapwing::lambda {

struct FunctionKey {
  AccountId account;
  Region region;
  FunctionName name;
  friend auto operator<=>(const FunctionKey&, const FunctionKey&) = default;
};

struct FunctionIdentifier {
  FunctionKey key;
  std::string qualifier;  // "" when none was given; "$LATEST", a number or an alias
};

// "$LATEST" for 0, else the number.
std::string version_name(std::uint64_t version);
// 0 for "" and "$LATEST", a published version's number as this service writes it; nullopt for
// anything else (aliases, "01").
std::optional<std::uint64_t> parse_version(std::string_view qualifier);

// "arn:aws:lambda:us-east-1:000000000000:function:name", ":qualifier" appended if not empty.
std::string function_arn(const FunctionKey& key, std::string_view qualifier = {});

// "arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]"; none: it is of something else.
std::optional<FunctionIdentifier> read_function_arn(std::string_view text);

// What the caller is: defaults for the parts a short form leaves out.
struct IdentifierScope {
  const AccountId& account;
  const Region& region;
  std::string_view principal_arn;  // for the refusal of another account's function
  std::string_view action;         // "lambda:GetFunction"
};

// Errors: ValidationException for what no form fits, InvalidParameterValueException for two
// qualifiers that differ, ResourceNotFoundException for another region, AccessDeniedException for
// another account. A name beyond 64 characters is one of a function that does not exist.
Result<FunctionIdentifier> parse_function_identifier(std::string_view text,
                                                     std::optional<std::string_view> qualifier,
                                                     const IdentifierScope& scope);

}  // namespace lapwing::lambda
