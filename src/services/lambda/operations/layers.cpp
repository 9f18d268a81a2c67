#include <algorithm>

#include "aws/operation_table.hpp"
#include "aws/page_token.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/operations/layer_common.hpp"
#include "text/time_format.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

struct Filter {
  const std::optional<std::string>& runtime;
  const std::optional<std::string>& architecture;
};

bool lists(const std::optional<std::vector<std::string>>& list,
           const std::optional<std::string>& wanted) {
  if (!wanted) return true;
  return list && std::ranges::find(*list, *wanted) != list->end();
}

bool matches(const LayerVersionRecord& record, const Filter& filter) {
  return lists(record.runtimes, filter.runtime) && lists(record.architectures, filter.architecture);
}

// What every answer about a layer version has.
template <class Out>
void describe_version(Out& out, const LayerVersionRecord& record) {
  out.layer_version_arn = layer_version_arn(record.key);
  out.version = static_cast<std::int64_t>(record.key.version);
  out.description = record.description;
  out.created_date = text::format_lambda_time(wall_from_unix_ms(record.created_ms));
  out.compatible_runtimes = record.runtimes;
  out.compatible_architectures = record.architectures;
  out.license_info = record.license;
}

// What PublishLayerVersion and GetLayerVersion answer alike.
template <class Out>
Out describe(const Core& core, const aws::Caller& caller, const LayerVersionRecord& record) {
  const LayerKey& layer = record.key.layer;
  Out out;
  gl::LayerVersionContentOutput content;
  content.code_sha256 = code_sha256_base64(record.content);
  content.code_size = static_cast<std::int64_t>(record.content.size);
  content.location =
      core.code_urls.make(caller.host, layer.account, layer.region, layer.name, record.content);
  out.content = std::move(content);
  out.layer_arn = layer_arn(layer);
  describe_version(out, record);
  return out;
}

gl::LayerVersionsListItem describe_in_list(const LayerVersionRecord& record) {
  gl::LayerVersionsListItem out;
  describe_version(out, record);
  return out;
}

// The versions that match, newest first, older than `before` (0: all), until there are `limit`.
Result<std::vector<LayerVersionRecord>> find_versions(Core& core, const LayerKey& key,
                                                      const Filter& filter, std::uint64_t before,
                                                      std::size_t limit) {
  std::vector<LayerVersionRecord> out;
  while (true) {
    LAPWING_TRY(Page<LayerVersionRecord> page,
                core.functions.list_layer_versions(key, before, limit));
    for (LayerVersionRecord& record : page.items) {
      before = record.key.version;
      if (matches(record, filter)) out.push_back(std::move(record));
      if (out.size() == limit) return out;
    }
    if (page.next.empty()) return out;
  }
}

Result<gl::GetLayerVersionResponse> get(Core& core, const aws::Caller& caller,
                                        const LayerVersionKey& key) {
  std::optional<LayerVersionRecord> record;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(record, records.find(key));
    return {};
  }));
  if (key.layer.account != caller.account && (!record || !allows(*record, caller.account))) {
    return fail(errors::access_denied(caller.principal_arn, "lambda:GetLayerVersion",
                                      layer_version_arn(key)));
  }
  if (!record) return fail(errors::resource_not_found());
  return describe<gl::GetLayerVersionResponse>(core, caller, *record);
}

}  // namespace

Result<gl::PublishLayerVersionResponse> publish_layer_version(Core& core, const aws::Call& call,
                                                              gl::PublishLayerVersionRequest in) {
  LayerVersionRecord record;
  LAPWING_TRY(record.key.layer,
              identify_own_layer(call.caller, in.layer_name, "lambda:PublishLayerVersion"));
  if (in.content.s3_bucket || in.content.s3_key) {
    return fail(aws::unsupported("lambda", "PublishLayerVersion", "Content.S3Bucket",
                                 "Amazon S3 is not built yet, send Content.ZipFile"));
  }
  if (!in.content.zip_file) return fail(errors::no_code());
  LAPWING_TRY(record.content, keep_package(core, *in.content.zip_file, in.layer_name));
  record.description = in.description.value_or("");
  record.license = std::move(in.license_info);
  record.runtimes = std::move(in.compatible_runtimes);
  record.architectures = std::move(in.compatible_architectures);
  record.created_ms = unix_ms(core.clock.wall());
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(record.key.version, txn.next_version(record.key.layer));
    return txn.put(record);
  }));
  return describe<gl::PublishLayerVersionResponse>(core, call.caller, record);
}

Result<gl::GetLayerVersionResponse> get_layer_version(Core& core, const aws::Call& call,
                                                      const gl::GetLayerVersionRequest& in) {
  LAPWING_TRY(const LayerVersionKey key,
              identify_layer_version(call.caller, in.layer_name, in.version_number));
  return get(core, call.caller, key);
}

Result<gl::GetLayerVersionResponse> get_layer_version_by_arn(
    Core& core, const aws::Call& call, const gl::GetLayerVersionByArnRequest& in) {
  const std::optional<LayerVersionKey> key = parse_layer_version_arn(in.arn);
  if (!key || key->layer.region != call.caller.region) return fail(errors::resource_not_found());
  return get(core, call.caller, *key);
}

// Functions that use the version go on: they name its content themselves. A version that is not
// there is deleted already.
Result<aws::Empty> delete_layer_version(Core& core, const aws::Call& call,
                                        const gl::DeleteLayerVersionRequest& in) {
  LAPWING_TRY(const LayerVersionKey key,
              identify_own_layer_version(call.caller, in.layer_name, in.version_number,
                                         "lambda:DeleteLayerVersion"));
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status { return txn.erase(key); }));
  return aws::Empty{};
}

// The marker is the name of the last layer shown.
Result<gl::ListLayersResponse> list_layers(Core& core, const aws::Call& call,
                                           const gl::ListLayersRequest& in) {
  constexpr std::string_view kList = "lambda.ListLayers";
  LAPWING_TRY(std::string after, read_marker(kList, in.marker));
  const std::size_t limit = page_size(in.max_items);
  const Filter filter{in.compatible_runtime, in.compatible_architecture};
  gl::ListLayersResponse out;
  out.layers.emplace();
  while (true) {
    LAPWING_TRY(
        const Page<std::string> names,
        core.functions.list_layer_names(call.caller.account, call.caller.region, after, limit));
    for (const std::string& name : names.items) {
      const LayerKey key{call.caller.account, call.caller.region, name};
      LAPWING_TRY(const auto newest, find_versions(core, key, filter, 0, 1));
      if (newest.empty()) continue;
      if (out.layers->size() == limit) {
        out.next_marker = aws::write_page_token(kList, *out.layers->back().layer_name);
        return out;
      }
      gl::LayersListItem item;
      item.layer_name = name;
      item.layer_arn = layer_arn(key);
      item.latest_matching_version = describe_in_list(newest.front());
      out.layers->push_back(std::move(item));
    }
    if (names.next.empty()) return out;
    after = names.next;
  }
}

// The marker is the number of the last version shown. A layer that never was has no versions.
Result<gl::ListLayerVersionsResponse> list_layer_versions(Core& core, const aws::Call& call,
                                                          const gl::ListLayerVersionsRequest& in) {
  LAPWING_TRY(const LayerKey key,
              identify_own_layer(call.caller, in.layer_name, "lambda:ListLayerVersions"));
  const std::string list = "lambda.ListLayerVersions " + layer_arn(key);
  LAPWING_TRY(const std::string marker, read_marker(list, in.marker));
  std::uint64_t before = 0;
  if (!marker.empty()) {
    const std::optional<std::uint64_t> version = parse_version(marker);
    if (!version) return fail(errors::invalid_marker());
    before = *version;
  }
  const std::size_t limit = page_size(in.max_items);
  const Filter filter{in.compatible_runtime, in.compatible_architecture};
  LAPWING_TRY(auto shown, find_versions(core, key, filter, before, limit + 1));
  gl::ListLayerVersionsResponse out;
  if (shown.size() > limit) {
    shown.resize(limit);
    out.next_marker = aws::write_page_token(list, std::to_string(shown.back().key.version));
  }
  out.layer_versions.emplace();
  for (const LayerVersionRecord& record : shown) {
    out.layer_versions->push_back(describe_in_list(record));
  }
  return out;
}

}  // namespace lapwing::lambda
