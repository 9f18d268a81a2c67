#include "services/lambda/operations/code_signing.hpp"

#include "resources/pages.hpp"
#include "services/lambda/errors.hpp"
#include "text/time_format.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

constexpr std::size_t kIdDigits = 17;

gl::CodeSigningConfig describe(const CodeSigningRecord& record) {
  gl::CodeSigningConfig out;
  out.code_signing_config_id = record.id;
  out.code_signing_config_arn = record.arn();
  out.description = record.description;
  out.allowed_publishers.signing_profile_version_arns = record.publishers;
  out.code_signing_policies.untrusted_artifact_on_deployment =
      record.enforce ? gl::CodeSigningPolicy::kEnforce : gl::CodeSigningPolicy::kWarn;
  out.last_modified = text::format_lambda_time(wall_from_unix_ms(record.last_modified_ms));
  return out;
}

// Those of another account are not there.
Result<CodeSigningRecord> find_own(Records& records, const aws::Caller& caller,
                                   const std::string& arn) {
  LAPWING_TRY(std::optional<CodeSigningRecord> record, records.find_code_signing(arn));
  if (!record || record->scope != aws::scope_of(caller)) {
    return fail(errors::code_signing_config_not_found(arn));
  }
  return *std::move(record);
}

Result<CodeSigningRecord> read_own(Core& core, const aws::Caller& caller, const std::string& arn) {
  CodeSigningRecord out;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(out, find_own(records, caller, arn));
    return {};
  }));
  return out;
}

template <class Request>
void change(const Request& in, CodeSigningRecord& out) {
  if (in.description) out.description = in.description;
  if (in.code_signing_policies && in.code_signing_policies->untrusted_artifact_on_deployment) {
    out.enforce = *in.code_signing_policies->untrusted_artifact_on_deployment ==
                  gl::CodeSigningPolicy::kEnforce;
  }
}

// A function of packages; images cannot be signed.
Status check_function(Records& records, const FunctionKey& key) {
  LAPWING_TRY(const std::optional<FunctionRecord> record, records.find(key));
  if (!record) return fail(errors::function_not_found(function_arn(key)));
  return record->settings.image ? fail(errors::code_signing_not_for_images()) : Status();
}

}  // namespace

Result<bool> check_unsigned(Records& records, const std::string& config, const FunctionKey& key) {
  if (config.empty()) return false;
  LAPWING_TRY(const std::optional<CodeSigningRecord> record, records.find_code_signing(config));
  if (!record || record->scope != aws::Scope{key.account, key.region}) {
    return fail(errors::functions_code_signing_config_not_found(config));
  }
  if (record->enforce) return fail(errors::not_signed(key.name.view()));
  return true;
}

void count_unsigned(Core& core, const FunctionKey& key) {
  core.unsigned_deployments.fetch_add(1, std::memory_order_relaxed);
  core.logger.warn("lambda",
                   "code was deployed without a signature of its code signing configuration",
                   {{"function", function_arn(key)}});
}

Result<gl::CreateCodeSigningConfigResponse> create_code_signing_config(
    Core& core, const aws::Call& call, const gl::CreateCodeSigningConfigRequest& in) {
  CodeSigningRecord record;
  record.scope = aws::scope_of(call.caller);
  record.id = "csc-" + random_hex(core.random, kIdDigits);
  change(in, record);
  record.publishers = in.allowed_publishers.signing_profile_version_arns;
  record.last_modified_ms = unix_ms(core.clock.wall());
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) { return txn.put(record); }));
  return gl::CreateCodeSigningConfigResponse{.code_signing_config = describe(record)};
}

Result<gl::UpdateCodeSigningConfigResponse> update_code_signing_config(
    Core& core, const aws::Call& call, const gl::UpdateCodeSigningConfigRequest& in) {
  CodeSigningRecord written;
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(written, find_own(txn, call.caller, in.code_signing_config_arn));
    change(in, written);
    if (in.allowed_publishers) {
      written.publishers = in.allowed_publishers->signing_profile_version_arns;
    }
    written.last_modified_ms = unix_ms(core.clock.wall());
    return txn.put(written);
  }));
  return gl::UpdateCodeSigningConfigResponse{.code_signing_config = describe(written)};
}

Result<gl::GetCodeSigningConfigResponse> get_code_signing_config(
    Core& core, const aws::Call& call, const gl::GetCodeSigningConfigRequest& in) {
  LAPWING_TRY(const CodeSigningRecord record,
              read_own(core, call.caller, in.code_signing_config_arn));
  return gl::GetCodeSigningConfigResponse{.code_signing_config = describe(record)};
}

Result<gl::DeleteCodeSigningConfigResponse> delete_code_signing_config(
    Core& core, const aws::Call& call, const gl::DeleteCodeSigningConfigRequest& in) {
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(const CodeSigningRecord record,
                find_own(txn, call.caller, in.code_signing_config_arn));
    LAPWING_TRY(const auto users, txn.signed_by(record.arn(), "", 1));
    if (!users.records.empty()) return fail(errors::code_signing_config_in_use(record.arn()));
    return txn.erase(record);
  }));
  return gl::DeleteCodeSigningConfigResponse{};
}

Result<gl::ListCodeSigningConfigsResponse> list_code_signing_configs(
    Core& core, const aws::Call& call, const gl::ListCodeSigningConfigsRequest& in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(const resources::PageAsk ask,
              ask_page("lambda.ListCodeSigningConfigs", in.marker, in.max_items));
  gl::ListCodeSigningConfigsResponse out;
  out.code_signing_configs.emplace();
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(const auto page, records.list_code_signing(scope, ask));
    for (const CodeSigningRecord& each : page.items) {
      out.code_signing_configs->push_back(describe(each));
    }
    out.next_marker = page.next;
    return {};
  }));
  return out;
}

Result<gl::ListFunctionsByCodeSigningConfigResponse> list_functions_by_code_signing_config(
    Core& core, const aws::Call& call, const gl::ListFunctionsByCodeSigningConfigRequest& in) {
  LAPWING_TRY(const CodeSigningRecord record,
              read_own(core, call.caller, in.code_signing_config_arn));
  LAPWING_TRY(
      const resources::PageAsk ask,
      ask_page("lambda.ListFunctionsByCodeSigningConfig " + record.arn(), in.marker, in.max_items));
  gl::ListFunctionsByCodeSigningConfigResponse out;
  out.function_arns.emplace();
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(const auto page, records.signed_by(record.arn(), ask.after, ask.limit));
    for (const Attachment& each : page.records) {
      out.function_arns->push_back(function_arn(each.key));
    }
    if (page.next) out.next_marker = resources::token_after(ask, *page.next);
    return {};
  }));
  return out;
}

Result<gl::PutFunctionCodeSigningConfigResponse> put_function_code_signing_config(
    Core& core, const aws::Call& call, const gl::PutFunctionCodeSigningConfigRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_function(call.caller, in.function_name,
                                                       "lambda:PutFunctionCodeSigningConfig"));
  LAPWING_CHECK(
      core.attachments.change(key, "", [&](RecordTxn& txn, Attachment& attachment) -> Status {
        if (!find_own(txn, call.caller, in.code_signing_config_arn)) {
          return fail(errors::functions_code_signing_config_not_found(in.code_signing_config_arn));
        }
        LAPWING_CHECK(check_function(txn, key));
        attachment.code_signing_config = in.code_signing_config_arn;
        return {};
      }));
  gl::PutFunctionCodeSigningConfigResponse out;
  out.code_signing_config_arn = in.code_signing_config_arn;
  out.function_name = key.name.str();
  return out;
}

// One without answers nothing at all.
Result<gl::GetFunctionCodeSigningConfigResponse> get_function_code_signing_config(
    Core& core, const aws::Call& call, const gl::GetFunctionCodeSigningConfigRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_function(call.caller, in.function_name,
                                                       "lambda:GetFunctionCodeSigningConfig"));
  gl::GetFunctionCodeSigningConfigResponse out;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_CHECK(check_function(records, key));
    LAPWING_TRY(const Attachment attachment, records.find_attachment(key, ""));
    if (attachment.code_signing_config.empty()) return {};
    out.code_signing_config_arn = attachment.code_signing_config;
    out.function_name = key.name.str();
    return {};
  }));
  return out;
}

Result<aws::Empty> delete_function_code_signing_config(
    Core& core, const aws::Call& call, const gl::DeleteFunctionCodeSigningConfigRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_function(call.caller, in.function_name,
                                                       "lambda:DeleteFunctionCodeSigningConfig"));
  LAPWING_CHECK(
      core.attachments.change(key, "", [&](RecordTxn& txn, Attachment& attachment) -> Status {
        LAPWING_CHECK(check_function(txn, key));
        attachment.code_signing_config.clear();
        return {};
      }));
  return aws::Empty{};
}

}  // namespace lapwing::lambda
