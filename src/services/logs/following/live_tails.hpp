// Live tails: what is written to some groups, as it comes, for a client that looks on.
//
//   auto session = TailSession::open(...);          // on a worker
//   LAPWING_TRY(TailUpdate update, session->take());  // each second: what came since the last time
//
// A session is told by the FollowList which streams were written to, and reads only these. It holds
// positions of the groups' streams, nothing else: a slow reader makes it skip, not gather.
//
// Thread-safety: LiveTails any thread; a session's take() one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "services/logs/filter/pattern.hpp"
#include "services/logs/following/follow_list.hpp"
#include "services/logs/repository.hpp"
#include "store/log.hpp"

namespace lapwing::logs {

struct TailAsk {
  Scope scope;
  std::vector<Group> groups;
  std::vector<std::string> streams;   // by name; empty: all
  std::vector<std::string> prefixes;  // of names; empty: all
  FilterPattern pattern;
};

struct TailEvent {
  std::string group;
  std::string stream;
  std::int64_t time_ms = 0;
  std::int64_t ingestion_ms = 0;
  std::string message;
};

struct TailUpdate {
  std::vector<TailEvent> events;  // by time
  bool sampled = false;           // some of what matches was left out
};

// How many there are, and that they end with the service.
class LiveTails {
 public:
  explicit LiveTails(FollowList& follows) : follows_(follows) {}

  FollowList& follows() { return follows_; }
  // False: the account has as many as it may.
  bool enter(const Scope& scope);
  void leave(const Scope& scope);
  void close() { closing_ = true; }
  bool closing() const { return closing_; }

 private:
  FollowList& follows_;
  std::atomic<bool> closing_{false};
  std::mutex mutex_;
  std::map<Scope, std::size_t> open_;
};

class TailSession final : private Watcher {
 public:
  // limit_exceeded() where there are too many.
  static Result<std::shared_ptr<TailSession>> open(LiveTails& tails, store::Log& log,
                                                   Random& random, TailAsk ask);
  ~TailSession() override;

  Result<TailUpdate> take();

 private:
  TailSession(LiveTails& tails, store::Log& log, Random& random, TailAsk ask)
      : tails_(tails), log_(log), random_(random), ask_(std::move(ask)) {}

  void wrote(const StreamTarget& target, std::string_view stream) override;
  bool wants(std::string_view stream) const;
  Status begin_at_the_end(const std::string& group_uid);
  // What came of one stream, of which `bytes` are left to be read.
  Status read(const StreamTarget& target, const std::string& stream, std::size_t& bytes,
              TailUpdate& into);
  void keep(TailUpdate& into, TailEvent event);

  LiveTails& tails_;
  store::Log& log_;
  Random& random_;
  const TailAsk ask_;
  std::map<StreamTarget, store::LogSequence> next_;
  std::uint64_t seen_ = 0;  // that match, in the update being made

  std::mutex mutex_;
  std::map<StreamTarget, std::string> written_;  // streams' names; with mutex_
};

}  // namespace lapwing::logs
