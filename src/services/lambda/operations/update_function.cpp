#include "aws/operation_table.hpp"
#include "crypto/sha256.hpp"
#include "services/lambda/configuration.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/layer_input.hpp"
#include "services/lambda/operations/code_signing.hpp"
#include "services/lambda/operations/common.hpp"
#include "services/lambda/settings_input.hpp"
#include "services/lambda/vpc_input.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

Status check_code(const gl::UpdateFunctionCodeRequest& in, bool image) {
  constexpr std::string_view kOperation = "UpdateFunctionCode";
  const bool zip = in.zip_file.has_value();
  const bool s3 = in.s3_bucket || in.s3_key;
  if (image && !in.image_uri) return fail(errors::image_uri_needed("updating"));
  if (image) return zip || s3 ? fail(errors::code_given_twice()) : Status();
  if (zip && (s3 || in.image_uri)) return fail(errors::code_given_twice());
  if (s3) {
    return fail(aws::unsupported("lambda", kOperation, "S3Bucket",
                                 "Amazon S3 is not built yet, send ZipFile"));
  }
  if (in.image_uri) return fail(errors::image_uri_not_wanted("updating"));
  return zip ? Status() : fail(errors::no_code());
}

struct Updated {
  FunctionRecord latest;
  Published published;  // when the update was to be published
};

// One transaction: may it change now, change(settings), begin the update, publish it.
Result<Updated> update(Core& core, const FunctionKey& key,
                       const std::optional<std::string>& revision_id, bool and_publish,
                       FunctionRef<Status(RecordTxn&, Settings&)> change) {
  const std::string settings_id = make_uuid(core.random);
  const std::string new_revision = make_uuid(core.random);
  const std::string version_revision = make_uuid(core.random);
  const std::int64_t now_ms = unix_ms(core.clock.wall());
  Updated out;
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(std::optional<FunctionRecord> record, txn.find(key));
    if (!record) return fail(errors::function_not_found(function_arn(key)));
    LAPWING_CHECK(check_changeable(*record, revision_id));
    Settings settings = record->settings;
    LAPWING_CHECK(change(txn, settings));
    LAPWING_CHECK(check_unpacked_size(settings));
    settings.id = settings_id;
    begin_update(*record, std::move(settings), new_revision, now_ms);
    if (and_publish) {
      LAPWING_TRY(out.published, publish(txn, *record, std::nullopt, version_revision));
    }
    LAPWING_CHECK(txn.put(*record));
    out.latest = *std::move(record);
    return {};
  }));
  LAPWING_CHECK(core.catalog.reload(key));
  if (out.published.made) {
    const std::uint64_t version = out.published.version.version;
    LAPWING_CHECK(core.catalog.reload(key, version));
    core.transitions.schedule(key, settings_id, {0, version});
  } else {
    core.transitions.schedule(key, settings_id);
  }
  return out;
}

// Of code or layers; `warned`, where given, becomes whether that is to be counted.
Status check_signed(Records& records, const FunctionKey& key, bool* warned) {
  LAPWING_TRY(const Attachment attachment, records.find_attachment(key, ""));
  LAPWING_TRY(const bool unsigned_code,
              check_unsigned(records, attachment.code_signing_config, key));
  if (warned != nullptr) *warned = unsigned_code;
  return {};
}

// A runtime whose version is fixed by hand is not changed for another one.
Status check_runtime_free(Records& records, const FunctionKey& key,
                          const std::optional<std::string>& wanted, const Settings& settings) {
  if (!wanted || wanted->empty() || *wanted == settings.runtime) return {};
  LAPWING_TRY(const Attachment attachment, records.find_attachment(key, kLatest));
  const auto& management = attachment.runtime_management;
  const bool fixed = management && management->update_on == gl::UpdateRuntimeOn::kManual;
  return fixed ? fail(errors::runtime_is_fixed()) : Status();
}

}  // namespace

Result<gl::FunctionConfiguration> update_function_code(Core& core, const aws::Call& call,
                                                       gl::UpdateFunctionCodeRequest in) {
  LAPWING_TRY(const FunctionKey key,
              identify_function(call.caller, in.function_name, "lambda:UpdateFunctionCode"));
  LAPWING_TRY(FunctionRecord record, find_function(core, {key, ""}));
  LAPWING_CHECK(check_code(in, record.settings.image.has_value()));
  LAPWING_CHECK(check_changeable(record, in.revision_id));
  const std::string architecture =
      architecture_from(in.architectures, record.settings.architecture);
  record.settings.architecture = architecture;
  std::optional<ImageRef>& image = record.settings.image;
  if (image) {
    LAPWING_TRY(record.settings.code, look_up_image(core, *in.image_uri, *image));
  }
  if (in.dry_run.value_or(false)) {
    if (!image) {
      LAPWING_TRY(const PackageInfo info, PackageStore::check(*in.zip_file));
      record.settings.code = CodeRef{crypto::sha256_hex(*in.zip_file), in.zip_file->size(),
                                     info.unpacked_bytes, info.native.bootstrap};
    }
    LAPWING_CHECK(check_architecture("UpdateFunctionCode", record.settings, core.options));
    LAPWING_CHECK(check_unpacked_size(record.settings));
    LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
      return image ? Status() : check_signed(records, key, nullptr);
    }));
    return describe(record);
  }
  CodeRef code = record.settings.code;
  if (!image) {
    LAPWING_TRY(code, keep_package(core, *in.zip_file, key.name.view()));
    record.settings.code = code;
  }
  LAPWING_CHECK(check_architecture("UpdateFunctionCode", record.settings, core.options));
  const bool and_publish = in.publish.value_or(false);
  bool warned = false;
  LAPWING_TRY(const Updated updated, update(core, key, in.revision_id, and_publish,
                                            [&](RecordTxn& txn, Settings& settings) -> Status {
                                              if (image.has_value() != settings.image.has_value()) {
                                                return fail(errors::revision_mismatch());
                                              }
                                              if (!image)
                                                LAPWING_CHECK(check_signed(txn, key, &warned));
                                              settings.code = code;
                                              if (image && settings.image) {
                                                settings.image->uri = image->uri;
                                                settings.image->resolved_uri = image->resolved_uri;
                                              }
                                              settings.architecture = architecture;
                                              return {};
                                            }));
  if (warned) count_unsigned(core, key);
  if (!and_publish) return describe(updated.latest);
  const FunctionRecord& version = updated.published.version;
  return describe(version, version.version_name());
}

Result<gl::FunctionConfiguration> update_function_configuration(
    Core& core, const aws::Call& call, const gl::UpdateFunctionConfigurationRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_function(call.caller, in.function_name,
                                                       "lambda:UpdateFunctionConfiguration"));
  if (core.options.refuse_retired) log_retired_runtime(core, key, in.runtime);
  if (in.role) LAPWING_CHECK(check_role(core, call.caller, *in.role));
  std::optional<VpcPlace> vpc;
  if (in.vpc_config) {
    LAPWING_TRY(const FunctionRecord record, find_function(core, {key, ""}));
    LAPWING_TRY(vpc, vpc_from(core.ports, "UpdateFunctionConfiguration", key, *in.vpc_config,
                              record.settings.vpc));
  }
  bool warned = false;
  LAPWING_TRY(
      const Updated updated,
      update(core, key, in.revision_id, false, [&](RecordTxn& txn, Settings& settings) -> Status {
        if (in.layers) {
          LAPWING_TRY(settings.layers, find_layers(txn, call.caller, *in.layers));
          if (!in.layers->empty()) LAPWING_CHECK(check_signed(txn, key, &warned));
        }
        LAPWING_CHECK(check_runtime_free(txn, key, in.runtime, settings));
        if (vpc) settings.vpc = vpc;
        return change_settings(in, settings, core.options);
      }));
  if (warned) count_unsigned(core, key);
  if (!core.options.refuse_retired) log_retired_runtime(core, key, in.runtime);
  return describe(updated.latest);
}

}  // namespace lapwing::lambda
