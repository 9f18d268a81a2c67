// Netlink: messages of nested attributes to the kernel, and its answers. What the messages
// mean is in link.hpp (interfaces, addresses, routes) and packet_rules.hpp (nf_tables).
//
// A socket belongs to the network namespace it was opened in, wherever its owner goes
// afterwards: that is how one process works on several.
//
// Thread-safety: one thread at a time a socket; messages are plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

class NetlinkMessage {
 public:
  // `flags` besides NLM_F_REQUEST.
  NetlinkMessage(std::uint16_t type, std::uint16_t flags);

  // The fixed part that follows the header (ifinfomsg, rtmsg, nfgenmsg, ...).
  template <class Fixed>
  NetlinkMessage& fixed(const Fixed& part) {
    append(&part, sizeof part);
    return *this;
  }
  NetlinkMessage& bytes(std::uint16_t attribute, std::string_view value);
  NetlinkMessage& text(std::uint16_t attribute, std::string_view value);  // with its NUL
  NetlinkMessage& u8(std::uint16_t attribute, std::uint8_t value);
  NetlinkMessage& u32(std::uint16_t attribute, std::uint32_t value);
  NetlinkMessage& big_u32(std::uint16_t attribute, std::uint32_t value);  // network order
  NetlinkMessage& big_u64(std::uint16_t attribute, std::uint64_t value);
  // Attributes up to the matching close() are inside this one.
  NetlinkMessage& open(std::uint16_t attribute);
  NetlinkMessage& close();

 private:
  friend class NetlinkSocket;
  void append(const void* data, std::size_t size);

  std::string buffer_;
  std::vector<std::size_t> open_;  // where the unfinished attributes begin
};

// One message of a dump: its type and what follows the header.
struct NetlinkPart {
  std::uint16_t type = 0;
  std::string_view body;
};

class NetlinkSocket {
 public:
  // NETLINK_ROUTE, NETLINK_NETFILTER.
  static Result<NetlinkSocket> open(int protocol);

  // Sends and waits for the kernel's acknowledgement. `what` is for the error.
  Status request(NetlinkMessage message, const char* what);
  // Several in one go, each acknowledged (what nf_tables wants of a transaction). The first
  // refusal is the answer.
  Status request_all(std::vector<NetlinkMessage> messages, const char* what);
  // Everything the kernel lists in answer to a request with NLM_F_DUMP.
  Status dump(NetlinkMessage message, const char* what, FunctionRef<void(NetlinkPart)> each);

 private:
  explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  Status send(std::string& bytes, const char* what);

  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
};

// The attributes of a message or of a nested attribute, in order.
class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(std::string_view bytes) : rest_(bytes) {}
  // False at the end, and where the bytes make no sense.
  bool next();
  std::uint16_t type() const { return type_; }  // without the flag bits
  std::string_view value() const { return value_; }
  std::string_view text() const { return value_.substr(0, value_.find('\0')); }
  std::uint32_t u32() const;  // 0 when it is none

 private:
  std::string_view rest_;
  std::string_view value_;
  std::uint16_t type_ = 0;
};

}  // namespace lapwing::os
