// All queues, in memory, in front of their records: what is asked for a message costs no read.
//
// Changes go through here, one at a time: the record is written first.
//
// Thread-safety: any thread; change() and insert() may block for a commit.
#pragma once

#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "services/sqs/address.hpp"
#include "services/sqs/queue.hpp"
#include "store/store.hpp"

namespace lapwing::sqs {

class Catalog {
 public:
  explicit Catalog(store::Store& store) : store_(store) {}

  Status load();
  // Called after each change, with the queue's ARN, on the thread of the change. Before load().
  void on_changed(UniqueFunction<void(const std::string& arn)> callback) {
    changed_ = std::move(callback);
  }

  // nullptr for what is not there, or deleted.
  QueuePtr find(const Address& address) const;
  // The same with QueueDoesNotExist.
  Result<QueuePtr> get(const Address& address) const;
  // Tombstones, too.
  QueuePtr find_any(std::string_view key) const;
  // Those of a scope whose names begin with `prefix` and come after `after`, by name; `wanted`
  // chooses. At most `limit`.
  std::vector<QueuePtr> list(const aws::Scope& scope, std::string_view prefix,
                             std::string_view after, std::size_t limit,
                             FunctionRef<bool(const Queue&)> wanted) const;
  std::vector<QueuePtr> all() const;
  // By key, after this one, of all accounts; tombstones are left out.
  std::vector<QueuePtr> after(std::string_view key, std::size_t limit) const;

  Result<std::vector<Grave>> graves() const;
  Status remove_grave(std::string_view place);

  // What `body` makes of the queue of this key (nullptr: there is none, not even a tombstone) is
  // written and shown. An answer of nullptr removes it; one in another place leaves a Grave. Other
  // changes wait meanwhile.
  Result<QueuePtr> change(std::string_view key, FunctionRef<Result<QueuePtr>(QueuePtr)> body);

 private:
  Result<QueuePtr> change_locked(const std::string& key,
                                 FunctionRef<Result<QueuePtr>(QueuePtr)> body);
  void show(const std::string& key, QueuePtr queue);
  Status reread(const std::string& key);

  store::Store& store_;
  UniqueFunction<void(const std::string& arn)> changed_;
  std::mutex changing_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, QueuePtr, std::less<>> queues_;  // by key
};

}  // namespace lapwing::sqs
