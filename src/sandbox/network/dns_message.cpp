#include "sandbox/network/dns_message.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kTypeAndClassBytes = 4;
// Bits of the third and fourth byte.
constexpr unsigned kIsAnswer = 0x80;
constexpr unsigned kOperation = 0x78;
constexpr unsigned kRecursionDesired = 0x01;
constexpr char kServerFailure = 2;

unsigned byte_at(std::string_view message, std::size_t at) {
  return static_cast<unsigned char>(message[at]);
}

// Name, type and class of the only question; empty when the message makes no sense.
std::string_view question_of(std::string_view message) {
  if (message.size() < kDnsHeaderBytes) return {};
  if (byte_at(message, 4) != 0 || byte_at(message, 5) != 1) return {};
  std::size_t at = kDnsHeaderBytes;
  for (;;) {
    if (at >= message.size() || at - kDnsHeaderBytes > kNameBytesMax) return {};
    const std::size_t label = byte_at(message, at);
    if (label > kLabelBytesMax) return {};  // compressed: nothing to refer to yet
    at += label + 1;
    if (label == 0) break;
  }
  if (message.size() < at + kTypeAndClassBytes) return {};
  return message.substr(kDnsHeaderBytes, at + kTypeAndClassBytes - kDnsHeaderBytes);
}

}  // namespace

bool is_dns_query(std::string_view message) {
  return !question_of(message).empty() && (byte_at(message, 2) & (kIsAnswer | kOperation)) == 0;
}

std::uint16_t dns_id(std::string_view message) {
  return static_cast<std::uint16_t>((byte_at(message, 0) << 8) | byte_at(message, 1));
}

std::string with_dns_id(std::string_view message, std::uint16_t id) {
  std::string out(message);
  out[0] = static_cast<char>(id >> 8);
  out[1] = static_cast<char>(id & 0xff);
  return out;
}

bool is_dns_answer(std::string_view message, std::string_view query) {
  const std::string_view asked = question_of(query);
  return !asked.empty() && question_of(message) == asked &&
         (byte_at(message, 2) & kIsAnswer) != 0 && dns_id(message) == dns_id(query);
}

std::string dns_failure(std::string_view query) {
  const std::string_view question = question_of(query);
  std::string out(query.substr(0, kDnsHeaderBytes));
  out[2] = static_cast<char>(kIsAnswer | (byte_at(query, 2) & kRecursionDesired));
  out[3] = kServerFailure;
  for (std::size_t i = 6; i < kDnsHeaderBytes; ++i) out[i] = 0;  // no records of any kind
  return out.append(question);
}

}  // namespace lapwing::sandbox
