#include "services/lambda/repository.hpp"

#include <algorithm>

#include "services/lambda/errors.hpp"

namespace lapwing::lambda {

namespace {

// One page of a scan, each record decoded. `next` is where the store goes on.
template <class Item>
Result<Page<Item>> scan_page(store::Store& store, const store::ScanQuery& query,
                             Result<Item> (*read)(const store::Record&)) {
  LAPWING_TRY(store::ScanPage page, store.scan(query));
  Page<Item> out;
  for (const store::Record& record : page.records) {
    LAPWING_TRY(Item item, read(record));
    out.items.push_back(std::move(item));
  }
  if (page.next && !out.items.empty()) out.next = *std::move(page.next);
  return out;
}

template <class Item>
Status walk(store::Store& store, std::string_view kind, Result<Item> (*read)(const store::Record&),
            FunctionRef<Status(Item&)> body, std::string prefix = {}) {
  store::ScanQuery query;
  query.kind = kind;
  query.prefix = std::move(prefix);
  query.limit = store::kMaxScanLimit;
  return store::for_each_record(store, std::move(query), [&](store::Record& record) -> Status {
    LAPWING_TRY(Item item, read(record));
    return body(item);
  });
}

Result<std::string> read_layer_name(const store::Record& record) {
  return record.key.substr(record.key.rfind('\0') + 1);
}

}  // namespace

Result<std::optional<FunctionRecord>> Repository::find(const FunctionKey& key,
                                                       std::uint64_t version) {
  std::optional<FunctionRecord> out;
  LAPWING_CHECK(read([&](Records& records) -> Status {
    LAPWING_TRY(out, records.find(key, version));
    return {};
  }));
  return out;
}

Result<Page<FunctionRecord>> Repository::list(const AccountId& account, const Region& region,
                                              std::string_view after, std::size_t limit) {
  store::ScanQuery query;
  query.kind = kFunctionKind;
  query.prefix = key_prefix(account, region);
  if (!after.empty()) query.after = query.prefix + std::string(after);
  query.limit = limit;
  LAPWING_TRY(auto page, scan_page(store_, query, &read_function));
  if (!page.next.empty()) page.next = page.items.back().key.name.str();
  return page;
}

Result<Page<FunctionRecord>> Repository::list_versions(const FunctionKey& key, std::uint64_t after,
                                                       std::size_t limit) {
  store::ScanQuery query;
  query.kind = kVersionKind;
  query.prefix = parts_prefix(key);
  if (after > 0) query.after = query.prefix + encode_number(after);
  query.limit = limit;
  return scan_page(store_, query, &read_version);
}

Result<Page<AliasRecord>> Repository::list_aliases(const FunctionKey& key,
                                                   std::optional<std::uint64_t> version,
                                                   std::string_view after, std::size_t limit) {
  store::ScanQuery query;
  if (version) {
    query = aliases_query(key, *version);
  } else {
    query.kind = kAliasKind;
    query.prefix = parts_prefix(key);
  }
  query.after = after;
  query.limit = limit;
  return scan_page(store_, query, &read_alias);
}

Result<Page<LayerVersionRecord>> Repository::list_layer_versions(const LayerKey& key,
                                                                 std::uint64_t before,
                                                                 std::size_t limit) {
  store::ScanQuery query;
  query.kind = kLayerVersionKind;
  query.prefix = parts_prefix(key);
  if (before > 0) query.after = query.prefix + encode_number(before);
  query.limit = limit;
  query.order = store::Order::kDescending;
  return scan_page(store_, query, &read_layer_version);
}

Result<Page<std::string>> Repository::list_layer_names(const AccountId& account,
                                                       const Region& region, std::string_view after,
                                                       std::size_t limit) {
  store::ScanQuery query;
  query.kind = kLayerCounterKind;
  query.prefix = key_prefix(account, region);
  if (!after.empty()) query.after = query.prefix + std::string(after);
  query.limit = limit;
  LAPWING_TRY(auto page, scan_page(store_, query, &read_layer_name));
  if (!page.next.empty()) page.next = page.items.back();
  return page;
}

Status Repository::for_each(FunctionRef<Status(FunctionRecord&)> body) {
  return walk(store_, kFunctionKind, &read_function, body);
}

Status Repository::for_each_version(FunctionRef<Status(FunctionRecord&)> body) {
  return walk(store_, kVersionKind, &read_version, body);
}

Status Repository::for_each_alias(FunctionRef<Status(AliasRecord&)> body) {
  return walk(store_, kAliasKind, &read_alias, body);
}

Status Repository::for_each_concurrency(FunctionRef<Status(ConcurrencyRecord&)> body) {
  return walk(store_, kConcurrencyKind, &read_concurrency, body);
}

Status Repository::for_each_attachment(FunctionRef<Status(Attachment&)> body) {
  return AttachmentRecords::for_each(store_, body);
}

Status Repository::for_each_layer_version(FunctionRef<Status(LayerVersionRecord&)> body) {
  return walk(store_, kLayerVersionKind, &read_layer_version, body);
}

Status Repository::declare_blobs() {
  constexpr std::string_view kOwner = "lambda";
  LAPWING_TRY(const std::vector<std::string> missing, store_.undeclared_owners());
  if (std::ranges::find(missing, kOwner) == missing.end()) return {};
  const auto again = [&](auto& record) {
    return transact([&](RecordTxn& txn) { return txn.put(record); });
  };
  LAPWING_CHECK(for_each_layer_version(again));
  LAPWING_CHECK(for_each(again));
  LAPWING_CHECK(for_each_version(again));
  return store_.declare_blobs(kOwner);
}

Status Repository::for_each_of(const FunctionKey& key, FunctionRef<Status(FunctionRecord&)> version,
                               FunctionRef<Status(AliasRecord&)> alias) {
  LAPWING_TRY(std::optional<FunctionRecord> record, find(key));
  if (!record) return {};
  LAPWING_CHECK(version(*record));
  LAPWING_CHECK(walk(store_, kVersionKind, &read_version, version, parts_prefix(key)));
  return walk(store_, kAliasKind, &read_alias, alias, parts_prefix(key));
}

Status Repository::read(FunctionRef<Status(Records&)> body) {
  return store_.read([&](store::Reader& reader) -> Status {
    Records records(reader);
    return body(records);
  });
}

Status Repository::transact(FunctionRef<Status(RecordTxn&)> body) {
  const auto done = store_.transact([&](store::Txn& txn) -> Status {
    RecordTxn records(txn);
    return body(records);
  });
  return done ? Status() : fail(done.error());
}

Result<FunctionRecord> Repository::update(const FunctionKey& key, std::uint64_t version,
                                          FunctionRef<Status(FunctionRecord&)> change) {
  FunctionRecord written;
  LAPWING_CHECK(transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(std::optional<FunctionRecord> record, txn.find(key, version));
    if (!record) {
      return fail(errors::function_not_found(
          function_arn(key, version == 0 ? std::string() : version_name(version))));
    }
    LAPWING_CHECK(change(*record));
    LAPWING_CHECK(txn.put(*record));
    written = *std::move(record);
    return {};
  }));
  return written;
}

}  // namespace lapwing::lambda
