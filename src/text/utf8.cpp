#include "text/utf8.hpp"

#include <cstring>

#include "text/utf8_inline.hpp"

namespace lapwing::text {

std::size_t valid_utf8_prefix(std::string_view text) {
  constexpr std::uint64_t kHigh = 0x8080808080808080u;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin;
  while (p != end) {
    std::uint64_t word;
    if (end - p >= 8 && (std::memcpy(&word, p, 8), (word & kHigh) == 0)) {
      p += 8;
      continue;
    }
    const std::size_t length = utf8_length_at(p, end);
    if (length == 0) break;
    p += length;
  }
  return static_cast<std::size_t>(p - begin);
}

bool is_valid_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

std::size_t utf8_sequence_length(std::string_view text) {
  return text.empty() ? 0 : utf8_length_at(text.data(), text.data() + text.size());
}

namespace {

// Bytes at `p` that begin a good character but do not finish it, at least one: what one
// U+FFFD stands for.
std::size_t ill_formed_length(const char* p, const char* end) {
  const unsigned char first = static_cast<unsigned char>(*p);
  const std::ptrdiff_t want = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  std::ptrdiff_t length = 1;
  while (length < want && length < end - p) {
    // A prefix is good if some completion of it is: try the two extreme ones.
    char low[4] = {*p, '\x80', '\x80', '\x80'};
    char high[4] = {*p, '\xBF', '\xBF', '\xBF'};
    const auto size = static_cast<std::size_t>(length) + 1;
    std::memcpy(low, p, size);
    std::memcpy(high, p, size);
    if (utf8_length_at(low, low + want) == 0 && utf8_length_at(high, high + want) == 0) break;
    ++length;
  }
  return static_cast<std::size_t>(length);
}

}  // namespace

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t good = valid_utf8_prefix(text);
    out.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) break;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(ill_formed_length(text.data(), text.data() + text.size()));
  }
  return out;
}

std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t cut = max_bytes;
  // Back to the start of the character that would be broken; at most three steps, so that
  // bytes that are no UTF-8 are cut where they are.
  for (std::size_t back = 0; back < 4 && back <= max_bytes; ++back) {
    const std::size_t start = max_bytes - back;
    if ((static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) continue;
    if (start + utf8_sequence_length(text.substr(start)) > max_bytes) cut = start;
    break;
  }
  return text.substr(0, cut);
}

std::size_t utf8_length(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    text.remove_prefix(length == 0 ? 1 : length);
    ++count;
  }
  return count;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | (c >> 6));
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3F));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

}  // namespace lapwing::text
