#include "runtime/output.hpp"

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
