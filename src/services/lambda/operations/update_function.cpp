#include "crypto/sha256.hpp"
#include "services/lambda/configuration.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/operations/operations.hpp"
#include "services/lambda/settings_input.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

Status check_code(const gl::UpdateFunctionCodeRequest& in) {
  constexpr std::string_view kOperation = "UpdateFunctionCode";
  if (in.publish.value_or(false)) {
    return fail(errors::unsupported_parameter(kOperation, "Publish", "versions are not built yet"));
  }
  const bool zip = in.zip_file.has_value();
  const bool s3 = in.s3_bucket || in.s3_key;
  if (zip && (s3 || in.image_uri)) return fail(errors::code_given_twice());
  if (s3) {
    return fail(errors::unsupported_parameter(kOperation, "S3Bucket",
                                              "Amazon S3 is not built yet, send ZipFile"));
  }
  if (in.image_uri) {
    return fail(errors::invalid_parameter(
        "Please don't provide ImageUri when updating a function with packageType Zip."));
  }
  return zip ? Status() : fail(errors::no_code());
}

// One transaction: may it change now, change(settings), begin the update.
Result<FunctionRecord> update(Context& context, const FunctionKey& key,
                              const std::optional<std::string>& revision_id,
                              FunctionRef<Status(Settings&)> change) {
  const std::string settings_id = make_uuid(context.random);
  const std::string new_revision = make_uuid(context.random);
  const std::int64_t now_ms = unix_ms(context.clock.wall());
  LAPWING_TRY(FunctionRecord written,
              context.functions.update(key, [&](FunctionRecord& record) -> Status {
                LAPWING_CHECK(check_changeable(record, revision_id));
                Settings settings = record.settings;
                LAPWING_CHECK(change(settings));
                settings.id = settings_id;
                begin_update(record, std::move(settings), new_revision, now_ms);
                return {};
              }));
  LAPWING_CHECK(context.catalog.reload(key));
  context.transitions.schedule(key, settings_id);
  return written;
}

}  // namespace

Result<gl::FunctionConfiguration> update_function_code(Context& context, const aws::Caller& caller,
                                                       gl::UpdateFunctionCodeRequest in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify(caller, in.function_name, std::nullopt, "lambda:UpdateFunctionCode"));
  LAPWING_TRY(FunctionRecord record, find_function(context, id));
  LAPWING_CHECK(check_code(in));
  LAPWING_CHECK(check_changeable(record, in.revision_id));
  LAPWING_TRY(const std::string architecture,
              architecture_from("UpdateFunctionCode", in.architectures,
                                record.settings.architecture, context.options));
  if (in.dry_run.value_or(false)) {
    LAPWING_CHECK(PackageStore::check(*in.zip_file));
    record.settings.code = CodeRef{crypto::sha256_hex(*in.zip_file), in.zip_file->size()};
    record.settings.architecture = architecture;
    return describe(record);
  }
  LAPWING_TRY(const CodeRef code, keep_package(context, *in.zip_file));
  LAPWING_TRY(const FunctionRecord written,
              update(context, id.key, in.revision_id, [&](Settings& settings) -> Status {
                settings.code = code;
                settings.architecture = architecture;
                return {};
              }));
  return describe(written);
}

Result<gl::FunctionConfiguration> update_function_configuration(
    Context& context, const aws::Caller& caller, const gl::UpdateFunctionConfigurationRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id, identify(caller, in.function_name, std::nullopt,
                                                    "lambda:UpdateFunctionConfiguration"));
  LAPWING_CHECK(find_function(context, id));
  LAPWING_TRY(const FunctionRecord written,
              update(context, id.key, in.revision_id,
                     [&](Settings& settings) { return change_settings(in, settings); }));
  return describe(written);
}

}  // namespace lapwing::lambda
