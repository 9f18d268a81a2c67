#include "sandbox/inside/system_answers.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/socket.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/view/machine_view.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::size_t kMaskBytesMax = 1'024;  // 8,192 processors

// To or from the memory of the process that called; false where that is not to be had.
bool write_to(pid_t pid, std::uint64_t address, const void* bytes, std::size_t size) {
  const iovec here{const_cast<void*>(bytes), size};           // only read from, by its manual
  const iovec there{reinterpret_cast<void*>(address), size};  // the caller's, never used here
  return ::process_vm_writev(pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

bool still_waits(int listener, std::uint64_t id) {
  return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

// Leaves the first `count` of the processors in the mask.
void cut(unsigned char* mask, std::size_t bytes, std::uint32_t count) {
  for (std::size_t bit = 0; bit < bytes * 8; ++bit) {
    unsigned char& byte = mask[bit / 8];
    const auto one = static_cast<unsigned char>(1u << bit % 8);
    if ((byte & one) == 0) continue;
    if (count > 0) {
      --count;
    } else {
      byte = static_cast<unsigned char>(byte & ~one);
    }
  }
}

}  // namespace

Result<os::UniqueFd> SystemAnswers::expect() {
  LAPWING_TRY(os::FdPair pair, os::make_socketpair(os::SocketKind::kSeqPacket, true));
  expected_.push_back(std::move(pair.first));
  return std::move(pair.second);
}

void SystemAnswers::wait_for(std::vector<pollfd>& waits) const {
  for (const os::UniqueFd& fd : listeners_) waits.push_back({fd.get(), POLLIN, 0});
  for (const os::UniqueFd& fd : expected_) waits.push_back({fd.get(), POLLIN, 0});
}

void SystemAnswers::serve(const pollfd* waits) {
  std::vector<os::UniqueFd> arrived;
  const std::size_t listeners = listeners_.size();
  for (std::size_t i = 0; i < listeners; ++i, ++waits) {
    if ((waits->revents & POLLIN) != 0) answer(waits->fd);
    // Every process behind that filter has ended.
    if ((waits->revents & POLLHUP) != 0) listeners_[i].reset();
  }
  for (os::UniqueFd& fd : expected_) {
    if ((waits++)->revents == 0) continue;
    auto message = os::receive_message(fd.get(), 1);
    if (message && !message->fds.empty()) arrived.push_back(std::move(message->fds.front()));
    fd.reset();
  }
  std::erase_if(listeners_, [](const os::UniqueFd& fd) { return !fd; });
  std::erase_if(expected_, [](const os::UniqueFd& fd) { return !fd; });
  for (os::UniqueFd& fd : arrived) listeners_.push_back(std::move(fd));
}

void SystemAnswers::answer(int listener) const {
  seccomp_notif call{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return;  // it was killed meanwhile
  const auto caller = static_cast<pid_t>(call.pid);
  seccomp_notif_resp response{};
  response.id = call.id;
  response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  if (call.data.nr == SYS_sysinfo) {
    struct sysinfo info{};
    if (::sysinfo(&info) == 0) {
      info.totalram = memory_bytes_;
      info.freeram = memory_free_at_start(memory_bytes_);
      info.sharedram = info.bufferram = info.totalswap = info.freeswap = 0;
      info.totalhigh = info.freehigh = 0;
      info.mem_unit = 1;
      if (still_waits(listener, call.id) &&
          write_to(caller, call.data.args[0], &info, sizeof info)) {
        response.flags = 0;
      }
    }
  } else if (call.data.nr == SYS_sched_getaffinity) {
    unsigned char mask[kMaskBytesMax] = {};
    const std::size_t size = std::min<std::size_t>(call.data.args[1] & 0xffff'ffff, sizeof mask);
    const auto asked = static_cast<pid_t>(call.data.args[0]);
    // The call itself: its wrapper does not say how much the kernel wrote.
    const long got = ::syscall(SYS_sched_getaffinity, asked == 0 ? caller : asked, size, &mask[0]);
    if (got > 0) {
      cut(mask, static_cast<std::size_t>(got), processors_);
      if (still_waits(listener, call.id) &&
          write_to(caller, call.data.args[2], mask, static_cast<std::size_t>(got))) {
        response.flags = 0;
        response.val = got;
      }
    }
  }
  (void)::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

}  // namespace lapwing::sandbox
