#include "sandbox/plan.hpp"

#include <arpa/inet.h>
#include <string_view>

#include <fmt/format.h>

#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

Error invalid(std::string message) { return make_error(ErrorKind::kInvalid, std::move(message)); }

// Absolute, no "." or ".." component, no NUL.
bool clean_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos) {
    return false;
  }
  std::size_t start = 1;
  while (start <= path.size()) {
    std::size_t end = path.find('/', start);
    if (end == std::string_view::npos) end = path.size();
    const std::string_view part = path.substr(start, end - start);
    if (part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

Status validate_binds(const std::vector<Bind>& binds) {
  if (binds.size() > kBindsMax) return fail(invalid("too many binds"));
  for (const Bind& bind : binds) {
    if (!clean_path(bind.source)) return fail(invalid("bind source " + bind.source));
    if (!clean_path(bind.destination) || bind.destination == "/") {
      return fail(invalid("bind destination " + bind.destination));
    }
  }
  return {};
}

Status validate_limits(const Limits& limits) {
  if (limits.memory_bytes < kMemoryBytesMin) return fail(invalid("memory limit too small"));
  if (limits.tmp_bytes < kTmpBytesMin || limits.tmp_bytes > kTmpBytesMax) {
    return fail(invalid("/tmp size out of range"));
  }
  if (limits.processes == 0 || limits.open_files < 16) return fail(invalid("process limits"));
  return {};
}

Status validate_program(const std::vector<std::string>& argv,
                        const std::vector<std::pair<std::string, std::string>>& environment,
                        const std::string& working_directory) {
  std::size_t bytes = 0;
  for (const std::string& argument : argv) {
    bytes += argument.size() + 1;
    if (argument.find('\0') != std::string::npos) return fail(invalid("argument holds a NUL"));
  }
  for (const auto& [key, value] : environment) {
    bytes += key.size() + value.size() + 2;
    if (key.empty() || key.find_first_of(std::string_view("=\0", 2)) != std::string::npos ||
        value.find('\0') != std::string::npos) {
      return fail(invalid("environment variable " + key));
    }
  }
  if (bytes > kArgumentBytesMax) return fail(invalid("arguments and environment too large"));
  if (!clean_path(working_directory)) return fail(invalid("working directory"));
  return {};
}

void describe_binds(std::string& out, std::string_view title, const std::vector<Bind>& binds) {
  fmt::format_to(std::back_inserter(out), "  {}:\n", title);
  for (const Bind& bind : binds) {
    fmt::format_to(std::back_inserter(out), "    {} <- {} (ro,nosuid,nodev)\n", bind.destination,
                   bind.source);
  }
}

std::string_view describe(NetworkMode mode) {
  switch (mode) {
    case NetworkMode::kNone:
      return "loopback only";
    case NetworkMode::kNat:
      return "eth0 with address translation; neither this machine nor other sandboxes";
    case NetworkMode::kHost:
      return "eth0 with address translation; this machine's ports, no other sandboxes";
  }
  return "";
}

}  // namespace

std::string_view to_string(NetworkMode mode) {
  switch (mode) {
    case NetworkMode::kNone:
      return "none";
    case NetworkMode::kNat:
      return "nat";
    case NetworkMode::kHost:
      return "host";
  }
  return "";
}

std::optional<NetworkMode> parse_network_mode(std::string_view text) {
  for (const NetworkMode mode : {NetworkMode::kNone, NetworkMode::kNat, NetworkMode::kHost}) {
    if (text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

namespace {

Status validate_egress(const Egress& egress) {
  if (egress && egress->size() > kEgressRulesMax) return fail(invalid("too many egress rules"));
  return {};
}

}  // namespace

Status validate(const Plan& plan) {
  if (!clean_path(plan.root.base_dir)) return fail(invalid("root base directory"));
  LAPWING_CHECK(validate_binds(plan.root.binds));
  LAPWING_CHECK(validate_binds(plan.binds));
  LAPWING_CHECK(validate_binds(plan.view));
  LAPWING_CHECK(validate_program(plan.argv, plan.environment, plan.working_directory));
  if (!plan.argv.empty() && plan.argv[0].empty()) return fail(invalid("program without a path"));
  if (plan.hostname.empty() || plan.hostname.size() > 64) return fail(invalid("hostname"));
  LAPWING_CHECK(validate_limits(plan.limits));
  LAPWING_CHECK(validate_egress(plan.egress));
  if (plan.listeners.size() > kListenersMax) return fail(invalid("too many listeners"));
  for (const ListenerPlan& listener : plan.listeners) {
    in_addr address{};
    if (::inet_pton(AF_INET, listener.address.c_str(), &address) != 1) {
      return fail(invalid("listener address " + listener.address));
    }
  }
  if (plan.sinks.size() > kSinksMax) return fail(invalid("too many sinks"));
  return {};
}

Status validate(const ProgramPlan& program) {
  if (program.argv.empty() || program.argv[0].empty()) return fail(invalid("argv is empty"));
  return validate_program(program.argv, program.environment, program.working_directory);
}

Status validate(const Assignment& assignment) {
  LAPWING_CHECK(validate_binds(assignment.binds));
  LAPWING_CHECK(validate_egress(assignment.egress));
  return validate_limits(assignment.limits);
}

std::string describe(const Plan& plan) {
  std::string out = fmt::format("plan {}\n", plan.name);
  const auto line = [&out](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(out), "  {}: {}\n", name, value);
  };
  line("namespaces", "mount pid network ipc uts user cgroup");
  line("privileges", "no capabilities, no_new_privs, system call filter");
  line("user", fmt::format("{} (own range of {} ids on the host)", kInnerUid, kUidRange));
  line("root", plan.root.base_dir + " (ro)");
  describe_binds(out, "root binds", plan.root.binds);
  describe_binds(out, "view of the machine", plan.view);
  describe_binds(out, "binds", plan.binds);
  line("own mounts", fmt::format("/proc (masked), /tmp {} MiB", plan.limits.tmp_bytes / kMiB));
  line("memory", fmt::format("{} MiB, no swap", plan.limits.memory_bytes / kMiB));
  line("processes", fmt::format("{}", plan.limits.processes));
  line("open files", fmt::format("{}", plan.limits.open_files));
  line("cpu", plan.limits.cpu == CpuModel::kWeight ? "weight by memory" : "quota by memory");
  line("network", fmt::format("own namespace, {}", describe(plan.network)));
  if (plan.egress) line("egress", fmt::format("{} rules", plan.egress->size()));
  for (const ListenerPlan& l : plan.listeners) {
    line("listener", fmt::format("{} at {}:{}", l.name, l.address, l.port));
  }
  line("hostname", plan.hostname);
  line("working directory", plan.working_directory);
  for (const std::string& argument : plan.argv) line("argument", argument);
  for (const auto& [key, value] : plan.environment) line("environment", key);
  return out;
}

}  // namespace lapwing::sandbox
