#include "services/sns/message.hpp"

#include <fmt/core.h>

#include "resources/packed_fields.hpp"

namespace lapwing::sns {
namespace {

constexpr std::uint8_t kFormat = 1;

}  // namespace

std::string encode(const Message& message) {
  resources::PackedWriter out(kFormat, message.text.size() + 1024);
  out.number(static_cast<std::uint64_t>(message.kind));
  out.text(message.id);
  out.text(message.topic_arn);
  out.number(static_cast<std::uint64_t>(message.time_ms));
  out.text(message.text);
  out.number(message.texts.size());
  for (const auto& [protocol, text] : message.texts) {
    out.text(protocol);
    out.text(text);
  }
  out.flag(message.has_subject);
  out.text(message.subject);
  out.number(message.attributes.size());
  for (const MessageAttribute& attribute : message.attributes) {
    out.text(attribute.name);
    out.text(attribute.type);
    out.text(attribute.value);
  }
  out.text(message.group);
  out.text(message.deduplication_id);
  out.number(message.sequence);
  out.number(static_cast<std::uint64_t>(message.signature_version));
  out.text(message.token);
  out.text(message.base);
  out.text(message.trace);
  return std::move(out).take();
}

Result<Message> decode(std::string_view bytes) {
  resources::PackedReader in(bytes);
  if (in.format() != kFormat) return fail(internal_error("a message of an unknown format"));
  Message out;
  out.kind = static_cast<MessageKind>(in.number());
  out.id = in.text();
  out.topic_arn = in.text();
  out.time_ms = static_cast<std::int64_t>(in.number());
  out.text = in.text();
  for (std::size_t left = in.count(); left > 0; --left) {
    std::string protocol = in.text();
    out.texts[std::move(protocol)] = in.text();
  }
  out.has_subject = in.flag();
  out.subject = in.text();
  for (std::size_t left = in.count(); left > 0; --left) {
    MessageAttribute attribute;
    attribute.name = in.text();
    attribute.type = in.text();
    attribute.value = in.text();
    out.attributes.push_back(std::move(attribute));
  }
  out.group = in.text();
  out.deduplication_id = in.text();
  out.sequence = in.number();
  out.signature_version = static_cast<int>(in.number());
  out.token = in.text();
  out.base = in.text();
  out.trace = in.text();
  if (!in.whole()) return fail(internal_error("a message that is cut"));
  return out;
}

std::string sequence_text(std::uint64_t sequence) { return fmt::format("{:020}", sequence); }

}  // namespace lapwing::sns
