// The AWS SDKs that are part of AWS's runtimes: trees of files given to `lapwing runtime add`
// under a name of their own, seen by every function of the language behind everything of its own
// and of its layers.
//
//   sdk-python  boto3/, botocore/ and what they need, as `pip install --target` leaves them
//   sdk-node    node_modules/@aws-sdk/, as `npm install --prefix` leaves them
//   sdk-ruby    gems/, specifications/, as `gem install --install-dir` leaves them
//
// Thread-safety: pure functions over the file system.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/start/sandbox_planner.hpp"

namespace lapwing::server {

struct SdkKind {
  std::string_view name;  // "sdk-python"
  runtime::Language language;
  std::string_view inside;  // what of the tree is shown: "node_modules", or "" for all of it
  std::string_view point;   // where, below /var/runtime
  std::string_view holds;   // what makes a tree one of these, in words
};

std::span<const SdkKind> sdk_kinds();
// Null for other names.
const SdkKind* find_sdk_kind(std::string_view name);

// "boto3 1.44.5"; "" for a directory that holds none.
std::string sdk_version(const SdkKind& kind, const std::string& tree);

// For the interpreters that its own records say it is for.
runtime::SdkMount sdk_mount(const SdkKind& kind, const std::string& tree);

}  // namespace lapwing::server
