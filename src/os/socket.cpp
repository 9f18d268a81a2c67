#include "os/socket.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "os/file.hpp"

namespace lapwing::os {

Result<FdPair> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(errno_error("pipe"));
  return FdPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<FdPair> make_socketpair(SocketKind kind, bool nonblocking) {
  int fds[2];
  const int type = (kind == SocketKind::kStream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC |
                   (nonblocking ? SOCK_NONBLOCK : 0);
  if (::socketpair(AF_UNIX, type, 0, fds) != 0) return fail(errno_error("socketpair"));
  return FdPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void do_not_pace(int socket) {
  constexpr std::string_view kReno = "reno";  // compiled into every kernel
  ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, kReno.data(), kReno.size());
}

Result<UniqueFd> make_memory_file(const char* name, std::string_view content) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) return fail(errno_error("memfd_create"));
  LAPWING_CHECK(write_all(fd.get(), content));
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return fail(errno_error("lseek"));
  return fd;
}

namespace {
using ControlBuffer = std::array<char, CMSG_SPACE(sizeof(int) * kMessageFdsMax)>;
}  // namespace

Status send_message(int socket, std::string_view bytes, std::span<const int> fds) {
  if (fds.size() > kMessageFdsMax) return fail(internal_error("too many descriptors to send"));
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg does not write to it
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) ControlBuffer control;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return fail(errno_error("sendmsg"));
  }
  return {};
}

Result<Message> receive_message(int socket, std::size_t bytes_max) {
  Message result;
  result.bytes.resize(bytes_max);
  iovec part{result.bytes.data(), result.bytes.size()};
  alignas(cmsghdr) ControlBuffer control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == ECONNRESET) break;
    if (errno != EINTR) return fail(errno_error("recvmsg"));
  }
  result.end = got <= 0;
  result.bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (result.end) return result;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      result.fds.emplace_back(fd);
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(make_error(ErrorKind::kTooLarge, "message truncated"));
  }
  return result;
}

}  // namespace lapwing::os
