#include "services/lambda/function_record.hpp"

#include "services/lambda/stored_json.hpp"
#include "text/base64.hpp"
#include "text/hex.hpp"
#include "text/json_writer.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::int64_t kRecordVersion = 1;

void write_map(text::JsonWriter& json, const std::map<std::string, std::string>& map) {
  json.begin_object();
  for (const auto& [key, value] : map) json.member(key, value);
  json.end_object();
}

void write_layers(text::JsonWriter& json, const std::vector<LayerRef>& layers) {
  json.begin_array();
  for (const LayerRef& layer : layers) {
    json.begin_object();
    json.member("arn", layer.arn);
    json.member("sha256", layer.content.sha256);
    json.member("size", layer.content.size);
    json.member("unpacked", layer.content.unpacked_bytes);
    json.end_object();
  }
  json.end_array();
}

void write_strings(text::JsonWriter& json, std::string_view key,
                   const std::vector<std::string>& strings) {
  json.key(key);
  json.begin_array();
  for (const std::string& text : strings) json.string(text);
  json.end_array();
}

void write_image(text::JsonWriter& json, const ImageRef& image) {
  json.begin_object();
  json.member("uri", image.uri);
  json.member("resolved_uri", image.resolved_uri);
  write_strings(json, "entry_point", image.overrides.entry_point);
  write_strings(json, "command", image.overrides.command);
  json.member("working_directory", image.overrides.working_directory);
  json.end_object();
}

std::vector<std::string> read_strings(const text::JsonValue& from, std::string_view key) {
  std::vector<std::string> out;
  const text::JsonValue* list = from.find(key);
  if (list == nullptr) return out;
  for (const text::JsonValue& item : list->items()) out.emplace_back(item.as_string());
  return out;
}

ImageRef read_image(const text::JsonValue& from) {
  ImageRef out;
  out.uri = read_string(from, "uri");
  out.resolved_uri = read_string(from, "resolved_uri");
  out.overrides.entry_point = read_strings(from, "entry_point");
  out.overrides.command = read_strings(from, "command");
  out.overrides.working_directory = read_string(from, "working_directory");
  return out;
}

void write_vpc(text::JsonWriter& json, const VpcPlace& vpc) {
  json.begin_object();
  write_strings(json, "subnets", vpc.subnets);
  write_strings(json, "groups", vpc.groups);
  json.member("vpc", vpc.vpc);
  if (vpc.ipv6) json.member("ipv6", true);
  json.end_object();
}

bool read_flag(const text::JsonValue& from, std::string_view key) {
  const text::JsonValue* found = from.find(key);
  return found != nullptr && found->as_bool();
}

VpcPlace read_vpc(const text::JsonValue& from) {
  VpcPlace out;
  out.subnets = read_strings(from, "subnets");
  out.groups = read_strings(from, "groups");
  out.vpc = read_string(from, "vpc");
  out.ipv6 = read_flag(from, "ipv6");
  return out;
}

void write_settings(text::JsonWriter& json, const Settings& in) {
  json.begin_object();
  json.member("id", in.id);
  json.member("runtime", in.runtime);
  json.member("handler", in.handler);
  json.member("role", in.role);
  json.member("description", in.description);
  json.member("architecture", in.architecture);
  if (in.environment) {
    json.key("environment");
    write_map(json, *in.environment);
  }
  json.member("memory_mb", in.memory_mb);
  json.member("timeout_s", in.timeout_s);
  json.member("ephemeral_storage_mb", in.ephemeral_storage_mb);
  json.member("log_group", in.log_group);
  json.member("log_json", in.log_format == runtime::LogFormat::kJson);
  json.member("application_log_level", in.application_log_level);
  json.member("system_log_level", in.system_log_level);
  if (in.snap_start) json.member("snap_start", true);
  if (in.trace_active) json.member("trace_active", true);
  if (!in.dead_letter.empty()) json.member("dead_letter", in.dead_letter);
  if (!in.layers.empty()) {
    json.key("layers");
    write_layers(json, in.layers);
  }
  if (in.vpc) {
    json.key("vpc");
    write_vpc(json, *in.vpc);
  }
  if (in.per_tenant) json.member("per_tenant", true);
  if (in.image) {
    json.key("image");
    write_image(json, *in.image);
  }
  json.member("code_sha256", in.code.sha256);
  json.member("code_size", in.code.size);
  json.member("code_unpacked", in.code.unpacked_bytes);
  if (!in.code.machine.empty()) json.member("code_machine", in.code.machine);
  json.end_object();
}

std::map<std::string, std::string> read_map(const text::JsonValue& from) {
  std::map<std::string, std::string> out;
  for (const text::JsonMember& member : from.members()) {
    out.emplace(member.key, member.value.as_string());
  }
  return out;
}

std::vector<LayerRef> read_layers(const text::JsonValue& from) {
  std::vector<LayerRef> out;
  for (const text::JsonValue& item : from.items()) {
    out.push_back({read_string(item, "arn"),
                   {read_string(item, "sha256"), read_unsigned(item, "size"),
                    read_unsigned(item, "unpacked")}});
  }
  return out;
}

Settings read_settings(const text::JsonValue& from) {
  Settings out;
  out.id = read_string(from, "id");
  out.runtime = read_string(from, "runtime");
  out.handler = read_string(from, "handler");
  out.role = read_string(from, "role");
  out.description = read_string(from, "description");
  out.architecture = read_string(from, "architecture");
  if (const text::JsonValue* environment = from.find("environment")) {
    out.environment = read_map(*environment);
  }
  out.memory_mb = static_cast<std::uint32_t>(read_integer(from, "memory_mb"));
  out.timeout_s = static_cast<std::uint32_t>(read_integer(from, "timeout_s"));
  out.ephemeral_storage_mb = static_cast<std::uint32_t>(read_integer(from, "ephemeral_storage_mb"));
  out.log_group = read_string(from, "log_group");
  const text::JsonValue* log_json = from.find("log_json");
  if (log_json != nullptr && log_json->as_bool()) out.log_format = runtime::LogFormat::kJson;
  out.application_log_level = read_string(from, "application_log_level");
  out.system_log_level = read_string(from, "system_log_level");
  out.code.sha256 = read_string(from, "code_sha256");
  out.code.size = read_unsigned(from, "code_size");
  out.code.unpacked_bytes = read_unsigned(from, "code_unpacked");
  out.code.machine = read_string(from, "code_machine");
  if (const text::JsonValue* image = from.find("image")) out.image = read_image(*image);
  out.snap_start = read_flag(from, "snap_start");
  out.trace_active = read_flag(from, "trace_active");
  if (const text::JsonValue* vpc = from.find("vpc")) out.vpc = read_vpc(*vpc);
  out.per_tenant = read_flag(from, "per_tenant");
  out.dead_letter = read_string(from, "dead_letter");
  if (const text::JsonValue* layers = from.find("layers")) out.layers = read_layers(*layers);
  return out;
}

Reason read_reason(const text::JsonValue& from, std::string_view code, std::string_view text) {
  return {read_string(from, code), read_string(from, text)};
}

State parse_state(std::string_view text) {
  if (text == "Active") return State::kActive;
  return text == "Failed" ? State::kFailed : State::kPending;
}

UpdateStatus parse_update(std::string_view text) {
  if (text == "InProgress") return UpdateStatus::kInProgress;
  if (text == "Successful") return UpdateStatus::kSuccessful;
  return text == "Failed" ? UpdateStatus::kFailed : UpdateStatus::kNone;
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::kPending:
      return "Pending";
    case State::kActive:
      return "Active";
    case State::kFailed:
      return "Failed";
  }
  return "";
}

std::string_view to_string(UpdateStatus status) {
  switch (status) {
    case UpdateStatus::kNone:
      return "";
    case UpdateStatus::kInProgress:
      return "InProgress";
    case UpdateStatus::kSuccessful:
      return "Successful";
    case UpdateStatus::kFailed:
      return "Failed";
  }
  return "";
}

std::string code_sha256_base64(const CodeRef& code) {
  const auto bytes = text::hex_decode(code.sha256);
  return bytes ? text::base64_encode(*bytes) : std::string();
}

std::string code_sha256(const Settings& settings) {
  return settings.image ? settings.code.sha256 : code_sha256_base64(settings.code);
}

bool unchanged(const Settings& published, Settings now) {
  now.id = published.id;
  return published == now;
}

std::string encode_record(const FunctionRecord& record) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("v", kRecordVersion);
  if (record.own_description) json.member("description", *record.own_description);
  json.key("settings");
  write_settings(json, record.settings);
  if (record.serving) {
    json.key("serving");
    write_settings(json, *record.serving);
  }
  if (record.optimized) json.member("optimized", true);
  json.member("state", to_string(record.state));
  json.member("state_code", record.state_reason.code);
  json.member("state_reason", record.state_reason.text);
  json.member("update", to_string(record.update));
  json.member("update_code", record.update_reason.code);
  json.member("update_reason", record.update_reason.text);
  json.member("revision_id", record.revision_id);
  json.member("last_modified_ms", record.last_modified_ms);
  json.key("tags");
  write_map(json, record.tags);
  json.end_object();
  return out;
}

Result<FunctionRecord> decode_record(const FunctionKey& key, std::uint64_t version,
                                     std::string_view bytes) {
  const std::string arn = function_arn(key, version_name(version));
  LAPWING_TRY(const text::JsonDocument doc, parse_stored(bytes, arn, kRecordVersion));
  const text::JsonValue& root = doc.root();
  const text::JsonValue* settings = root.find("settings");
  if (settings == nullptr) return fail(internal_error("record of " + arn + " has no settings"));
  FunctionRecord record;
  record.key = key;
  record.version = version;
  if (const text::JsonValue* own = root.find("description")) {
    record.own_description = own->as_string();
  }
  record.settings = read_settings(*settings);
  if (const text::JsonValue* serving = root.find("serving")) {
    record.serving = read_settings(*serving);
  }
  const text::JsonValue* optimized = root.find("optimized");
  record.optimized = optimized != nullptr && optimized->as_bool();
  record.state = parse_state(read_string(root, "state"));
  record.state_reason = read_reason(root, "state_code", "state_reason");
  record.update = parse_update(read_string(root, "update"));
  record.update_reason = read_reason(root, "update_code", "update_reason");
  record.revision_id = read_string(root, "revision_id");
  record.last_modified_ms = read_integer(root, "last_modified_ms");
  if (const text::JsonValue* tags = root.find("tags")) record.tags = read_map(*tags);
  return record;
}

std::string log_group_of(const FunctionRecord& record, const Settings& settings) {
  return settings.log_group.empty() ? "/aws/lambda/" + record.key.name.str() : settings.log_group;
}

}  // namespace lapwing::lambda
