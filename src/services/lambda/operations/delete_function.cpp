#include <algorithm>

#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

// How many aliases a refusal names.
constexpr std::size_t kNamedAliases = 10;

bool is_alias_name(std::string_view qualifier) {
  return !qualifier.contains('$') &&
         !std::ranges::all_of(qualifier, [](char c) { return c >= '0' && c <= '9'; });
}

// A version that is not there is deleted already.
Status delete_version(Core& core, const FunctionKey& key, std::uint64_t version) {
  bool found = false;
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(const std::vector<std::string> aliases,
                txn.aliases_of(key, version, kNamedAliases));
    if (!aliases.empty()) return fail(errors::version_in_use(aliases));
    LAPWING_TRY(const std::optional<FunctionRecord> record, txn.find(key, version));
    found = record.has_value();
    return txn.erase_version(key, version);
  }));
  if (!found) return {};
  LAPWING_CHECK(core.catalog.reload(key, version));
  core.transitions.schedule_sweep();
  return {};
}

Status delete_all(Core& core, const FunctionKey& key) {
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(const std::optional<FunctionRecord> record, txn.find(key));
    if (!record) return fail(errors::function_not_found(function_arn(key)));
    return txn.erase(key);
  }));
  LAPWING_CHECK(core.catalog.reload_all(key));
  core.transitions.schedule_sweep();
  return {};
}

}  // namespace

Result<gl::DeleteFunctionResponse> delete_function(Core& core, const aws::Call& call,
                                                   const gl::DeleteFunctionRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify(call.caller, in.function_name, in.qualifier, "lambda:DeleteFunction"));
  if (id.qualifier == kLatest) return fail(errors::latest_not_deletable());
  if (!id.qualifier.empty() && is_alias_name(id.qualifier)) {
    return fail(errors::aliases_not_deletable());
  }
  const std::optional<std::uint64_t> version = parse_version(id.qualifier);
  if (id.qualifier.empty()) {
    LAPWING_CHECK(delete_all(core, id.key));
  } else {
    LAPWING_CHECK(find_function(core, {id.key, ""}));
    if (version) LAPWING_CHECK(delete_version(core, id.key, *version));
  }
  gl::DeleteFunctionResponse out;
  out.status_code = 204;
  return out;
}

}  // namespace lapwing::lambda
