#include "services/lambda/catalog.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include "services/lambda/errors.hpp"
#include "services/lambda/package.hpp"
#include "services/lambda/repository.hpp"
#include "services/lambda/settings_input.hpp"

namespace lapwing::lambda {

namespace {

// The snapshot and the hold on its package live and die together.
struct HeldVersion {
  runtime::FunctionVersion version;
  PackageHoldPtr hold;
};

// account NUL region NUL name, without an allocation for any id AWS allows.
using KeyBuffer = fmt::basic_memory_buffer<char, 256>;

std::string_view lookup_key(KeyBuffer& buffer, std::string_view account, std::string_view region,
                            std::string_view name) {
  buffer.append(account);
  buffer.push_back('\0');
  buffer.append(region);
  buffer.push_back('\0');
  buffer.append(name);
  return {buffer.data(), buffer.size()};
}

}  // namespace

Catalog::Catalog(Repository& repository, PackageStore& packages, Logger& logger)
    : repository_(repository), packages_(packages), logger_(logger) {}

Status Catalog::load(FunctionRef<Status(const FunctionRecord&)> visit) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.entries.clear();
  }
  return repository_.for_each([&](FunctionRecord& record) -> Status {
    LAPWING_CHECK(visit(record));
    std::string key = encode_key(record.key);
    Shard& home = shard(key);
    CatalogEntryPtr entry = make_entry(record);
    const std::lock_guard lock(home.mutex);
    home.entries.insert_or_assign(std::move(key), std::move(entry));
    return {};
  });
}

CatalogEntryPtr Catalog::find(std::string_view account, std::string_view region,
                              std::string_view name) const {
  KeyBuffer buffer;
  const std::string_view key = lookup_key(buffer, account, region, name);
  const Shard& home = shard(key);
  const std::lock_guard lock(home.mutex);
  const auto found = home.entries.find(key);
  return found == home.entries.end() ? nullptr : found->second;
}

Result<runtime::FunctionVersionPtr> Catalog::resolve(const AccountId& account, const Region& region,
                                                     std::string_view name,
                                                     std::string_view qualifier) const {
  CatalogEntryPtr entry = find(account.view(), region.view(), name);
  if (!entry || (!qualifier.empty() && qualifier != kLatest)) {
    const FunctionKey key{account, region, FunctionName(name)};
    return fail(errors::function_not_found(function_arn(key, qualifier)));
  }
  if (!entry->version) return fail(errors::wrong_state(to_string(entry->state)));
  return entry->version;
}

Status Catalog::reload(const FunctionKey& key) {
  std::string store_key = encode_key(key);
  Shard& home = shard(store_key);
  const std::lock_guard reloading(home.reloading);
  LAPWING_TRY(const std::optional<FunctionRecord> record, repository_.find(key));
  CatalogEntryPtr entry = record ? make_entry(*record) : nullptr;
  // The old entry is let go outside the lock: it may be the last holder of much.
  CatalogEntryPtr before;
  {
    const std::lock_guard lock(home.mutex);
    const auto found = home.entries.find(store_key);
    if (found != home.entries.end()) before = found->second;
    if (entry != nullptr) {
      home.entries[std::move(store_key)] = entry;
    } else if (found != home.entries.end()) {
      home.entries.erase(found);
    }
  }
  const runtime::FunctionVersionPtr old = before ? before->version : nullptr;
  const runtime::FunctionVersionPtr now = entry ? entry->version : nullptr;
  if (retired_ && old && (!now || !runtime::same_environment(*old, *now))) retired_(old->arn);
  return {};
}

void Catalog::on_retired(UniqueFunction<void(const std::string& arn)> callback) {
  retired_ = std::move(callback);
}

std::size_t Catalog::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.entries.size();
  }
  return total;
}

CatalogEntryPtr Catalog::make_entry(const FunctionRecord& record) const {
  auto entry = std::make_shared<CatalogEntry>();
  entry->key = record.key;
  entry->state = record.state;
  entry->state_reason = record.state_reason;
  entry->update = record.update;
  if (record.state != State::kActive) return entry;

  const Settings& in = record.served();
  auto held = std::make_shared<HeldVersion>();
  held->hold = packages_.hold(in.code.sha256);
  if (!held->hold) {
    logger_.error("lambda", "the unpacked package of an active function is missing",
                  {{"function", function_arn(record.key)}, {"sha256", in.code.sha256}});
    return entry;
  }
  runtime::FunctionVersion& out = held->version;
  out.account = record.key.account;
  out.region = record.key.region;
  out.name = record.key.name;
  out.arn = function_arn(record.key);
  out.runtime = in.runtime;
  out.handler = in.handler;
  out.role_arn = in.role;
  out.description = in.description;
  out.code_sha256 = code_sha256_base64(in.code);
  out.code_dir = held->hold->directory;
  out.revision_id = in.id;
  out.memory_mb = in.memory_mb;
  out.timeout_s = in.timeout_s;
  out.ephemeral_storage_mb = in.ephemeral_storage_mb;
  if (in.environment) out.environment = *in.environment;
  out.logging.format = in.log_format;
  out.logging.application_log_level = in.application_log_level;
  out.logging.system_log_level = in.system_log_level;
  out.logging.log_group = log_group_of(record, in);
  const auto network = record.tags.find(std::string(kNetworkTag));
  if (network != record.tags.end()) out.network = network->second;
  entry->version = runtime::FunctionVersionPtr(held, &held->version);
  return entry;
}

}  // namespace lapwing::lambda
