#include "runtime/image_program.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/core.h>
#include <fmt/format.h>

#include "os/file.hpp"
#include "os/open_beneath.hpp"
#include "runtime/failure_text.hpp"

namespace lapwing::runtime {
namespace {

Error invalid(const char* code, std::string message) {
  return Error(ErrorKind::kInvalid, code, std::move(message));
}

// The mode of what a path inside the image means; 0 when it means nothing.
mode_t mode_of(int root, const std::string& path) {
  struct stat st{};
  const auto found = os::open_in_root(root, path.c_str(), O_PATH);
  return found && ::fstat(found->get(), &st) == 0 ? st.st_mode : 0;
}

// Without "." and "..", as builders write it.
std::string plain_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return fmt::format("/{}", fmt::join(parts, "/"));
}

}  // namespace

Result<std::vector<std::string>> image_command_line(const ImageProgram& image,
                                                    std::string_view path) {
  std::vector<std::string> line = image.entry_point;
  line.insert(line.end(), image.command.begin(), image.command.end());
  const auto missing = [&] {
    const std::vector<std::string>& named = image.entry_point.empty() ? line : image.entry_point;
    return fail(invalid(kInvalidEntrypoint, fmt::format("Couldn't find valid bootstrap(s): [{}]",
                                                        fmt::join(named, " "))));
  };
  if (line.empty() || line.front().empty()) return missing();
  // Whether a path can be executed is said by the one who tries.
  if (line.front().contains('/')) return line;
  LAPWING_TRY(const os::UniqueFd root, os::open_at(os::kCwd, image.root, O_PATH | O_DIRECTORY));
  while (true) {
    const std::size_t colon = path.find(':');
    const std::string_view directory = path.substr(0, colon);
    std::string program = fmt::format("{}/{}", directory, line.front());
    const mode_t mode = directory.starts_with('/') ? mode_of(root.get(), program) : 0;
    if (S_ISREG(mode) && (mode & 0111) != 0) {
      line.front() = std::move(program);
      return line;
    }
    if (colon == std::string_view::npos) return missing();
    path.remove_prefix(colon + 1);
  }
}

Result<std::string> image_working_directory(const ImageProgram& image) {
  if (image.working_directory.empty()) return std::string("/");
  const std::string& named = image.working_directory;
  if (!named.starts_with('/')) {
    return fail(invalid(kInvalidWorkingDir,
                        fmt::format("the working directory '{}' is invalid, it needs to be an "
                                    "absolute path",
                                    named)));
  }
  LAPWING_TRY(const os::UniqueFd root, os::open_at(os::kCwd, image.root, O_PATH | O_DIRECTORY));
  const std::string plain = plain_path(named);
  if (!S_ISDIR(mode_of(root.get(), plain))) {
    return fail(
        invalid(kInvalidWorkingDir, fmt::format("the working directory doesn't exist: {}", named)));
  }
  return plain;
}

void set_image_defaults(const ImageProgram& image, std::map<std::string, std::string>& out) {
  out["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  out["TZ"] = ":UTC";
  out["LAMBDA_TASK_ROOT"] = "/var/task";
  out["LAMBDA_RUNTIME_DIR"] = "/var/runtime";
  for (const auto& [key, value] : image.environment) out[key] = value;
}

std::string launch_error_line(const ImageProgram& image, std::string_view error) {
  return fmt::format("IMAGE\tLaunch error: {}\tEntrypoint: [{}]\tCmd: [{}]\tWorkingDir: [{}]",
                     error, fmt::join(image.entry_point, " "), fmt::join(image.command, " "),
                     image.working_directory.empty() ? "/" : image.working_directory);
}

}  // namespace lapwing::runtime
