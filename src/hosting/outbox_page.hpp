// What goes to people rather than to programs, as GET /_lapwing/outbox shows it: what would leave
// this machine by mail, as text messages or push notifications. A service says its own
// (Service::outbox).
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace lapwing::hosting {

inline constexpr std::size_t kOutboxRowsMax = 500;
// A page ends where it holds so much, as JSON; one larger message comes alone.
inline constexpr std::size_t kOutboxPageBytes = 1 * kMiB;

struct OutboxMessage {
  std::string_view service = {};  // written by the process
  std::uint64_t number = 0;       // rising
  std::int64_t time_ms = 0;       // since the epoch
  std::string protocol = {};      // "email", "email-json", "sms", "application"
  std::string to = {};
  std::string subject = {};
  std::string body = {};
  std::string message_id = {};
  std::string topic_arn = {};
  std::string subscription_arn = {};
};

// What it takes as JSON.
std::size_t bytes_of(const OutboxMessage& message);

struct OutboxAsk {
  std::size_t max = 100;  // 1..kOutboxRowsMax
  // Of the messages, by bytes_of(): a page that would have more ends before, but has one at least.
  std::size_t bytes = kOutboxPageBytes;
  // Only those with smaller numbers; 0: the newest.
  std::uint64_t before = 0;
  // Empty: any.
  std::string protocol = {};
  std::string to = {};       // an address
  std::string account = {};  // whose
};

struct OutboxPage {
  std::vector<OutboxMessage> messages;  // newest first
  std::uint64_t next = 0;               // OutboxAsk::before of the next page; 0: there are no more
};

}  // namespace lapwing::hosting
