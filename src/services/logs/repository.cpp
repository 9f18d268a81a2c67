#include "services/logs/repository.hpp"

#include <utility>

#include "aws/arn.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kGroupKind = "logs.group";
constexpr std::string_view kStreamKind = "logs.stream";
constexpr std::string_view kDroppedKind = "logs.dropped";

std::string scope_prefix(const Scope& scope) {
  return scope.account.str() + "/" + scope.region.str() + "/";
}
std::string group_key(const Scope& scope, std::string_view name) {
  return scope_prefix(scope).append(name);
}
std::string stream_key(std::string_view group_uid, std::string_view name) {
  return std::string(group_uid).append("/").append(name);
}

store::ScanQuery query_of(std::string_view kind, std::string prefix = {}) {
  store::ScanQuery query;
  query.kind = kind;
  query.prefix = std::move(prefix);
  return query;
}

std::string encode(const Group& group) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("name", group.name);
  json.member("uid", group.uid);
  json.member("created", group.created_ms);
  if (group.retention_days) json.member("retention", *group.retention_days);
  json.member("class", group.log_class);
  json.key("tags");
  json.begin_object();
  for (const auto& [key, value] : group.tags) json.member(key, value);
  json.end_object();
  json.end_object();
  return out;
}

std::string encode(const Stream& stream) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("name", stream.name);
  json.member("uid", stream.uid);
  json.member("created", stream.created_ms);
  json.end_object();
  return out;
}

std::string text_of(const text::JsonValue& root, std::string_view name) {
  const text::JsonValue* value = root.find(name);
  return value == nullptr ? std::string() : std::string(value->as_string());
}
std::int64_t integer_of(const text::JsonValue& root, std::string_view name) {
  const text::JsonValue* value = root.find(name);
  return value == nullptr ? 0 : value->as_int64().value_or(0);
}

Result<Group> decode_group(std::string_view bytes) {
  LAPWING_TRY(const text::JsonDocument document, text::parse_json(bytes));
  const text::JsonValue& root = document.root();
  Group group;
  group.name = text_of(root, "name");
  group.uid = text_of(root, "uid");
  group.created_ms = integer_of(root, "created");
  group.log_class = text_of(root, "class");
  if (root.find("retention") != nullptr)
    group.retention_days = static_cast<int>(integer_of(root, "retention"));
  if (const text::JsonValue* tags = root.find("tags")) {
    for (const text::JsonMember& tag : tags->members())
      group.tags[std::string(tag.key)] = tag.value.as_string();
  }
  return group;
}

Result<Stream> decode_stream(std::string_view bytes) {
  LAPWING_TRY(const text::JsonDocument document, text::parse_json(bytes));
  return Stream{text_of(document.root(), "name"), text_of(document.root(), "uid"),
                integer_of(document.root(), "created")};
}

Result<Group> get_group(store::Reader& reader, const std::string& key) {
  LAPWING_TRY(const std::optional<store::Record> record, reader.get(kGroupKind, key));
  if (!record) return fail(group_not_found());
  return decode_group(record->value);
}

// A name longer than the store's keys cannot exist.
Error too_long(Error error) {
  if (error.kind() != ErrorKind::kTooLarge) return error;
  return invalid_parameter("The specified name is too long.");
}

Status done(Result<store::Committed> committed) {
  if (!committed) return fail(too_long(std::move(committed).error()));
  return {};
}

}  // namespace

std::string group_arn(const Scope& scope, std::string_view group) {
  return aws::make_arn("logs", scope.region, scope.account, fmt::format("log-group:{}", group));
}

std::string resource_policy_prefix(const Scope& scope) { return scope_prefix(scope) + "resource/"; }
std::string resource_policy_key(const Scope& scope, std::string_view group) {
  return resource_policy_prefix(scope).append(group);
}

Group Repository::new_group(std::string_view name, std::int64_t now_ms) {
  Group group;
  group.name = name;
  group.uid = random_hex(*random_, 16);
  group.created_ms = now_ms;
  return group;
}

Status Repository::create_group(const Scope& scope, Group group) {
  group.uid = random_hex(*random_, 16);
  const std::string key = group_key(scope, group.name);
  return done(store_->transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const std::optional<store::Record> record, txn.get(kGroupKind, key));
    if (record) return fail(group_exists());
    LAPWING_CHECK(txn.put(kGroupKind, key, encode(group)));
    return {};
  }));
}

Result<Group> Repository::group(const Scope& scope, std::string_view name) {
  LAPWING_TRY(const std::optional<store::Record> record,
              store_->get(kGroupKind, group_key(scope, name)));
  if (!record) return fail(group_not_found());
  return decode_group(record->value);
}

Status Repository::check_there(store::Reader& reader, const Scope& scope, std::string_view name,
                               std::string_view uid) {
  LAPWING_TRY(const Group group, get_group(reader, group_key(scope, name)));
  if (group.uid != uid) return fail(group_not_found());
  return {};
}

Status Repository::change_group(const Scope& scope, std::string_view name,
                                FunctionRef<Status(Group&)> change) {
  const std::string key = group_key(scope, name);
  return done(store_->transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(Group group, get_group(txn, key));
    LAPWING_CHECK(change(group));
    LAPWING_CHECK(txn.put(kGroupKind, key, encode(group)));
    return {};
  }));
}

Result<Group> Repository::remove_group(const Scope& scope, std::string_view name) {
  const std::string key = group_key(scope, name);
  Group removed;
  LAPWING_CHECK(done(store_->transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(removed, get_group(txn, key));
    LAPWING_CHECK(txn.erase(kGroupKind, key));
    LAPWING_CHECK(txn.erase(kPolicyKind, resource_policy_key(scope, name)));
    LAPWING_CHECK(txn.put(kDroppedKind, removed.uid, ""));
    return {};
  })));
  return removed;
}

Status Repository::create_stream(const Scope& scope, std::string_view group,
                                 std::string_view stream, std::int64_t now_ms) {
  const std::string key = group_key(scope, group);
  const Stream made{std::string(stream), random_hex(*random_, 16), now_ms};
  return done(store_->transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Group owner, get_group(txn, key));
    const std::string mine = stream_key(owner.uid, stream);
    LAPWING_TRY(const std::optional<store::Record> record, txn.get(kStreamKind, mine));
    if (record) return fail(stream_exists());
    LAPWING_CHECK(txn.put(kStreamKind, mine, encode(made)));
    return {};
  }));
}

Result<Stream> Repository::stream(std::string_view group_uid, std::string_view name) {
  auto record = store_->get(kStreamKind, stream_key(group_uid, name));
  if (!record) {
    if (record.error().kind() == ErrorKind::kTooLarge) return fail(stream_not_found());
    return fail(std::move(record).error());
  }
  if (!*record) return fail(stream_not_found());
  return decode_stream((*record)->value);
}

Result<StreamTarget> Repository::remove_stream(const Scope& scope, std::string_view group,
                                               std::string_view stream) {
  const std::string key = group_key(scope, group);
  StreamTarget target;
  LAPWING_CHECK(done(store_->transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Group owner, get_group(txn, key));
    const std::string mine = stream_key(owner.uid, stream);
    LAPWING_TRY(const std::optional<store::Record> record, txn.get(kStreamKind, mine));
    if (!record) return fail(stream_not_found());
    LAPWING_TRY(const Stream found, decode_stream(record->value));
    target = {owner.uid, found.uid};
    LAPWING_CHECK(txn.erase(kStreamKind, mine));
    LAPWING_CHECK(txn.put(kDroppedKind, target.group_uid + "/" + target.stream_uid, ""));
    return {};
  })));
  return target;
}

Result<std::vector<StreamTarget>> Repository::ensure_streams(const std::vector<StreamName>& names,
                                                             std::int64_t now_ms) {
  // Uids are drawn outside the transaction: its body may run more than once.
  std::vector<Group> fresh_groups;
  std::vector<Stream> fresh_streams;
  for (const StreamName& name : names) {
    fresh_groups.push_back(new_group(name.group, now_ms));
    fresh_streams.push_back({name.stream, random_hex(*random_, 16), now_ms});
  }
  std::vector<StreamTarget> targets(names.size());
  LAPWING_CHECK(done(store_->transact([&](store::Txn& txn) -> Status {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string key = group_key(names[i].scope, names[i].group);
      LAPWING_TRY(const std::optional<store::Record> found, txn.get(kGroupKind, key));
      if (found) {
        LAPWING_TRY(const Group group, decode_group(found->value));
        targets[i].group_uid = group.uid;
      } else {
        targets[i].group_uid = fresh_groups[i].uid;
        LAPWING_CHECK(txn.put(kGroupKind, key, encode(fresh_groups[i])));
      }
      const std::string mine = stream_key(targets[i].group_uid, names[i].stream);
      LAPWING_TRY(const std::optional<store::Record> there, txn.get(kStreamKind, mine));
      if (there) {
        LAPWING_TRY(const Stream stream, decode_stream(there->value));
        targets[i].stream_uid = stream.uid;
      } else {
        targets[i].stream_uid = fresh_streams[i].uid;
        LAPWING_CHECK(txn.put(kStreamKind, mine, encode(fresh_streams[i])));
      }
    }
    return {};
  })));
  return targets;
}

Result<Repository::GroupPage> Repository::groups(const Scope& scope, std::string_view prefix,
                                                 std::string_view after, std::size_t limit) {
  store::ScanQuery query = query_of(kGroupKind, group_key(scope, prefix));
  if (!after.empty()) query.after = group_key(scope, after);
  query.limit = limit;
  LAPWING_TRY(const store::ScanPage page, store_->scan(query));
  GroupPage out;
  for (const store::Record& record : page.records) {
    LAPWING_TRY(Group group, decode_group(record.value));
    out.groups.push_back(std::move(group));
  }
  if (page.next && !out.groups.empty()) out.next = out.groups.back().name;
  return out;
}

Result<Repository::StreamPage> Repository::streams(std::string_view group_uid,
                                                   std::string_view prefix, std::string_view after,
                                                   std::size_t limit, bool descending) {
  store::ScanQuery query = query_of(kStreamKind, stream_key(group_uid, prefix));
  if (!after.empty()) query.after = stream_key(group_uid, after);
  query.limit = limit;
  query.order = descending ? store::Order::kDescending : store::Order::kAscending;
  LAPWING_TRY(const store::ScanPage page, store_->scan(query));
  StreamPage out;
  for (const store::Record& record : page.records) {
    LAPWING_TRY(Stream stream, decode_stream(record.value));
    out.streams.push_back(std::move(stream));
  }
  if (page.next && !out.streams.empty()) out.next = out.streams.back().name;
  return out;
}

Status Repository::change(FunctionRef<Status(store::Txn&)> body) {
  return done(store_->transact(body));
}

Status Repository::for_each_group(FunctionRef<Status(const Group&)> body) {
  return store::for_each_record(*store_, query_of(kGroupKind),
                                [&](store::Record& record) -> Status {
                                  LAPWING_TRY(const Group group, decode_group(record.value));
                                  return body(group);
                                });
}

Result<std::vector<std::string>> Repository::dropped() {
  std::vector<std::string> marks;
  LAPWING_CHECK(
      store::for_each_record(*store_, query_of(kDroppedKind), [&](store::Record& record) -> Status {
        marks.push_back(record.key);
        return {};
      }));
  return marks;
}

Status Repository::forget_dropped(const std::string& mark) {
  if (!mark.contains('/')) {  // a whole group
    for (const std::string_view kind : {kStreamKind, kSubscriptionKind, kMetricFilterKind})
      LAPWING_CHECK(erase_below(kind, mark + "/"));
  }
  return store_->erase(kDroppedKind, mark);
}

// Page by page.
Status Repository::erase_below(std::string_view kind, const std::string& prefix) {
  while (true) {
    store::ScanQuery query = query_of(kind, prefix);
    query.limit = store::kMaxScanLimit;
    LAPWING_TRY(const store::ScanPage page, store_->scan(query));
    if (page.records.empty()) return {};
    LAPWING_CHECK(done(store_->transact([&](store::Txn& txn) -> Status {
      for (const store::Record& record : page.records) LAPWING_CHECK(txn.erase(kind, record.key));
      return {};
    })));
  }
}

}  // namespace lapwing::logs
