#include "sandbox/network/forwarding.hpp"

#include <algorithm>
#include <cstddef>
#include <linux/netlink.h>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "os/file.hpp"
#include "os/netlink.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/network/address_plan.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::string_view kLockName = "lapwing-network";
constexpr const char* kNotesDirectory = "/run/lapwing";
constexpr std::string_view kUplinkPrefix = "lw";
constexpr std::size_t kUplinkNameBytes = 10;
constexpr std::size_t kNotesBytesMax = 64 * 1024;

// The switch of one interface. IPv6 has one of its own since Linux 6.17.
std::string switch_of(bool v6, std::string_view link) {
  return v6 ? fmt::format("/proc/sys/net/ipv6/conf/{}/force_forwarding", link)
            : fmt::format("/proc/sys/net/ipv4/conf/{}/forwarding", link);
}

bool is_on(const std::string& path) {
  const auto text = os::read_file(path);
  return text && text->starts_with('1');
}

bool machine_forwards(bool v6) {
  return is_on(v6 ? "/proc/sys/net/ipv6/conf/all/forwarding"
                  : "/proc/sys/net/ipv4/conf/all/forwarding");
}

// Interfaces' names mean something within one network namespace only.
Result<std::string> notes_path() {
  struct stat info{};
  if (::stat("/proc/self/ns/net", &info) != 0) return fail(errno_error("stat network namespace"));
  return fmt::format("{}/forwarding-{}", kNotesDirectory, info.st_ino);
}

// Not every machine forgets /run when it starts again, and then its switches are its own.
std::string this_boot() {
  return "boot " + os::read_file("/proc/sys/kernel/random/boot_id").value_or("unknown\n");
}

// The switches we have thrown, by path.
std::set<std::string> read_notes(const std::string& path) {
  std::set<std::string> notes;
  const auto text = os::read_file(path, kNotesBytesMax);
  if (!text || (text->starts_with("boot ") && !text->starts_with(this_boot()))) return notes;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    std::string line = text->substr(at, end - at);
    if (line.starts_with("/proc/sys/net/ipv")) notes.insert(std::move(line));
    at = end + 1;
  }
  return notes;
}

Status write_notes(const std::string& path, const std::set<std::string>& notes) {
  std::string text = this_boot();
  for (const std::string& note : notes) text += note + '\n';
  LAPWING_CHECK(os::make_directories(kNotesDirectory, 0700));
  return os::write_atomically(path, text, 0600);
}

std::string link_of(const std::string& note) {
  const std::size_t end = note.rfind('/');
  const std::size_t begin = note.rfind('/', end - 1) + 1;
  return note.substr(begin, end - begin);
}

// What has to be switched so that packets of the uplink come back by any interface.
void collect(const std::vector<os::Link>& links, bool v6, std::set<std::string>& switches) {
  if (machine_forwards(v6)) return;
  for (const os::Link& link : links) {
    const std::string path = switch_of(v6, link.name);
    if (!link.loopback && !is_uplink(link.name) && !is_on(path)) switches.insert(path);
  }
}

// kConflict when the name is somebody's.
Result<os::UniqueFd> take_name(std::string_view wanted) {
  os::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(errno_error("socket"));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  wanted.copy(name.sun_path + 1, sizeof name.sun_path - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + wanted.size());
  // The socket interface takes every address family through sockaddr.
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), size) == 0) return socket;
  if (errno != EADDRINUSE) return fail(errno_error("take a name"));
  return fail(make_error(ErrorKind::kConflict, "the name is taken"));
}

bool is_held(std::string_view uplink) {
  const auto taken = hold_uplink(uplink);
  return !taken && taken.error().kind() == ErrorKind::kConflict;
}

}  // namespace

Result<os::UniqueFd> lock_network() {
  for (int tries = 0; tries < kNetworkLockTries; ++tries) {
    auto taken = take_name(kLockName);
    if (taken || taken.error().kind() != ErrorKind::kConflict) return taken;
    ::poll(nullptr, 0, kNetworkLockPauseMs);
  }
  return fail(make_error(ErrorKind::kUnavailable,
                         "another server is changing this machine's network, and does not end"));
}

Result<os::UniqueFd> hold_uplink(std::string_view uplink) {
  return take_name(fmt::format("lapwing-uplink-{}", uplink));
}

bool ipv6_known() { return os::is_directory("/proc/sys/net/ipv6"); }

std::string why_no_ipv6_forwarding() {
  if (!ipv6_known()) return "this machine has no IPv6";
  if (machine_forwards(true) || os::exists(switch_of(true, "all"))) return {};
  return "this kernel forwards IPv6 for the whole machine or not at all: sysctl "
         "net.ipv6.conf.all.forwarding=1 (and accept_ra=2 where the way out is learnt from router "
         "advertisements)";
}

Result<std::vector<std::string>> open_forwarding(const std::vector<os::Link>& links,
                                                 const std::string& uplink, bool v6) {
  LAPWING_TRY(const std::string path, notes_path());
  std::set<std::string> switches;
  collect(links, false, switches);
  if (v6) collect(links, true, switches);
  std::set<std::string> notes = read_notes(path);
  notes.insert(switches.begin(), switches.end());
  // Noted first: a kill in between leaves nothing on that nobody knows of.
  if (!switches.empty()) LAPWING_CHECK(write_notes(path, notes));
  LAPWING_CHECK(os::write_existing(switch_of(false, uplink), "1"));
  if (v6 && !machine_forwards(true)) {
    LAPWING_CHECK(os::write_existing(switch_of(true, uplink), "1"));
  }
  // An interface may have gone since it was listed.
  for (const std::string& each : switches) (void)os::write_existing(each, "1");
  std::set<std::string> names;
  for (const std::string& note : notes) names.insert(link_of(note));
  return std::vector<std::string>(names.begin(), names.end());
}

std::vector<std::string> close_forwarding(const std::vector<os::Link>& links) {
  if (std::ranges::any_of(
          links, [](const os::Link& link) { return is_uplink(link.name) && is_held(link.name); })) {
    return {};
  }
  const auto path = notes_path();
  if (!path) return {};
  std::set<std::string> closed;
  for (const std::string& note : read_notes(*path)) {
    // Who made the machine forward meanwhile relies on it.
    if (machine_forwards(note.find("/ipv6/") != std::string::npos) || !is_on(note)) continue;
    if (os::write_existing(note, "0")) closed.insert(link_of(note));
  }
  ::unlink(path->c_str());
  return {closed.begin(), closed.end()};
}

std::string restore_forwarding() {
  const auto path = notes_path();
  if (!path || !os::exists(*path)) return {};
  const auto lock = lock_network();
  if (!lock) return {};
  auto socket = os::NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return {};
  const auto links = os::list_links(*socket);
  if (!links) return {};
  const std::vector<std::string> closed = close_forwarding(*links);
  if (closed.empty()) return {};
  return fmt::format("forwarding, left on by a server that was killed, was switched off for {}",
                     fmt::join(closed, " "));
}

std::string uplink_name(std::string_view tag) {
  return std::string(kUplinkPrefix) + short_tag(tag);
}

bool is_uplink(std::string_view name) {
  return name.size() == kUplinkNameBytes && name.starts_with(kUplinkPrefix) &&
         name.find_first_not_of("0123456789abcdef", kUplinkPrefix.size()) == std::string_view::npos;
}

}  // namespace lapwing::sandbox
