// As much of DNS (RFC 1035) as handing messages on takes. Messages are bytes; nothing but
// the header and the question is looked at.
//
// Thread-safety: free functions over the caller's bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lapwing::sandbox {

inline constexpr std::size_t kDnsHeaderBytes = 12;

// One standard question, with everything a question needs; not an answer.
bool is_dns_query(std::string_view message);
std::uint16_t dns_id(std::string_view message);
std::string with_dns_id(std::string_view message, std::uint16_t id);
// Whether `message` is an answer to `query`: same id, same question.
bool is_dns_answer(std::string_view message, std::string_view query);
// What a server says that cannot find out (SERVFAIL).
std::string dns_failure(std::string_view query);

}  // namespace lapwing::sandbox
