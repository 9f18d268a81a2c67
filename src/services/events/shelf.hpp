// All records of one kind, in memory, in front of the store: what is asked for an event costs no
// read.
//
// Changes go through here, one at a time: the record is written first, then shown.
//
// Thread-safety: any thread; change() may block for a commit. Who watches is called by one thread
// at a time, in the order of changes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "resources/table.hpp"
#include "services/events/words.hpp"
#include "store/store.hpp"

namespace lapwing::events {

template <class Spec>
class Shelf {
 public:
  using Record = typename Spec::Record;
  using Ptr = std::shared_ptr<const Record>;
  using Records = resources::Table<Spec>;
  // What stood there before, and what stands there now; null: nothing.
  using Watch = UniqueFunction<void(const Ptr& before, const Ptr& after)>;
  // Completes what was read: what is worked out of a record and not kept.
  using Complete = Status (*)(Record&);

  explicit Shelf(store::Store& store, Complete complete = nullptr)
      : store_(store), complete_(complete) {}
  // Before load().
  void watch(Watch watch) { watch_ = std::move(watch); }

  Status load() {
    return Records::for_each(store_, [this](Record& record) -> Status {
      if (complete_ != nullptr) LAPWING_CHECK(complete_(record));
      const std::string key = Spec::key(record);
      show(key, nullptr, std::make_shared<const Record>(std::move(record)));
      return {};
    });
  }

  Ptr find(std::string_view key) const {
    const std::shared_lock lock(mutex_);
    const auto found = records_.find(key);
    return found == records_.end() ? nullptr : found->second;
  }

  // Those whose keys begin with `prefix`, behind the key `after`, by key, at most `limit` that
  // `wanted` chooses.
  std::vector<Ptr> list(std::string_view prefix, std::string_view after, std::size_t limit,
                        FunctionRef<bool(const Record&)> wanted) const {
    std::vector<Ptr> out;
    const std::shared_lock lock(mutex_);
    auto at = after > prefix ? records_.upper_bound(after) : records_.lower_bound(prefix);
    for (; at != records_.end() && at->first.starts_with(prefix) && out.size() < limit; ++at) {
      if (wanted(*at->second)) out.push_back(at->second);
    }
    return out;
  }
  std::vector<Ptr> list(std::string_view prefix) const {
    return list(prefix, {}, SIZE_MAX, [](const Record&) { return true; });
  }
  std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return records_.size();
  }

  // While it is held, nothing here changes: for who changes another kind by what is here. Not
  // together with change() of the same shelf; rules are changed within buses, never the other way.
  std::unique_lock<std::mutex> hold() { return std::unique_lock(changing_); }
  // What `body` makes of the record of this key (null: there is none) is written and shown; null
  // removes it, the same one changes nothing.
  Result<Ptr> change(std::string_view key, FunctionRef<Result<Ptr>(Ptr)> body) {
    return change(key, body, [](store::Txn&) -> Status { return {}; });
  }
  // `also` in the same transaction; it may run more than once.
  Result<Ptr> change(std::string_view key, FunctionRef<Result<Ptr>(Ptr)> body,
                     FunctionRef<Status(store::Txn&)> also) {
    const std::scoped_lock lock(changing_);
    const Ptr before = find(key);
    LAPWING_TRY(Ptr after, body(before));
    if (after == before) return after;
    const auto written = store_.transact([&](store::Txn& txn) -> Status {
      LAPWING_CHECK(also(txn));
      if (after == nullptr) return Records::erase(txn, key);
      const auto put = Records::put(txn, *after);
      if (!put) return fail(put.error());
      return {};
    });
    if (!written) {
      // It may have happened.
      if (written.error().kind() == ErrorKind::kUnknown) LAPWING_CHECK(reread(key, before));
      return fail(store_failure(written.error()));
    }
    show(key, before, after);
    return after;
  }

 private:
  void show(std::string_view key, const Ptr& before, const Ptr& after) {
    {
      const std::unique_lock lock(mutex_);
      if (after == nullptr) {
        if (const auto found = records_.find(key); found != records_.end()) records_.erase(found);
      } else {
        records_.insert_or_assign(std::string(key), after);
      }
    }
    if (watch_) watch_(before, after);
  }
  Status reread(std::string_view key, const Ptr& before) {
    return store_.read([&](store::Reader& reader) -> Status {
      LAPWING_TRY(auto stored, Records::find(reader, key));
      if (!stored) {
        show(key, before, nullptr);
        return {};
      }
      if (complete_ != nullptr) LAPWING_CHECK(complete_(stored->record));
      show(key, before, std::make_shared<const Record>(std::move(stored->record)));
      return {};
    });
  }

  store::Store& store_;
  const Complete complete_;
  Watch watch_;
  std::mutex changing_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Ptr, std::less<>> records_;  // by key
};

}  // namespace lapwing::events
