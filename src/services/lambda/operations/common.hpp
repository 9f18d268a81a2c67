// What several operations share. Not for anybody outside operations/.
//
// Thread-safety: as operations.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resources/pages.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

Result<FunctionIdentifier> identify(const aws::Caller& caller, std::string_view function_name,
                                    const std::optional<std::string>& qualifier,
                                    std::string_view action);
// As identify(), for operations on functions as a whole: InvalidParameterValueException for a
// version or an alias.
Result<FunctionKey> identify_function(const aws::Caller& caller, std::string_view function_name,
                                      std::string_view action);

// The same where not even $LATEST is taken for the function as a whole.
Result<FunctionKey> identify_unqualified(const aws::Caller& caller, std::string_view function_name,
                                         std::string_view action);

// The function, or the version that the qualifier names or its alias leads to (without regard
// to weights). ResourceNotFoundException with the ARN as it was asked for.
Result<FunctionRecord> find_function(Core& core, const FunctionIdentifier& id);

// Says in the log what becomes of a runtime that AWS has retired.
void log_retired_runtime(Core& core, const FunctionKey& key,
                         const std::optional<std::string>& runtime);

// Whether Lambda can assume this role, as far as that is asked (Roles::known_only).
Status check_role(Core& core, const aws::Caller& caller, const std::string& role);
// Says in the log where it could not on AWS.
void log_role(Core& core, const FunctionKey& key, const std::string& role);

// Checks the zip, makes it durable in Blob, answers its name. `of`, in the log where it holds
// modules that this machine cannot load.
Result<CodeRef> keep_package(Core& core, std::string_view zip, std::string_view of);

// What ImageUri names now: `image` with its names, and the digest as code. AWS's errors.
Result<CodeRef> look_up_image(Core& core, const std::string& uri, ImageRef& image);

// The change of an update: settings replaced, what is served kept until the step is done.
void begin_update(FunctionRecord& record, Settings settings, const std::string& revision_id,
                  std::int64_t now_ms);
// 409 unless the function may be changed now; 412 for another RevisionId.
Status check_changeable(const FunctionRecord& record,
                        const std::optional<std::string>& revision_id);

struct Published {
  FunctionRecord version;
  bool made = false;  // false: nothing has changed since `version` was published
};
// Publishes what `latest` is, in its transaction: Active at once if it is, else Pending until
// its transition is done. `description` instead of the function's own.
Result<Published> publish(RecordTxn& txn, const FunctionRecord& latest,
                          const std::optional<std::string>& description,
                          const std::string& revision_id);

// Where the page before ended (aws/page_token.hpp); `list`: the operation, and whose list. ""
// without a marker; InvalidParameterValueException for what is none of this list.
Result<std::string> read_marker(std::string_view list, const std::optional<std::string>& marker);
// What is asked of a list by Marker and MaxItems (resources/pages.hpp); errors as read_marker's.
Result<resources::PageAsk> ask_page(std::string list, const std::optional<std::string>& marker,
                                    const std::optional<std::int32_t>& max_items);
// MaxItems within what a page holds.
std::size_t page_size(const std::optional<std::int32_t>& max_items);

}  // namespace lapwing::lambda
