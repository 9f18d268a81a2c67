#include "runtime/start/code_view.hpp"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "os/file.hpp"
#include "os/open_beneath.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {
namespace {

using Names = std::vector<std::string>;

// In reverse: the next one to take is the last.
void push_parts(std::string_view path, Names& pending) {
  Names parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  pending.insert(pending.end(), parts.rbegin(), parts.rend());
}

struct Mounted {
  const std::string* tree;
  Names relative;
};

// Which tree `names` is in; nothing where it is in none.
std::optional<Mounted> mounted(const CodeTrees& trees, const Names& names) {
  if (names.size() >= 2 && names[0] == "var" && names[1] == "task") {
    return Mounted{&trees.code, Names(names.begin() + 2, names.end())};
  }
  if (!names.empty() && names[0] == "opt" && !trees.layers.empty()) {
    return Mounted{&trees.layers, Names(names.begin() + 1, names.end())};
  }
  return std::nullopt;
}

// On the way to a tree: directories of the runtime that are surely no links.
bool leads_to_tree(const Names& names) {
  return names.empty() || (names.size() == 1 && names[0] == "var");
}

std::string join(const Names& names) {
  return names.empty() ? "." : fmt::format("{}", fmt::join(names, "/"));
}

// The target where it is a link, else what it is.
std::optional<std::string> look(const Mounted& where, CodePlace& place) {
  place = CodePlace{.tree = *where.tree, .relative = join(where.relative)};
  const auto root = os::open_at(os::kCwd, *where.tree, O_PATH | O_DIRECTORY);
  if (!root) return std::nullopt;
  const auto found = os::open_beneath(root->get(), place.relative.c_str(), O_PATH | O_NOFOLLOW);
  struct stat st{};
  if (!found || fstat(found->get(), &st) != 0) return std::nullopt;
  if (S_ISLNK(st.st_mode)) {
    std::string target(kLinkTargetBytesMax + 1, '\0');
    const ssize_t size = readlinkat(found->get(), "", target.data(), target.size());
    target.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return target;
  }
  place.mode = st.st_mode & 07777;
  if (S_ISREG(st.st_mode)) place.kind = CodePlace::Kind::kFile;
  if (S_ISDIR(st.st_mode)) place.kind = CodePlace::Kind::kDirectory;
  return std::nullopt;
}

}  // namespace

CodePlace find_in_code(const CodeTrees& trees, std::string_view path) {
  Names pending;
  Names at;
  push_parts(path, pending);
  CodePlace place;
  std::size_t links = 0;
  std::size_t steps = 0;
  while (!pending.empty()) {
    // A link may spell a long way that leads nowhere.
    if (++steps > kStepsMax) return {};
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (name == "..") {
      if (!at.empty()) at.pop_back();
      continue;
    }
    at.push_back(name);
    const std::optional<Mounted> where = mounted(trees, at);
    if (!where) {
      if (leads_to_tree(at)) continue;
      return {.kind = CodePlace::Kind::kElsewhere};
    }
    const std::optional<std::string> target = look(*where, place);
    if (!target) {
      if (place.kind == CodePlace::Kind::kMissing) return {};
      if (place.kind == CodePlace::Kind::kFile && !pending.empty()) return {};
      continue;
    }
    if (target->empty() || ++links > kLinksFollowedMax) return {};
    at.pop_back();
    if (target->front() == '/') at.clear();
    push_parts(*target, pending);
  }
  // ".." may have led up again.
  const std::optional<Mounted> where = mounted(trees, at);
  if (!where) return {.kind = CodePlace::Kind::kElsewhere};
  look(*where, place);
  return place.kind == CodePlace::Kind::kMissing ? CodePlace{} : place;
}

Result<os::UniqueFd> open_directory(const CodePlace& place) {
  LAPWING_TRY(const os::UniqueFd root, os::open_at(os::kCwd, place.tree, O_PATH | O_DIRECTORY));
  return os::open_beneath(root.get(), place.relative.c_str(), O_RDONLY | O_DIRECTORY);
}

}  // namespace lapwing::runtime
