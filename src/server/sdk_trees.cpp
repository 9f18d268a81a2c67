#include "server/sdk_trees.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "os/file.hpp"
#include "runtime/language/interpreters.hpp"

namespace lapwing::server {
namespace {

constexpr std::array kKinds = {
    SdkKind{"sdk-python", runtime::Language::kPython, "", "sdk",
            "boto3/ and botocore/ in it: pip install --target DIR boto3 makes such a directory"},
    SdkKind{"sdk-node", runtime::Language::kNode, "node_modules", "node_modules",
            "node_modules/@aws-sdk/client-* in it: npm install --prefix DIR makes such a "
            "directory"},
    SdkKind{"sdk-ruby", runtime::Language::kRuby, "", "sdk",
            "gems/aws-sdk-core-* and specifications/ in it: gem install --install-dir DIR makes "
            "such a directory"},
};

// The rest of the first name in `directory` with that beginning and end, both taken off.
std::string name_between(const std::string& directory, std::string_view start,
                         std::string_view end) {
  for (const std::string& name : runtime::list_directory(directory)) {
    if (name.size() <= start.size() + end.size() || !name.starts_with(start)) continue;
    if (!name.ends_with(end)) continue;
    return name.substr(start.size(), name.size() - start.size() - end.size());
  }
  return {};
}

std::string python_version(const std::string& tree) {
  if (!os::exists(tree + "/boto3/__init__.py") || !os::exists(tree + "/botocore/__init__.py")) {
    return {};
  }
  const std::string version = name_between(tree, "boto3-", ".dist-info");
  return version.empty() ? "boto3" : "boto3 " + version;
}

// "Requires-Python: >=3.9" of boto3's record: {3, 9}; {0, 0} where it says none.
std::pair<int, int> python_needed(const std::string& tree) {
  constexpr std::string_view kField = "Requires-Python:";
  const std::string version = name_between(tree, "boto3-", ".dist-info");
  std::ifstream in(fmt::format("{}/boto3-{}.dist-info/METADATA", tree, version));
  std::string line;
  while (std::getline(in, line) && !line.empty()) {
    const std::size_t at = line.find(">=");
    if (!line.starts_with(kField) || at == std::string::npos) continue;
    std::pair<int, int> needed{0, 0};
    const char* const end = line.data() + line.size();
    const char* begin = line.data() + at + 2;
    while (begin != end && *begin == ' ') ++begin;
    const auto major = std::from_chars(begin, end, needed.first);
    if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.') {
      std::from_chars(major.ptr + 1, end, needed.second);
    }
    return needed;
  }
  return {0, 0};
}

// Of a package.json, whose members stand on lines of their own.
std::string package_version(const std::string& file) {
  constexpr std::string_view kMember = "\"version\":";
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t at = line.find(kMember);
    if (at == std::string::npos) continue;
    const std::size_t begin = line.find('"', at + kMember.size());
    const std::size_t end = line.find('"', begin == std::string::npos ? begin : begin + 1);
    if (end != std::string::npos) return line.substr(begin + 1, end - begin - 1);
  }
  return {};
}

std::string node_version(const std::string& tree) {
  const std::string scope = tree + "/node_modules/@aws-sdk";
  const std::string client = name_between(scope, "client-", "");
  if (client.empty()) return {};
  return fmt::format("client-{} {}", client,
                     package_version(fmt::format("{}/client-{}/package.json", scope, client)));
}

std::string ruby_version(const std::string& tree) {
  const std::string version = name_between(tree + "/gems", "aws-sdk-core-", "");
  if (version.empty() || !os::is_directory(tree + "/specifications")) return {};
  return "aws-sdk-core " + version;
}

}  // namespace

std::span<const SdkKind> sdk_kinds() { return kKinds; }

const SdkKind* find_sdk_kind(std::string_view name) {
  for (const SdkKind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::string sdk_version(const SdkKind& kind, const std::string& tree) {
  switch (kind.language) {
    case runtime::Language::kPython:
      return python_version(tree);
    case runtime::Language::kNode:
      return node_version(tree);
    case runtime::Language::kRuby:
      return ruby_version(tree);
    default:
      return {};
  }
}

runtime::SdkMount sdk_mount(const SdkKind& kind, const std::string& tree) {
  runtime::SdkMount out;
  out.language = kind.language;
  out.source = kind.inside.empty() ? tree : fmt::format("{}/{}", tree, kind.inside);
  out.point = kind.point;
  if (kind.language == runtime::Language::kPython) {
    std::tie(out.major_min, out.minor_min) = python_needed(tree);
  }
  return out;
}

}  // namespace lapwing::server
