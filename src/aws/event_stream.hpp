// AWS event stream framing (application/vnd.amazon.eventstream): messages of typed headers
// and a payload, each guarded by two CRC-32 sums. All numbers big endian:
//
//   total length u32 | headers length u32 | CRC of these 8 bytes u32 | headers | payload |
//   CRC of everything before u32
//   header: name length u8, name, type u8, value (strings and bytes: length u16 first)
//
// Source: AWS "Event stream encoding" (Amazon Transcribe and S3 Select manuals), botocore.
//
// Thread-safety: plain values and functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::aws {

inline constexpr std::string_view kEventStreamContentType = "application/vnd.amazon.eventstream";

// Limits of one message, as AWS's own readers have them.
inline constexpr std::size_t kEventHeadersBytesMax = 128 * 1024;
inline constexpr std::size_t kEventPayloadBytesMax = 24 * 1024 * 1024;

enum class EventValueType : std::uint8_t {
  kTrue = 0,
  kFalse = 1,
  kByte = 2,
  kShort = 3,
  kInteger = 4,
  kLong = 5,
  kBytes = 6,
  kString = 7,
  kTimestamp = 8,
  kUuid = 9,
};

// A header as it is sent. The value is as on the wire, without its length, and holds at most 65,535
// bytes, the name 1 to 255.
struct EventField {
  std::string_view name;
  std::string_view value;
  EventValueType type = EventValueType::kString;
};

// Appends one message to `out`. The limits above must hold: the caller cuts its payload.
void append_event(std::string& out, std::span<const EventField> fields, std::string_view payload);

struct EventHeader {
  std::string name;
  EventValueType type = EventValueType::kString;
  std::string value;  // as on the wire, without its length
};

struct EventMessage {
  std::vector<EventHeader> headers;
  std::string payload;

  // The value of the first header of that name, or "".
  std::string_view header(std::string_view name) const;
};

// Takes a stream of messages apart, however it is cut into pieces. What is announced too
// large, does not add up or fails a checksum is kInvalid, and stays so.
class EventDecoder {
 public:
  void feed(std::string_view bytes);
  // The next whole message, nothing when more bytes are needed.
  Result<std::optional<EventMessage>> next();
  // Bytes of a message that is not whole yet.
  std::size_t left_over() const { return buffer_.size() - at_; }

 private:
  std::string buffer_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

}  // namespace lapwing::aws
