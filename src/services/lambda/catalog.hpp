// The catalog: every function with its versions and aliases in memory, as invocations need it.
// Filled from the store at start, kept by the reload calls after each commit. The way of an
// invocation asks here and nowhere else: a lookup takes one shard's lock for a moment and reads
// no disk.
//
// An entry is an immutable snapshot. As long as anybody holds its FunctionVersionPtr, the
// unpacked package and layers, or the image, it names stay on disk.
//
// Thread-safety: every method from any thread. resolve() never blocks on the store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/function_ref.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "engine/control_plane.hpp"
#include "hosting/ports.hpp"
#include "runtime/function_version.hpp"
#include "services/lambda/alias_record.hpp"
#include "services/lambda/function_record.hpp"
#include "store/store.hpp"

namespace lapwing::lambda {

class Repository;
struct CodeStores;

struct CatalogEntry {
  // Null until the function was Active for the first time.
  runtime::FunctionVersionPtr version;
  FunctionKey key;
  State state = State::kPending;
  Reason state_reason;
  UpdateStatus update = UpdateStatus::kNone;
  std::string role_arn;     // of what is served
  std::string dead_letter;  // likewise; "" for none
  // Subnets and security groups of what is served, and of what is about to be.
  std::vector<std::string> network_ids;
};
using CatalogEntryPtr = std::shared_ptr<const CatalogEntry>;

// What a function's tags say of what it reaches, for all its versions; "" where they do not.
struct Reach {
  std::string network;
  std::string endpoint;
};

class Catalog final : public engine::Functions {
 public:
  // All outlive the catalog. `random` decides where weighted aliases lead; `ports` knows what the
  // security groups of functions in VPCs let out.
  Catalog(Repository& repository, const CodeStores& code, Random& random, Logger& logger,
          const hosting::Ports* ports = nullptr);

  // Reads everything, each function and published version shown to `visit` before it is taken
  // over. Before any other call, and again to start over.
  Status load(FunctionRef<Status(const FunctionRecord&)> visit);

  // The unqualified function or "$LATEST"; nullptr where there is no such function.
  CatalogEntryPtr find(std::string_view account, std::string_view region,
                       std::string_view name) const;

  // Of engine::Functions.
  Result<runtime::FunctionVersionPtr> resolve(const AccountId& account, const Region& region,
                                              std::string_view name,
                                              std::string_view qualifier) const override;
  runtime::FunctionVersionPtr find_version(const AccountId& account, const Region& region,
                                           const FunctionName& name,
                                           std::string_view version) const override;
  void on_retired(Retired callback) override;  // before load()
  void on_ready(Ready callback) override;      // before load(), of which it is told nothing

  // A version as it would run, null while it is not active; where an alias leads.
  runtime::FunctionVersionPtr version(const FunctionKey& key, std::uint64_t number) const;
  std::optional<AliasTarget> alias(const FunctionKey& key, std::string_view name) const;
  // $LATEST (0) or a published version; nullptr where there is none.
  CatalogEntryPtr entry(const FunctionKey& key, std::uint64_t number) const;
  // A version as it would run if it were active, by its record; null while its code is not on
  // disk.
  Result<runtime::FunctionVersionPtr> preview(const FunctionRecord& record) const;

  // Take over what the store now says: of a function or published version (0: $LATEST), of an
  // alias, of a function with all it has. To be called after every commit that touched it:
  // calls for one function are serialised and each reads again, so the last one leaves the
  // truth behind whatever the order.
  Status reload(const FunctionKey& key, std::uint64_t version = 0);
  Status reload_alias(const FunctionKey& key, const std::string& name);
  Status reload_all(const FunctionKey& key);

  // A security group lets out something else now: its functions change.
  Status reload_under(const AccountId& account, const Region& region, const std::string& group);
  // Whether a function or version stands in that subnet, or under that group.
  bool uses_network(const AccountId& account, const Region& region, std::string_view id) const;

  // What a client is told it may rely on: between a commit and its reload a reader of the store
  // knows more than an invocation does. Takes the record over if that is so.
  Status keep_up_with(const FunctionRecord& record);

  // Called after each reload of anything of a function, one call at a time for one function.
  // It may ask the catalog, not reload it. Before load().
  using Changed = UniqueFunction<Status(const FunctionKey& key)>;
  void on_changed(Changed callback);

  // Functions, without counting their versions.
  std::size_t size() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };
  // One function: what it is, what was published of it, and its aliases.
  struct Family {
    std::map<std::uint64_t, CatalogEntryPtr> versions;  // 0: $LATEST
    std::map<std::string, AliasTarget, std::less<>> aliases;
    bool empty() const { return versions.empty() && aliases.empty(); }
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Family, Hash, Equal> families;  // guarded by mutex
    std::mutex reloading;  // held around a read of the store and its taking over
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard(std::string_view key) { return shards_[Hash{}(key) % kShards]; }
  const Shard& shard(std::string_view key) const { return shards_[Hash{}(key) % kShards]; }
  CatalogEntryPtr make_entry(const FunctionRecord& record, const Reach& reach) const;
  runtime::FunctionVersionPtr make_version(const FunctionRecord& record, const Reach& reach) const;
  std::optional<std::vector<os::EgressRule>> egress_of(const FunctionRecord& record) const;
  template <class Body>
  void for_each_in_network(const AccountId& account, const Region& region, std::string_view id,
                           Body body) const;
  CatalogEntryPtr choose(const Family& family, std::string_view qualifier) const;
  void tell(const CatalogEntryPtr& before, const CatalogEntryPtr& now);
  Status tell_changed(const FunctionKey& key);

  Repository& repository_;
  const CodeStores& code_;
  Random& random_;
  Logger& logger_;
  const hosting::Ports* ports_;
  Retired retired_;
  Ready ready_;
  Changed changed_;
  std::array<Shard, kShards> shards_;
};

}  // namespace lapwing::lambda
