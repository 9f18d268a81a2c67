#include "runtime/log/output.hpp"

namespace lapwing::runtime {
namespace {

// The longest prefix of at most `limit` bytes that does not cut a UTF-8 character.
std::size_t cut_point(std::string_view text, std::size_t limit) {
  std::size_t at = limit;
  for (int back = 0; back < 4 && at > 0; ++back, --at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80) return at;
  }
  return limit;
}

}  // namespace

void LineAssembler::take(WallTime now, std::vector<ports::LogEvent>& events) {
  // CloudWatch has no empty events.
  if (!partial_.empty()) events.push_back({now, std::move(partial_)});
  partial_.clear();
}

void LineAssembler::feed(std::string_view bytes, WallTime now,
                         std::vector<ports::LogEvent>& events) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    partial_.append(bytes.substr(0, newline));
    while (partial_.size() > ports::kLogEventBytesMax) {
      const std::size_t at = cut_point(partial_, ports::kLogEventBytesMax);
      events.push_back({now, partial_.substr(0, at)});
      partial_.erase(0, at);
    }
    if (newline == std::string_view::npos) return;
    take(now, events);
    bytes.remove_prefix(newline + 1);
  }
}

void LineAssembler::flush(WallTime now, std::vector<ports::LogEvent>& events) { take(now, events); }

namespace {

constexpr std::size_t kFrameHead = 16;
constexpr std::size_t kFrameBytesMax = 8 * 1024 * 1024;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void split_message(std::string_view message, WallTime at, std::vector<ports::LogEvent>& events) {
  while (message.ends_with('\n')) message.remove_suffix(1);
  while (message.size() > ports::kLogEventBytesMax) {
    const std::size_t cut = cut_point(message, ports::kLogEventBytesMax);
    events.push_back({at, std::string(message.substr(0, cut))});
    message.remove_prefix(cut);
  }
  if (!message.empty()) events.push_back({at, std::string(message)});
}

}  // namespace

void FrameAssembler::feed(std::string_view bytes, WallTime now,
                          std::vector<ports::LogEvent>& events) {
  if (poisoned_) return lines_.feed(bytes, now, events);
  buffer_ += bytes;
  std::string_view rest = buffer_;
  while (rest.size() >= kFrameHead) {
    const std::uint64_t type = big_endian(rest.substr(0, 4));
    const std::uint64_t length = big_endian(rest.substr(4, 4));
    if (type >> 8 != 0xa55a00 || length > kFrameBytesMax) {
      poisoned_ = true;
      lines_.feed(rest, now, events);
      buffer_.clear();
      return;
    }
    if (rest.size() < kFrameHead + length) break;
    const auto at_us = static_cast<std::int64_t>(big_endian(rest.substr(8, 8)));
    // A frame cannot claim another time than about now.
    const WallTime claimed{std::chrono::microseconds(at_us)};
    const bool plausible = claimed <= now && claimed > now - std::chrono::minutes(15);
    split_message(rest.substr(kFrameHead, length), plausible ? claimed : now, events);
    rest.remove_prefix(kFrameHead + length);
  }
  buffer_.erase(0, buffer_.size() - rest.size());
}

void LogTail::add(std::string_view message) {
  if (!active_) return;
  text_ += message;
  text_ += '\n';
  // Trimmed in steps, so that a flood costs no quadratic copying.
  if (text_.size() > 4 * kLogTailBytes) text_.erase(0, text_.size() - kLogTailBytes);
}

std::string LogTail::take() {
  active_ = false;
  if (text_.size() > kLogTailBytes) text_.erase(0, text_.size() - kLogTailBytes);
  return std::move(text_);
}

}  // namespace lapwing::runtime
