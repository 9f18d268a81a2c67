// Groups and streams as records.
//
//   kind "logs.group"    key ACCOUNT/REGION/NAME    the group; its uid names its events
//   kind "logs.stream"   key GROUP_UID/NAME         the stream; its uid names its shard
//   kind "logs.dropped"  key GROUP_UID[/STREAM_UID] events still to be taken away
//
// Filters (following/tables.hpp) and its own resource policy go with a group.
//
// A uid is never used again, so what was deleted and made again shows nothing of before.
//
// Thread-safety: any thread. Everything blocks on the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/scope.hpp"
#include "base/function_ref.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "resources/tags.hpp"
#include "store/store.hpp"

namespace lapwing::logs {

using aws::Scope;
using resources::kTagsMax;
using resources::Tags;

inline constexpr std::string_view kPolicyKind = "logs.policy";
inline constexpr std::string_view kSubscriptionKind = "logs.subscription";
inline constexpr std::string_view kMetricFilterKind = "logs.metric_filter";

struct Group {
  std::string name;
  std::string uid;
  std::int64_t created_ms = 0;
  std::optional<int> retention_days;
  std::string log_class = "STANDARD";
  Tags tags;
};

struct Stream {
  std::string name;
  std::string uid;
  std::int64_t created_ms = 0;
};

struct StreamTarget {  // where the events of one stream go
  std::string group_uid;
  std::string stream_uid;
  friend auto operator<=>(const StreamTarget&, const StreamTarget&) = default;
};

struct StreamName {
  Scope scope;
  std::string group;
  std::string stream;
  friend auto operator<=>(const StreamName&, const StreamName&) = default;
};

std::string group_arn(const Scope& scope, std::string_view group);  // without ":*"
// Of a group's own policy (resource_policies.hpp).
std::string resource_policy_key(const Scope& scope, std::string_view group);
std::string resource_policy_prefix(const Scope& scope);

class Repository {
 public:
  Repository(store::Store& store, Random& random) : store_(&store), random_(&random) {}

  // group_exists() when it is there.
  Status create_group(const Scope& scope, Group group);
  // group_not_found() when it is not.
  Result<Group> group(const Scope& scope, std::string_view name);
  // group_not_found() unless it is there, and the same one.
  static Status check_there(store::Reader& reader, const Scope& scope, std::string_view name,
                            std::string_view uid);
  // `change` edits the record inside a transaction and may run more than once.
  Status change_group(const Scope& scope, std::string_view name,
                      FunctionRef<Status(Group&)> change);
  // Leaves a mark in "logs.dropped".
  Result<Group> remove_group(const Scope& scope, std::string_view name);

  Status create_stream(const Scope& scope, std::string_view group, std::string_view stream,
                       std::int64_t now_ms);
  Result<Stream> stream(std::string_view group_uid, std::string_view name);
  Result<StreamTarget> remove_stream(const Scope& scope, std::string_view group,
                                     std::string_view stream);

  // Makes whatever is missing of these, in one transaction; targets in the same order.
  Result<std::vector<StreamTarget>> ensure_streams(const std::vector<StreamName>& names,
                                                   std::int64_t now_ms);

  struct GroupPage {
    std::vector<Group> groups;
    std::optional<std::string> next;  // a name to go on after
  };
  // In the order of names.
  Result<GroupPage> groups(const Scope& scope, std::string_view prefix, std::string_view after,
                           std::size_t limit);
  struct StreamPage {
    std::vector<Stream> streams;
    std::optional<std::string> next;
  };
  Result<StreamPage> streams(std::string_view group_uid, std::string_view prefix,
                             std::string_view after, std::size_t limit, bool descending = false);

  // Other records beside these, in the same store.
  Status read(FunctionRef<Status(store::Reader&)> body) { return store_->read(body); }
  Status change(FunctionRef<Status(store::Txn&)> body);
  Random& random() { return *random_; }

  // Every group of every account and region: for expiry.
  Status for_each_group(FunctionRef<Status(const Group&)> body);

  // Marks left by remove_*.
  Result<std::vector<std::string>> dropped();
  // Takes away what records a dropped group still has, then the mark.
  Status forget_dropped(const std::string& mark);

 private:
  Group new_group(std::string_view name, std::int64_t now_ms);
  Status erase_below(std::string_view kind, const std::string& prefix);

  store::Store* store_;
  Random* random_;
};

}  // namespace lapwing::logs
