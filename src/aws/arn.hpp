// Amazon Resource Names: arn:partition:service:region:account:resource.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

inline constexpr std::size_t kArnMaxBytes = 2048;

struct Arn {
  std::string partition = "aws";
  std::string service;
  Region region;         // empty for global services
  AccountId account;     // empty for some resources (S3 buckets), "aws" for AWS's own
  std::string resource;  // everything behind the fifth colon: "function:name:1", "role/path/x"

  // kInvalid unless there are six parts, a partition, a service and a resource. The text of
  // parts is checked for characters only as far as that no part can hold a colon or control
  // character; what a resource looks like is its service's business.
  static Result<Arn> parse(std::string_view text);
  static bool looks_like(std::string_view text) { return text.starts_with("arn:"); }

  std::string str() const;
  // "function" of "function:name", "role" of "role/path/x", empty where there is no type.
  std::string_view resource_type() const;
  // What follows the type: "name", "path/x"; the whole resource where there is no type.
  std::string_view resource_id() const;

  friend bool operator==(const Arn&, const Arn&) = default;
};

// "aws", "aws-cn", "aws-us-gov": of a region, or of none.
std::string_view partition_of(std::string_view region);
// "arn:aws:lambda:us-east-1:000000000000:function:name", in the region's partition.
std::string make_arn(std::string_view service, const Region& region, const AccountId& account,
                     std::string_view resource);

// "lambda" of it, which need not be a whole one; empty where it says none.
std::string_view service_of(std::string_view arn);

// 12 digits.
bool is_account_id(std::string_view text);
// What can be a region's name: 1 to 40 of a-z 0-9 and hyphen, beginning with a letter.
bool is_region_name(std::string_view text);

}  // namespace lapwing::aws
