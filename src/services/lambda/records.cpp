#include "services/lambda/records.hpp"

#include <charconv>

#include <fmt/core.h>

#include "services/lambda/installed_code.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::string_view kVersionIndex = "version";
constexpr std::size_t kErasePage = 100;

// The parts of a key between its NULs.
Result<std::vector<std::string_view>> split_key(std::string_view key, std::size_t count) {
  std::vector<std::string_view> parts;
  std::string_view rest = key;
  while (parts.size() + 1 < count) {
    const std::size_t nul = rest.find('\0');
    if (nul == std::string_view::npos) return fail(internal_error("a key in the store is damaged"));
    parts.push_back(rest.substr(0, nul));
    rest.remove_prefix(nul + 1);
  }
  parts.push_back(rest);
  return parts;
}

Result<std::uint64_t> decode_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end) {
    return fail(internal_error("a version's key in the store is damaged"));
  }
  return number;
}

FunctionKey function_key(const std::vector<std::string_view>& parts) {
  return {AccountId(parts[0]), Region(parts[1]), FunctionName(parts[2])};
}

// What an alias is found by: the function and one of the versions it names.
std::string version_term(const FunctionKey& key, std::uint64_t version) {
  return parts_prefix(key) + encode_number(version);
}

// The packages and layers that the record names, in what is set and in what is served.
Result<std::vector<store::BlobId>> blobs_of(const FunctionRecord& record) {
  std::vector<std::string> sha256s;
  add_blobs(record.settings, sha256s);
  add_blobs(record.served(), sha256s);
  std::vector<store::BlobId> out;
  for (const std::string& sha256 : sha256s) {
    LAPWING_TRY(const store::BlobId id, store::BlobId::from_hex(sha256));
    out.push_back(id);
  }
  return out;
}

}  // namespace

std::string key_prefix(const AccountId& account, const Region& region) {
  std::string out = account.str();
  out += '\0';
  out += region.str();
  out += '\0';
  return out;
}

std::string encode_key(const FunctionKey& key) {
  return key_prefix(key.account, key.region) + key.name.str();
}

std::string parts_prefix(const FunctionKey& key) { return encode_key(key) + '\0'; }

std::string parts_prefix(const LayerKey& key) {
  return key_prefix(key.account, key.region) + key.name + '\0';
}

std::string encode_number(std::uint64_t number) { return fmt::format("{:020}", number); }

store::ScanQuery aliases_query(const FunctionKey& key, std::uint64_t version) {
  store::ScanQuery query;
  query.kind = kAliasKind;
  query.index = kVersionIndex;
  query.prefix = version_term(key, version);
  query.match = store::Match::kExact;
  return query;
}

Result<FunctionRecord> read_function(const store::Record& record) {
  LAPWING_TRY(const auto parts, split_key(record.key, 3));
  return decode_record(function_key(parts), 0, record.value);
}

Result<FunctionRecord> read_version(const store::Record& record) {
  LAPWING_TRY(const auto parts, split_key(record.key, 4));
  LAPWING_TRY(const std::uint64_t version, decode_number(parts[3]));
  return decode_record(function_key(parts), version, record.value);
}

Result<AliasRecord> read_alias(const store::Record& record) {
  LAPWING_TRY(const auto parts, split_key(record.key, 4));
  return decode_alias(function_key(parts), parts[3], record.value);
}

Result<ConcurrencyRecord> read_concurrency(const store::Record& record) {
  LAPWING_TRY(const auto parts, split_key(record.key, 3));
  return decode_concurrency(function_key(parts), record.value);
}

Result<LayerVersionRecord> read_layer_version(const store::Record& record) {
  LAPWING_TRY(const auto parts, split_key(record.key, 4));
  LAPWING_TRY(const std::uint64_t version, decode_number(parts[3]));
  return decode_layer_version(
      {{AccountId(parts[0]), Region(parts[1]), std::string(parts[2])}, version}, record.value);
}

Result<std::optional<FunctionRecord>> Records::find(const FunctionKey& key, std::uint64_t version) {
  const bool latest = version == 0;
  LAPWING_TRY(const std::optional<store::Record> found,
              reader_->get(latest ? kFunctionKind : kVersionKind,
                           latest ? encode_key(key) : parts_prefix(key) + encode_number(version)));
  if (!found) return std::nullopt;
  LAPWING_TRY(FunctionRecord record, decode_record(key, version, found->value));
  return record;
}

Result<std::optional<FunctionRecord>> Records::newest_version(const FunctionKey& key) {
  store::ScanQuery query;
  query.kind = kVersionKind;
  query.prefix = parts_prefix(key);
  query.limit = 1;
  query.order = store::Order::kDescending;
  LAPWING_TRY(const store::ScanPage page, reader_->scan(query));
  if (page.records.empty()) return std::nullopt;
  LAPWING_TRY(FunctionRecord record, read_version(page.records.front()));
  return record;
}

Result<std::optional<AliasRecord>> Records::find_alias(const FunctionKey& key,
                                                       std::string_view name) {
  LAPWING_TRY(const std::optional<store::Record> found,
              reader_->get(kAliasKind, parts_prefix(key) + std::string(name)));
  if (!found) return std::nullopt;
  LAPWING_TRY(AliasRecord alias, read_alias(*found));
  return alias;
}

Result<std::vector<std::string>> Records::aliases_of(const FunctionKey& key, std::uint64_t version,
                                                     std::size_t limit) {
  store::ScanQuery query = aliases_query(key, version);
  query.limit = limit;
  LAPWING_TRY(const store::ScanPage page, reader_->scan(query));
  std::vector<std::string> names;
  for (const store::Record& record : page.records) {
    LAPWING_TRY(AliasRecord alias, read_alias(record));
    names.push_back(std::move(alias.name));
  }
  return names;
}

Result<ConcurrencyRecord> Records::find_concurrency(const FunctionKey& key) {
  LAPWING_TRY(const std::optional<store::Record> found,
              reader_->get(kConcurrencyKind, encode_key(key)));
  if (found) return decode_concurrency(key, found->value);
  ConcurrencyRecord none;
  none.key = key;
  return none;
}

Result<std::optional<LayerVersionRecord>> Records::find(const LayerVersionKey& key) {
  LAPWING_TRY(
      const std::optional<store::Record> found,
      reader_->get(kLayerVersionKind, parts_prefix(key.layer) + encode_number(key.version)));
  if (!found) return std::nullopt;
  LAPWING_TRY(LayerVersionRecord record, decode_layer_version(key, found->value));
  return record;
}

Result<Attachment> Records::find_attachment(const FunctionKey& key, std::string_view qualifier) {
  Attachment none;
  none.key = key;
  none.qualifier = qualifier;
  LAPWING_TRY(auto found, AttachmentRecords::find(*reader_, AttachmentTable::key(none)));
  return found ? std::move(found->record) : std::move(none);
}

Result<std::vector<Attachment>> Records::attachments_of(const FunctionKey& key) {
  std::vector<Attachment> out;
  resources::ListOptions options{.prefix = parts_prefix(key), .limit = store::kMaxScanLimit};
  while (true) {
    LAPWING_TRY(auto page, AttachmentRecords::list(*reader_, options));
    for (Attachment& attachment : page.records) out.push_back(std::move(attachment));
    if (!page.next) return out;
    options.after = *std::move(page.next);
  }
}

Result<resources::Page<Attachment>> Records::signed_by(std::string_view arn, std::string_view after,
                                                       std::size_t limit) {
  return AttachmentRecords::list(*reader_,
                                 {.prefix = std::string(arn),
                                  .index = std::string(AttachmentTable::kCodeSigningIndex),
                                  .match = store::Match::kExact,
                                  .after = std::string(after),
                                  .limit = limit});
}

Result<std::optional<CodeSigningRecord>> Records::find_code_signing(std::string_view arn) {
  const auto key = code_signing_key(arn);
  if (!key) return std::nullopt;
  LAPWING_TRY(auto found, CodeSigningRecords::find(*reader_, *key));
  if (!found) return std::nullopt;
  return std::move(found->record);
}

Result<resources::Paged<CodeSigningRecord>> Records::list_code_signing(
    const aws::Scope& scope, const resources::PageAsk& ask) {
  return resources::page_records<CodeSigningTable>(*reader_, ask,
                                                   key_prefix(scope.account, scope.region),
                                                   [](const CodeSigningRecord&) { return true; });
}

Status RecordTxn::put(const FunctionRecord& record) {
  const bool latest = record.version == 0;
  store::PutOptions options;
  LAPWING_TRY(options.blobs, blobs_of(record));
  LAPWING_CHECK(txn_->put(
      latest ? kFunctionKind : kVersionKind,
      latest ? encode_key(record.key) : parts_prefix(record.key) + encode_number(record.version),
      encode_record(record), options));
  return {};
}

Status RecordTxn::put(const AliasRecord& alias) {
  store::PutOptions options;
  for (const std::uint64_t version : alias.target.versions()) {
    options.terms.push_back({std::string(kVersionIndex), version_term(alias.key, version)});
  }
  LAPWING_CHECK(
      txn_->put(kAliasKind, parts_prefix(alias.key) + alias.name, encode_alias(alias), options));
  return {};
}

Status RecordTxn::put(const ConcurrencyRecord& record) {
  if (record.empty()) return txn_->erase(kConcurrencyKind, encode_key(record.key));
  LAPWING_CHECK(txn_->put(kConcurrencyKind, encode_key(record.key), encode_concurrency(record)));
  return {};
}

Status RecordTxn::put(const LayerVersionRecord& record) {
  LAPWING_TRY(const store::BlobId zip, store::BlobId::from_hex(record.content.sha256));
  LAPWING_CHECK(txn_->put(kLayerVersionKind,
                          parts_prefix(record.key.layer) + encode_number(record.key.version),
                          encode_layer_version(record), {.blobs = {zip}}));
  return {};
}

Status RecordTxn::put(const Attachment& attachment) {
  if (attachment.empty()) return AttachmentRecords::erase(*txn_, AttachmentTable::key(attachment));
  LAPWING_CHECK(AttachmentRecords::put(*txn_, attachment));
  return {};
}

Status RecordTxn::put(const CodeSigningRecord& record) {
  LAPWING_CHECK(CodeSigningRecords::put(*txn_, record));
  return {};
}

Status RecordTxn::erase(const CodeSigningRecord& record) {
  return CodeSigningRecords::erase(*txn_, CodeSigningTable::key(record));
}

Status RecordTxn::erase(const FunctionKey& key) {
  LAPWING_CHECK(erase_all(kVersionKind, parts_prefix(key)));
  LAPWING_CHECK(erase_all(kAliasKind, parts_prefix(key)));
  LAPWING_CHECK(erase_all(AttachmentTable::kKind, parts_prefix(key)));
  LAPWING_CHECK(txn_->erase(kConcurrencyKind, encode_key(key)));
  return txn_->erase(kFunctionKind, encode_key(key));
}

Status RecordTxn::forget_provisioned(const FunctionKey& key, std::string_view qualifier) {
  LAPWING_TRY(ConcurrencyRecord record, find_concurrency(key));
  const auto found = record.provisioned.find(qualifier);
  if (found == record.provisioned.end()) return {};
  record.provisioned.erase(found);
  return put(record);
}

Status RecordTxn::detach(const FunctionKey& key, std::string_view qualifier) {
  return AttachmentRecords::erase(*txn_, parts_prefix(key) + std::string(qualifier));
}

Status RecordTxn::erase_version(const FunctionKey& key, std::uint64_t version) {
  LAPWING_CHECK(forget_provisioned(key, version_name(version)));
  LAPWING_CHECK(detach(key, version_name(version)));
  return txn_->erase(kVersionKind, parts_prefix(key) + encode_number(version));
}

Status RecordTxn::erase_alias(const FunctionKey& key, std::string_view name) {
  LAPWING_CHECK(forget_provisioned(key, name));
  LAPWING_CHECK(detach(key, name));
  return txn_->erase(kAliasKind, parts_prefix(key) + std::string(name));
}

Status RecordTxn::erase(const LayerVersionKey& key) {
  return txn_->erase(kLayerVersionKind, parts_prefix(key.layer) + encode_number(key.version));
}

Result<std::uint64_t> RecordTxn::next_version(const FunctionKey& key) {
  return count(kVersionCounterKind, encode_key(key));
}

Result<std::uint64_t> RecordTxn::next_version(const LayerKey& key) {
  return count(kLayerCounterKind, key_prefix(key.account, key.region) + key.name);
}

Result<std::uint64_t> RecordTxn::count(std::string_view kind, const std::string& key) {
  LAPWING_TRY(const std::optional<store::Record> found, txn_->get(kind, key));
  std::uint64_t next = 1;
  if (found) {
    LAPWING_TRY(const std::uint64_t last, decode_number(found->value));
    next = last + 1;
  }
  LAPWING_CHECK(txn_->put(kind, key, std::to_string(next)));
  return next;
}

Status RecordTxn::erase_all(std::string_view kind, const std::string& prefix) {
  store::ScanQuery query;
  query.kind = kind;
  query.prefix = prefix;
  query.limit = kErasePage;
  while (true) {
    LAPWING_TRY(const store::ScanPage page, txn_->scan(query));
    for (const store::Record& record : page.records) {
      LAPWING_CHECK(txn_->erase(kind, record.key));
    }
    if (!page.next) return {};
    query.after = *page.next;
  }
}

}  // namespace lapwing::lambda
