// The store as this folder uses it: single reads, pages of lists, walks over everything, and
// transactions over the records of records.hpp.
//
// Thread-safety: any thread; calls block until the change is on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "services/lambda/records.hpp"
#include "store/store.hpp"

namespace lapwing::lambda {

// A page of a list, and where the next one begins: "" at the end.
template <class Item>
struct Page {
  std::vector<Item> items;
  std::string next;
};

class Repository {
 public:
  explicit Repository(store::Store& store) : store_(store) {}

  // Version 0: $LATEST.
  Result<std::optional<FunctionRecord>> find(const FunctionKey& key, std::uint64_t version = 0);

  // `after`: where the page before ended, "" to begin.
  Result<Page<FunctionRecord>> list(const AccountId& account, const Region& region,
                                    std::string_view after, std::size_t limit);
  // Published versions by number; numbers greater than `after`.
  Result<Page<FunctionRecord>> list_versions(const FunctionKey& key, std::uint64_t after,
                                             std::size_t limit);
  // All of them, or those that name `version`.
  Result<Page<AliasRecord>> list_aliases(const FunctionKey& key,
                                         std::optional<std::uint64_t> version,
                                         std::string_view after, std::size_t limit);
  // Newest first; numbers less than `before`, 0 to begin.
  Result<Page<LayerVersionRecord>> list_layer_versions(const LayerKey& key, std::uint64_t before,
                                                       std::size_t limit);
  // Names that layers of this account and region have or had.
  Result<Page<std::string>> list_layer_names(const AccountId& account, const Region& region,
                                             std::string_view after, std::size_t limit);

  Status for_each(FunctionRef<Status(FunctionRecord&)> body);
  Status for_each_version(FunctionRef<Status(FunctionRecord&)> body);
  Status for_each_alias(FunctionRef<Status(AliasRecord&)> body);
  Status for_each_concurrency(FunctionRef<Status(ConcurrencyRecord&)> body);
  Status for_each_attachment(FunctionRef<Status(Attachment&)> body);
  Status for_each_layer_version(FunctionRef<Status(LayerVersionRecord&)> body);

  // Records written before blobs were counted are put again, naming theirs; once in a data
  // directory's life, before anything else writes.
  Status declare_blobs();

  // One function with its published versions and aliases; nothing when it is not there.
  Status for_each_of(const FunctionKey& key, FunctionRef<Status(FunctionRecord&)> version,
                     FunctionRef<Status(AliasRecord&)> alias);

  // One snapshot. The body must not block.
  Status read(FunctionRef<Status(Records&)> body);
  // As store::Store::transact(): `body` may run more than once, its error undoes everything.
  Status transact(FunctionRef<Status(RecordTxn&)> body);
  // Reads, changes, writes, in one transaction. `change` may run more than once and gets a
  // fresh record each time; its error undoes everything. ResourceNotFoundException (with the
  // unqualified ARN for $LATEST) when there is none. Answers what was written.
  Result<FunctionRecord> update(const FunctionKey& key, std::uint64_t version,
                                FunctionRef<Status(FunctionRecord&)> change);

 private:
  store::Store& store_;
};

}  // namespace lapwing::lambda
