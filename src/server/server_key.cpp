#include "server/server_key.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::server {
namespace {

Result<crypto::AesKey> read_key(const std::string& path, int fd) {
  crypto::AesKey key;
  const ssize_t n = pread(fd, key.data(), key.size(), 0);
  if (n < 0) return fail(errno_error(fmt::format("read {}", path)));
  if (static_cast<std::size_t>(n) != key.size()) {
    return fail(make_error(
        ErrorKind::kInvalid,
        fmt::format("{} holds {} bytes, not {}: restore it from a backup, or remove it (running "
                    "functions then lose their credentials)",
                    path, n, key.size())));
  }
  return key;
}

Error no_key(const std::string& path) {
  return make_error(
      ErrorKind::kInvalid,
      fmt::format(
          "{0} is missing, and the data beside it was sealed with it (the secrets of IAM's "
          "access keys, sessions, code URLs). Bring it from where the data comes from: it "
          "is no part of a copy of the databases. Where it is lost, `head -c 32 "
          "/dev/urandom > {0}` makes another: IAM's access keys are then refused until they "
          "are made again, and nothing else is lost",
          path));
}

Status write_key(const std::string& path, const crypto::AesKey& key) {
  const std::string temporary = path + ".new";
  const os::UniqueFd fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.get() < 0) return fail(errno_error(fmt::format("create {}", temporary)));
  if (write(fd.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) ||
      fsync(fd.get()) != 0) {
    return fail(errno_error(fmt::format("write {}", temporary)));
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return fail(errno_error(fmt::format("rename to {}", path)));
  }
  return {};
}

}  // namespace

Result<crypto::AesKey> load_server_key(const std::string& data_dir, Random& random) {
  const std::string path = data_dir + "/server.key";
  const os::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd.get() >= 0) return read_key(path, fd.get());
  if (errno != ENOENT) return fail(errno_error(fmt::format("open {}", path)));
  if (os::exists(data_dir + "/state.db")) return fail(no_key(path));
  crypto::AesKey key;
  random.fill(key);
  LAPWING_CHECK(write_key(path, key));
  return key;
}

}  // namespace lapwing::server
