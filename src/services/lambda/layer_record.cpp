#include "services/lambda/layer_record.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "policy/evaluate.hpp"
#include "policy/statements.hpp"
#include "services/lambda/stored_json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::int64_t kLayerFormat = 1;
constexpr std::string_view kType = "layer";
constexpr const char* kGetAction = "lambda:GetLayerVersion";

bool is_layer_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// An ARN of this service whose resource is a layer or a version of one.
std::optional<aws::Arn> parse_layer_arn(std::string_view text) {
  auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != "lambda" || arn->resource_type() != kType ||
      !aws::is_account_id(arn->account.view()) || arn->region.empty()) {
    return std::nullopt;
  }
  return *std::move(arn);
}

void write_strings(text::JsonWriter& json, std::string_view key,
                   const std::optional<std::vector<std::string>>& strings) {
  if (!strings) return;
  json.key(key);
  json.begin_array();
  for (const std::string& string : *strings) json.string(string);
  json.end_array();
}

policy::Statement statement_of(const LayerVersionRecord& record, const LayerStatement& statement) {
  policy::Statement out;
  out.sid = statement.id;
  out.effect = policy::Effect::kAllow;
  out.everyone = statement.principal == "*";
  if (!out.everyone) out.principals = {{"AWS", statement.principal}};
  out.actions = {kGetAction};
  out.resources = {layer_version_arn(record.key)};
  return out;
}

}  // namespace

std::string layer_arn(const LayerKey& key) {
  return fmt::format("arn:{}:lambda:{}:{}:layer:{}", aws::partition_of(key.region.view()),
                     key.region.view(), key.account.view(), key.name);
}

std::string layer_version_arn(const LayerVersionKey& key) {
  return fmt::format("{}:{}", layer_arn(key.layer), key.version);
}

std::optional<LayerKey> parse_layer(std::string_view name_or_arn, const AccountId& account,
                                    const Region& region) {
  if (is_layer_name(name_or_arn)) return LayerKey{account, region, std::string(name_or_arn)};
  const std::optional<aws::Arn> arn = parse_layer_arn(name_or_arn);
  if (!arn || !is_layer_name(arn->resource_id())) return std::nullopt;
  return LayerKey{arn->account, arn->region, std::string(arn->resource_id())};
}

std::optional<LayerVersionKey> parse_layer_version_arn(std::string_view text) {
  const std::optional<aws::Arn> arn = parse_layer_arn(text);
  if (!arn) return std::nullopt;
  const std::string_view id = arn->resource_id();
  const std::size_t colon = id.find(':');
  if (colon == std::string_view::npos || !is_layer_name(id.substr(0, colon))) return std::nullopt;
  const std::optional<std::uint64_t> version = parse_version(id.substr(colon + 1));
  if (!version || *version == 0) return std::nullopt;
  return LayerVersionKey{{arn->account, arn->region, std::string(id.substr(0, colon))}, *version};
}

bool allows(const LayerVersionRecord& record, const AccountId& account) {
  if (record.key.layer.account == account) return true;
  policy::Document document;
  for (const LayerStatement& statement : record.statements) {
    document.statements.push_back(statement_of(record, statement));
  }
  policy::Request request;
  request.asker.account = account.str();
  request.action = kGetAction;
  request.resource = layer_version_arn(record.key);
  const policy::Verdict verdict = policy::evaluate(document, request);
  return verdict == policy::Verdict::kAccount || verdict == policy::Verdict::kAllowed;
}

std::string statement_json(const LayerVersionRecord& record, const LayerStatement& statement) {
  return policy::statement_json(statement_of(record, statement));
}

std::string policy_json(const LayerVersionRecord& record) {
  std::vector<std::string> statements;
  for (const LayerStatement& statement : record.statements) {
    statements.push_back(statement_json(record, statement));
  }
  return policy::document_json("2012-10-17", "default", statements);
}

std::string encode_layer_version(const LayerVersionRecord& record) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("v", kLayerFormat);
  json.member("sha256", record.content.sha256);
  json.member("size", record.content.size);
  json.member("unpacked", record.content.unpacked_bytes);
  json.member("description", record.description);
  if (record.license) json.member("license", *record.license);
  write_strings(json, "runtimes", record.runtimes);
  write_strings(json, "architectures", record.architectures);
  json.member("created_ms", record.created_ms);
  json.key("statements");
  json.begin_array();
  for (const LayerStatement& statement : record.statements) {
    json.begin_object();
    json.member("id", statement.id);
    json.member("principal", statement.principal);
    json.end_object();
  }
  json.end_array();
  json.member("policy_revision_id", record.policy_revision_id);
  json.end_object();
  return out;
}

Result<LayerVersionRecord> decode_layer_version(const LayerVersionKey& key,
                                                std::string_view bytes) {
  LAPWING_TRY(const text::JsonDocument doc,
              parse_stored(bytes, layer_version_arn(key), kLayerFormat));
  const text::JsonValue& root = doc.root();
  LayerVersionRecord out;
  out.key = key;
  out.content = {read_string(root, "sha256"), read_unsigned(root, "size"),
                 read_unsigned(root, "unpacked")};
  out.description = read_string(root, "description");
  if (root.find("license") != nullptr) out.license = read_string(root, "license");
  out.runtimes = read_strings(root, "runtimes");
  out.architectures = read_strings(root, "architectures");
  out.created_ms = read_integer(root, "created_ms");
  if (const text::JsonValue* statements = root.find("statements")) {
    for (const text::JsonValue& item : statements->items()) {
      out.statements.push_back({read_string(item, "id"), read_string(item, "principal")});
    }
  }
  out.policy_revision_id = read_string(root, "policy_revision_id");
  return out;
}

}  // namespace lapwing::lambda
