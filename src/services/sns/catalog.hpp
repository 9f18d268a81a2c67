// All topics and subscriptions, in memory, in front of their records: what is asked to publish
// costs no read. Changes go through here, one at a time: the record is written first.
//
// A View is a topic with its subscriptions as of one moment; those who publish hold one,
// undisturbed by changes. It is made when it is first asked for after a change, so that many
// changes in a row cost no view each.
//
// Thread-safety: any thread; what changes something may block for a commit.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "patterns/pattern_set.hpp"
#include "policy/document.hpp"
#include "services/sns/subscription.hpp"
#include "services/sns/topic.hpp"
#include "services/sns/topic_attributes.hpp"
#include "store/store.hpp"

namespace lapwing::sns {

struct View {
  TopicPtr topic;
  // Null: none was set, and the default lets only the account in.
  std::shared_ptr<const policy::Document> policy;
  // Confirmed ones. Those with a filter by the numbers that the snapshots answer with.
  std::vector<SubscriptionPtr> unfiltered;
  std::vector<std::pair<patterns::PatternId, SubscriptionPtr>> filtered;  // by number
  // Null: none filters so.
  std::shared_ptr<const patterns::Snapshot> by_attributes;
  std::shared_ptr<const patterns::Snapshot> by_body;

  const Subscription* find(patterns::PatternId number) const;
};
using ViewPtr = std::shared_ptr<const View>;

class Catalog {
 public:
  explicit Catalog(store::Store& store) : store_(store) {}

  Status load();

  // nullptr for what is not there.
  TopicPtr find(const TopicAddress& address) const;
  // The same with NotFound.
  Result<TopicPtr> get(const TopicAddress& address) const;
  Result<ViewPtr> view(const TopicAddress& address);
  // Unsubscribed ones, too.
  SubscriptionPtr find(const SubscriptionAddress& address) const;
  SubscriptionPtr find_by_token(std::string_view token) const;
  // Of this protocol and endpoint; not an unsubscribed one.
  SubscriptionPtr find_endpoint(const TopicAddress& topic, std::string_view protocol,
                                std::string_view endpoint) const;
  SubscriptionCounts counts(const TopicAddress& address) const;
  std::size_t filters(const TopicAddress& address) const;

  // Topics of a scope after `after`, by name, at most `limit`.
  std::vector<TopicPtr> topics(const aws::Scope& scope, std::string_view after,
                               std::size_t limit) const;
  std::size_t count_topics(const aws::Scope& scope, bool fifo) const;
  // Subscriptions of a scope, or of one topic where it is named, after the one whose key is
  // `after`.
  std::vector<SubscriptionPtr> subscriptions(const aws::Scope& scope, std::string_view topic,
                                             std::string_view after, std::size_t limit) const;

  // What `body` makes of the topic of this address (nullptr: there is none) is written and shown.
  using TopicChange = FunctionRef<Result<TopicPtr>(TopicPtr)>;
  Result<TopicPtr> change(const TopicAddress& address, TopicChange body);
  // With all its subscriptions; answers them. One that is not there is gone already. Records of
  // subscriptions beyond kRemovalStep stay for remove_some(): a topic of this name that is made
  // meanwhile waits for it.
  Result<std::vector<SubscriptionPtr>> erase(const TopicAddress& address);
  // A step of what erase() has left, in a transaction of its own.
  bool has_left() const;
  Status remove_some();

  // The same with a subscription; nullptr takes it away. `also` writes what belongs to the change
  // into its transaction. A topic that is not there is NotFound.
  using SubscriptionChange = FunctionRef<Result<SubscriptionPtr>(const Topic&, SubscriptionPtr)>;
  using Also = FunctionRef<Status(store::Txn&, const Subscription*)>;
  Result<SubscriptionPtr> change(const SubscriptionAddress& address, SubscriptionChange body,
                                 Also also);
  Result<SubscriptionPtr> change(const SubscriptionAddress& address, SubscriptionChange body);

  // Those whose tokens end until then, and when the next one does.
  std::vector<SubscriptionPtr> token_ended(std::int64_t now_ms) const;
  std::optional<std::int64_t> next_token_end_ms() const;

 private:
  struct Held {
    SubscriptionPtr subscription;
    patterns::PatternId number = 0;
  };
  struct Entry {
    TopicPtr topic;
    std::map<std::string, Held, std::less<>> subscriptions;       // by id
    std::map<std::string, std::string, std::less<>> by_endpoint;  // to their ids
    std::unique_ptr<patterns::PatternSet> by_attributes;
    std::unique_ptr<patterns::PatternSet> by_body;
    SubscriptionCounts counts;
    std::size_t filters = 0;
    ViewPtr view;
  };

  // Under mutex_.
  const Entry* entry(const TopicAddress& address) const;
  void show(Entry& in, std::string_view id, SubscriptionPtr after);
  void forget(Entry& in, const Held& held);
  void remember(Entry& in, Held held);
  static ViewPtr make_view(const Entry& of);

  Result<SubscriptionPtr> write(const TopicPtr& topic, const SubscriptionAddress& address,
                                const SubscriptionPtr& before, const SubscriptionPtr& after,
                                Also also);
  // Whether some are left.
  Result<bool> remove_some(const TopicAddress& address);
  Status finish_removal(const TopicAddress& address);
  // Null: there is none.
  void show(const TopicAddress& address, TopicPtr after);
  // After a commit of which nobody knows: what stands there now. What cannot be read stays as it
  // was shown.
  Status reread(const TopicAddress& address);
  Status reread(const SubscriptionAddress& address);

  store::Store& store_;
  std::mutex changing_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> topics_;  // by key
  // How many topics of a scope there are: standard ones, FIFO ones.
  std::map<aws::Scope, std::array<std::size_t, 2>> topic_counts_;
  std::map<std::string, SubscriptionAddress, std::less<>> by_token_;
  std::map<std::pair<std::int64_t, std::string>, SubscriptionAddress> token_ends_;
  std::map<std::string, TopicAddress, std::less<>> removing_;  // erased; some records are left
  patterns::PatternId next_number_ = 1;
};

}  // namespace lapwing::sns
