#include "policy/elements.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>

#include <fmt/core.h>
#include <fmt/format.h>

namespace lapwing::policy {
namespace {

constexpr std::array<std::string_view, 8> kPartitions = {
    "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"};

constexpr std::array<std::string_view, 13> kIamResources = {"user/",
                                                            "federated-user/",
                                                            "role/",
                                                            "group/",
                                                            "instance-profile/",
                                                            "mfa/",
                                                            "server-certificate/",
                                                            "policy/",
                                                            "sms-mfa/",
                                                            "saml-provider/",
                                                            "oidc-provider/",
                                                            "report/",
                                                            "access-report/"};

bool number_within(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= low && value <= high;
}

bool is_day(std::string_view text) {
  const bool before_christ = text.starts_with('-');
  if (before_christ) text.remove_prefix(1);
  std::array<std::string_view, 3> parts;
  std::size_t count = 0;
  while (true) {
    if (count == parts.size()) return false;
    const std::size_t dash = text.find('-');
    parts[count++] = text.substr(0, dash);
    if (dash == std::string_view::npos) break;
    text.remove_prefix(dash + 1);
  }
  constexpr std::int64_t kFirstYear = 292'275'054;
  constexpr std::int64_t kLastYear = 292'278'993;
  return number_within(parts[0], 0, before_christ ? kFirstYear : kLastYear) &&
         (count < 2 || number_within(parts[1], 1, 12)) &&
         (count < 3 || number_within(parts[2], 1, 31));
}

bool is_zone(std::string_view text) {  // behind the sign
  const std::string_view hours = text.substr(0, text.find(':'));
  if (hours.size() != 2 || !number_within(hours, 0, 23)) return false;
  if (hours.size() == text.size()) return true;
  return text.size() == 5 && text[2] == ':' && number_within(text.substr(3), 0, 59);
}

bool is_second(std::string_view text) {
  if (const std::size_t at = text.find_first_of("zZ+-"); at != std::string_view::npos) {
    const bool utc = text[at] == 'z' || text[at] == 'Z';
    if (utc ? at + 1 != text.size() : !is_zone(text.substr(at + 1))) return false;
    text = text.substr(0, at);
  }
  const std::size_t point = text.find('.');
  if (point != std::string_view::npos && !number_within(text.substr(point + 1), 0, 999'999'999)) {
    return false;
  }
  return number_within(text.substr(0, point), 0, 59);
}

bool is_time(std::string_view text) {
  const auto parts = split_colons(text, 3);
  if (parts[0].empty()) return parts.size() == 1;
  return number_within(parts[0], 0, 23) && (parts.size() < 2 || number_within(parts[1], 0, 59)) &&
         (parts.size() < 3 || is_second(parts[2]));
}

// What stands behind the vendor, of resources whose vendors IAM looks into.
std::string vendor_fault(std::string_view resource, const std::vector<std::string_view>& parts) {
  const std::string_view vendor = parts[2];
  const bool has_region = parts.size() == 3 || !parts[3].empty();
  const std::string_view id = parts.size() > 5 ? parts[5] : std::string_view();
  if (vendor == "s3" && has_region && !id.starts_with("accesspoint/")) {
    return fmt::format("Resource {} can not contain region information.", resource);
  }
  if (vendor != "iam") return {};
  if (has_region) {
    return fmt::format("IAM resource {} cannot contain region information.", resource);
  }
  const bool known =
      id == "*" || id == "root" || std::ranges::any_of(kIamResources, [id](std::string_view start) {
        return id.starts_with(start);
      });
  if (known) return {};
  return fmt::format("IAM resource path must either be \"*\" or start with {}.",
                     fmt::join(kIamResources, ", "));
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

TestName test_name(std::string_view test) {
  TestName out;
  const auto cut_front = [&](std::string_view prefix) {
    if (!same_ignoring_case(test.substr(0, prefix.size()), prefix)) return false;
    test.remove_prefix(prefix.size());
    return true;
  };
  if (cut_front("ForAllValues:")) {
    out.set = TestName::Set::kAllValues;
  } else if (cut_front("ForAnyValue:")) {
    out.set = TestName::Set::kAnyValue;
  }
  constexpr std::string_view kIfExists = "IfExists";
  if (test.size() > kIfExists.size() &&
      same_ignoring_case(test.substr(test.size() - kIfExists.size()), kIfExists)) {
    test.remove_suffix(kIfExists.size());
    out.if_exists = true;
  }
  out.bare = test;
  return out;
}

std::vector<std::string_view> split_colons(std::string_view text, std::size_t parts) {
  std::vector<std::string_view> out;
  while (out.size() + 1 < parts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) break;
    out.push_back(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  out.push_back(text);
  return out;
}

std::string action_fault(std::string_view action) {
  if (action == "*") return {};
  const std::size_t colon = action.find(':');
  if (colon == std::string_view::npos) {
    return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
  }
  if (action.find(':', colon + 1) != std::string_view::npos) {
    return "Actions/Condition can contain only one colon.";
  }
  const std::string_view vendor = action.substr(0, colon);
  const bool valid = vendor == "*" || std::ranges::all_of(vendor, [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '-' || c == '.';
                     });
  return valid ? std::string() : fmt::format("Vendor {} is not valid", vendor);
}

std::string resource_fault(std::string_view resource) {
  if (resource == "*") return {};
  const auto parts = split_colons(resource, 6);
  if (parts.size() == 1) {
    return fmt::format("Resource {} must be in ARN format or \"*\".", resource);
  }
  const std::string_view partition = parts[1];
  if (partition != "*" && std::ranges::find(kPartitions, partition) == kPartitions.end()) {
    const auto part = [&](std::size_t at) {
      return parts.size() > at ? parts[at] : std::string_view("*");
    };
    const std::string_view vendor = parts.size() == 3 && parts[2].empty() ? "*" : part(2);
    return fmt::format("Partition \"{0}\" is not valid for resource \"arn:{0}:{1}:{2}:{3}:{4}\".",
                       partition, vendor, part(3), part(4), part(5));
  }
  if (parts.size() == 2) {
    return "Resource vendor must be fully qualified and cannot contain regexes.";
  }
  return vendor_fault(resource, parts);
}

bool fails_legacy_parsing(std::string_view resource) {
  if (resource == "*") return false;
  if (std::ranges::count(resource, ':') < 5 && resource.find("::") != std::string_view::npos) {
    return true;
  }
  const auto parts = split_colons(resource, 6);
  return parts.size() > 2 && parts[2].empty();
}

bool is_date_test(std::string_view test) {
  return same_ignoring_case(test_name(test).bare.substr(0, 4), "Date");
}

bool is_date(std::string_view text) {
  const std::size_t t = text.find_first_of("tT");
  if (t == std::string_view::npos && text.find('-') == std::string_view::npos) {
    return number_within(text, 0, INT64_MAX);
  }
  return is_day(text.substr(0, t)) && (t == std::string_view::npos || is_time(text.substr(t + 1)));
}

bool is_trust_action(std::string_view action) {
  constexpr std::array<std::string_view, 8> kActions = {"*",
                                                        "sts:*",
                                                        "sts:AssumeRole",
                                                        "sts:AssumeRoleWithSAML",
                                                        "sts:AssumeRoleWithWebIdentity",
                                                        "sts:SetContext",
                                                        "sts:SetSourceIdentity",
                                                        "sts:TagSession"};
  return std::ranges::any_of(
      kActions, [action](std::string_view known) { return same_ignoring_case(action, known); });
}

}  // namespace lapwing::policy
