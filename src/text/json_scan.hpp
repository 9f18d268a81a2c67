// The JSON grammar, once. JsonScanner walks a text and tells a Sink what it sees; the
// checker's sink does nothing, the tree builder's makes nodes, patterns/ keeps the fields that
// patterns name. Services parse by json.hpp.
//
// A Sink has: key(raw, escaped), string(raw, escaped), number(raw, is_integer),
// boolean(bool), null(), begin(is_array), end(is_array). `raw` is the text between the
// quotes, already known to be well formed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "text/json_error.hpp"
#include "text/utf8_inline.hpp"

namespace lapwing::text {

// Nesting: offset of each open bracket, with the top bit set for arrays.
class JsonNesting {
 public:
  static constexpr std::uint32_t kArrayBit = 0x80000000u;

  explicit JsonNesting(std::uint32_t max_depth) : max_depth_(max_depth) {}
  // False when max_depth is reached.
  bool push(std::size_t offset, bool is_array) {
    if (depth_ == max_depth_) return false;
    if (depth_ == capacity_) grow();
    slots_[depth_++] = static_cast<std::uint32_t>(offset) | (is_array ? kArrayBit : 0);
    return true;
  }
  void pop() { --depth_; }
  bool at_root() const { return depth_ == 0; }
  std::uint32_t limit() const { return max_depth_; }
  JsonScope scope() const {
    if (depth_ == 0) return JsonScope::kRoot;
    return (slots_[depth_ - 1] & kArrayBit) != 0 ? JsonScope::kArray : JsonScope::kObject;
  }
  std::size_t opened_at() const { return slots_[depth_ - 1] & ~kArrayBit; }

 private:
  void grow() {
    const std::uint32_t wider = capacity_ * 4;
    auto bigger = std::make_unique<std::uint32_t[]>(wider);
    std::memcpy(bigger.get(), slots_, depth_ * sizeof(std::uint32_t));
    heap_ = std::move(bigger);
    slots_ = heap_.get();
    capacity_ = wider;
  }

  static constexpr std::uint32_t kInline = 64;
  std::uint32_t max_depth_;
  std::uint32_t depth_ = 0;
  std::uint32_t capacity_ = kInline;
  std::uint32_t inline_[kInline];
  std::uint32_t* slots_ = inline_;
  std::unique_ptr<std::uint32_t[]> heap_;
};

template <class Sink>
class JsonScanner {
 public:
  JsonScanner(std::string_view text, std::uint32_t max_depth, Sink& sink)
      : begin_(text.data()),
        p_(begin_),
        end_(begin_ + text.size()),
        nesting_(max_depth),
        sink_(sink),
        report_(text) {}
  JsonScanner(const JsonScanner&) = delete;
  JsonScanner& operator=(const JsonScanner&) = delete;

  // One document and nothing behind it.
  bool run() {
    if (!skip_space()) return false;
    if (p_ == end_) return report_.empty_document();
    Expect next = Expect::kFirstValue;
    while (next != Expect::kDone) {
      if (next == Expect::kAfterValue) {
        if (!after_value(next)) return false;
      } else if (next == Expect::kName || next == Expect::kFirstName) {
        if (!name(next)) return false;
      } else if (!value(next)) {
        return false;
      }
    }
    return true;
  }
  JsonError take_error() { return report_.take(); }

 private:
  // kFirst...: straight after the opening bracket, where the closing one may stand.
  enum class Expect : std::uint8_t {
    kFirstValue,
    kValue,
    kFirstName,
    kName,
    kAfterValue,
    kDone,
  };

  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  static bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
  std::size_t offset() const { return static_cast<std::size_t>(p_ - begin_); }

  // To the next significant character or the end.
  bool skip_space() {
    while (p_ != end_) {
      const unsigned char c = static_cast<unsigned char>(*p_);
      if (c > 0x20) return true;
      if (!is_space(*p_)) return report_.illegal_space(offset());
      ++p_;
    }
    return true;
  }

  bool value(Expect& next) {
    const char c = *p_;
    const bool first = next == Expect::kFirstValue;
    next = Expect::kAfterValue;
    switch (c) {
      case '"':
        return string(false);
      case '{':
        return open(false, next);
      case '[':
        return open(true, next);
      case 't':
        return literal("true", [this] { sink_.boolean(true); });
      case 'f':
        return literal("false", [this] { sink_.boolean(false); });
      case 'n':
        return literal("null", [this] { sink_.null(); });
      case ']':
      case '}':
        return first ? close(c) : report_.not_a_value(offset(), nesting_.scope());
      default:
        if (is_digit(c) || c == '-') return number();
        return report_.not_a_value(offset(), nesting_.scope());
    }
  }

  bool open(bool is_array, Expect& next) {
    if (!nesting_.push(offset(), is_array)) return report_.too_deep(nesting_.limit());
    sink_.begin(is_array);
    ++p_;
    if (!skip_space()) return false;
    if (p_ == end_) return report_.end_in_scope(nesting_.scope(), nesting_.opened_at());
    next = is_array ? Expect::kFirstValue : Expect::kFirstName;
    return true;
  }

  bool close(char bracket) {
    const bool is_array = bracket == ']';
    const JsonScope scope = nesting_.scope();
    if (scope != (is_array ? JsonScope::kArray : JsonScope::kObject)) {
      return report_.mismatched_close(offset(), scope,
                                      nesting_.at_root() ? 0 : nesting_.opened_at());
    }
    nesting_.pop();
    sink_.end(is_array);
    ++p_;
    return true;
  }

  bool name(Expect& next) {
    if (*p_ != '"') {
      if (next == Expect::kFirstName && (*p_ == '}' || *p_ == ']')) {
        next = Expect::kAfterValue;
        return close(*p_);
      }
      return report_.not_a_name(offset());
    }
    if (!string(true) || !skip_space()) return false;
    if (p_ == end_) return report_.end_between(JsonScope::kObject);
    if (*p_ != ':') {
      return report_.unexpected_char(offset(),
                                     "was expecting a colon to separate field name and value");
    }
    ++p_;
    if (!skip_space()) return false;
    if (p_ == end_) return report_.end_between(JsonScope::kObject);
    next = Expect::kValue;
    return true;
  }

  bool after_value(Expect& next) {
    if (!skip_space()) return false;
    if (nesting_.at_root()) {
      next = Expect::kDone;
      return p_ == end_ || trailing();
    }
    if (p_ == end_) return report_.end_in_scope(nesting_.scope(), nesting_.opened_at());
    const JsonScope scope = nesting_.scope();
    if (*p_ == '}' || *p_ == ']') return close(*p_);
    if (*p_ != ',') {
      return report_.unexpected_char(offset(), scope == JsonScope::kArray
                                                   ? "was expecting comma to separate Array entries"
                                                   : "was expecting comma to separate Object "
                                                     "entries");
    }
    ++p_;
    if (!skip_space()) return false;
    if (p_ == end_) return report_.end_between(scope);
    next = scope == JsonScope::kArray ? Expect::kValue : Expect::kName;
    return true;
  }

  // Something follows the document: a bad token is reported as such, a good one as trailing.
  bool trailing() {
    const char c = *p_;
    if (c == '{' || c == '[' || c == '"' || c == '-' || is_digit(c) || c == 't' || c == 'f' ||
        c == 'n') {
      return report_.trailing_token(offset());
    }
    if (c == '}' || c == ']') return report_.mismatched_close(offset(), JsonScope::kRoot, 0);
    return report_.not_a_value(offset(), JsonScope::kRoot);
  }

  template <class Emit>
  bool literal(std::string_view word, Emit emit) {
    const std::size_t left = static_cast<std::size_t>(end_ - p_);
    if (left < word.size() || std::memcmp(p_, word.data(), word.size()) != 0) {
      return report_.bad_token(offset());
    }
    const char* after = p_ + word.size();
    if (after != end_ && is_word_char(static_cast<unsigned char>(*after))) {
      return report_.bad_token(offset());
    }
    p_ = after;
    emit();
    return true;
  }

  static bool is_word_char(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || c >= 0x80;
  }

  bool digits() {
    const char* start = p_;
    while (p_ != end_ && is_digit(*p_)) ++p_;
    return p_ != start;
  }

  bool number() {
    const char* start = p_;
    if (*p_ == '-') {
      ++p_;
      if (p_ == end_) return report_.end_in_token(nesting_.scope(), offset_of(start));
      if (!is_digit(*p_)) return report_.bad_number_start(offset());
    }
    if (*p_ == '0') {
      ++p_;
      if (p_ != end_ && is_digit(*p_)) return report_.leading_zeros(offset());
    } else {
      digits();
    }
    const char* integer_end = p_;
    if (p_ != end_ && (*p_ == '.' || *p_ == 'e' || *p_ == 'E')) {
      if (!fraction_and_exponent(start)) return false;
    }
    if (nesting_.at_root() && p_ != end_ && !is_space(*p_)) {
      return report_.missing_root_space(offset());
    }
    sink_.number(std::string_view(start, static_cast<std::size_t>(p_ - start)), p_ == integer_end);
    return true;
  }

  bool fraction_and_exponent(const char* start) {
    if (*p_ == '.') {
      ++p_;
      if (!digits()) {
        return report_.unexpected_number_char(p_ == end_ ? offset() - 1 : offset(),
                                              "Decimal point not followed by a digit");
      }
    }
    if (p_ != end_ && (*p_ == 'e' || *p_ == 'E')) {
      ++p_;
      if (p_ != end_ && (*p_ == '+' || *p_ == '-')) ++p_;
      if (p_ == end_) return report_.end_in_token(nesting_.scope(), offset_of(start));
      if (!digits()) {
        return report_.unexpected_number_char(offset(),
                                              "Exponent indicator not followed by a digit");
      }
    }
    return true;
  }

  // p_ is at the opening quote.
  bool string(bool is_name) {
    const char* start = ++p_;
    bool escaped = false;
    for (;;) {
      skip_plain();
      if (p_ == end_) return end_in_string(is_name, start);
      const unsigned char c = static_cast<unsigned char>(*p_);
      if (c == '"') break;
      if (c == '\\') {
        escaped = true;
        if (!escape()) return false;
      } else if (c < 0x20) {
        return report_.unescaped_control(offset(), is_name);
      } else {
        const std::size_t length = utf8_length_at(p_, end_);
        if (length == 0) return bad_utf8(is_name, start);
        p_ += length;
      }
    }
    const std::string_view raw(start, static_cast<std::size_t>(p_ - start));
    ++p_;
    if (is_name) {
      sink_.key(raw, escaped);
    } else {
      sink_.string(raw, escaped);
    }
    return true;
  }

  // To the next quote, backslash, control character or byte beyond ASCII; eight bytes at a
  // time while there are eight.
  void skip_plain() {
    constexpr std::uint64_t kOnes = 0x0101010101010101u;
    constexpr std::uint64_t kHigh = 0x8080808080808080u;
    while (end_ - p_ >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p_, sizeof word);
      const std::uint64_t quote = word ^ (kOnes * '"');
      const std::uint64_t backslash = word ^ (kOnes * '\\');
      const std::uint64_t stop =
          (((quote - kOnes) | (backslash - kOnes) | (word - kOnes * 0x20)) | word) & kHigh;
      if (stop != 0) {
        // The lowest marked byte is exact: borrows only reach higher ones.
        if constexpr (std::endian::native == std::endian::little) {
          p_ += std::countr_zero(stop) / 8;
          return;
        }
        break;
      }
      p_ += 8;
    }
    while (p_ != end_) {
      const unsigned char c = static_cast<unsigned char>(*p_);
      if (c == '"' || c == '\\' || c < 0x20 || c >= 0x80) return;
      ++p_;
    }
  }

  bool escape() {
    ++p_;
    if (p_ == end_) return report_.end_of_input(" in character escape sequence");
    switch (*p_) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        ++p_;
        return true;
      case 'u':
        break;
      default:
        return report_.bad_escape(offset());
    }
    ++p_;
    for (int i = 0; i < 4; ++i, ++p_) {
      if (p_ == end_) return report_.end_of_input(" in character escape sequence");
      const char c = *p_;
      if (!is_digit(c) && static_cast<unsigned char>((c | 0x20) - 'a') > 5) {
        return report_.unexpected_char(offset(),
                                       "expected a hex-digit for character escape sequence");
      }
    }
    return true;
  }

  bool bad_utf8(bool is_name, const char* start) {
    return utf8_is_truncated(p_, end_) ? end_in_string(is_name, start)
                                       : report_.invalid_utf8(offset());
  }
  bool end_in_string(bool is_name, const char* start) {
    if (!is_name) return report_.end_of_input(" in VALUE_STRING");
    return report_.end_of_input(start == end_ ? ": was expecting closing '\"' for name"
                                              : " in field name");
  }
  std::size_t offset_of(const char* at) const { return static_cast<std::size_t>(at - begin_); }

  const char* begin_;
  const char* p_;
  const char* end_;
  JsonNesting nesting_;
  Sink& sink_;
  JsonErrorReporter report_;
};

}  // namespace lapwing::text
