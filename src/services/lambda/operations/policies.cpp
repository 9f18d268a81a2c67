// The policies of functions, versions and aliases. Their revision is the one of what they are
// attached to: a change of the policy gives that a new one (recorded answers).
#include <algorithm>

#include "aws/arn.hpp"
#include "policy/document.hpp"
#include "policy/statements.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

// The function, version or alias that a policy is attached to.
class Holder {
 public:
  static Result<Holder> find(Records& records, const FunctionIdentifier& id) {
    Holder out;
    const std::string arn = function_arn(id.key, id.qualifier);
    LAPWING_TRY(std::optional<FunctionRecord> latest, records.find(id.key));
    if (!latest) return fail(errors::function_not_found(function_arn(id.key)));
    if (id.qualifier.empty()) {
      out.function_ = std::move(latest);
    } else if (const auto version = parse_version(id.qualifier)) {
      LAPWING_TRY(out.function_, records.find(id.key, *version));
      if (!out.function_) return fail(errors::function_not_found(arn));
    } else if (id.qualifier.contains('$')) {
      return fail(errors::function_not_found(arn));
    } else {
      LAPWING_TRY(out.alias_, records.find_alias(id.key, id.qualifier));
      if (!out.alias_) return fail(errors::alias_not_found(arn));
    }
    return out;
  }

  const std::string& revision() const {
    return function_ ? function_->revision_id : alias_->revision_id;
  }
  Status put(RecordTxn& txn, const std::string& revision_id) {
    if (function_) {
      function_->revision_id = revision_id;
      return txn.put(*function_);
    }
    alias_->revision_id = revision_id;
    return txn.put(*alias_);
  }

 private:
  std::optional<FunctionRecord> function_;
  std::optional<AliasRecord> alias_;
};

bool is_service(std::string_view principal) {
  constexpr std::string_view kEnds[] = {".amazonaws.com", ".amazonaws.com.cn", ".amazon.com"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) {
    return principal.size() > end.size() && principal.ends_with(end);
  });
}

Status name_principal(const std::string& given, const Region& region, policy::Statement& out) {
  if (given == "*") {
    out.everyone = true;
  } else if (is_service(given)) {
    out.principals = {{"Service", given}};
  } else if (aws::is_account_id(given)) {
    out.principals = policy::account_principals(aws::partition_of(region.view()), {given});
  } else {
    const auto arn = aws::Arn::parse(given);
    if (!arn || (arn->service != "iam" && arn->service != "sts")) {
      return fail(errors::principal_not_valid());
    }
    out.principals = {{"AWS", given}};
  }
  return {};
}

// In the order of recorded answers.
std::vector<policy::Condition> conditions_of(const gl::AddPermissionRequest& in) {
  std::vector<policy::Condition> out;
  const auto add = [&](std::string_view test, std::string_view key,
                       const std::optional<std::string>& value) {
    if (value) out.push_back({std::string(test), std::string(key), {*value}});
  };
  add("StringEquals", "AWS:SourceAccount", in.source_account);
  add("StringEquals", "lambda:EventSourceToken", in.event_source_token);
  add("StringEquals", "lambda:FunctionUrlAuthType", in.function_url_auth_type);
  add("StringEquals", "aws:PrincipalOrgID", in.principal_org_id);
  if (in.invoked_via_function_url) {
    add("Bool", "lambda:InvokedViaFunctionUrl", *in.invoked_via_function_url ? "true" : "false");
  }
  add("ArnLike", "AWS:SourceArn", in.source_arn);
  return out;
}

Result<std::string> statement_of(const gl::AddPermissionRequest& in, const FunctionIdentifier& id) {
  if (in.function_url_auth_type && in.action != "lambda:InvokeFunctionUrl") {
    return fail(errors::auth_type_not_wanted());
  }
  policy::Statement out;
  out.sid = in.statement_id;
  out.effect = policy::Effect::kAllow;
  LAPWING_CHECK(name_principal(in.principal, id.key.region, out));
  out.actions = {in.action};
  out.resources = {function_arn(id.key, id.qualifier)};
  out.conditions = conditions_of(in);
  return policy::statement_json(out);
}

Status check_size(std::string_view policy) {
  return policy.size() > kMaxPolicyBytes ? fail(errors::policy_too_long(policy.size())) : Status();
}

Status check_revision(const std::optional<std::string>& given, const Holder& holder) {
  return given && *given != holder.revision() ? fail(errors::policy_revision_mismatch()) : Status();
}

// Only functions have policies here; the model has other resources, too.
Result<FunctionIdentifier> identify_resource(const aws::Caller& caller, const std::string& arn,
                                             std::string_view action) {
  const auto parsed = aws::Arn::parse(arn);
  if (!parsed || parsed->resource_type() != "function") return fail(errors::resource_not_found());
  return identify(caller, arn, std::nullopt, action);
}

struct Found {
  std::string policy;
  std::string revision_id;
};
// ResourceNotFoundException in the same words whatever is missing.
Result<Found> find_policy(Core& core, const FunctionIdentifier& id) {
  Found out;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(Attachment attachment, records.find_attachment(id.key, id.qualifier));
    if (attachment.policy.empty()) return fail(errors::resource_not_found());
    LAPWING_TRY(const Holder holder, Holder::find(records, id));
    out = {std::move(attachment.policy), holder.revision()};
    return {};
  }));
  return out;
}

// Of what a removal is about.
Result<Holder> find_holder_to_change(RecordTxn& txn, const FunctionIdentifier& id) {
  LAPWING_TRY(const std::optional<FunctionRecord> latest, txn.find(id.key));
  if (!latest) return fail(errors::no_policy_found(function_arn(id.key)));
  return Holder::find(txn, id);
}

}  // namespace

Result<gl::AddPermissionResponse> add_permission(Core& core, const aws::Call& call,
                                                 const gl::AddPermissionRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify(call.caller, in.function_name, in.qualifier, "lambda:AddPermission"));
  if (id.qualifier == kLatest) return fail(errors::no_policies_for_latest());
  const std::string revision_id = make_uuid(core.random);
  gl::AddPermissionResponse out;
  LAPWING_CHECK(core.attachments.change(
      id.key, id.qualifier, [&](RecordTxn& txn, Attachment& attachment) -> Status {
        LAPWING_TRY(Holder holder, Holder::find(txn, id));
        LAPWING_CHECK(check_revision(in.revision_id, holder));
        std::string& document = attachment.policy;
        if (policy::has_statement(document, in.statement_id)) {
          return fail(errors::statement_exists(in.statement_id));
        }
        LAPWING_TRY(std::string statement, statement_of(in, id));
        document = document.empty() ? policy::document_json("2012-10-17", "default", {statement})
                                    : policy::with_statement(document, statement);
        LAPWING_CHECK(check_size(document));
        out.statement = std::move(statement);
        return holder.put(txn, revision_id);
      }));
  return out;
}

Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gl::RemovePermissionRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify(call.caller, in.function_name, in.qualifier, "lambda:RemovePermission"));
  const std::string revision_id = make_uuid(core.random);
  LAPWING_CHECK(core.attachments.change(
      id.key, id.qualifier, [&](RecordTxn& txn, Attachment& attachment) -> Status {
        LAPWING_TRY(Holder holder, find_holder_to_change(txn, id));
        if (attachment.policy.empty()) return fail(errors::no_policy());
        auto left = policy::without_statement(attachment.policy, in.statement_id);
        if (!left) return fail(errors::statement_not_found(in.statement_id));
        if (in.revision_id && *in.revision_id != holder.revision()) {
          return fail(errors::revision_mismatch());
        }
        attachment.policy = *std::move(left);
        return holder.put(txn, revision_id);
      }));
  return aws::Empty{};
}

Result<gl::GetPolicyResponse> get_policy(Core& core, const aws::Call& call,
                                         const gl::GetPolicyRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify(call.caller, in.function_name, in.qualifier, "lambda:GetPolicy"));
  LAPWING_TRY(Found found, find_policy(core, id));
  gl::GetPolicyResponse out;
  out.policy = std::move(found.policy);
  out.revision_id = std::move(found.revision_id);
  return out;
}

Result<gl::GetResourcePolicyResponse> get_resource_policy(Core& core, const aws::Call& call,
                                                          const gl::GetResourcePolicyRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify_resource(call.caller, in.resource_arn, "lambda:GetResourcePolicy"));
  LAPWING_TRY(Found found, find_policy(core, id));
  gl::GetResourcePolicyResponse out;
  out.policy = std::move(found.policy);
  out.revision_id = std::move(found.revision_id);
  return out;
}

Result<gl::PutResourcePolicyResponse> put_resource_policy(Core& core, const aws::Call& call,
                                                          const gl::PutResourcePolicyRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify_resource(call.caller, in.resource_arn, "lambda:PutResourcePolicy"));
  if (id.qualifier == kLatest) return fail(errors::no_policies_for_latest());
  LAPWING_CHECK(check_size(in.policy));
  const auto document = policy::parse(in.policy, policy::Use::kResource);
  if (!document) return fail(errors::policy_not_valid(document.error().message));
  const std::string revision_id = make_uuid(core.random);
  LAPWING_CHECK(core.attachments.change(id.key, id.qualifier,
                                        [&](RecordTxn& txn, Attachment& attachment) -> Status {
                                          LAPWING_TRY(Holder holder, Holder::find(txn, id));
                                          LAPWING_CHECK(check_revision(in.revision_id, holder));
                                          attachment.policy = in.policy;
                                          return holder.put(txn, revision_id);
                                        }));
  gl::PutResourcePolicyResponse out;
  out.policy = in.policy;
  out.revision_id = revision_id;
  return out;
}

Result<aws::Empty> delete_resource_policy(Core& core, const aws::Call& call,
                                          const gl::DeleteResourcePolicyRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify_resource(call.caller, in.resource_arn, "lambda:DeleteResourcePolicy"));
  const std::string revision_id = make_uuid(core.random);
  LAPWING_CHECK(core.attachments.change(
      id.key, id.qualifier, [&](RecordTxn& txn, Attachment& attachment) -> Status {
        LAPWING_TRY(Holder holder, find_holder_to_change(txn, id));
        if (attachment.policy.empty()) return fail(errors::no_policy());
        LAPWING_CHECK(check_revision(in.revision_id, holder));
        attachment.policy.clear();
        return holder.put(txn, revision_id);
      }));
  return aws::Empty{};
}

}  // namespace lapwing::lambda
