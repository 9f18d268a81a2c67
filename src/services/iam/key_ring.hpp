// The access keys of users, and which users and roles there are, as the server's authentication
// asks for them: all of them in memory, so that no request waits for the store.
//
//   KeyRing ring(store, clock, sealer);
//   LAPWING_CHECK(ring.load());      // before the first request
//   LAPWING_CHECK(ring.refresh(id)); // after each change of a key: seen by the next request
//   LAPWING_CHECK(ring.refresh_identity(account, id)); // after a user or role was made or deleted
//
// It notes when and where a key was used, and writes that down within kKeyUseKept: what was used
// in the last moments before a crash is not told.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "aws/credentials.hpp"
#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/result.hpp"
#include "services/iam/sealing.hpp"
#include "services/iam/tables.hpp"
#include "store/store.hpp"

namespace lapwing::iam {

class KeyRing final : public aws::CredentialStore, private DueSource {
 public:
  // All outlive it.
  KeyRing(store::Store& store, const Clock& clock, const Sealer& sealer)
      : store_(store), clock_(clock), sealer_(sealer) {}

  // Reads all keys; those that were kept as they are (before secrets were sealed) are sealed.
  // Answers how many are refused because they were sealed with another key.
  Result<std::size_t> load();
  // Uses are written down from here on, until stop().
  void start(background::Runner& background);
  void stop();

  // Reads a key, or all of a user (whose name has changed), again. On an error the key is
  // refused.
  Status refresh(const std::string& key_id);
  Status refresh_user(const std::string& account, const std::string& user_id);
  // Whether there is this user or role. On an error its sessions are refused.
  Status refresh_identity(const std::string& account, const std::string& id);

  Result<aws::KnownKey> find(std::string_view access_key_id, std::string_view session_token,
                             WallTime now) const override;
  bool has_identity(std::string_view id) const override;
  void used(std::string_view access_key_id, const aws::KeyUse& use) const override;
  // What is not written down yet.
  std::optional<LastUse> last_use(const std::string& key_id) const;

  std::size_t size() const;
  std::size_t signing_keys() const override { return size(); }

 private:
  struct Use {
    LastUse use;
    std::uint64_t number = 0;  // of the note: tells whether there was a later one
  };

  Status seal_old(const std::vector<std::string>& ids);
  Result<std::optional<aws::KnownKey>> read_key(store::Reader& reader, const AccessKey& key);
  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;
  Status write_uses();

  store::Store& store_;
  const Clock& clock_;
  const Sealer& sealer_;
  std::mutex refreshing_;       // so that the last one to read is the last one to write
  std::size_t unreadable_ = 0;  // guarded by refreshing_
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, aws::KnownKey> keys_;  // active ones
  std::unordered_set<std::string> identities_;           // ids of users and roles
  mutable std::mutex uses_mutex_;
  mutable std::map<std::string, Use, std::less<>> uses_;
  mutable std::uint64_t notes_ = 0;
  mutable std::optional<MonoTime> due_;
  mutable background::Task writing_;
};

}  // namespace lapwing::iam
