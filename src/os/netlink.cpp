#include "os/netlink.hpp"

#include <cstring>
#include <endian.h>
#include <linux/netlink.h>
#include <sys/socket.h>

namespace lapwing::os {
namespace {

// The kernel fills at most this much of a buffer at once.
constexpr std::size_t kAnswerBytes = 32 * 1024;
// Waiting for the kernel is waiting for a system call; this is for a kernel that is broken.
constexpr timeval kPatience{10, 0};

template <class T>
T read_as(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

struct Answer {
  nlmsghdr header{};
  std::string_view body;
};

// Takes one message off the front; false where none is left.
bool take_message(std::string_view& bytes, Answer& answer) {
  if (bytes.size() < sizeof answer.header) return false;
  answer.header = read_as<nlmsghdr>(bytes);
  const std::size_t size = answer.header.nlmsg_len;
  if (size < sizeof answer.header || size > bytes.size()) return false;
  answer.body = bytes.substr(NLMSG_HDRLEN, size - NLMSG_HDRLEN);
  bytes.remove_prefix(std::min(bytes.size(), static_cast<std::size_t>(NLMSG_ALIGN(size))));
  return true;
}

Result<std::string> receive(int fd, const char* what) {
  std::string bytes(kAnswerBytes, '\0');
  for (;;) {
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno_error(what));
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
}

}  // namespace

NetlinkMessage::NetlinkMessage(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append(&header, sizeof header);
}

void NetlinkMessage::append(const void* data, std::size_t size) {
  buffer_.append(static_cast<const char*>(data), size);
  buffer_.resize(NLMSG_ALIGN(buffer_.size()), '\0');
}

NetlinkMessage& NetlinkMessage::bytes(std::uint16_t attribute, std::string_view value) {
  nlattr head{};
  head.nla_type = attribute;
  head.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size());
  append(&head, sizeof head);
  append(value.data(), value.size());
  return *this;
}

NetlinkMessage& NetlinkMessage::text(std::uint16_t attribute, std::string_view value) {
  return bytes(attribute, std::string(value) + '\0');
}

NetlinkMessage& NetlinkMessage::u8(std::uint16_t attribute, std::uint8_t value) {
  return bytes(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

NetlinkMessage& NetlinkMessage::u32(std::uint16_t attribute, std::uint32_t value) {
  return bytes(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

NetlinkMessage& NetlinkMessage::big_u32(std::uint16_t attribute, std::uint32_t value) {
  return u32(attribute, htobe32(value));
}

NetlinkMessage& NetlinkMessage::big_u64(std::uint16_t attribute, std::uint64_t value) {
  const std::uint64_t swapped = htobe64(value);
  return bytes(attribute, {reinterpret_cast<const char*>(&swapped), sizeof swapped});
}

NetlinkMessage& NetlinkMessage::open(std::uint16_t attribute) {
  open_.push_back(buffer_.size());
  nlattr head{};
  head.nla_type = static_cast<std::uint16_t>(attribute | NLA_F_NESTED);
  append(&head, sizeof head);
  return *this;
}

NetlinkMessage& NetlinkMessage::close() {
  const std::size_t begin = open_.back();
  open_.pop_back();
  const auto length = static_cast<std::uint16_t>(buffer_.size() - begin);
  std::memcpy(buffer_.data() + begin, &length, sizeof length);
  return *this;
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd) return fail(errno_error("netlink socket"));
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) != 0) {
    return fail(errno_error("SO_RCVTIMEO"));
  }
  return NetlinkSocket(std::move(fd));
}

Status NetlinkSocket::send(std::string& bytes, const char* what) {
  while (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) {
    if (errno != EINTR) return fail(errno_error(what));
  }
  return {};
}

Status NetlinkSocket::request(NetlinkMessage message, const char* what) {
  std::vector<NetlinkMessage> one;
  one.push_back(std::move(message));
  return request_all(std::move(one), what);
}

Status NetlinkSocket::request_all(std::vector<NetlinkMessage> messages, const char* what) {
  std::string bytes;
  std::uint32_t wanted = 0;  // the sequence number of the last that answers
  for (NetlinkMessage& message : messages) {
    auto header = read_as<nlmsghdr>(message.buffer_);
    header.nlmsg_len = static_cast<std::uint32_t>(message.buffer_.size());
    header.nlmsg_seq = ++sequence_;
    if ((header.nlmsg_flags & NLM_F_ACK) != 0) wanted = sequence_;
    std::memcpy(message.buffer_.data(), &header, sizeof header);
    bytes += message.buffer_;
  }
  const std::uint32_t first = sequence_ - static_cast<std::uint32_t>(messages.size()) + 1;
  LAPWING_CHECK(send(bytes, what));
  for (;;) {
    LAPWING_TRY(const std::string answers, receive(fd_.get(), what));
    std::string_view rest = answers;
    for (Answer answer; take_message(rest, answer);) {
      // Older numbers are what an earlier refusal left unread.
      if (answer.header.nlmsg_seq < first || answer.header.nlmsg_type != NLMSG_ERROR) continue;
      const int error = -read_as<int>(answer.body);
      if (error != 0) return fail(errno_error(what, error));
      if (answer.header.nlmsg_seq == wanted) return {};
    }
  }
}

Status NetlinkSocket::dump(NetlinkMessage message, const char* what,
                           FunctionRef<void(NetlinkPart)> each) {
  auto header = read_as<nlmsghdr>(message.buffer_);
  header.nlmsg_len = static_cast<std::uint32_t>(message.buffer_.size());
  header.nlmsg_seq = ++sequence_;
  header.nlmsg_flags |= NLM_F_DUMP;
  std::memcpy(message.buffer_.data(), &header, sizeof header);
  LAPWING_CHECK(send(message.buffer_, what));
  for (;;) {
    LAPWING_TRY(const std::string answers, receive(fd_.get(), what));
    std::string_view rest = answers;
    for (Answer answer; take_message(rest, answer);) {
      if (answer.header.nlmsg_seq != sequence_) continue;
      if (answer.header.nlmsg_type == NLMSG_DONE) return {};
      if (answer.header.nlmsg_type == NLMSG_ERROR) {
        return fail(errno_error(what, -read_as<int>(answer.body)));
      }
      each({answer.header.nlmsg_type, answer.body});
    }
  }
}

bool NetlinkAttributes::next() {
  if (rest_.size() < sizeof(nlattr)) return false;
  const auto head = read_as<nlattr>(rest_);
  if (head.nla_len < NLA_HDRLEN || head.nla_len > rest_.size()) return false;
  type_ = static_cast<std::uint16_t>(head.nla_type & NLA_TYPE_MASK);
  value_ = rest_.substr(NLA_HDRLEN, head.nla_len - NLA_HDRLEN);
  rest_.remove_prefix(std::min(rest_.size(), static_cast<std::size_t>(NLA_ALIGN(head.nla_len))));
  return true;
}

std::uint32_t NetlinkAttributes::u32() const {
  return value_.size() < sizeof(std::uint32_t) ? 0 : read_as<std::uint32_t>(value_);
}

}  // namespace lapwing::os
