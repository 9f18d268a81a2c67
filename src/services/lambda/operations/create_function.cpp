#include "aws/operation_table.hpp"
#include "services/lambda/configuration.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/layer_input.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/code_signing.hpp"
#include "services/lambda/operations/common.hpp"
#include "services/lambda/settings_input.hpp"
#include "services/lambda/vpc_input.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

Status check_code(const gl::FunctionCode& code, bool image) {
  const bool zip = code.zip_file.has_value();
  const bool s3 = code.s3_bucket || code.s3_key;
  if (image && !code.image_uri) return fail(errors::image_uri_needed("creating"));
  if (image) return zip || s3 ? fail(errors::code_given_twice()) : Status();
  if (zip && code.image_uri) return fail(errors::code_given_twice());
  if (zip && s3) return fail(errors::code_given_twice());
  if (s3) {
    return fail(aws::unsupported("lambda", "CreateFunction", "Code.S3Bucket",
                                 "Amazon S3 is not built yet, send Code.ZipFile"));
  }
  return zip ? Status() : fail(errors::no_code());
}

// As the service does, before it looks at the package and whether the function exists. The
// transaction reads them again.
Status check_layers(Core& core, const aws::Call& call, const gl::CreateFunctionRequest& in) {
  if (!in.layers || in.layers->empty() || is_image(in)) return {};
  return core.functions.read([&](Records& records) -> Status {
    LAPWING_CHECK(find_layers(records, call.caller, *in.layers));
    return {};
  });
}

// In the transaction that makes the function. Whether its code, which nobody has signed, is to be
// counted.
Result<bool> attach_code_signing(RecordTxn& txn, const FunctionRecord& record,
                                 const std::optional<std::string>& config) {
  if (!config || config->empty()) return false;
  if (record.settings.image) return fail(errors::code_signing_not_for_images());
  LAPWING_TRY(const bool warned, check_unsigned(txn, *config, record.key));
  LAPWING_TRY(Attachment attachment, txn.find_attachment(record.key, ""));
  attachment.code_signing_config = *config;
  LAPWING_CHECK(txn.put(attachment));
  return warned;
}

}  // namespace

Result<gl::FunctionConfiguration> create_function(Core& core, const aws::Call& call,
                                                  gl::CreateFunctionRequest in) {
  LAPWING_TRY(FunctionIdentifier id,
              identify(call.caller, in.function_name, std::nullopt, "lambda:CreateFunction"));
  if (id.key.name.view().size() > kMaxFunctionNameChars) {
    return fail(errors::name_too_long(id.key.name.view()));
  }
  LAPWING_CHECK(check_layers(core, call, in));
  FunctionRecord record;
  LAPWING_CHECK(check_code(in.code, is_image(in)));
  if (core.options.refuse_retired) log_retired_runtime(core, id.key, in.runtime);
  LAPWING_TRY(record.settings, settings_from(in, core.options));
  if (in.tags) {
    LAPWING_CHECK(check_tags(*in.tags));
    LAPWING_CHECK(check_reach_tags(*in.tags, core.options));
    record.tags = *std::move(in.tags);
  }
  // Before the package is kept; the transaction decides in the end.
  LAPWING_TRY(const std::optional<FunctionRecord> there, core.functions.find(id.key));
  if (there) return fail(errors::function_exists(id.key.name.view()));
  LAPWING_CHECK(check_role(core, call.caller, in.role));
  if (in.vpc_config) {
    LAPWING_TRY(record.settings.vpc,
                vpc_from(core.ports, "CreateFunction", id.key, *in.vpc_config, std::nullopt));
  }
  if (record.settings.image) {
    LAPWING_TRY(record.settings.code,
                look_up_image(core, *in.code.image_uri, *record.settings.image));
  } else {
    LAPWING_TRY(record.settings.code, keep_package(core, *in.code.zip_file, id.key.name.view()));
  }

  LAPWING_CHECK(check_architecture("CreateFunction", record.settings, core.options));
  record.key = std::move(id.key);
  record.settings.id = make_uuid(core.random);
  record.revision_id = make_uuid(core.random);
  record.last_modified_ms = unix_ms(core.clock.wall());
  record.state = State::kPending;
  record.state_reason = {"Creating", "The function is being created."};
  const std::string version_revision = make_uuid(core.random);
  Published published;
  bool warned = false;
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(const std::optional<FunctionRecord> found, txn.find(record.key));
    if (found) return fail(errors::function_exists(record.key.name.view()));
    if (in.layers) {
      LAPWING_TRY(record.settings.layers, find_layers(txn, call.caller, *in.layers));
    }
    LAPWING_CHECK(check_unpacked_size(record.settings));
    LAPWING_TRY(warned, attach_code_signing(txn, record, in.code_signing_config_arn));
    if (in.publish.value_or(false)) {
      LAPWING_TRY(published, publish(txn, record, std::nullopt, version_revision));
    }
    return txn.put(record);
  }));
  if (!core.options.refuse_retired) log_retired_runtime(core, record.key, in.runtime);
  log_role(core, record.key, in.role);
  if (in.code_signing_config_arn) LAPWING_CHECK(core.attachments.reload(record.key));
  if (warned) count_unsigned(core, record.key);
  LAPWING_CHECK(core.catalog.reload(record.key));
  if (!published.made) {
    core.transitions.schedule(record.key, record.settings.id);
    return describe(record);
  }
  const std::uint64_t version = published.version.version;
  LAPWING_CHECK(core.catalog.reload(record.key, version));
  core.transitions.schedule(record.key, record.settings.id, {0, version});
  // The version's configuration under the function's own ARN, as recorded answers show it.
  return describe(published.version);
}

}  // namespace lapwing::lambda
