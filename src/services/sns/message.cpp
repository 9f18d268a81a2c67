#include "services/sns/message.hpp"

#include <fmt/core.h>

#include "base/packed.hpp"

namespace lapwing::sns {
namespace {

constexpr char kFormat = 1;

}  // namespace

std::string encode(const Message& message) {
  PackedWriter out(kFormat);
  out.reserve(message.text.size() + 1024);
  out.number(static_cast<std::uint64_t>(message.kind));
  out.text(message.id);
  out.text(message.topic_arn);
  out.number(static_cast<std::uint64_t>(message.time_ms));
  out.text(message.text);
  out.length(message.texts.size());
  for (const auto& [protocol, text] : message.texts) {
    out.text(protocol);
    out.text(text);
  }
  out.number(message.has_subject ? 1 : 0);
  out.text(message.subject);
  out.length(message.attributes.size());
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
  out.text(message.to_protocol);
  out.text(message.to_endpoint);
  out.text(message.base);
  out.text(message.trace);
  return std::move(out).take();
}

Result<Message> decode(std::string_view bytes) {
  PackedReader in(bytes, kFormat);
  Message out;
  out.kind = static_cast<MessageKind>(in.number());
  out.id = in.text();
  out.topic_arn = in.text();
  out.time_ms = static_cast<std::int64_t>(in.number());
  out.text = in.text();
  for (std::size_t left = in.length(); left > 0 && !in.broken(); --left) {
    std::string protocol = in.text();
    out.texts[std::move(protocol)] = in.text();
  }
  out.has_subject = in.number() != 0;
  out.subject = in.text();
  for (std::size_t left = in.length(); left > 0 && !in.broken(); --left) {
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
  out.to_protocol = in.text();
  out.to_endpoint = in.text();
  out.base = in.text();
  out.trace = in.text();
  if (in.broken()) return fail(internal_error("a message of an unknown format"));
  return out;
}

std::string sequence_text(std::uint64_t sequence) { return fmt::format("{:020}", sequence); }

}  // namespace lapwing::sns
