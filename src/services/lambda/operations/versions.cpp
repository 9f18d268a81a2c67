#include <charconv>

#include "aws/page_token.hpp"
#include "services/lambda/configuration.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

Status check_code_sha256(const gl::PublishVersionRequest& in, const FunctionRecord& latest) {
  if (!in.code_sha256 || in.code_sha256->empty()) return {};
  const std::string current = code_sha256(latest.settings);
  return *in.code_sha256 == current ? Status()
                                    : fail(errors::code_sha256_differs(*in.code_sha256, current));
}

}  // namespace

Result<gl::FunctionConfiguration> publish_version(Core& core, const aws::Call& call,
                                                  const gl::PublishVersionRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_function(call.caller, in.function_name, "lambda:PublishVersion"));
  const std::string version_revision = make_uuid(core.random);
  const std::string new_revision = make_uuid(core.random);
  Published published;
  LAPWING_CHECK(core.functions.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(std::optional<FunctionRecord> latest, txn.find(key));
    if (!latest) return fail(errors::function_not_found(function_arn(key)));
    LAPWING_CHECK(check_changeable(*latest, in.revision_id));
    LAPWING_CHECK(check_code_sha256(in, *latest));
    LAPWING_TRY(published, publish(txn, *latest, in.description, version_revision));
    if (!published.made) return {};
    latest->revision_id = new_revision;
    return txn.put(*latest);
  }));
  const FunctionRecord& version = published.version;
  if (published.made) {
    LAPWING_CHECK(core.catalog.reload(key, version.version));
    // After a failed update of $LATEST its code is not on disk yet.
    if (version.in_transition()) {
      core.transitions.schedule(key, version.settings.id, {version.version});
    }
  }
  return describe(version, version.version_name());
}

// The marker is the number of the last version shown, 0 for $LATEST.
Result<gl::ListVersionsByFunctionResponse> list_versions_by_function(
    Core& core, const aws::Call& call, const gl::ListVersionsByFunctionRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_function(call.caller, in.function_name, "lambda:ListVersionsByFunction"));
  const std::string list = "lambda.ListVersionsByFunction " + function_arn(key);
  LAPWING_TRY(const std::string marker, read_marker(list, in.marker));
  std::uint64_t after = 0;
  const char* end = marker.data() + marker.size();
  if (!marker.empty() && std::from_chars(marker.data(), end, after).ptr != end) {
    return fail(errors::invalid_marker());
  }
  LAPWING_TRY(FunctionRecord latest, find_function(core, {key, ""}));
  const std::size_t limit = page_size(in.max_items);
  // One more than is shown tells whether there is another page.
  LAPWING_TRY(Page<FunctionRecord> page, core.functions.list_versions(key, after, limit + 1));
  std::vector<FunctionRecord>& shown = page.items;
  if (marker.empty()) shown.insert(shown.begin(), std::move(latest));
  gl::ListVersionsByFunctionResponse out;
  if (shown.size() > limit) {
    shown.resize(limit);
    out.next_marker = aws::write_page_token(list, std::to_string(shown.back().version));
  }
  out.versions.emplace();
  for (const FunctionRecord& version : shown) {
    out.versions->push_back(describe_in_list(version, version.version_name()));
  }
  return out;
}

}  // namespace lapwing::lambda
