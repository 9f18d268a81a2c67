#include "aws/arn.hpp"

#include <algorithm>
#include <array>

namespace lapwing::aws {
namespace {

std::unexpected<Error> bad(std::string_view text) {
  return fail(Error(ErrorKind::kInvalid, "InvalidParameterValueException",
                    "Invalid ARN: '" + std::string(text.substr(0, 256)) + "'"));
}

}  // namespace

Result<Arn> Arn::parse(std::string_view text) {
  const bool controls = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (text.size() > kArnMaxBytes || controls) return bad(text);
  std::array<std::string_view, 5> parts;
  std::string_view rest = text;
  for (std::string_view& part : parts) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return bad(text);
    part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || rest.empty()) return bad(text);
  Arn arn;
  arn.partition = parts[1];
  arn.service = parts[2];
  arn.region = Region(parts[3]);
  arn.account = AccountId(parts[4]);
  arn.resource = rest;
  return arn;
}

std::string Arn::str() const {
  std::string out = "arn:";
  for (const std::string_view part :
       {std::string_view(partition), std::string_view(service), region.view(), account.view()}) {
    out += part;
    out += ':';
  }
  return out + resource;
}

std::string_view Arn::resource_type() const {
  const std::size_t end = resource.find_first_of(":/");
  return end == std::string::npos ? std::string_view() : std::string_view(resource).substr(0, end);
}

std::string_view Arn::resource_id() const {
  const std::size_t end = resource.find_first_of(":/");
  return end == std::string::npos ? std::string_view(resource)
                                  : std::string_view(resource).substr(end + 1);
}

std::string_view partition_of(std::string_view region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  return "aws";
}

std::string make_arn(std::string_view service, const Region& region, const AccountId& account,
                     std::string_view resource) {
  Arn arn;
  arn.partition = partition_of(region.view());
  arn.service = service;
  arn.region = region;
  arn.account = account;
  arn.resource = resource;
  return arn.str();
}

std::string_view service_of(std::string_view arn) {
  for (int colons = 0; colons < 2; ++colons) {
    const std::size_t at = arn.find(':');
    if (at == std::string_view::npos) return {};
    arn.remove_prefix(at + 1);
  }
  return arn.substr(0, arn.find(':'));
}

bool is_account_id(std::string_view text) {
  return text.size() == 12 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_region_name(std::string_view text) {
  return !text.empty() && text.size() <= 40 && text.front() >= 'a' && text.front() <= 'z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace lapwing::aws
