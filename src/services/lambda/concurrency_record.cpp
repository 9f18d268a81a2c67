#include "services/lambda/concurrency_record.hpp"

#include "services/lambda/stored_json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::int64_t kConcurrencyFormat = 1;

}  // namespace

std::uint64_t ConcurrencyRecord::provisioned_total() const {
  std::uint64_t total = 0;
  for (const auto& [qualifier, config] : provisioned) total += config.requested;
  return total;
}

std::string encode_concurrency(const ConcurrencyRecord& record) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("v", kConcurrencyFormat);
  if (record.reserved) json.member("reserved", *record.reserved);
  json.key("provisioned");
  json.begin_object();
  for (const auto& [qualifier, config] : record.provisioned) {
    json.key(qualifier);
    json.begin_object();
    json.member("requested", config.requested);
    json.member("last_modified_ms", config.last_modified_ms);
    json.end_object();
  }
  json.end_object();
  json.end_object();
  return out;
}

Result<ConcurrencyRecord> decode_concurrency(const FunctionKey& key, std::string_view bytes) {
  LAPWING_TRY(const text::JsonDocument doc,
              parse_stored(bytes, "concurrency of " + function_arn(key), kConcurrencyFormat));
  const text::JsonValue& root = doc.root();
  ConcurrencyRecord record;
  record.key = key;
  if (root.find("reserved") != nullptr) {
    record.reserved = static_cast<std::uint32_t>(read_unsigned(root, "reserved"));
  }
  const text::JsonValue* provisioned = root.find("provisioned");
  if (provisioned == nullptr || !provisioned->is_object()) return record;
  for (const text::JsonMember& member : provisioned->members()) {
    record.provisioned[std::string(member.key)] = {
        static_cast<std::uint32_t>(read_unsigned(member.value, "requested")),
        read_integer(member.value, "last_modified_ms")};
  }
  return record;
}

}  // namespace lapwing::lambda
