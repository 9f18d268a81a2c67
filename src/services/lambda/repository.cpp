#include "services/lambda/repository.hpp"

#include "services/lambda/errors.hpp"

namespace lapwing::lambda {

namespace {

std::string key_prefix(const AccountId& account, const Region& region) {
  std::string out = account.str();
  out += '\0';
  out += region.str();
  out += '\0';
  return out;
}

Result<FunctionRecord> decode(const store::Record& record) {
  const std::optional<FunctionKey> key = decode_key(record.key);
  if (!key) return fail(internal_error("a function's key in the store is damaged"));
  return decode_record(*key, record.value);
}

}  // namespace

std::string encode_key(const FunctionKey& key) {
  return key_prefix(key.account, key.region) + key.name.str();
}

std::optional<FunctionKey> decode_key(std::string_view key) {
  const std::size_t first = key.find('\0');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = key.find('\0', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return FunctionKey{AccountId(key.substr(0, first)),
                     Region(key.substr(first + 1, second - first - 1)),
                     FunctionName(key.substr(second + 1))};
}

Result<std::optional<FunctionRecord>> Repository::find(const FunctionKey& key) {
  LAPWING_TRY(const std::optional<store::Record> found, store_.get(kFunctionKind, encode_key(key)));
  if (!found) return std::nullopt;
  LAPWING_TRY(FunctionRecord record, decode_record(key, found->value));
  return record;
}

Result<FunctionPage> Repository::list(const AccountId& account, const Region& region,
                                      std::string_view after, std::size_t limit) {
  store::ScanQuery query;
  query.kind = kFunctionKind;
  query.prefix = key_prefix(account, region);
  if (!after.empty()) query.after = query.prefix + std::string(after);
  query.limit = limit;
  LAPWING_TRY(const store::ScanPage page, store_.scan(query));
  FunctionPage out;
  for (const store::Record& record : page.records) {
    LAPWING_TRY(FunctionRecord function, decode(record));
    out.functions.push_back(std::move(function));
  }
  if (page.next && !out.functions.empty()) out.next_name = out.functions.back().key.name.str();
  return out;
}

Status Repository::for_each(FunctionRef<Status(FunctionRecord&)> body) {
  store::ScanQuery query;
  query.kind = kFunctionKind;
  query.limit = store::kMaxScanLimit;
  return store::for_each_record(store_, std::move(query), [&](store::Record& record) -> Status {
    LAPWING_TRY(FunctionRecord function, decode(record));
    return body(function);
  });
}

Status Repository::create(const FunctionRecord& record) {
  const std::string key = encode_key(record.key);
  const std::string value = encode_record(record);
  const auto done = store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const std::optional<store::Record> found, txn.get(kFunctionKind, key));
    if (found) return fail(errors::function_exists(record.key.name.view()));
    LAPWING_CHECK(txn.put(kFunctionKind, key, value, {.expect = store::Expect::absent()}));
    return {};
  });
  return done ? Status() : fail(done.error());
}

Result<FunctionRecord> Repository::update(const FunctionKey& key,
                                          FunctionRef<Status(FunctionRecord&)> change) {
  const std::string store_key = encode_key(key);
  FunctionRecord written;
  const auto done = store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const std::optional<store::Record> found, txn.get(kFunctionKind, store_key));
    if (!found) return fail(errors::function_not_found(function_arn(key)));
    LAPWING_TRY(FunctionRecord record, decode_record(key, found->value));
    LAPWING_CHECK(change(record));
    LAPWING_CHECK(txn.put(kFunctionKind, store_key, encode_record(record)));
    written = std::move(record);
    return {};
  });
  if (!done) return fail(done.error());
  return written;
}

Status Repository::erase(const FunctionKey& key) {
  const std::string store_key = encode_key(key);
  const auto done = store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const std::optional<store::Record> found, txn.get(kFunctionKind, store_key));
    if (!found) return fail(errors::function_not_found(function_arn(key)));
    return txn.erase(kFunctionKind, store_key);
  });
  return done ? Status() : fail(done.error());
}

Result<std::string> Repository::secret(std::string_view name, std::string_view candidate) {
  std::string secret;
  LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const std::optional<store::Record> found, txn.get(kSecretKind, name));
    if (found) {
      secret = found->value;
      return {};
    }
    secret = candidate;
    LAPWING_CHECK(txn.put(kSecretKind, name, candidate, {.expect = store::Expect::absent()}));
    return {};
  }));
  return secret;
}

}  // namespace lapwing::lambda
