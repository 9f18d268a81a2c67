#include "services/lambda/function_identifier.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"

namespace lapwing::lambda {

namespace {

// As the service prints it.
constexpr std::string_view kIdentifierPattern =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"
    "(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_char(char c) {
  return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, is_digit);
}

// "us-east-1", "us-gov-west-1", "eusc-de-east-1".
bool is_region(std::string_view text) {
  const std::size_t last = text.rfind('-');
  if (last == std::string_view::npos || text.size() - last != 2 || !is_digit(text.back())) {
    return false;
  }
  const std::string_view words = text.substr(0, last);
  return words.size() >= 4 && words.find('-') != std::string_view::npos && words.front() != '-' &&
         words.back() != '-' &&
         std::ranges::all_of(words, [](char c) { return is_lower(c) || c == '-'; });
}

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_name_char(c) || c == '.'; });
}

bool is_qualifier(std::string_view text) {
  if (text == kLatest || text == "$LATEST.PUBLISHED") return true;
  return !text.empty() && text.size() <= kMaxQualifierChars &&
         std::ranges::all_of(text, is_name_char);
}

// The parameter's own pattern is wider than what an identifier may end in.
bool is_qualifier_parameter(std::string_view text) {
  return is_qualifier(text) ||
         std::ranges::all_of(text, [](char c) { return is_name_char(c) || c == '$'; });
}

std::vector<std::string_view> split_colons(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

struct Parts {
  std::string_view region;
  std::string_view account;
  std::string_view name;
  std::string_view qualifier;
};

std::optional<Parts> take_apart(std::string_view text) {
  const std::vector<std::string_view> tokens = split_colons(text);
  std::size_t at = 0;
  Parts parts;
  // Each optional part is taken only when something is left to be the name.
  const auto more = [&] { return at + 1 < tokens.size(); };
  if (tokens[0] == "arn") {
    if (tokens.size() < 4 || tokens[2] != "lambda") return std::nullopt;
    if (!tokens[1].empty() && !tokens[1].starts_with("aws")) return std::nullopt;
    at = 3;
  }
  if (more() && is_region(tokens[at])) parts.region = tokens[at++];
  if (more() && is_account(tokens[at])) parts.account = tokens[at++];
  if (more() && tokens[at] == "function") ++at;
  parts.name = tokens[at++];
  if (at < tokens.size()) {
    parts.qualifier = tokens[at++];
    if (!is_qualifier(parts.qualifier)) return std::nullopt;
  }
  if (at != tokens.size() || !is_name(parts.name)) return std::nullopt;
  return parts;
}

}  // namespace

std::string version_name(std::uint64_t version) {
  return version == 0 ? std::string(kLatest) : std::to_string(version);
}

std::optional<std::uint64_t> parse_version(std::string_view qualifier) {
  if (qualifier.empty() || qualifier == kLatest) return 0;
  std::uint64_t version = 0;
  const char* end = qualifier.data() + qualifier.size();
  const auto [at, error] = std::from_chars(qualifier.data(), end, version);
  if (error != std::errc() || at != end || qualifier.front() == '0') return std::nullopt;
  return version;
}

std::string function_arn(const FunctionKey& key, std::string_view qualifier) {
  return fmt::format("arn:{}:lambda:{}:{}:function:{}{}{}", aws::partition_of(key.region.view()),
                     key.region.view(), key.account.view(), key.name.view(),
                     qualifier.empty() ? "" : ":", qualifier);
}

std::optional<FunctionIdentifier> read_function_arn(std::string_view text) {
  constexpr std::string_view kKind = "function:";
  const auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != "lambda" || !arn->resource.starts_with(kKind)) return std::nullopt;
  const std::string_view name = std::string_view(arn->resource).substr(kKind.size());
  const std::size_t colon = name.find(':');
  FunctionIdentifier out{{arn->account, arn->region, FunctionName(name.substr(0, colon))}, {}};
  if (colon != std::string_view::npos) out.qualifier = name.substr(colon + 1);
  return out;
}

Result<FunctionIdentifier> parse_function_identifier(std::string_view text,
                                                     std::optional<std::string_view> qualifier,
                                                     const IdentifierScope& scope) {
  if (text.size() > kMaxIdentifierChars) {
    return fail(errors::validation(
        text, "functionName",
        fmt::format("Member must have length less than or equal to {}", kMaxIdentifierChars)));
  }
  const std::optional<Parts> parts = take_apart(text);
  if (!parts) {
    return fail(errors::validation(
        text, "functionName",
        fmt::format("Member must satisfy regular expression pattern: {}", kIdentifierPattern)));
  }
  FunctionIdentifier out;
  out.qualifier = parts->qualifier;
  if (qualifier && !qualifier->empty()) {
    if (qualifier->size() > kMaxQualifierChars) {
      return fail(errors::validation(
          *qualifier, "qualifier",
          fmt::format("Member must have length less than or equal to {}", kMaxQualifierChars)));
    }
    if (!is_qualifier_parameter(*qualifier)) {
      return fail(
          errors::validation(*qualifier, "qualifier",
                             "Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)"));
    }
    if (!out.qualifier.empty() && out.qualifier != *qualifier) {
      return fail(errors::qualifiers_differ());
    }
    out.qualifier = *qualifier;
  }
  if (!parts->region.empty() && parts->region != scope.region.view()) {
    return fail(errors::region_not_reachable(parts->region, scope.region.view()));
  }
  out.key.account = parts->account.empty() ? scope.account : AccountId(parts->account);
  out.key.region = scope.region;
  out.key.name = FunctionName(parts->name);
  if (out.key.account != scope.account) {
    return fail(errors::access_denied(scope.principal_arn, scope.action, function_arn(out.key)));
  }
  return out;
}

}  // namespace lapwing::lambda
