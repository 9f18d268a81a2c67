#include "services/sqs/catalog.hpp"

#include <utility>

#include "policy/document.hpp"
#include "resources/table.hpp"
#include "services/sqs/tables.hpp"
#include "services/sqs/words.hpp"

namespace lapwing::sqs {

Status Catalog::load() {
  return Queues::for_each(store_, [this](Queue& queue) -> Status {
    queue.live = std::make_shared<Live>();
    std::string key = queue.key();
    show(key, std::make_shared<const Queue>(std::move(queue)));
    return {};
  });
}

QueuePtr Catalog::find_any(std::string_view key) const {
  const std::shared_lock lock(mutex_);
  const auto found = queues_.find(key);
  return found == queues_.end() ? nullptr : found->second;
}

QueuePtr Catalog::find(const Address& address) const {
  QueuePtr found = find_any(address.key());
  return found == nullptr || found->deleted() ? nullptr : found;
}

Result<QueuePtr> Catalog::get(const Address& address) const {
  QueuePtr found = find(address);
  if (found == nullptr) return fail(no_such_queue());
  return found;
}

std::vector<QueuePtr> Catalog::list(const aws::Scope& scope, std::string_view prefix,
                                    std::string_view after, std::size_t limit,
                                    FunctionRef<bool(const Queue&)> wanted) const {
  const std::string start = resources::scoped_key(scope, prefix);
  const std::shared_lock lock(mutex_);
  auto at = after.empty() ? queues_.lower_bound(start)
                          : queues_.upper_bound(resources::scoped_key(scope, after));
  std::vector<QueuePtr> out;
  for (; at != queues_.end() && at->first.starts_with(start) && out.size() < limit; ++at) {
    if (!at->second->deleted() && wanted(*at->second)) out.push_back(at->second);
  }
  return out;
}

std::vector<QueuePtr> Catalog::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<QueuePtr> out;
  out.reserve(queues_.size());
  for (const auto& [key, queue] : queues_) out.push_back(queue);
  return out;
}

std::vector<QueuePtr> Catalog::after(std::string_view key, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<QueuePtr> out;
  for (auto at = queues_.upper_bound(key); at != queues_.end() && out.size() < limit; ++at) {
    if (!at->second->deleted()) out.push_back(at->second);
  }
  return out;
}

void Catalog::show(const std::string& key, QueuePtr queue) {
  if (queue != nullptr && (!queue->policy.empty() || queue->document != nullptr)) {
    auto read = std::make_shared<Queue>(*queue);
    auto document = policy::parse(queue->policy, policy::Use::kResource);
    read->document = document ? std::make_shared<policy::Document>(*std::move(document)) : nullptr;
    queue = std::move(read);
  }
  const std::unique_lock lock(mutex_);
  if (queue == nullptr) {
    queues_.erase(key);
  } else {
    queues_[key] = std::move(queue);
  }
}

Result<QueuePtr> Catalog::change(std::string_view key,
                                 FunctionRef<Result<QueuePtr>(QueuePtr)> body) {
  std::string arn;
  Result<QueuePtr> out = [&] {
    const std::scoped_lock lock(changing_);
    return change_locked(std::string(key), [&](QueuePtr before) -> Result<QueuePtr> {
      if (before != nullptr) arn = before->arn();
      auto after = body(std::move(before));
      if (after && *after != nullptr) arn = (*after)->arn();
      return after;
    });
  }();
  if (changed_ && !arn.empty()) changed_(arn);
  return out;
}

Result<QueuePtr> Catalog::change_locked(const std::string& key,
                                        FunctionRef<Result<QueuePtr>(QueuePtr)> body) {
  const QueuePtr before = find_any(key);
  LAPWING_TRY(QueuePtr after, body(before));
  if (after == before) return after;
  const auto written = store_.transact([&](store::Txn& txn) -> Status {
    if (after == nullptr) return Queues::erase(txn, key);
    if (before != nullptr && before->place != after->place) {
      const auto left = Graves::put(txn, {before->place, before->deleted_ms});
      if (!left) return fail(left.error());
    }
    const auto put = Queues::put(txn, *after);
    if (!put) return fail(put.error());
    return {};
  });
  if (!written) {
    // It may have happened.
    if (written.error().kind() == ErrorKind::kUnknown) LAPWING_CHECK(reread(key));
    return fail(store_failure(written.error()));
  }
  show(key, after);
  return after;
}

Result<std::vector<Grave>> Catalog::graves() const {
  std::vector<Grave> out;
  LAPWING_CHECK(Graves::for_each(store_, [&](Grave& grave) -> Status {
    out.push_back(std::move(grave));
    return {};
  }));
  return out;
}

Status Catalog::remove_grave(std::string_view place) {
  const auto done = store_.transact([&](store::Txn& txn) { return Graves::erase(txn, place); });
  if (!done) return fail(done.error());
  return {};
}

Status Catalog::reread(const std::string& key) {
  const QueuePtr before = find_any(key);
  return store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto stored, Queues::find(reader, key));
    if (!stored) {
      show(key, nullptr);
      return {};
    }
    stored->record.live = before != nullptr && before->place == stored->record.place
                              ? before->live
                              : std::make_shared<Live>();
    show(key, std::make_shared<const Queue>(std::move(stored->record)));
    return {};
  });
}

}  // namespace lapwing::sqs
