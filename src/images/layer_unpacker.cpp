#include "images/layer_unpacker.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "images/errors.hpp"
#include "images/limits.hpp"
#include "os/file.hpp"
#include "os/open_beneath.hpp"

namespace lapwing::images {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kStorageMetadata = ".wh..wh.";  // of a storage driver, long gone
constexpr std::size_t kPieceBytes = 128 * 1024;

// Of a sandbox: what is mounted there must find a place, and no link may lead it elsewhere.
constexpr const char* kMountDirectories[] = {"dev", "proc", "sys", "tmp"};
constexpr const char* kMountFiles[] = {"resolv.conf", "hosts"};

Error refuse(std::string_view path, std::string_view why) {
  return errors::invalid(fmt::format("a layer holds {}: {}", path.substr(0, 200), why));
}

// "./usr//bin/" becomes "usr/bin"; "" is the root itself.
Result<std::string> normal_path(std::string_view path) {
  if (path.size() > kPathBytesMax) return fail(refuse(path, "the path is too long"));
  if (path.find('\0') != std::string_view::npos) return fail(refuse("a path", "it holds a NUL"));
  std::string out;
  std::size_t depth = 0;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(refuse(path, "the path leads upwards"));
    if (part.size() > kNameBytesMax) return fail(refuse(path, "a name is too long"));
    if (++depth > kDepthMax) return fail(refuse(path, "the path is too deep"));
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_directory_at(int parent, const std::string& name) {
  struct stat st{};
  return ::fstatat(parent, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool is_missing(const Error& error) { return error.kind() == ErrorKind::kNotFound; }

// A failure of the file system: that of the layer, where it names what cannot be.
Error explain(Error error, const std::string& path) {
  const std::string& detail = error.detail();
  const bool theirs = detail.contains("Too many levels of symbolic links") ||
                      detail.contains("Not a directory") || detail.contains("File name too long") ||
                      is_missing(error);
  if (!theirs) return std::move(error).context("unpack " + path);
  return refuse(path, "there is no such directory").with_detail(detail);
}

}  // namespace

LayerUnpacker::LayerUnpacker(std::string root, os::UniqueFd fd, UnpackBudget budget,
                             const std::atomic<bool>& stopping)
    : root_(std::move(root)), fd_(std::move(fd)), budget_(budget), stopping_(&stopping) {}

Result<LayerUnpacker> LayerUnpacker::open(const std::string& root, UnpackBudget budget,
                                          const std::atomic<bool>& stopping) {
  char real[PATH_MAX];
  if (::realpath(root.c_str(), real) == nullptr) return fail(errno_error("realpath " + root));
  LAPWING_TRY(os::UniqueFd fd, os::open_at(os::kCwd, real, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  return LayerUnpacker(real, std::move(fd), budget, stopping);
}

// Where an open directory lies below the root: "" is the root.
Result<std::string> LayerUnpacker::real_path(int directory) const {
  char path[PATH_MAX];
  const std::string link = fmt::format("/proc/self/fd/{}", directory);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  if (length < 0) return fail(errno_error("read link"));
  const std::string_view real(path, static_cast<std::size_t>(length));
  if (real == root_) return std::string();
  // Never so: the kernel has resolved it in the root. A second lock all the same.
  if (!real.starts_with(root_ + "/")) {
    return fail(internal_error(fmt::format("{} is outside {}", real, root_)));
  }
  std::string inside(real.substr(root_.size() + 1));
  if (inside.size() > kPathBytesMax ||
      static_cast<std::size_t>(std::ranges::count(inside, '/')) >= kDepthMax) {
    return fail(refuse(inside, "the path is too deep"));
  }
  return inside;
}

Result<os::UniqueFd> LayerUnpacker::open_directory(const std::string& path, bool make) {
  const char* where = path.empty() ? "." : path.c_str();
  auto opened = os::open_in_root(fd_.get(), where, O_PATH | O_DIRECTORY);
  if (opened || !make || !is_missing(opened.error())) {
    if (!opened) return fail(explain(std::move(opened).error(), path));
    LAPWING_CHECK(real_path(opened->get()));
    return opened;
  }
  // Archives need not name the directories above what they hold.
  const auto [above, name] = split(path);
  LAPWING_TRY(const os::UniqueFd parent, open_directory(above, true));
  if (::mkdirat(parent.get(), name.c_str(), 0755) != 0) {
    // A link that leads nowhere stands there.
    return fail(explain(errno_error("mkdir " + name, errno == EEXIST ? ENOENT : errno), path));
  }
  // Past the umask: the function runs as somebody else.
  if (::fchmodat(parent.get(), name.c_str(), 0755, 0) != 0) return fail(errno_error("chmod"));
  return open_directory(path, false);
}

Result<LayerUnpacker::Place> LayerUnpacker::place_of(const std::string& path) {
  auto [above, name] = split(path);
  if (!parent_ || above != parent_path_) {
    LAPWING_TRY(parent_, open_directory(above, true));
    parent_path_ = above;
  }
  return Place{parent_.get(), std::move(name)};
}

Status LayerUnpacker::remove(const Place& place) {
  if (::unlinkat(place.parent, place.name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return fail(errno_error("unlink " + place.name));
  LAPWING_TRY(const std::string parent, real_path(place.parent));
  // What goes may be what was last written into.
  parent_.reset();
  const std::string base = parent.empty() ? root_ : root_ + "/" + parent;
  return os::remove_tree(base + "/" + place.name);
}

bool LayerUnpacker::made_below(const std::string& path) const {
  if (made_.contains(path)) return true;
  const auto next = made_.lower_bound(path + "/");
  return next != made_.end() && next->starts_with(path + "/");
}

// Everything in a directory that this layer did not put there.
Status LayerUnpacker::clear(const std::string& directory, const std::string& path) {
  LAPWING_TRY(const std::vector<std::string> names, os::list_directory(directory));
  for (const std::string& name : names) {
    const std::string inside = path.empty() ? name : path + "/" + name;
    const std::string place = directory + "/" + name;
    if (!made_below(inside)) {
      LAPWING_CHECK(os::remove_tree(place));
      continue;
    }
    struct stat st{};
    if (::lstat(place.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) {
      LAPWING_CHECK(clear(place, inside));
    }
  }
  return {};
}

Status LayerUnpacker::white_out(const std::string& parent, std::string_view name) {
  auto directory = open_directory(parent, false);
  // Nothing below has it: nothing to take away.
  if (!directory) return {};
  LAPWING_TRY(const std::string real, real_path(directory->get()));
  const std::string base = real.empty() ? root_ : root_ + "/" + real;
  parent_.reset();
  if (name == kOpaque) return clear(base, parent);
  if (name.starts_with(kStorageMetadata)) return {};
  const std::string gone(name.substr(kWhiteout.size()));
  if (gone.empty() || gone == "." || gone == "..") {
    return fail(refuse(name, "a whiteout of nothing"));
  }
  if (made_below(parent.empty() ? gone : parent + "/" + gone)) return {};
  return os::remove_tree(base + "/" + gone);
}

Status LayerUnpacker::make_directory(const Place& place, const TarEntry& entry) {
  if (!is_directory_at(place.parent, place.name)) {
    LAPWING_CHECK(remove(place));
    LAPWING_TRY(const Place again, place_of(entry.path));
    if (::mkdirat(again.parent, again.name.c_str(), 0755) != 0) {
      return fail(errno_error("mkdir " + again.name));
    }
  }
  LAPWING_TRY(const Place there, place_of(entry.path));
  // A link cannot be meant: a directory was found there, or made, a moment ago.
  if (::fchmodat(there.parent, there.name.c_str(), (entry.mode & 0777) | 0700, 0) != 0) {
    return fail(errno_error("chmod " + there.name));
  }
  return {};
}

Status LayerUnpacker::make_file(const Place& place, const TarEntry& entry, TarReader& layer) {
  if (entry.size > budget_.bytes) {
    return fail(errors::too_large(
        fmt::format("the image is larger than {} bytes when unpacked", kUnpackedBytesMax)));
  }
  budget_.bytes -= entry.size;
  LAPWING_TRY(const os::UniqueFd file, os::open_at(place.parent, place.name,
                                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  std::vector<char> piece(std::min<std::uint64_t>(kPieceBytes, entry.size + 1));
  while (true) {
    LAPWING_TRY(const std::size_t got, layer.read(piece.data(), piece.size()));
    if (got == 0) break;
    LAPWING_CHECK(os::write_all(file.get(), {piece.data(), got}));
    if (stopping_->load(std::memory_order_relaxed)) return fail(errors::stopping());
  }
  if (::fchmod(file.get(), (entry.mode & 0777) | 0400) != 0) return fail(errno_error("chmod"));
  // Python compares the times of its sources with those its compiled files hold.
  const timespec times[2] = {{entry.modified_s, 0}, {entry.modified_s, 0}};
  if (::futimens(file.get(), times) != 0) return fail(errno_error("set times"));
  return {};
}

Status LayerUnpacker::make_hard_link(const Place& place, const TarEntry& entry) {
  LAPWING_TRY(const std::string target, normal_path(entry.link));
  const auto [above, name] = split(target);
  if (name.empty()) return fail(refuse(entry.path, "a hard link to nothing"));
  LAPWING_TRY(const os::UniqueFd directory, open_directory(above, false));
  if (is_directory_at(directory.get(), name)) {
    return fail(refuse(entry.path, "a hard link to a directory"));
  }
  // Without AT_SYMLINK_FOLLOW: a link to a link is another name of that link.
  if (::linkat(directory.get(), name.c_str(), place.parent, place.name.c_str(), 0) != 0) {
    if (errno == ENOENT) return fail(refuse(entry.path, "a hard link to nothing"));
    return fail(errno_error("link " + entry.path));
  }
  return {};
}

Status LayerUnpacker::apply_entry(TarReader& layer, const TarEntry& entry) {
  const auto [above, base] = split(entry.path);
  if (base.starts_with(kWhiteout)) return white_out(above, base);
  if (entry.kind == TarKind::kDevice) return {};
  LAPWING_TRY(Place place, place_of(entry.path));
  made_.insert(entry.path);
  if (entry.kind == TarKind::kDirectory) return make_directory(place, entry);
  LAPWING_CHECK(remove(place));
  LAPWING_TRY(place, place_of(entry.path));
  if (entry.kind == TarKind::kFile) return make_file(place, entry, layer);
  if (entry.kind == TarKind::kHardLink) return make_hard_link(place, entry);
  const bool fits = !entry.link.empty() && entry.link.size() <= kLinkBytesMax &&
                    entry.link.find('\0') == std::string::npos;
  if (!fits) return fail(refuse(entry.path, "a link to nothing"));
  // Wherever it points: it is followed inside a sandbox, whose root this is.
  if (::symlinkat(entry.link.c_str(), place.parent, place.name.c_str()) != 0) {
    return fail(errno_error("link " + entry.path));
  }
  return {};
}

Status LayerUnpacker::apply(TarReader& layer) {
  made_.clear();
  while (true) {
    LAPWING_TRY(std::optional<TarEntry> entry, layer.next());
    if (!entry) break;
    if (stopping_->load(std::memory_order_relaxed)) return fail(errors::stopping());
    if (budget_.entries == 0) {
      return fail(errors::too_large(fmt::format("more than {} files in the image", kEntriesMax)));
    }
    --budget_.entries;
    LAPWING_TRY(entry->path, normal_path(entry->path));
    if (entry->path.empty()) continue;  // the root itself
    LAPWING_CHECK(apply_entry(layer, *entry));
  }
  parent_.reset();
  return {};
}

Status LayerUnpacker::finish() {
  made_.clear();
  parent_.reset();
  TarEntry entry;
  entry.kind = TarKind::kDirectory;
  entry.mode = 0755;
  for (const char* name : kMountDirectories) {
    entry.path = name;
    LAPWING_TRY(const Place place, place_of(entry.path));
    LAPWING_CHECK(make_directory(place, entry));
  }
  const Place etc{fd_.get(), "etc"};
  if (!is_directory_at(etc.parent, etc.name)) {
    struct stat st{};
    if (::fstatat(etc.parent, "etc", &st, AT_SYMLINK_NOFOLLOW) == 0) {
      return fail(refuse("etc", "it is no directory"));
    }
    entry.path = "etc";
    LAPWING_CHECK(make_directory(etc, entry));
  }
  for (const char* name : kMountFiles) {
    LAPWING_TRY(const Place place, place_of(std::string("etc/") + name));
    struct stat st{};
    if (::fstatat(place.parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
      continue;
    }
    LAPWING_CHECK(remove(place));
    LAPWING_TRY(const Place again, place_of(std::string("etc/") + name));
    LAPWING_CHECK(os::open_at(again.parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
  }
  return {};
}

}  // namespace lapwing::images
