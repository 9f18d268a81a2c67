#include "services/sqs/message.hpp"

#include <fmt/core.h>

#include "crypto/md5.hpp"
#include "text/utf8.hpp"

namespace lapwing::sqs {
namespace {

constexpr char kFormat = 1;

void put_length(std::string& out, std::size_t length) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>((length >> static_cast<unsigned>(shift)) & 0xff);
  }
}

void put(std::string& out, std::string_view text) {
  put_length(out, text.size());
  out += text;
}

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : left_(bytes) {}

  std::size_t length() {
    if (left_.size() < 4) {
      broken_ = true;
      return 0;
    }
    std::size_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      out = out << 8 | static_cast<unsigned char>(left_[i]);
    }
    left_.remove_prefix(4);
    return out;
  }
  std::string text() {
    const std::size_t size = length();
    if (size > left_.size()) {
      broken_ = true;
      return {};
    }
    std::string out(left_.substr(0, size));
    left_.remove_prefix(size);
    return out;
  }
  bool broken() const { return broken_; }

 private:
  std::string_view left_;
  bool broken_ = false;
};

}  // namespace

std::string encode(const Message& message) {
  std::string out;
  std::size_t size = 160 + message.body.size();
  for (const MessageAttribute& attribute : message.attributes) size += attribute.size() + 12;
  out.reserve(size);
  out += kFormat;
  for (const std::string* const field :
       {&message.id, &message.sender_id, &message.deduplication_id, &message.source_arn,
        &message.trace_header, &message.body}) {
    put(out, *field);
  }
  put_length(out, message.attributes.size());
  for (const MessageAttribute& attribute : message.attributes) {
    put(out, attribute.name);
    put(out, attribute.type);
    put(out, attribute.value);
  }
  return out;
}

Result<Message> decode(std::string_view bytes) {
  const auto broken = [] { return fail(internal_error("a message of an unknown format")); };
  if (!bytes.starts_with(kFormat)) return broken();
  FieldReader reader(bytes.substr(1));
  Message out;
  for (std::string* const field : {&out.id, &out.sender_id, &out.deduplication_id, &out.source_arn,
                                   &out.trace_header, &out.body}) {
    *field = reader.text();
  }
  const std::size_t count = reader.length();
  for (std::size_t i = 0; i < count && !reader.broken(); ++i) {
    MessageAttribute& attribute = out.attributes.emplace_back();
    attribute.name = reader.text();
    attribute.type = reader.text();
    attribute.value = reader.text();
  }
  if (reader.broken()) return broken();
  return out;
}

std::string md5_of(const MessageAttributes& attributes) {
  std::string text;
  for (const MessageAttribute& attribute : attributes) {
    put(text, attribute.name);
    put(text, attribute.type);
    text += attribute.binary() ? '\x02' : '\x01';
    put(text, attribute.value);
  }
  return crypto::md5_hex(text);
}

std::size_t size_of(std::string_view body, const MessageAttributes& attributes) {
  std::size_t out = body.size();
  for (const MessageAttribute& attribute : attributes) out += attribute.size();
  return out;
}

bool is_message_text(std::string_view text) {
  bool plain = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') return false;
    plain = plain && byte < 0x80;
  }
  if (plain) return true;
  if (!text::is_valid_utf8(text)) return false;
  // U+FFFE and U+FFFF.
  return text.find("\xef\xbf\xbe") == std::string_view::npos &&
         text.find("\xef\xbf\xbf") == std::string_view::npos;
}

std::string sequence_number(std::uint64_t id) { return fmt::format("188{:017}", id); }

}  // namespace lapwing::sqs
