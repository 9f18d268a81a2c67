#include "aws/event_stream.hpp"

#include <utility>

#include "crypto/crc32.hpp"

namespace lapwing::aws {
namespace {

constexpr std::size_t kPreludeBytes = 12;  // two lengths and their checksum
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kAroundBytes = kPreludeBytes + kChecksumBytes;

void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

Error malformed(std::string_view what) {
  return make_error(ErrorKind::kInvalid, "event stream: " + std::string(what));
}

bool has_length(const EventField& field) {
  return field.type == EventValueType::kString || field.type == EventValueType::kBytes;
}

// Bytes of a value of that type; nothing for one with a length of its own.
Result<std::optional<std::size_t>> fixed_size(std::uint8_t type) {
  switch (static_cast<EventValueType>(type)) {
    case EventValueType::kTrue:
    case EventValueType::kFalse:
      return 0;
    case EventValueType::kByte:
      return 1;
    case EventValueType::kShort:
      return 2;
    case EventValueType::kInteger:
      return 4;
    case EventValueType::kLong:
    case EventValueType::kTimestamp:
      return 8;
    case EventValueType::kUuid:
      return 16;
    case EventValueType::kBytes:
    case EventValueType::kString:
      return std::nullopt;
  }
  return fail(malformed("unknown type of a header"));
}

// Cuts `count` bytes off the front; nothing when there are fewer.
std::optional<std::string_view> cut(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  const std::string_view out = text.substr(0, count);
  text.remove_prefix(count);
  return out;
}

Result<EventHeader> read_header(std::string_view& rest) {
  const Error too_short = malformed("a header ends early");
  const auto name_size = cut(rest, 1);
  if (!name_size) return fail(too_short);
  const auto name = cut(rest, read_number(*name_size));
  const auto type = cut(rest, 1);
  if (!name || !type) return fail(too_short);
  if (name->empty()) return fail(malformed("a header without a name"));
  LAPWING_TRY(std::optional<std::size_t> size,
              fixed_size(static_cast<std::uint8_t>(type->front())));
  if (!size) {
    const auto length = cut(rest, 2);
    if (!length) return fail(too_short);
    size = read_number(*length);
  }
  const auto value = cut(rest, *size);
  if (!value) return fail(too_short);
  return EventHeader{std::string(*name), static_cast<EventValueType>(type->front()),
                     std::string(*value)};
}

Result<EventMessage> read_message(std::string_view whole, std::size_t headers_size) {
  std::string_view headers = whole.substr(kPreludeBytes, headers_size);
  EventMessage message;
  while (!headers.empty()) {
    LAPWING_TRY(EventHeader header, read_header(headers));
    message.headers.push_back(std::move(header));
  }
  message.payload =
      whole.substr(kPreludeBytes + headers_size, whole.size() - kAroundBytes - headers_size);
  return message;
}

}  // namespace

void append_event(std::string& out, std::span<const EventField> fields, std::string_view payload) {
  std::size_t headers_size = 0;
  for (const EventField& field : fields) {
    headers_size += 1 + field.name.size() + 1 + (has_length(field) ? 2 : 0) + field.value.size();
  }
  const std::size_t begin = out.size();
  const std::size_t total = kAroundBytes + headers_size + payload.size();
  out.reserve(begin + total);
  append_number(out, total, 4);
  append_number(out, headers_size, 4);
  append_number(out, crypto::crc32(std::string_view(out).substr(begin)), 4);
  for (const EventField& field : fields) {
    append_number(out, field.name.size(), 1);
    out += field.name;
    append_number(out, static_cast<std::uint64_t>(field.type), 1);
    if (has_length(field)) append_number(out, field.value.size(), 2);
    out += field.value;
  }
  out += payload;
  append_number(out, crypto::crc32(std::string_view(out).substr(begin)), 4);
}

std::string_view EventMessage::header(std::string_view name) const {
  for (const EventHeader& one : headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

void EventDecoder::feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(at_, 0));
  buffer_ += bytes;
}

Result<std::optional<EventMessage>> EventDecoder::next() {
  const auto break_off = [this](std::string_view what) {
    broken_ = true;
    return fail(malformed(what));
  };
  if (broken_) return break_off("broken before");
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() < kPreludeBytes) return std::nullopt;
  const std::size_t total = read_number(rest.substr(0, 4));
  const std::size_t headers_size = read_number(rest.substr(4, 4));
  // Before anything is believed: a length of garbage must not make us wait for gigabytes.
  if (crypto::crc32(rest.substr(0, 8)) != read_number(rest.substr(8, 4))) {
    return break_off("checksum of a prelude");
  }
  if (headers_size > kEventHeadersBytesMax) return break_off("headers too large");
  if (total < kAroundBytes + headers_size) return break_off("lengths do not add up");
  if (total - kAroundBytes - headers_size > kEventPayloadBytesMax) {
    return break_off("payload too large");
  }
  if (rest.size() < total) return std::nullopt;
  const std::string_view whole = rest.substr(0, total);
  if (crypto::crc32(whole.substr(0, total - kChecksumBytes)) !=
      read_number(whole.substr(total - kChecksumBytes))) {
    return break_off("checksum of a message");
  }
  Result<EventMessage> message = read_message(whole, headers_size);
  if (!message) {
    broken_ = true;
    return fail(std::move(message).error());
  }
  at_ += total;
  return std::optional<EventMessage>(*std::move(message));
}

}  // namespace lapwing::aws
