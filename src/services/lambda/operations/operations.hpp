// The control-plane operations: typed input and caller in, Result out. They know no HTTP, no
// JSON and no storage engine; service.cpp puts them into the operation table.
//
// Thread-safety: any thread; they block on the store.
#pragma once

#include "aws/caller.hpp"
#include "aws/empty.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "gen/lambda/types.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/code_url.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/options.hpp"
#include "services/lambda/package.hpp"
#include "services/lambda/repository.hpp"
#include "services/lambda/transitions.hpp"
#include "store/blob.hpp"

namespace lapwing::lambda {

// What every operation may use.
struct Context {
  Repository& functions;
  Catalog& catalog;
  store::BlobStore& blobs;
  Transitions& transitions;
  const CodeUrls& code_urls;
  const Clock& clock;
  Random& random;
  const Options& options;
};

Result<gen::lambda::FunctionConfiguration> create_function(Context& context,
                                                           const aws::Caller& caller,
                                                           gen::lambda::CreateFunctionRequest in);
Result<gen::lambda::GetFunctionResponse> get_function(Context& context, const aws::Caller& caller,
                                                      const gen::lambda::GetFunctionRequest& in);
Result<gen::lambda::FunctionConfiguration> get_function_configuration(
    Context& context, const aws::Caller& caller,
    const gen::lambda::GetFunctionConfigurationRequest& in);
Result<gen::lambda::ListFunctionsResponse> list_functions(
    Context& context, const aws::Caller& caller, const gen::lambda::ListFunctionsRequest& in);
Result<gen::lambda::FunctionConfiguration> update_function_code(
    Context& context, const aws::Caller& caller, gen::lambda::UpdateFunctionCodeRequest in);
Result<gen::lambda::FunctionConfiguration> update_function_configuration(
    Context& context, const aws::Caller& caller,
    const gen::lambda::UpdateFunctionConfigurationRequest& in);
Result<gen::lambda::DeleteFunctionResponse> delete_function(
    Context& context, const aws::Caller& caller, const gen::lambda::DeleteFunctionRequest& in);
Result<gen::lambda::GetAccountSettingsResponse> get_account_settings(Context& context,
                                                                     const aws::Caller& caller);
Result<aws::Empty> tag_resource(Context& context, const aws::Caller& caller,
                                const gen::lambda::TagResourceRequest& in);
Result<aws::Empty> untag_resource(Context& context, const aws::Caller& caller,
                                  const gen::lambda::UntagResourceRequest& in);
Result<gen::lambda::ListTagsResponse> list_tags(Context& context, const aws::Caller& caller,
                                                const gen::lambda::ListTagsRequest& in);

// Shared by the operations.

Result<FunctionIdentifier> identify(const aws::Caller& caller, std::string_view function_name,
                                    const std::optional<std::string>& qualifier,
                                    std::string_view action);
// ResourceNotFoundException for a function that does not exist and for any qualifier but
// $LATEST: versions and aliases do not exist yet.
Result<FunctionRecord> find_function(Context& context, const FunctionIdentifier& id);
// Checks the zip, makes it durable in Blob, answers its name.
Result<CodeRef> keep_package(Context& context, std::string_view zip);
// The change of an update: settings replaced, what is served kept until the step is done.
void begin_update(FunctionRecord& record, Settings settings, const std::string& revision_id,
                  std::int64_t now_ms);
// 409 unless the function may be changed now; 412 for another RevisionId.
Status check_changeable(const FunctionRecord& record,
                        const std::optional<std::string>& revision_id);

}  // namespace lapwing::lambda
