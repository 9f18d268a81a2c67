#include "os/file.hpp"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

namespace lapwing::os {

Result<UniqueFd> open_at(int directory, const std::string& path, int flags, unsigned mode) {
  const int fd = ::openat(directory, path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return fail(errno_error("open " + path));
  return UniqueFd(fd);
}

Result<std::string> read_file_at(int directory, const std::string& path, std::size_t limit) {
  LAPWING_TRY(UniqueFd fd, open_at(directory, path, O_RDONLY));
  std::string out;
  for (;;) {
    const std::size_t have = out.size();
    const std::size_t step = std::max<std::size_t>(4096, have);
    out.resize(have + step);
    const ssize_t got = ::read(fd.get(), out.data() + have, step);
    if (got < 0 && errno == EINTR) {
      out.resize(have);
      continue;
    }
    if (got < 0) return fail(errno_error("read " + path));
    out.resize(have + static_cast<std::size_t>(got));
    if (got == 0) return out;
    if (out.size() > limit) return fail(make_error(ErrorKind::kTooLarge, path + " is too large"));
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  return read_file_at(kCwd, path, limit);
}

Status write_existing_at(int directory, const std::string& path, std::string_view text) {
  LAPWING_TRY(UniqueFd fd, open_at(directory, path, O_WRONLY));
  if (::write(fd.get(), text.data(), text.size()) < 0) return fail(errno_error("write " + path));
  return {};
}

Status write_existing(const std::string& path, std::string_view text) {
  return write_existing_at(kCwd, path, text);
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(errno_error("write"));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Status write_atomically(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + ".new." + std::to_string(::getpid());
  {
    LAPWING_TRY(UniqueFd fd, open_at(kCwd, temporary, O_WRONLY | O_CREAT | O_TRUNC, mode));
    LAPWING_CHECK(write_all(fd.get(), content));
    if (::fchmod(fd.get(), mode) != 0) return fail(errno_error("chmod " + temporary));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(errno_error("rename " + path));
  return {};
}

Status make_directories(const std::string& path, unsigned mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST && !is_directory(part)) {
      return fail(errno_error("mkdir " + part));
    }
    if (end == std::string::npos) return {};
  }
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return fail(errno_error("open directory " + path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

Status remove_tree_on(dev_t device, const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return fail(errno_error("stat " + path));
  }
  if (!S_ISDIR(info.st_mode)) {
    if (::unlink(path.c_str()) != 0) return fail(errno_error("unlink " + path));
    return {};
  }
  if (info.st_dev != device) return fail(errno_error("remove " + path, EXDEV));
  LAPWING_TRY(const auto names, list_directory(path));
  for (const std::string& name : names) LAPWING_CHECK(remove_tree_on(device, path + "/" + name));
  if (::rmdir(path.c_str()) != 0) return fail(errno_error("rmdir " + path));
  return {};
}

}  // namespace

Status remove_tree(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return fail(errno_error("stat " + path));
  }
  return remove_tree_on(info.st_dev, path);
}

Status copy_file(const std::string& from, const std::string& to) {
  LAPWING_TRY(UniqueFd source, open_at(kCwd, from, O_RDONLY));
  struct stat info{};
  if (::fstat(source.get(), &info) != 0) return fail(errno_error("stat " + from));
  LAPWING_TRY(UniqueFd target, open_at(kCwd, to, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t moved =
        ::sendfile(target.get(), source.get(), nullptr, static_cast<std::size_t>(left));
    if (moved < 0) return fail(errno_error("copy " + from));
    if (moved == 0) break;
    left -= moved;
  }
  if (::fchmod(target.get(), info.st_mode & 0777) != 0) return fail(errno_error("chmod " + to));
  return {};
}

}  // namespace lapwing::os
