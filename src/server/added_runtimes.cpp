#include "server/added_runtimes.hpp"

#include <fcntl.h>
#include <limits.h>
#include <set>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "images/image_store.hpp"
#include "os/file.hpp"
#include "os/open_beneath.hpp"
#include "runtime/language/interpreters.hpp"
#include "server/limits.hpp"
#include "server/sdk_trees.hpp"

namespace lapwing::server {
namespace {

constexpr std::string_view kTrees = "trees";
constexpr std::size_t kPieceBytes = 256 * kKiB;

Error refused(std::string message) { return make_error(ErrorKind::kInvalid, std::move(message)); }

// Copies one tree and hashes what it copies: paths, kinds, modes and contents, in order.
// Owners and times are not kept, and everything becomes readable: sandboxes have their own
// user ids. Links are kept as they are; inside a sandbox they lead nowhere outside it.
class TreeCopy {
 public:
  Status directory(const std::string& from, const std::string& to, const std::string& inside) {
    LAPWING_TRY(const std::vector<std::string> names, os::list_directory(from));
    for (const std::string& name : names) {
      if (++entries_ > kAddedEntriesMax) {
        return fail(refused(fmt::format("more than {} files", kAddedEntriesMax)));
      }
      LAPWING_CHECK(entry(from + "/" + name, to + "/" + name, inside + "/" + name));
    }
    return {};
  }
  std::string hash() { return crypto::to_hex(hash_.finish()).substr(0, 32); }

 private:
  Status entry(const std::string& from, const std::string& to, const std::string& inside) {
    struct stat st{};
    if (lstat(from.c_str(), &st) != 0) return fail(errno_error("look at " + from));
    if (S_ISDIR(st.st_mode)) {
      hash_.update(fmt::format("d {}\n", inside));
      LAPWING_CHECK(os::make_directories(to));
      return directory(from, to, inside);
    }
    if (S_ISLNK(st.st_mode)) {
      char target[PATH_MAX];
      const ssize_t length = readlink(from.c_str(), target, sizeof target);
      if (length < 0) return fail(errno_error("read link " + from));
      const std::string text(target, static_cast<std::size_t>(length));
      hash_.update(fmt::format("l {} {}\n", inside, text));
      if (symlink(text.c_str(), to.c_str()) != 0) return fail(errno_error("link " + to));
      return {};
    }
    if (!S_ISREG(st.st_mode)) return {};  // sockets and devices are no part of a runtime
    bytes_ += static_cast<std::uint64_t>(st.st_size);
    if (bytes_ > kAddedBytesMax) {
      return fail(refused(fmt::format("more than {} bytes", kAddedBytesMax)));
    }
    const unsigned mode = (st.st_mode & 0111) != 0 ? 0755 : 0644;
    hash_.update(fmt::format("f {} {:o} {}\n", inside, mode, st.st_size));
    return file(from, to, mode);
  }

  Status file(const std::string& from, const std::string& to, unsigned mode) {
    LAPWING_TRY(const os::UniqueFd in, os::open_at(os::kCwd, from, O_RDONLY));
    LAPWING_TRY(const os::UniqueFd out,
                os::open_at(os::kCwd, to, O_WRONLY | O_CREAT | O_EXCL, mode));
    std::string piece(kPieceBytes, '\0');
    while (true) {
      const ssize_t got = read(in.get(), piece.data(), piece.size());
      if (got < 0) return fail(errno_error("read " + from));
      if (got == 0) break;
      const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
      hash_.update(bytes);
      LAPWING_CHECK(os::write_all(out.get(), bytes));
    }
    // The umask must not hide it from sandboxes.
    if (fchmod(out.get(), mode) != 0) return fail(errno_error("chmod " + to));
    return {};
  }

  crypto::Sha256 hash_;
  std::uint64_t bytes_ = 0;
  std::size_t entries_ = 0;
};

// "2.10.1" of lib/aws-lambda-java-runtime-interface-client-2.10.1.jar.
std::string java_client_version(const std::string& tree) {
  constexpr std::string_view kStart = "aws-lambda-java-runtime-interface-client-";
  for (const std::string& name : runtime::list_directory(tree + "/lib")) {
    if (!name.starts_with(kStart) || !name.ends_with(".jar")) continue;
    return name.substr(kStart.size(), name.size() - kStart.size() - 4);
  }
  return {};
}

// Where images keep interpreters, as directories that really are in the image: its links are
// somebody else's.
std::vector<std::string> prefixes_of(const std::string& tree) {
  std::vector<std::string> out;
  const auto root = os::open_at(os::kCwd, tree, O_PATH | O_DIRECTORY);
  if (!root) return out;
  std::vector<std::string> places = {"/var/lang", "/usr/local", "/opt", "/usr"};
  if (const auto opt = os::open_in_root(root->get(), "/opt", O_RDONLY | O_DIRECTORY)) {
    const auto names = os::list_directory(fmt::format("/proc/self/fd/{}", opt->get()));
    for (const std::string& name : names ? *names : std::vector<std::string>()) {
      places.push_back("/opt/" + name);
    }
  }
  for (const std::string& place : places) {
    const auto directory = os::open_in_root(root->get(), place.c_str(), O_PATH | O_DIRECTORY);
    if (!directory) continue;
    char path[PATH_MAX];
    const std::string link = fmt::format("/proc/self/fd/{}", directory->get());
    const ssize_t length = readlink(link.c_str(), path, sizeof path);
    if (length > 0) out.emplace_back(path, static_cast<std::size_t>(length));
  }
  return out;
}

}  // namespace

AddedRuntimes::AddedRuntimes(const std::string& data_dir) : root_(data_dir + "/added") {}

Status AddedRuntimes::check(AddedRuntime& candidate) const {
  if (candidate.name == kJavaClientName) {
    candidate.version = java_client_version(candidate.tree);
    if (!candidate.version.empty()) return {};
    return fail(
        refused("no lib/aws-lambda-java-runtime-interface-client-*.jar in it: "
                "runtimes/java/client/fetch.sh makes such a directory"));
  }
  if (const SdkKind* kind = find_sdk_kind(candidate.name)) {
    candidate.version = sdk_version(*kind, candidate.tree);
    if (!candidate.version.empty()) return {};
    return fail(refused(fmt::format("no {}", kind->holds)));
  }
  const auto id = runtime::parse_runtime_id(candidate.name);
  if (!id || id->language == runtime::Language::kProvided) {
    return fail(
        refused(fmt::format("{} is no runtime that can be added: say one such as "
                            "python3.13, nodejs22.x, ruby3.4, java21, or {}, sdk-python, "
                            "sdk-node, sdk-ruby",
                            candidate.name, kJavaClientName)));
  }
  std::string found;
  for (const runtime::Interpreter& interpreter :
       runtime::find_interpreters({"", candidate.tree, "added", false, ""})) {
    if (interpreter.language == id->language && interpreter.major == id->major &&
        interpreter.minor == id->minor) {
      candidate.version = interpreter.version;
      return {};
    }
    found += fmt::format("{}{} {}", found.empty() ? "" : ", ",
                         runtime::traits(interpreter.language).title, interpreter.version);
  }
  return fail(
      refused(fmt::format("no {} {} below its bin/ ({})", runtime::traits(id->language).title,
                          runtime::version_named(id->language, id->major, id->minor),
                          found.empty() ? "no interpreter at all" : "but " + found)));
}

std::vector<AddedRuntime> AddedRuntimes::list() const {
  std::vector<AddedRuntime> out;
  for (const std::string& name : runtime::list_directory(root_)) {
    char path[PATH_MAX];
    if (name == kTrees || name.starts_with('.')) continue;
    if (realpath((root_ + "/" + name).c_str(), path) == nullptr) continue;
    AddedRuntime entry{name, path, ""};
    if (check(entry)) out.push_back(std::move(entry));
  }
  return out;
}

Result<std::string> AddedRuntimes::keep_tree(const std::string& from) const {
  const std::string trees = fmt::format("{}/{}", root_, kTrees);
  LAPWING_CHECK(os::make_directories(trees));
  std::string fresh = trees + "/.new-XXXXXX";
  if (mkdtemp(fresh.data()) == nullptr) return fail(errno_error("mkdtemp in " + trees));
  TreeCopy copy;
  Status copied = chmod(fresh.c_str(), 0755) == 0 ? copy.directory(from, fresh, "")
                                                  : fail(errno_error("chmod " + fresh));
  const std::string tree = trees + "/" + copy.hash();
  // The same content may be there already; that one is as good.
  if (copied && rename(fresh.c_str(), tree.c_str()) != 0 && !os::is_directory(tree)) {
    copied = fail(errno_error("rename to " + tree));
  }
  (void)os::remove_tree(fresh);
  if (!copied) return fail(std::move(copied).error());
  return tree;
}

Result<AddedRuntime> AddedRuntimes::add_from_image(const std::string& name,
                                                   const std::string& image) const {
  LAPWING_CHECK(os::make_directories(root_));
  std::string unpacked = root_ + "/.image-XXXXXX";
  if (mkdtemp(unpacked.data()) == nullptr) return fail(errno_error("mkdtemp in " + root_));
  Result<AddedRuntime> out = fail(refused("no interpreter of " + name + " in " + image));
  Status done = images::unpack_layout(image, unpacked);
  if (done) {
    for (const std::string& prefix : prefixes_of(unpacked)) {
      out = add(name, prefix);
      if (out) break;
    }
  } else {
    out = fail(std::move(done).error());
  }
  (void)os::remove_tree(unpacked);
  return out;
}

Result<AddedRuntime> AddedRuntimes::add(const std::string& name, const std::string& from) const {
  if (images::is_local_reference(from)) return add_from_image(name, from);
  char path[PATH_MAX];
  if (realpath(from.c_str(), path) == nullptr || !os::is_directory(path)) {
    return fail(refused(from + " is no directory"));
  }
  AddedRuntime entry{name, path, ""};
  LAPWING_CHECK(check(entry));  // before anything is copied
  LAPWING_TRY(entry.tree, keep_tree(path));
  LAPWING_CHECK(check(entry));
  const std::string link = fmt::format("{}/.{}-{}", root_, name, getpid());
  const std::string target =
      fmt::format("{}/{}", kTrees, entry.tree.substr(entry.tree.rfind('/') + 1));
  (void)unlink(link.c_str());
  if (symlink(target.c_str(), link.c_str()) != 0) return fail(errno_error("link " + link));
  if (rename(link.c_str(), (root_ + "/" + name).c_str()) != 0) {
    return fail(errno_error("rename to " + name));
  }
  return entry;
}

Status AddedRuntimes::remove(const std::string& name) const {
  bool known = false;
  for (const std::string& there : runtime::list_directory(root_)) {
    known = known || (there == name && there != kTrees);
  }
  if (!known) return fail(make_error(ErrorKind::kNotFound, name + " was never added"));
  if (unlink((root_ + "/" + name).c_str()) != 0) return fail(errno_error("remove " + name));
  return {};
}

Status AddedRuntimes::sweep() const {
  std::set<std::string> named;
  for (const std::string& name : runtime::list_directory(root_)) {
    char path[PATH_MAX];
    if (name != kTrees && realpath((root_ + "/" + name).c_str(), path) != nullptr) {
      named.insert(path);
    }
  }
  const std::string trees = fmt::format("{}/{}", root_, kTrees);
  for (const std::string& name : runtime::list_directory(trees)) {
    char path[PATH_MAX];
    if (realpath((trees + "/" + name).c_str(), path) == nullptr || named.contains(path)) continue;
    LAPWING_CHECK(os::remove_tree(path));
  }
  return {};
}

}  // namespace lapwing::server
