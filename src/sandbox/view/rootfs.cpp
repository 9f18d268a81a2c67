#include "sandbox/view/rootfs.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/network/network_rules.hpp"

namespace lapwing::sandbox {
namespace {

// Raise when the skeleton changes: another version is another directory.
constexpr int kSkeletonVersion = 2;
// Each is a mount of its own in every sandbox; of a machine with more, all come as one directory.
constexpr std::size_t kLocalesMax = 16;

constexpr const char* kDirectories[] = {"dev",       "proc",          "tmp",
                                        "mnt",       "run",           "opt",
                                        "sys",       "etc/ssl/certs", "etc/pki/tls/certs",
                                        "usr/bin",   "usr/sbin",      "usr/lib/ssl",
                                        "usr/lib64", "usr/local/bin", "usr/share",
                                        "var/task",  "var/runtime",   "var/lang",
                                        "var/log"};

constexpr std::pair<const char*, const char*> kLinks[] = {
    {"bin", "usr/bin"},
    {"sbin", "usr/sbin"},
    {"lib", "usr/lib"},
    {"lib64", "usr/lib64"},
    {"etc/localtime", "/usr/share/zoneinfo/UTC"},
    {"etc/mtab", "/proc/self/mounts"},
    {"usr/lib/ssl/certs", "/etc/ssl/certs"},
    {"usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt"},
    {"etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"},
    {"var/tmp", "/tmp"},
    {"var/run", "/run"}};

// Copied, not bound: the host's /usr/bin holds far more than a function should see.
constexpr const char* kExecutables[] = {
    "sh",      "bash",      "dash",      "arch",     "awk",    "base64",    "basename",  "cat",
    "base32",  "b2sum",     "chgrp",     "csplit",   "dir",    "factor",    "fmt",       "hostid",
    "logname", "mknod",     "numfmt",    "pathchk",  "pr",     "sha224sum", "sha384sum", "sum",
    "tsort",   "unexpand",  "users",     "vdir",     "who",    "whoami",    "chmod",     "chown",
    "cksum",   "cmp",       "comm",      "cp",       "cut",    "curl",      "date",      "dd",
    "df",      "diff",      "dirname",   "du",       "echo",   "egrep",     "env",       "expand",
    "expr",    "false",     "fgrep",     "file",     "find",   "fold",      "free",      "getconf",
    "getent",  "grep",      "groups",    "gunzip",   "gzip",   "head",      "hexdump",   "hostname",
    "id",      "install",   "join",      "jq",       "kill",   "ldd",       "link",      "ln",
    "ls",      "md5sum",    "mkdir",     "mkfifo",   "mktemp", "mv",        "nice",      "nl",
    "nohup",   "nproc",     "od",        "openssl",  "paste",  "pgrep",     "printenv",  "printf",
    "ps",      "pwd",       "readlink",  "realpath", "rm",     "rmdir",     "sed",       "seq",
    "sha1sum", "sha256sum", "sha512sum", "shuf",     "sleep",  "sort",      "split",     "stat",
    "stdbuf",  "stty",      "sync",      "tac",      "tail",   "tar",       "tee",       "test",
    "time",    "timeout",   "touch",     "tr",       "true",   "truncate",  "tty",       "uname",
    "uniq",    "unlink",    "unzip",     "uptime",   "wc",     "wget",      "which",     "xargs",
    "xz",      "yes",       "zcat",      "zip",      "["};

constexpr const char* kCertificates[] = {"/etc/ssl/certs/ca-certificates.crt",
                                         "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

struct SmallFile {
  const char* path;
  std::string content;
  unsigned mode = 0644;
};

// What AWS's images start with. Here nothing does; scripts that wrap the runtime look for it.
constexpr const char* kEntrypoint = R"(#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"
for bootstrap in /var/runtime/bootstrap /var/task/bootstrap /opt/bootstrap; do
  [ -x "$bootstrap" ] && exec "$bootstrap"
done
echo "no bootstrap" 1>&2
exit 127
)";

std::vector<SmallFile> small_files() {
  return {
      {"etc/passwd", fmt::format("root:x:0:0:root:/root:/sbin/nologin\n"
                                 "nobody:x:65534:65534:nobody:/:/sbin/nologin\n"
                                 "sbx_user1051:x:{}:{}::/home/sbx_user1051:/bin/sh\n",
                                 kInnerUid, kInnerGid)},
      {"etc/group", fmt::format("root:x:0:\nnogroup:x:65534:\nsbx_user1051:x:{}:\n", kInnerGid)},
      {"etc/hosts", fmt::format("127.0.0.1 localhost sandbox.localdomain sandbox\n"
                                "::1 localhost ip6-localhost\n{} {}\n",
                                kMachineAddress, kMachineName)},
      {"etc/hostname", "sandbox.localdomain\n"},
      {"lambda-entrypoint.sh", kEntrypoint, 0755},
      // The same in every network mode: without a way out it cannot be reached, and looking a
      // name up fails at once.
      {"etc/resolv.conf", fmt::format("nameserver {}\n", kNameServerAddress)},
      {"etc/nsswitch.conf",
       "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"},
      {"etc/services", "http 80/tcp\nhttps 443/tcp\ndomain 53/udp\n"},
      {"etc/protocols", "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n"},
      {"etc/os-release",
       "NAME=\"Amazon Linux\"\nVERSION=\"2023\"\nID=\"amzn\"\nID_LIKE=\"fedora\"\n"
       "VERSION_ID=\"2023\"\nPRETTY_NAME=\"Amazon Linux 2023 (Lapwing)\"\n"},
      {"etc/system-release", "Amazon Linux release 2023 (Amazon Linux)\n"}};
}

std::string multiarch() {
#if defined(__x86_64__)
  return "x86_64-linux-gnu";
#elif defined(__aarch64__)
  return "aarch64-linux-gnu";
#else
#error "Lapwing runs on x86_64 and aarch64"
#endif
}

// The loader's fixed path is part of every executable.
std::pair<std::string, std::string> loader_link() {
#if defined(__x86_64__)
  return {"usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"};
#else
  return {"usr/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu/ld-linux-aarch64.so.1"};
#endif
}

// Functions run with LANG=en_US.UTF-8, which few machines have: without it Java and Ruby would take
// text for ASCII. Every machine has C.UTF-8, which knows the same characters.
void add_locales(std::vector<Bind>& binds) {
  const std::string locales = "/usr/lib/locale";
  const std::string wanted = locales + "/en_US.utf8";
  const std::string instead = locales + "/C.utf8";
  auto names = os::list_directory(locales);
  if (!names) return;
  if (os::exists(wanted) || !os::is_directory(instead) || names->size() > kLocalesMax) {
    binds.push_back({locales, locales});
    return;
  }
  std::sort(names->begin(), names->end());  // the order is part of the fingerprint
  for (const std::string& name : *names) {
    binds.push_back({locales + "/" + name, locales + "/" + name});
  }
  binds.push_back({instead, wanted});
}

// Those of the host's directories every program needs; what is missing is left out.
std::vector<Bind> system_binds() {
  std::vector<Bind> binds;
  for (const std::string& path : {"/usr/lib/" + multiarch(), std::string("/usr/share/zoneinfo"),
                                  std::string("/usr/share/locale/locale.alias")}) {
    if (os::exists(path)) binds.push_back({path, path});
  }
  add_locales(binds);
  return binds;
}

// On AWS /bin/sh is bash, and bootstraps begin with #!/bin/sh and `set -o pipefail`.
std::string executable_path(std::string_view name, struct stat& info) {
  if (name == "sh") {
    if (std::string bash = executable_path("bash", info); !bash.empty()) return bash;
  }
  for (const char* directory : {"/usr/bin/", "/bin/", "/usr/sbin/"}) {
    std::string path = std::string(directory).append(name);
    if (::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) return path;
  }
  return {};
}

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  return (hash ^ 0xff) * 0x100'0000'01b3;
}

// Changes with whatever of the machine is copied into a base directory.
std::uint64_t fingerprint_of_machine() {
  std::uint64_t hash = mix(0xcbf2'9ce4'8422'2325, std::to_string(kSkeletonVersion));
  struct stat info{};
  const auto add_file = [&](const std::string& path) {
    hash = mix(hash, fmt::format("{} {} {}", path, info.st_size, info.st_mtim.tv_sec));
  };
  for (const char* name : kExecutables) {
    hash = mix(hash, name);
    if (const std::string path = executable_path(name, info); !path.empty()) add_file(path);
  }
  for (const char* path : kCertificates) {
    if (::stat(path, &info) == 0) add_file(path);
  }
  for (const SmallFile& file : small_files()) hash = mix(hash, file.content);
  return hash;
}

std::uint64_t fingerprint(std::uint64_t hash, const std::vector<Bind>& mount_points) {
  for (const Bind& bind : mount_points) {
    hash = mix(hash, bind.destination + (os::is_directory(bind.source) ? "/" : ""));
  }
  return hash;
}

bool below_another(const Bind& bind, const std::vector<Bind>& all) {
  for (const Bind& other : all) {
    if (&other != &bind && bind.destination.starts_with(other.destination + "/")) return true;
  }
  return false;
}

Status make_mount_points(const std::string& root, const std::vector<Bind>& binds) {
  for (const Bind& bind : binds) {
    // Below another bind the mount point has to exist in what that one brings.
    if (below_another(bind, binds)) continue;
    const std::string path = root + bind.destination;
    if (os::is_directory(bind.source)) {
      LAPWING_CHECK(os::make_directories(path));
      continue;
    }
    LAPWING_CHECK(os::make_directories(path.substr(0, path.rfind('/'))));
    if (!os::exists(path)) LAPWING_CHECK(os::write_atomically(path, ""));
  }
  return {};
}

Status build_base(const std::string& root, const std::vector<Bind>& mount_points) {
  for (const char* path : kDirectories) LAPWING_CHECK(os::make_directories(root + "/" + path));
  std::vector<std::pair<std::string, std::string>> links(std::begin(kLinks), std::end(kLinks));
  links.push_back(loader_link());
  for (const auto& [path, target] : links) {
    if (::symlink(target.c_str(), (root + "/" + path).c_str()) != 0) {
      return fail(errno_error("link " + path));
    }
  }
  for (const SmallFile& file : small_files()) {
    LAPWING_CHECK(os::write_atomically(root + "/" + file.path, file.content, file.mode));
  }
  for (const char* path : kCertificates) {
    if (!os::exists(path)) continue;
    LAPWING_CHECK(os::copy_file(path, root + "/etc/ssl/certs/ca-certificates.crt"));
    break;
  }
  for (const char* name : kExecutables) {
    struct stat info{};
    const std::string path = executable_path(name, info);
    if (!path.empty()) LAPWING_CHECK(os::copy_file(path, root + "/usr/bin/" + name));
  }
  return make_mount_points(root, mount_points);
}

Result<std::string> ensure(const std::string& data_dir, std::uint64_t machine,
                           const std::vector<Bind>& mount_points) {
  const std::string roots = data_dir + "/roots";
  const std::string final_path =
      fmt::format("{}/{:016x}", roots, fingerprint(machine, mount_points));
  if (os::is_directory(final_path)) return final_path;
  LAPWING_CHECK(os::make_directories(roots));
  std::string fresh = roots + "/.new-XXXXXX";
  if (::mkdtemp(fresh.data()) == nullptr) return fail(errno_error("make root directory"));
  Status built = ::chmod(fresh.c_str(), 0755) == 0 ? build_base(fresh, mount_points)
                                                   : fail(errno_error("chmod root"));
  // Somebody else may have been faster; theirs is as good.
  if (built && ::rename(fresh.c_str(), final_path.c_str()) != 0 && !os::is_directory(final_path)) {
    built = fail(errno_error("rename root directory"));
  }
  (void)os::remove_tree(fresh);
  if (!built) return fail(std::move(built).error().context("build sandbox root"));
  return final_path;
}

}  // namespace

RootStore::RootStore(std::string data_dir)
    : data_dir_(std::move(data_dir)), machine_(fingerprint_of_machine()) {}

Result<std::string> RootStore::ensure_base() { return ensure(data_dir_, machine_, system_binds()); }

Result<std::vector<Bind>> RootStore::image_binds() {
  LAPWING_TRY(const std::string base, ensure_base());
  return std::vector<Bind>{{base + "/etc/hosts", "/etc/hosts"},
                           {base + "/etc/resolv.conf", "/etc/resolv.conf"}};
}

Result<RootPlan> RootStore::compose(const std::vector<Bind>& extra) {
  RootPlan plan;
  plan.binds = system_binds();
  plan.binds.insert(plan.binds.end(), extra.begin(), extra.end());
  LAPWING_TRY(plan.base_dir, ensure(data_dir_, machine_, plan.binds));
  return plan;
}

}  // namespace lapwing::sandbox
