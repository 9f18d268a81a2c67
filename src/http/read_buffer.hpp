// ReadBuffer: bytes received and not yet used. Grows by doubling up to what is asked for.
// Views of data() are valid until make_room().
//
// For http/*.cpp only. Thread-safety: a plain value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"

namespace lapwing::http {

class ReadBuffer {
 public:
  std::string_view data() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t capacity() const { return capacity_; }
  // make_room() would have to grow it.
  bool full() const { return end_ == capacity_ && begin_ == 0; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Free space behind the data, at least one byte: what is there moves to the front and the
  // buffer grows when it is full.
  MutableBytes make_room(std::size_t first_size) {
    if (end_ == capacity_ && begin_ > 0) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == capacity_) grow(std::max(capacity_ * 2, first_size));
    return std::as_writable_bytes(std::span(bytes_.get() + end_, capacity_ - end_));
  }
  void filled(std::size_t count) { end_ += count; }
  // At least this large from now on; only while empty is it free of copying.
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }
  // Gives memory back beyond `capacity`, where nothing is held.
  void shrink(std::size_t capacity) {
    if (!empty() || capacity_ <= capacity) return;
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  void grow(std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (end_ > begin_) std::memcpy(larger.get(), bytes_.get() + begin_, end_ - begin_);
    bytes_ = std::move(larger);
    end_ -= begin_;
    begin_ = 0;
    capacity_ = capacity;
  }
  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace lapwing::http
