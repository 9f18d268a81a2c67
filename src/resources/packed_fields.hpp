// Fields packed as bytes, each behind its length: for what is kept as it came (messages), where JSON
// would grow it. The reader asks for the same fields in the same order.
//
//   PackedWriter out(1);                       // the format's number
//   out.text(message.id);
//   out.number(message.attributes.size());
//   PackedReader in(bytes);
//   if (in.format() != 1) ...
//   message.id = in.text();
//   if (!in.whole()) ...                       // something was missing, or is left
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lapwing::resources {

class PackedWriter {
 public:
  explicit PackedWriter(std::uint8_t format, std::size_t size = 256) {
    out_.reserve(size);
    out_ += static_cast<char>(format);
  }
  void number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      out_ += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xff);
    }
  }
  void flag(bool value) { out_ += value ? '\1' : '\0'; }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) : left_(bytes) {
    if (!left_.empty()) format_ = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(left_.empty() ? 0 : 1);
  }
  std::uint8_t format() const { return format_; }
  std::uint64_t number() {
    std::uint64_t out = 0;
    for (const char byte : take(8)) out = out << 8 | static_cast<std::uint8_t>(byte);
    return out;
  }
  // How many items follow: each takes a byte at least.
  std::size_t count() {
    const std::uint64_t out = number();
    if (out > left_.size()) broken_ = true;
    return broken_ ? 0 : static_cast<std::size_t>(out);
  }
  bool flag() {
    const std::string_view byte = take(1);
    return !byte.empty() && byte.front() != '\0';
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > left_.size()) broken_ = true;
    return broken_ ? std::string() : std::string(take(static_cast<std::size_t>(size)));
  }
  bool whole() const { return !broken_ && left_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > left_.size()) {
      broken_ = true;
      return {};
    }
    const std::string_view out = left_.substr(0, size);
    left_.remove_prefix(size);
    return out;
  }

  std::string_view left_;
  std::uint8_t format_ = 0;
  bool broken_ = false;
};

}  // namespace lapwing::resources
