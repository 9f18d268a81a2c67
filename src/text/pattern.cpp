#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pattern.hpp"

#include <array>
#include <cstdint>
#include <pcre2.h>
#include <utility>

#include "text/hex.hpp"
#include "text/limits.hpp"
#include "text/utf8.hpp"

namespace lapwing::text {
namespace {

struct JavaClass {
  std::string_view java;
  std::string_view pcre;
};
// Java's names of properties that PCRE2 spells otherwise.
constexpr std::array kClasses = {
    JavaClass{"Alnum", "[a-zA-Z0-9]"},
    JavaClass{"Alpha", "[a-zA-Z]"},
    JavaClass{"Digit", "[0-9]"},
    JavaClass{"Lower", "[a-z]"},
    JavaClass{"Upper", "[A-Z]"},
    JavaClass{"Punct", "[!-\\/:-@\\[-`{-~]"},
    JavaClass{"Graph", "[!-~]"},
    JavaClass{"Print", "[ -~]"},
    JavaClass{"Blank", "[ \\t]"},
    JavaClass{"Space", "[ \\t\\n\\x0B\\f\\r]"},
    JavaClass{"Cntrl", "[\\x00-\\x1F\\x7F]"},
    JavaClass{"XDigit", "[0-9a-fA-F]"},
    JavaClass{"ASCII", "[\\x00-\\x7F]"},
    JavaClass{"IsAlphabetic", "\\p{L}"},
    JavaClass{"IsLetter", "\\p{L}"},
    JavaClass{"IsDigit", "\\p{Nd}"},
    JavaClass{"LD", "\\p{L}\\p{Nd}"},
};

// Rewrites Java's dialect into PCRE2's, left to right, knowing only whether it is inside a
// character class.
class Translator {
 public:
  explicit Translator(std::string_view java) : in_(java) {}

  std::string run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\' && at_ + 1 < in_.size()) {
        escape();
      } else if (c == '[') {
        in_class_ = true;
        copy(1);
        if (peek() == '^') copy(1);
        if (peek() == ']') copy(1);
      } else if (c == ']') {
        in_class_ = false;
        copy(1);
      } else if (c == '-' && in_class_) {
        hyphen();
      } else {
        copy(1);
        after_class_ = false;
      }
    }
    return std::move(out_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
  }
  void copy(std::size_t count) {
    out_.append(in_.substr(at_, count));
    at_ += count;
    after_class_ = false;
  }

  // A hyphen beside \w and the like is itself; PCRE2 would call the range invalid.
  void hyphen() {
    const bool before_class = peek(1) == '\\' && std::string_view("dDwWsSpP").contains(peek(2));
    if (after_class_ || before_class) out_ += '\\';
    copy(1);
  }

  void escape() {
    const char kind = in_[at_ + 1];
    if (kind == 'u') return unicode();
    if ((kind == 'p' || kind == 'P') && peek(2) == '{') return property(kind == 'P');
    copy(2);
    after_class_ = std::string_view("dDwWsSvVhH").contains(kind);
  }

  std::int32_t hex4(std::size_t from) const {
    std::int32_t value = 0;
    for (std::size_t i = from; i < from + 4; ++i) {
      const int digit = hex_digit(i < in_.size() ? in_[i] : '\0');
      if (digit < 0) return -1;
      value = value * 16 + digit;
    }
    return value;
  }

  void unicode() {
    std::int32_t value = hex4(at_ + 2);
    if (value < 0) return copy(2);
    at_ += 6;
    const bool high = value >= 0xD800 && value < 0xDC00;
    if (high && peek() == '\\' && peek(1) == 'u') {
      const std::int32_t low = hex4(at_ + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
        at_ += 6;
      }
    }
    // Half a pair, as some models have by mistake: no text holds one, so it becomes a
    // character that no text should hold either.
    if (value >= 0xD800 && value < 0xE000) value = 0x10FFFF;
    constexpr char kDigits[] = "0123456789ABCDEF";
    out_ += "\\x{";
    for (int shift = 20; shift >= 0; shift -= 4) out_ += kDigits[(value >> shift) & 0xF];
    out_ += '}';
    after_class_ = false;
  }

  void property(bool negated) {
    const std::size_t close = in_.find('}', at_);
    if (close == std::string_view::npos) return copy(2);
    std::string_view name = in_.substr(at_ + 3, close - at_ - 3);
    at_ = close + 1;
    after_class_ = true;
    for (const JavaClass& known : kClasses) {
      if (known.java == name && !(negated && in_class_)) {
        const bool bracketed = known.pcre.front() == '[';
        const std::string_view inner =
            bracketed ? known.pcre.substr(1, known.pcre.size() - 2) : known.pcre;
        if (in_class_) {
          out_ += inner;
        } else {
          out_ += negated ? "[^" : "[";
          out_ += inner;
          out_ += ']';
        }
        return;
      }
    }
    if (name.starts_with("Is")) name.remove_prefix(2);
    out_ += negated ? "\\P{" : "\\p{";
    out_ += name;
    out_ += '}';
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  bool in_class_ = false;
  bool after_class_ = false;  // the last thing written was a class escape
};

}  // namespace

struct Pattern::Impl {
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }

  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
};

Pattern::Pattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view java_regex) {
  if (java_regex.size() > kPatternMaxBytes) {
    return fail(make_error(ErrorKind::kTooLarge, "Pattern is longer than " +
                                                     std::to_string(kPatternMaxBytes) + " bytes"));
  }
  if (java_regex.contains("&&[")) {
    return fail(make_error(ErrorKind::kUnsupported,
                           "Intersections of character classes are not supported in patterns"));
  }
  const std::string translated = Translator(java_regex).run();
  auto impl = std::make_unique<Impl>();
  int code = 0;
  PCRE2_SIZE position = 0;
  // Safe: PCRE2 takes bytes as unsigned char.
  const auto* text = reinterpret_cast<PCRE2_SPTR>(translated.data());
  const std::uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED |
                                PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
  impl->code = pcre2_compile(text, translated.size(), options, &code, &position, nullptr);
  if (impl->code == nullptr) {
    std::array<PCRE2_UCHAR, 256> buffer{};
    pcre2_get_error_message(code, buffer.data(), buffer.size());
    return fail(make_error(ErrorKind::kInvalid,
                           "Invalid pattern at position " + std::to_string(position) + ": " +
                               reinterpret_cast<const char*>(buffer.data())));  // as above
  }
  impl->limits = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(impl->limits, kPatternMatchSteps);
  pcre2_set_heap_limit(impl->limits, kPatternHeapKiB);
  return Pattern(std::move(impl));
}

Result<bool> Pattern::matches(std::string_view text) const {
  if (!is_valid_utf8(text)) return false;
  struct Free {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  };
  const std::unique_ptr<pcre2_match_data, Free> data(pcre2_match_data_create(1, nullptr));
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());  // safe: bytes may alias
  const int result = pcre2_match(impl_->code, subject, text.size(), 0, PCRE2_NO_UTF_CHECK,
                                 data.get(), impl_->limits);
  if (result >= 0) return true;
  if (result == PCRE2_ERROR_NOMATCH) return false;
  return fail(make_error(ErrorKind::kTooLarge, "Text is too complex for its pattern")
                  .with_detail("pcre2_match: " + std::to_string(result)));
}

const Pattern* PatternCache::get(std::string_view java_regex) {
  const std::lock_guard lock(mutex_);
  const auto found = patterns_.find(std::string(java_regex));
  if (found != patterns_.end()) return found->second.get();
  auto compiled = Pattern::compile(java_regex);
  auto owned = compiled ? std::make_unique<Pattern>(std::move(*compiled)) : nullptr;
  return patterns_.emplace(java_regex, std::move(owned)).first->second.get();
}

std::size_t PatternCache::size() const {
  const std::lock_guard lock(mutex_);
  return patterns_.size();
}

}  // namespace lapwing::text
