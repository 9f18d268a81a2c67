// This folder's records inside one transaction or snapshot of the store: what an operation
// reads and writes together is read and written through here.
//
//   kind                      key
//   lambda.function           account NUL region NUL name
//   lambda.version            account NUL region NUL name NUL number (20 digits)
//   lambda.alias              account NUL region NUL name NUL alias
//   lambda.version_counter    account NUL region NUL name       (outlives the function)
//   lambda.concurrency        account NUL region NUL name       (while there is any setting)
//   lambda.attachment         account NUL region NUL name NUL qualifier (attachment.hpp)
//   lambda.code_signing       account NUL region NUL id         (code_signing_record.hpp)
//   lambda.layer_version      account NUL region NUL layer NUL number (20 digits)
//   lambda.layer_counter      account NUL region NUL layer      (outlives the versions)
//
// so that scans answer in the order of names and numbers. Aliases are indexed by the versions
// they name.
//
// Valid inside the body that they were given to. Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "resources/pages.hpp"
#include "services/lambda/alias_record.hpp"
#include "services/lambda/attachment.hpp"
#include "services/lambda/code_signing_record.hpp"
#include "services/lambda/concurrency_record.hpp"
#include "services/lambda/function_record.hpp"
#include "services/lambda/layer_record.hpp"
#include "store/store.hpp"

namespace lapwing::lambda {

inline constexpr std::string_view kFunctionKind = "lambda.function";
inline constexpr std::string_view kVersionKind = "lambda.version";
inline constexpr std::string_view kAliasKind = "lambda.alias";
inline constexpr std::string_view kVersionCounterKind = "lambda.version_counter";
inline constexpr std::string_view kConcurrencyKind = "lambda.concurrency";
inline constexpr std::string_view kLayerVersionKind = "lambda.layer_version";
inline constexpr std::string_view kLayerCounterKind = "lambda.layer_counter";

// Of kFunctionKind.
std::string encode_key(const FunctionKey& key);
// account NUL region NUL: where the keys of an account and region begin.
std::string key_prefix(const AccountId& account, const Region& region);
// What the keys of a function's versions or aliases begin with, and of a layer's versions.
std::string parts_prefix(const FunctionKey& key);
std::string parts_prefix(const LayerKey& key);
// The end of a version's key.
std::string encode_number(std::uint64_t number);
// The aliases of `key` that name `version`, as a query.
store::ScanQuery aliases_query(const FunctionKey& key, std::uint64_t version);

Result<FunctionRecord> read_function(const store::Record& record);
Result<FunctionRecord> read_version(const store::Record& record);
Result<AliasRecord> read_alias(const store::Record& record);
Result<ConcurrencyRecord> read_concurrency(const store::Record& record);
Result<LayerVersionRecord> read_layer_version(const store::Record& record);

class Records {
 public:
  explicit Records(store::Reader& reader) : reader_(&reader) {}

  // Version 0: $LATEST.
  Result<std::optional<FunctionRecord>> find(const FunctionKey& key, std::uint64_t version = 0);
  Result<std::optional<FunctionRecord>> newest_version(const FunctionKey& key);
  Result<std::optional<AliasRecord>> find_alias(const FunctionKey& key, std::string_view name);
  // At most `limit`, in order of their names.
  Result<std::vector<std::string>> aliases_of(const FunctionKey& key, std::uint64_t version,
                                              std::size_t limit);
  // Without any setting when there is none.
  Result<ConcurrencyRecord> find_concurrency(const FunctionKey& key);
  Result<std::optional<LayerVersionRecord>> find(const LayerVersionKey& key);
  // An empty one when there is none; all of a function.
  Result<Attachment> find_attachment(const FunctionKey& key, std::string_view qualifier);
  Result<std::vector<Attachment>> attachments_of(const FunctionKey& key);
  // Functions of that code signing configuration, after the one of which `after` is the key.
  Result<resources::Page<Attachment>> signed_by(std::string_view arn, std::string_view after,
                                                std::size_t limit);
  // None, too, for what is no ARN of one.
  Result<std::optional<CodeSigningRecord>> find_code_signing(std::string_view arn);
  Result<resources::Paged<CodeSigningRecord>> list_code_signing(const aws::Scope& scope,
                                                                const resources::PageAsk& ask);

 private:
  store::Reader* reader_;
};

class RecordTxn : public Records {
 public:
  explicit RecordTxn(store::Txn& txn) : Records(txn), txn_(&txn) {}

  Status put(const FunctionRecord& record);
  Status put(const AliasRecord& alias);
  Status put(const ConcurrencyRecord& record);
  Status put(const LayerVersionRecord& record);
  Status put(const Attachment& attachment);  // an empty one is erased
  Status put(const CodeSigningRecord& record);
  // The function with all its versions, aliases and settings; the others with what is
  // provisioned for them and attached to them.
  Status erase(const FunctionKey& key);
  Status erase_version(const FunctionKey& key, std::uint64_t version);
  Status erase_alias(const FunctionKey& key, std::string_view name);
  Status erase(const LayerVersionKey& key);
  Status erase(const CodeSigningRecord& record);

  // Numbers that were never used before, from 1 on.
  Result<std::uint64_t> next_version(const FunctionKey& key);
  Result<std::uint64_t> next_version(const LayerKey& key);

 private:
  Result<std::uint64_t> count(std::string_view kind, const std::string& key);
  Status forget_provisioned(const FunctionKey& key, std::string_view qualifier);
  Status detach(const FunctionKey& key, std::string_view qualifier);
  Status erase_all(std::string_view kind, const std::string& prefix);

  store::Txn* txn_;
};

}  // namespace lapwing::lambda
