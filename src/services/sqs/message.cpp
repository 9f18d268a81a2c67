#include "services/sqs/message.hpp"

#include <fmt/core.h>

#include "base/packed.hpp"
#include "crypto/md5.hpp"
#include "text/utf8.hpp"

namespace lapwing::sqs {
namespace {

constexpr char kFormat = 1;

}  // namespace

std::string encode(const Message& message) {
  std::size_t size = 160 + message.body.size();
  for (const MessageAttribute& attribute : message.attributes) size += attribute.size() + 12;
  PackedWriter out(kFormat);
  out.reserve(size);
  for (const std::string* const field :
       {&message.id, &message.sender_id, &message.deduplication_id, &message.source_arn,
        &message.trace_header, &message.body}) {
    out.text(*field);
  }
  out.length(message.attributes.size());
  for (const MessageAttribute& attribute : message.attributes) {
    out.text(attribute.name);
    out.text(attribute.type);
    out.text(attribute.value);
  }
  return std::move(out).take();
}

Result<Message> decode(std::string_view bytes) {
  PackedReader in(bytes, kFormat);
  Message out;
  for (std::string* const field : {&out.id, &out.sender_id, &out.deduplication_id, &out.source_arn,
                                   &out.trace_header, &out.body}) {
    *field = in.text();
  }
  const std::size_t count = in.length();
  for (std::size_t i = 0; i < count && !in.broken(); ++i) {
    MessageAttribute& attribute = out.attributes.emplace_back();
    attribute.name = in.text();
    attribute.type = in.text();
    attribute.value = in.text();
  }
  if (in.broken()) return fail(internal_error("a message of an unknown format"));
  return out;
}

std::string md5_of(const MessageAttributes& attributes) {
  std::string all;
  const auto put = [&](std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    for (const unsigned shift : {24U, 16U, 8U, 0U}) all += static_cast<char>(size >> shift & 0xff);
    all += text;
  };
  for (const MessageAttribute& attribute : attributes) {
    put(attribute.name);
    put(attribute.type);
    all += attribute.binary() ? '\x02' : '\x01';
    put(attribute.value);
  }
  return crypto::md5_hex(all);
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
