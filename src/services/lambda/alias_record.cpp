#include "services/lambda/alias_record.hpp"

#include "services/lambda/stored_json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::int64_t kAliasFormat = 1;

}  // namespace

std::vector<std::uint64_t> AliasTarget::versions() const {
  std::vector<std::uint64_t> out{version};
  if (additional) out.push_back(additional->version);
  return out;
}

std::string encode_alias(const AliasRecord& alias) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("v", kAliasFormat);
  json.member("description", alias.description);
  json.member("version", alias.target.version);
  if (alias.target.additional) {
    json.member("additional_version", alias.target.additional->version);
    json.member("additional_weight", alias.target.additional->weight);
  }
  json.member("revision_id", alias.revision_id);
  json.end_object();
  return out;
}

Result<AliasRecord> decode_alias(const FunctionKey& key, std::string_view name,
                                 std::string_view bytes) {
  LAPWING_TRY(const text::JsonDocument doc,
              parse_stored(bytes, function_arn(key, name), kAliasFormat));
  const text::JsonValue& root = doc.root();
  AliasRecord alias;
  alias.key = key;
  alias.name = name;
  alias.description = read_string(root, "description");
  alias.target.version = read_unsigned(root, "version");
  if (const text::JsonValue* weight = root.find("additional_weight")) {
    alias.target.additional =
        WeightedVersion{read_unsigned(root, "additional_version"), weight->as_double()};
  }
  alias.revision_id = read_string(root, "revision_id");
  return alias;
}

}  // namespace lapwing::lambda
