// Fields one after another as bytes: texts behind their lengths, numbers big-endian. For what is
// kept in queues and often, where JSON would escape a payload.
//
//   PackedWriter out(kFormat);                 // the first byte says how to read the rest
//   out.text(id), out.number(count), out.text(body);
//   keep(std::move(out).take());
//
//   PackedReader in(bytes, kFormat);
//   id = in.text(), count = in.number(), body = in.text();
//   if (in.broken()) ...                       // another format, cut short, or more than there is
//
// A reader that is broken answers empty texts and zeros.
// Thread-safety: plain values. The reader's bytes outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lapwing {

class PackedWriter {
 public:
  explicit PackedWriter(char format) { out_ += format; }
  void reserve(std::size_t bytes) { out_.reserve(out_.size() + bytes); }

  void text(std::string_view value) {
    length(value.size());
    out_ += value;
  }
  // Below 2^32.
  void length(std::size_t value) { big_endian(value, 4); }
  void number(std::uint64_t value) { big_endian(value, 8); }

  std::string take() && { return std::move(out_); }

 private:
  void big_endian(std::uint64_t value, unsigned bytes) {
    for (unsigned shift = 8 * bytes; shift > 0; shift -= 8) {
      out_ += static_cast<char>((value >> (shift - 8)) & 0xff);
    }
  }
  std::string out_;
};

class PackedReader {
 public:
  PackedReader(std::string_view bytes, char format) : left_(bytes) {
    broken_ = !left_.starts_with(format);
    if (!broken_) left_.remove_prefix(1);
  }

  std::string text() {
    const std::size_t size = length();
    if (broken_ || size > left_.size()) {
      broken_ = true;
      return {};
    }
    std::string out(left_.substr(0, size));
    left_.remove_prefix(size);
    return out;
  }
  std::size_t length() { return static_cast<std::size_t>(big_endian(4)); }
  std::uint64_t number() { return big_endian(8); }

  bool broken() const { return broken_; }
  bool at_end() const { return left_.empty(); }

 private:
  std::uint64_t big_endian(unsigned bytes) {
    if (broken_ || left_.size() < bytes) {
      broken_ = true;
      return 0;
    }
    std::uint64_t out = 0;
    for (unsigned i = 0; i < bytes; ++i) out = out << 8 | static_cast<unsigned char>(left_[i]);
    left_.remove_prefix(bytes);
    return out;
  }
  std::string_view left_;
  bool broken_ = false;
};

}  // namespace lapwing
