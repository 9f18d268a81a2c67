#include "services/sns/prepare.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "aws/validator.hpp"
#include "crypto/sha256.hpp"
#include "gen/sns/errors.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/words.hpp"
#include "text/decimal.hpp"
#include "text/json.hpp"
#include "text/utf8.hpp"

namespace lapwing::sns {
namespace {

namespace errors = gen::sns::errors;

Error bad_value(std::string message) { return errors::invalid_parameter_value(std::move(message)); }

Status check_subject(std::string_view subject) {
  const bool plain = std::ranges::none_of(
      subject, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (subject.empty() || !plain || !text::is_valid_utf8(subject) ||
      text::utf8_length(subject) > kSubjectCharactersMax) {
    return fail(invalid("Subject"));
  }
  return {};
}

Status check_attribute_name(std::string_view name) {
  if (name.empty() || name.size() > kAttributeNameBytesMax) {
    return fail(bad_value(fmt::format(
        "Length of message attribute name must be less than {} bytes.", kAttributeNameBytesMax)));
  }
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
    if (fits) continue;
    return fail(bad_value(fmt::format(
        "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can "
        "only include alphanumeric characters, hyphens, underscores, or dots.",
        static_cast<unsigned>(static_cast<unsigned char>(c)))));
  }
  for (const auto& [at, word] : {std::pair{name.front(), "starting"}, {name.back(), "ending"}}) {
    if (at != '.') continue;
    return fail(bad_value(
        fmt::format("Invalid message attribute name {} with character '.' was found.", word)));
  }
  if (name.find("..") != std::string_view::npos) {
    return fail(bad_value("Message attribute name can not have successive '.' character."));
  }
  return {};
}

bool is_string_array(std::string_view value) {
  const auto document = text::parse_json(value);
  return document && document->root().is_array();
}

Result<MessageAttribute> check_attribute(const std::string& name,
                                         const gen::sns::MessageAttributeValue& given) {
  LAPWING_CHECK(check_attribute_name(name));
  if (given.data_type.empty()) {
    return fail(bad_value(fmt::format(
        "The message attribute '{}' must contain non-empty message attribute type.", name)));
  }
  const std::string_view base =
      std::string_view(given.data_type).substr(0, given.data_type.find('.'));
  const bool known = base == "String" || base == "Number" || base == "Binary";
  if (!known || given.data_type.size() > kAttributeNameBytesMax ||
      !text::is_valid_utf8(given.data_type)) {
    return fail(bad_value(fmt::format(
        "The message attribute '{}' has an invalid message attribute type, the set of supported "
        "type prefixes is Binary, Number, and String.",
        name)));
  }
  MessageAttribute out{name, given.data_type, {}};
  const auto& value = out.binary() ? given.binary_value : given.string_value;
  const auto& other = out.binary() ? given.string_value : given.binary_value;
  if (!value && other) {
    return fail(
        bad_value(fmt::format("The message attribute '{}' with type '{}' must use field "
                              "'{}'.",
                              name, given.data_type, out.binary() ? "Binary" : "String")));
  }
  if (value.value_or("").empty()) {
    return fail(bad_value(fmt::format(
        "The message attribute '{}' must contain non-empty message attribute value for message "
        "attribute type '{}'.",
        name, given.data_type)));
  }
  if (!out.binary() && !text::is_valid_utf8(*value)) {
    return fail(bad_value(fmt::format("The message attribute '{}' is not UTF-8.", name)));
  }
  if (base == "Number" && !text::is_decimal(*value)) {
    return fail(
        bad_value(fmt::format("Could not cast message attribute '{}' value to number.", name)));
  }
  if (given.data_type == "String.Array" && !is_string_array(*value)) {
    return fail(bad_value(fmt::format(
        "The message attribute '{}' with type 'String.Array' must hold a JSON array.", name)));
  }
  out.value = *value;
  return out;
}

Result<MessageAttributes> check_attributes(const AttributeValues& given) {
  if (given.size() > kMessageAttributesMax) {
    return fail(
        bad_value(fmt::format("Number of message attributes [{}] exceeds the allowed "
                              "maximum [{}].",
                              given.size(), kMessageAttributesMax)));
  }
  MessageAttributes out;
  for (const auto& [name, value] : given) {
    LAPWING_TRY(MessageAttribute attribute, check_attribute(name, value));
    out.push_back(std::move(attribute));
  }
  return out;
}

// A text for each protocol, and one for all others.
Status take_structure(Message& message) {
  constexpr std::string_view kWhere = "Message Structure - ";
  const auto document = text::parse_json_copy(message.text);
  if (!document || !document->root().is_object()) {
    return fail(invalid(fmt::format("{}JSON message body failed to parse", kWhere)));
  }
  const text::JsonValue* const fallback = document->root().find("default");
  if (fallback == nullptr || !fallback->is_string()) {
    return fail(invalid(fmt::format("{}No default entry in JSON message body", kWhere)));
  }
  for (const text::JsonMember& member : document->root().members()) {
    if (member.key == "default" || !member.value.is_string()) continue;
    message.texts[std::string(member.key)] = member.value.as_string();
  }
  message.text = fallback->as_string();
  return {};
}

// Letters, digits and ASCII punctuation.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdCharactersMax &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Status check_id(std::string_view text, std::string_view parameter) {
  if (is_id(text)) return {};
  return fail(invalid(fmt::format(
      "{} Reason: {} can only include alphanumeric and punctuation characters. 1 to {} in length.",
      parameter, parameter, kIdCharactersMax)));
}

}  // namespace

std::string base_url(const aws::Call& call, std::string_view set) {
  if (!set.empty()) return std::string(set);
  return fmt::format("http://{}", call.caller.host.empty() ? "localhost" : call.caller.host);
}

std::size_t size_of(const Message& message) {
  std::size_t out = message.text.size();
  for (const auto& [protocol, text] : message.texts) out += protocol.size() + text.size();
  for (const MessageAttribute& attribute : message.attributes) out += attribute.size();
  return out;
}

Result<Message> prepare(const aws::Call& call, Random& random, Outgoing&& out) {
  Message message;
  if (out.subject) {
    LAPWING_CHECK(check_subject(*out.subject));
    message.has_subject = true;
    message.subject = std::move(*out.subject);
  }
  if (out.text.empty()) return fail(invalid("Empty message"));
  if (!text::is_valid_utf8(out.text)) return fail(invalid("Message"));
  message.text = std::move(out.text);
  if (out.attributes) {
    LAPWING_TRY(message.attributes, check_attributes(*out.attributes));
  }
  if (out.structure && !out.structure->empty()) {
    if (*out.structure != "json") return fail(invalid("MessageStructure"));
    if (message.text.size() > kMessageBytesMax) return fail(invalid("Message too long"));
    LAPWING_CHECK(take_structure(message));
    if (message.text.empty()) return fail(invalid("Empty message"));
  }
  message.id = make_uuid(random);
  message.trace = call.trace_id.size() <= kTraceBytesMax ? call.trace_id : std::string();
  if (!text::is_valid_utf8(message.trace)) message.trace.clear();
  return message;
}

Status check_fifo_ids(const Topic& topic, const Outgoing& out) {
  if (!topic.fifo) {
    if (!out.deduplication_id) return {};
    return fail(
        invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId "
                "parameter that is not valid for this topic type"));
  }
  if (!out.group) {
    return fail(invalid("The MessageGroupId parameter is required for FIFO topics"));
  }
  if (!out.deduplication_id && !topic.content_deduplication) {
    return fail(
        invalid("The topic should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"));
  }
  return {};
}

Status fit(const Topic& topic, const Outgoing& ids, Message& message) {
  LAPWING_CHECK(check_fifo_ids(topic, ids));
  if (ids.group) LAPWING_CHECK(check_id(*ids.group, "MessageGroupId"));
  if (ids.deduplication_id) {
    LAPWING_CHECK(check_id(*ids.deduplication_id, "MessageDeduplicationId"));
  }
  if (size_of(message) > topic.message_bytes_max()) return fail(invalid("Message too long"));
  message.topic_arn = topic.arn();
  message.signature_version = topic.signature_version();
  message.group = ids.group.value_or("");
  if (topic.fifo) {
    message.deduplication_id =
        ids.deduplication_id ? *ids.deduplication_id : crypto::sha256_hex(message.text);
  }
  return {};
}

}  // namespace lapwing::sns
