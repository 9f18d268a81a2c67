#include "services/lambda/catalog.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/core.h>
#include <fmt/format.h>

#include "ports/networks.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/installed_code.hpp"
#include "services/lambda/package.hpp"
#include "services/lambda/repository.hpp"
#include "services/lambda/settings_input.hpp"

namespace lapwing::lambda {

namespace {

// The snapshot and the holds on its package and layers live and die together.
struct HeldVersion {
  runtime::FunctionVersion version;
  InstalledCode code;
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

// From 0 up to but not 1.
double draw(Random& random) {
  std::uint32_t bits = 0;
  random.fill(std::as_writable_bytes(std::span(&bits, 1)));
  return bits / 4294967296.0;
}

template <class T>
const T& unless_empty(const T& first, const T& otherwise) {
  return first.empty() ? otherwise : first;
}

// Each on its own: what the function does not say is the image's (API reference, ImageConfig).
runtime::ImageProgram image_program(const images::ImageHold& image,
                                    const ImageOverrides& overrides) {
  runtime::ImageProgram out;
  out.root = image.root;
  out.entry_point = unless_empty(overrides.entry_point, image.config.entry_point);
  out.command = unless_empty(overrides.command, image.config.command);
  out.working_directory = unless_empty(overrides.working_directory, image.config.working_directory);
  out.environment = image.config.environment;
  return out;
}

// Tags are of the function; its published versions have none of their own.
Reach reach_of(const FunctionRecord& latest) {
  const auto tag = [&](std::string_view name) {
    const auto found = latest.tags.find(std::string(name));
    return found == latest.tags.end() ? std::string() : found->second;
  };
  return {tag(kNetworkTag), tag(kEndpointTag)};
}

}  // namespace

Catalog::Catalog(Repository& repository, const CodeStores& code, Random& random, Logger& logger,
                 const hosting::Ports* ports)
    : repository_(repository), code_(code), random_(random), logger_(logger), ports_(ports) {}

Status Catalog::load(FunctionRef<Status(const FunctionRecord&)> visit) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.families.clear();
  }
  std::map<std::string, Reach> reaches;
  const auto take = [&](FunctionRecord& record) -> Status {
    LAPWING_CHECK(visit(record));
    const std::string key = encode_key(record.key);
    // Functions come before their versions.
    if (record.version == 0) reaches[key] = reach_of(record);
    CatalogEntryPtr entry = make_entry(record, reaches[key]);
    Shard& home = shard(key);
    const std::lock_guard lock(home.mutex);
    home.families[key].versions.insert_or_assign(record.version, std::move(entry));
    return {};
  };
  LAPWING_CHECK(repository_.for_each(take));
  LAPWING_CHECK(repository_.for_each_version(take));
  return repository_.for_each_alias([&](AliasRecord& alias) -> Status {
    const std::string key = encode_key(alias.key);
    Shard& home = shard(key);
    const std::lock_guard lock(home.mutex);
    home.families[key].aliases.insert_or_assign(alias.name, alias.target);
    return {};
  });
}

CatalogEntryPtr Catalog::find(std::string_view account, std::string_view region,
                              std::string_view name) const {
  KeyBuffer buffer;
  const std::string_view key = lookup_key(buffer, account, region, name);
  const Shard& home = shard(key);
  const std::lock_guard lock(home.mutex);
  const auto found = home.families.find(key);
  return found == home.families.end() ? nullptr : choose(found->second, kLatest);
}

CatalogEntryPtr Catalog::choose(const Family& family, std::string_view qualifier) const {
  std::optional<std::uint64_t> version = parse_version(qualifier);
  if (!version) {
    const auto alias = family.aliases.find(qualifier);
    if (alias == family.aliases.end()) return nullptr;
    const double share = alias->second.additional ? draw(random_) : 0;
    version = alias->second.choose(share);
  }
  const auto found = family.versions.find(*version);
  return found == family.versions.end() ? nullptr : found->second;
}

Result<runtime::FunctionVersionPtr> Catalog::resolve(const AccountId& account, const Region& region,
                                                     std::string_view name,
                                                     std::string_view qualifier) const {
  CatalogEntryPtr entry;
  {
    KeyBuffer buffer;
    const std::string_view key = lookup_key(buffer, account.view(), region.view(), name);
    const Shard& home = shard(key);
    const std::lock_guard lock(home.mutex);
    const auto found = home.families.find(key);
    if (found != home.families.end()) entry = choose(found->second, qualifier);
  }
  if (!entry) {
    const FunctionKey key{account, region, FunctionName(name)};
    return fail(errors::function_not_found(function_arn(key, qualifier)));
  }
  if (!entry->version) return fail(errors::wrong_state(to_string(entry->state)));
  return entry->version;
}

Status Catalog::reload(const FunctionKey& key, std::uint64_t version) {
  const std::string store_key = encode_key(key);
  Shard& home = shard(store_key);
  const std::lock_guard reloading(home.reloading);
  LAPWING_TRY(const std::optional<FunctionRecord> record, repository_.find(key, version));
  CatalogEntryPtr entry;
  if (record) {
    LAPWING_TRY(const std::optional<FunctionRecord> latest, repository_.find(key));
    entry = make_entry(*record, latest ? reach_of(*latest) : Reach());
  }
  // The old entry is let go outside the lock: it may be the last holder of much.
  CatalogEntryPtr before;
  {
    const std::lock_guard lock(home.mutex);
    Family& family = home.families[store_key];
    CatalogEntryPtr& place = family.versions[version];
    before = std::exchange(place, entry);
    if (!entry) family.versions.erase(version);
    if (family.empty()) home.families.erase(store_key);
  }
  tell(before, entry);
  return tell_changed(key);
}

Status Catalog::keep_up_with(const FunctionRecord& record) {
  const std::string store_key = encode_key(record.key);
  {
    const Shard& home = shard(store_key);
    const std::lock_guard lock(home.mutex);
    const auto family = home.families.find(store_key);
    if (family != home.families.end()) {
      const auto found = family->second.versions.find(record.version);
      if (found != family->second.versions.end() && found->second->state == record.state &&
          found->second->update == record.update) {
        return {};
      }
    }
  }
  return reload(record.key, record.version);
}

Status Catalog::reload_alias(const FunctionKey& key, const std::string& name) {
  const std::string store_key = encode_key(key);
  Shard& home = shard(store_key);
  const std::lock_guard reloading(home.reloading);
  std::optional<AliasRecord> alias;
  LAPWING_CHECK(repository_.read([&](Records& records) -> Status {
    LAPWING_TRY(alias, records.find_alias(key, name));
    return {};
  }));
  {
    const std::lock_guard lock(home.mutex);
    // The function itself may come later: the one who committed it has yet to say so.
    Family& family = home.families[store_key];
    if (alias) {
      family.aliases.insert_or_assign(name, alias->target);
    } else {
      family.aliases.erase(name);
    }
    if (family.empty()) home.families.erase(store_key);
  }
  return tell_changed(key);
}

Status Catalog::reload_all(const FunctionKey& key) {
  const std::string store_key = encode_key(key);
  Shard& home = shard(store_key);
  const std::lock_guard reloading(home.reloading);
  Family now;
  // Entries are made when the store is not being read any more: other services' records are, then.
  std::vector<FunctionRecord> records;
  LAPWING_TRY(const std::optional<FunctionRecord> latest, repository_.find(key));
  const Reach reach = latest ? reach_of(*latest) : Reach();
  LAPWING_CHECK(repository_.for_each_of(
      key,
      [&](FunctionRecord& record) -> Status {
        records.push_back(std::move(record));
        return {};
      },
      [&](AliasRecord& alias) -> Status {
        now.aliases.emplace(alias.name, alias.target);
        return {};
      }));
  for (const FunctionRecord& record : records) {
    now.versions.emplace(record.version, make_entry(record, reach));
  }
  Family before;
  {
    const std::lock_guard lock(home.mutex);
    before = std::exchange(home.families[store_key], now);
    if (now.empty()) home.families.erase(store_key);
  }
  for (const auto& [version, entry] : before.versions) {
    const auto found = now.versions.find(version);
    tell(entry, found == now.versions.end() ? nullptr : found->second);
  }
  for (const auto& [version, entry] : now.versions) {
    if (!before.versions.contains(version)) tell(nullptr, entry);
  }
  return tell_changed(key);
}

Status Catalog::tell_changed(const FunctionKey& key) { return changed_ ? changed_(key) : Status(); }

runtime::FunctionVersionPtr Catalog::version(const FunctionKey& key, std::uint64_t number) const {
  const std::string store_key = encode_key(key);
  const Shard& home = shard(store_key);
  const std::lock_guard lock(home.mutex);
  const auto family = home.families.find(store_key);
  if (family == home.families.end()) return nullptr;
  const auto found = family->second.versions.find(number);
  return found == family->second.versions.end() ? nullptr : found->second->version;
}

runtime::FunctionVersionPtr Catalog::find_version(const AccountId& account, const Region& region,
                                                  const FunctionName& name,
                                                  std::string_view called) const {
  const std::optional<std::uint64_t> number = parse_version(called);
  return number ? version({account, region, name}, *number) : nullptr;
}

std::optional<AliasTarget> Catalog::alias(const FunctionKey& key, std::string_view name) const {
  const std::string store_key = encode_key(key);
  const Shard& home = shard(store_key);
  const std::lock_guard lock(home.mutex);
  const auto family = home.families.find(store_key);
  if (family == home.families.end()) return std::nullopt;
  const auto found = family->second.aliases.find(name);
  if (found == family->second.aliases.end()) return std::nullopt;
  return found->second;
}

CatalogEntryPtr Catalog::entry(const FunctionKey& key, std::uint64_t number) const {
  const std::string store_key = encode_key(key);
  const Shard& home = shard(store_key);
  const std::lock_guard lock(home.mutex);
  const auto family = home.families.find(store_key);
  if (family == home.families.end()) return {};
  const auto found = family->second.versions.find(number);
  return found == family->second.versions.end() ? nullptr : found->second;
}

void Catalog::tell(const CatalogEntryPtr& before, const CatalogEntryPtr& now) {
  const runtime::FunctionVersionPtr old = before ? before->version : nullptr;
  const runtime::FunctionVersionPtr fresh = now ? now->version : nullptr;
  if (old && fresh && runtime::same_environment(*old, *fresh)) return;
  if (old && retired_) retired_(old->arn, old->version);
  if (fresh && ready_) ready_(fresh);
}

void Catalog::on_ready(Ready callback) { ready_ = std::move(callback); }

void Catalog::on_retired(Retired callback) { retired_ = std::move(callback); }

void Catalog::on_changed(Changed callback) { changed_ = std::move(callback); }

std::size_t Catalog::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.families.size();
  }
  return total;
}

CatalogEntryPtr Catalog::make_entry(const FunctionRecord& record, const Reach& reach) const {
  auto entry = std::make_shared<CatalogEntry>();
  entry->key = record.key;
  entry->state = record.state;
  entry->state_reason = record.state_reason;
  entry->update = record.update;
  entry->role_arn = record.served().role;
  entry->dead_letter = record.served().dead_letter;
  for (const Settings* each : {&record.settings, record.serving ? &*record.serving : nullptr}) {
    if (each == nullptr || !each->vpc) continue;
    for (const auto* ids : {&each->vpc->subnets, &each->vpc->groups}) {
      entry->network_ids.insert(entry->network_ids.end(), ids->begin(), ids->end());
    }
  }
  if (record.state == State::kActive) entry->version = make_version(record, reach);
  return entry;
}

// Where the groups cannot be read, nothing is let out.
std::optional<std::vector<os::EgressRule>> Catalog::egress_of(const FunctionRecord& record) const {
  const std::optional<VpcPlace>& vpc = record.served().vpc;
  if (!vpc || vpc->subnets.empty()) return std::nullopt;
  std::vector<os::EgressRule> out;
  if (ports_ == nullptr || ports_->networks == nullptr) return out;
  auto rules = ports_->networks->egress(record.key.account, record.key.region, vpc->groups);
  if (!rules) {
    logger_.error("lambda", "what security groups let out could not be read",
                  {{"function", function_arn(record.key)}, {"error", rules.error().to_log()}});
    return out;
  }
  out = *std::move(rules);
  if (!vpc->ipv6) {
    std::erase_if(out, [](const os::EgressRule& rule) {
      return rule.to.address.version() == os::IpVersion::k6;
    });
  }
  return out;
}

template <class Body>
void Catalog::for_each_in_network(const AccountId& account, const Region& region,
                                  std::string_view id, Body body) const {
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [key, family] : shard.families) {
      for (const auto& [version, entry] : family.versions) {
        const bool here = entry->key.account == account && entry->key.region == region;
        if (here && std::ranges::find(entry->network_ids, id) != entry->network_ids.end()) {
          body(*entry, version);
        }
      }
    }
  }
}

Status Catalog::reload_under(const AccountId& account, const Region& region,
                             const std::string& group) {
  std::vector<std::pair<FunctionKey, std::uint64_t>> found;
  for_each_in_network(account, region, group,
                      [&](const CatalogEntry& entry, std::uint64_t version) {
                        found.emplace_back(entry.key, version);
                      });
  for (const auto& [key, version] : found) LAPWING_CHECK(reload(key, version));
  return {};
}

bool Catalog::uses_network(const AccountId& account, const Region& region,
                           std::string_view id) const {
  bool used = false;
  for_each_in_network(account, region, id,
                      [&](const CatalogEntry&, std::uint64_t) { used = true; });
  return used;
}

Result<runtime::FunctionVersionPtr> Catalog::preview(const FunctionRecord& record) const {
  LAPWING_TRY(const std::optional<FunctionRecord> latest, repository_.find(record.key));
  return make_version(record, latest ? reach_of(*latest) : Reach());
}

runtime::FunctionVersionPtr Catalog::make_version(const FunctionRecord& record,
                                                  const Reach& reach) const {
  const Settings& in = record.served();
  auto held = std::make_shared<HeldVersion>();
  std::optional<InstalledCode> code = find_installed(code_, in);
  if (!code) {
    logger_.error("lambda", "the unpacked package of an active function is missing",
                  {{"function", function_arn(record.key)}, {"sha256", in.code.sha256}});
    return nullptr;
  }
  held->code = *std::move(code);
  runtime::FunctionVersion& out = held->version;
  out.account = record.key.account;
  out.region = record.key.region;
  out.name = record.key.name;
  out.version = record.version_name();
  out.arn = function_arn(record.key);
  out.runtime = in.runtime;
  out.handler = in.handler;
  out.role_arn = in.role;
  out.description = record.description();
  out.code_sha256 = code_sha256(in);
  if (held->code.image) out.image = image_program(*held->code.image, in.image->overrides);
  if (held->code.package) out.code_dir = held->code.package->directory;
  if (held->code.layers) out.layers_dir = held->code.layers->directory;
  out.revision_id = in.id;
  out.memory_mb = in.memory_mb;
  out.timeout_s = in.timeout_s;
  out.ephemeral_storage_mb = in.ephemeral_storage_mb;
  if (in.environment) out.environment = *in.environment;
  out.logging.format = in.log_format;
  out.logging.application_log_level = in.application_log_level;
  out.logging.system_log_level = in.system_log_level;
  out.logging.log_group = log_group_of(record, in);
  out.snap_start = in.snap_start && record.version != 0;
  out.trace_active = in.trace_active;
  out.network = reach.network;
  out.egress = egress_of(record);
  out.per_tenant = in.per_tenant;
  out.endpoint = reach.endpoint;
  return runtime::FunctionVersionPtr(held, &held->version);
}

}  // namespace lapwing::lambda
