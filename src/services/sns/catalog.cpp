#include "services/sns/catalog.hpp"

#include <algorithm>

#include "resources/table.hpp"
#include "services/sns/subscription_attributes.hpp"
#include "services/sns/tables.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

std::string endpoint_key(std::string_view protocol, std::string_view endpoint) {
  std::string out(protocol);
  out += ' ';
  out += endpoint;
  return out;
}

// Whether there are more.
Result<bool> erase_some(store::Txn& txn, const TopicAddress& address) {
  LAPWING_TRY(const auto page,
              Subscriptions::list(txn, {.prefix = address.key() + "/", .limit = kRemovalStep}));
  for (const Subscription& each : page.records) {
    LAPWING_CHECK(Subscriptions::erase(txn, each.key()));
  }
  return page.next.has_value();
}

bool is_filtered(const Subscription& subscription) {
  return subscription.confirmed() && subscription.pattern != nullptr;
}

}  // namespace

const Subscription* View::find(patterns::PatternId number) const {
  const auto found =
      std::ranges::lower_bound(filtered, number, {}, [](const auto& each) { return each.first; });
  return found == filtered.end() || found->first != number ? nullptr : found->second.get();
}

Status Catalog::load() {
  const std::unique_lock lock(mutex_);
  LAPWING_CHECK(Removals::for_each(store_, [this](Removal& removal) -> Status {
    removing_.emplace(removal.topic.key(), removal.topic);
    return {};
  }));
  LAPWING_CHECK(Topics::for_each(store_, [this](Topic& topic) -> Status {
    std::string key = topic.key();
    ++topic_counts_[topic.scope][topic.fifo ? 1 : 0];
    topics_[std::move(key)].topic = std::make_shared<const Topic>(std::move(topic));
    return {};
  }));
  return Subscriptions::for_each(store_, [this](Subscription& subscription) -> Status {
    const auto found = topics_.find(subscription.topic.key());
    if (found == topics_.end()) return {};
    LAPWING_CHECK(compile_filter(subscription));
    auto shown = std::make_shared<const Subscription>(std::move(subscription));
    const std::string& id = shown->id;
    show(found->second, id, shown);
    return {};
  });
}

const Catalog::Entry* Catalog::entry(const TopicAddress& address) const {
  const auto found = topics_.find(address.key());
  return found == topics_.end() ? nullptr : &found->second;
}

TopicPtr Catalog::find(const TopicAddress& address) const {
  const std::shared_lock lock(mutex_);
  const Entry* const found = entry(address);
  return found == nullptr ? nullptr : found->topic;
}

Result<TopicPtr> Catalog::get(const TopicAddress& address) const {
  TopicPtr found = find(address);
  if (found == nullptr) return fail(no_such_topic());
  return found;
}

Result<ViewPtr> Catalog::view(const TopicAddress& address) {
  {
    const std::shared_lock lock(mutex_);
    const Entry* const found = entry(address);
    if (found == nullptr) return fail(no_such_topic());
    if (found->view != nullptr) return found->view;
  }
  const std::unique_lock lock(mutex_);
  const auto found = topics_.find(address.key());
  if (found == topics_.end()) return fail(no_such_topic());
  if (found->second.view == nullptr) found->second.view = make_view(found->second);
  return found->second.view;
}

ViewPtr Catalog::make_view(const Entry& of) {
  auto out = std::make_shared<View>();
  out->topic = of.topic;
  if (auto set = policy::parse(of.topic->attribute("Policy"), policy::Use::kResource)) {
    out->policy = std::make_shared<const policy::Document>(*std::move(set));
  }
  for (const auto& [id, held] : of.subscriptions) {
    if (!held.subscription->confirmed()) continue;
    if (is_filtered(*held.subscription)) {
      out->filtered.emplace_back(held.number, held.subscription);
    } else {
      out->unfiltered.push_back(held.subscription);
    }
  }
  std::ranges::sort(out->filtered, {}, [](const auto& each) { return each.first; });
  const auto any = [](const auto& set) { return set != nullptr && set->size() != 0; };
  if (any(of.by_attributes)) out->by_attributes = of.by_attributes->snapshot();
  if (any(of.by_body)) out->by_body = of.by_body->snapshot();
  return out;
}

SubscriptionPtr Catalog::find(const SubscriptionAddress& address) const {
  const std::shared_lock lock(mutex_);
  const Entry* const in = entry(address.topic);
  if (in == nullptr) return nullptr;
  const auto found = in->subscriptions.find(address.id);
  return found == in->subscriptions.end() ? nullptr : found->second.subscription;
}

SubscriptionPtr Catalog::find_by_token(std::string_view token) const {
  std::optional<SubscriptionAddress> address;
  {
    const std::shared_lock lock(mutex_);
    const auto found = by_token_.find(token);
    if (found == by_token_.end()) return nullptr;
    address = found->second;
  }
  return find(*address);
}

SubscriptionPtr Catalog::find_endpoint(const TopicAddress& topic, std::string_view protocol,
                                       std::string_view endpoint) const {
  const std::shared_lock lock(mutex_);
  const Entry* const in = entry(topic);
  if (in == nullptr) return nullptr;
  const auto id = in->by_endpoint.find(endpoint_key(protocol, endpoint));
  return id == in->by_endpoint.end() ? nullptr
                                     : in->subscriptions.find(id->second)->second.subscription;
}

SubscriptionCounts Catalog::counts(const TopicAddress& address) const {
  const std::shared_lock lock(mutex_);
  const Entry* const found = entry(address);
  return found == nullptr ? SubscriptionCounts() : found->counts;
}

std::size_t Catalog::filters(const TopicAddress& address) const {
  const std::shared_lock lock(mutex_);
  const Entry* const found = entry(address);
  return found == nullptr ? 0 : found->filters;
}

std::vector<TopicPtr> Catalog::topics(const aws::Scope& scope, std::string_view after,
                                      std::size_t limit) const {
  const std::string start = resources::scoped_key(scope, "");
  const std::shared_lock lock(mutex_);
  auto at = after.empty() ? topics_.lower_bound(start)
                          : topics_.upper_bound(resources::scoped_key(scope, after));
  std::vector<TopicPtr> out;
  for (; at != topics_.end() && at->first.starts_with(start) && out.size() < limit; ++at) {
    out.push_back(at->second.topic);
  }
  return out;
}

std::size_t Catalog::count_topics(const aws::Scope& scope, bool fifo) const {
  const std::shared_lock lock(mutex_);
  const auto found = topic_counts_.find(scope);
  return found == topic_counts_.end() ? 0 : found->second[fifo ? 1 : 0];
}

std::vector<SubscriptionPtr> Catalog::subscriptions(const aws::Scope& scope, std::string_view topic,
                                                    std::string_view after,
                                                    std::size_t limit) const {
  const std::string start = resources::scoped_key(scope, topic);
  // A key is the topic's, a slash, and an id.
  const std::size_t slash = after.rfind('/');
  const std::string_view after_topic =
      slash == std::string_view::npos ? std::string_view() : after.substr(0, slash);
  const std::shared_lock lock(mutex_);
  std::vector<SubscriptionPtr> out;
  for (auto at = topics_.lower_bound(after_topic.empty() ? std::string_view(start) : after_topic);
       at != topics_.end() && at->first.starts_with(start); ++at) {
    if (!topic.empty() && at->first != start) break;
    const auto& all = at->second.subscriptions;
    auto each = at->first == after_topic ? all.upper_bound(after.substr(slash + 1)) : all.begin();
    for (; each != all.end(); ++each) {
      if (each->second.subscription->gone()) continue;
      if (out.size() == limit) return out;
      out.push_back(each->second.subscription);
    }
  }
  return out;
}

void Catalog::forget(Entry& in, const Held& held) {
  const Subscription& was = *held.subscription;
  if (!was.token.empty()) {
    by_token_.erase(was.token);
    token_ends_.erase({was.token_ends_ms, was.token});
  }
  if (was.gone()) return;
  in.by_endpoint.erase(endpoint_key(was.protocol, was.endpoint));
  if (was.pending()) --in.counts.pending;
  if (was.confirmed()) --in.counts.confirmed;
  if (was.pattern != nullptr) --in.filters;
  if (is_filtered(was)) (was.filter_body ? in.by_body : in.by_attributes)->remove(held.number);
}

void Catalog::remember(Entry& in, Held held) {
  const Subscription& is = *held.subscription;
  if (!is.token.empty()) {
    by_token_[is.token] = is.address();
    if (!is.confirmed()) token_ends_[{is.token_ends_ms, is.token}] = is.address();
  }
  if (!is.gone()) {
    in.by_endpoint[endpoint_key(is.protocol, is.endpoint)] = is.id;
    if (is.pending()) ++in.counts.pending;
    if (is.confirmed()) ++in.counts.confirmed;
    if (is.pattern != nullptr) ++in.filters;
  }
  if (is_filtered(is)) {
    auto& set = is.filter_body ? in.by_body : in.by_attributes;
    if (set == nullptr) set = std::make_unique<patterns::PatternSet>();
    held.number = next_number_++;
    set->add({patterns::Identified{held.number, is.pattern}});
  }
  const std::string& id = is.id;
  in.subscriptions.insert_or_assign(id, held);
}

void Catalog::show(Entry& in, std::string_view id, SubscriptionPtr after) {
  if (const auto before = in.subscriptions.find(id); before != in.subscriptions.end()) {
    forget(in, before->second);
    if (after == nullptr) in.subscriptions.erase(before);
  }
  if (after != nullptr) remember(in, {std::move(after), 0});
  in.view = nullptr;
}

void Catalog::show(const TopicAddress& address, TopicPtr after) {
  const std::string key = address.key();
  const std::unique_lock lock(mutex_);
  if (after != nullptr) {
    Entry& in = topics_[key];
    if (in.topic == nullptr) ++topic_counts_[after->scope][after->fifo ? 1 : 0];
    in.topic = std::move(after);
    in.view = nullptr;
    return;
  }
  const auto found = topics_.find(key);
  if (found == topics_.end()) return;
  for (const auto& [id, held] : found->second.subscriptions) forget(found->second, held);
  --topic_counts_[address.scope][found->second.topic->fifo ? 1 : 0];
  topics_.erase(found);
}

Result<TopicPtr> Catalog::change(const TopicAddress& address, TopicChange body) {
  // Others may change something meanwhile.
  LAPWING_CHECK(finish_removal(address));
  const std::scoped_lock lock(changing_);
  LAPWING_CHECK(finish_removal(address));
  const TopicPtr before = find(address);
  LAPWING_TRY(TopicPtr after, body(before));
  if (after == before) return after;
  const auto written = store_.transact([&](store::Txn& txn) -> Status {
    const auto put = Topics::put(txn, *after);
    if (!put) return fail(put.error());
    return {};
  });
  if (!written) {
    // It may have happened.
    if (written.error().kind() == ErrorKind::kUnknown) LAPWING_CHECK(reread(address));
    return fail(store_failure(written.error()));
  }
  show(address, after);
  return after;
}

Result<std::vector<SubscriptionPtr>> Catalog::erase(const TopicAddress& address) {
  const std::scoped_lock lock(changing_);
  std::vector<SubscriptionPtr> out;
  std::string place;
  {
    const std::shared_lock read_lock(mutex_);
    const Entry* const found = entry(address);
    if (found == nullptr) return out;
    place = found->topic->place;
    for (const auto& [id, held] : found->subscriptions) out.push_back(held.subscription);
  }
  bool left = false;
  const auto written = store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(left, erase_some(txn, address));
    if (left) LAPWING_CHECK(Removals::put(txn, {address}));
    LAPWING_CHECK(Sequences::erase(txn, place));
    return Topics::erase(txn, address.key());
  });
  if (!written) {
    if (written.error().kind() == ErrorKind::kUnknown) LAPWING_CHECK(reread(address));
    return fail(store_failure(written.error()));
  }
  show(address, nullptr);
  if (left) {
    const std::unique_lock left_lock(mutex_);
    removing_.emplace(address.key(), address);
  }
  return out;
}

bool Catalog::has_left() const {
  const std::shared_lock lock(mutex_);
  return !removing_.empty();
}

Status Catalog::remove_some() {
  TopicAddress first;
  {
    const std::shared_lock lock(mutex_);
    if (removing_.empty()) return {};
    first = removing_.begin()->second;
  }
  LAPWING_CHECK(remove_some(first));
  return {};
}

Result<bool> Catalog::remove_some(const TopicAddress& address) {
  const std::string key = address.key();
  bool left = false;
  const auto written = store_.transact([&](store::Txn& txn) -> Status {
    // Somebody else may have come to the end, and what is there is another topic's.
    LAPWING_TRY(const auto removal, Removals::find(txn, key));
    left = false;
    if (!removal) return {};
    LAPWING_TRY(left, erase_some(txn, address));
    return left ? Status() : Removals::erase(txn, key);
  });
  if (!written) return fail(store_failure(written.error()));
  if (!left) {
    const std::unique_lock lock(mutex_);
    removing_.erase(key);
  }
  return left;
}

Status Catalog::finish_removal(const TopicAddress& address) {
  bool left = true;
  while (left) {
    {
      const std::shared_lock lock(mutex_);
      if (!removing_.contains(address.key())) return {};
    }
    LAPWING_TRY(left, remove_some(address));
  }
  return {};
}

Result<SubscriptionPtr> Catalog::write(const TopicPtr& topic, const SubscriptionAddress& address,
                                       const SubscriptionPtr& before, const SubscriptionPtr& after,
                                       Also also) {
  // Deleted subscriptions are counted by their topic.
  const bool ends = before != nullptr && before->confirmed() && (after == nullptr || after->gone());
  TopicPtr counted = topic;
  if (ends) {
    auto more = std::make_shared<Topic>(*topic);
    ++more->subscriptions_deleted;
    counted = std::move(more);
  }
  const auto written = store_.transact([&](store::Txn& txn) -> Status {
    if (after == nullptr && before != nullptr) {
      LAPWING_CHECK(Subscriptions::erase(txn, before->key()));
    } else if (after != nullptr) {
      const auto put = Subscriptions::put(txn, *after);
      if (!put) return fail(put.error());
    }
    if (ends) {
      const auto put = Topics::put(txn, *counted);
      if (!put) return fail(put.error());
    }
    return also(txn, after.get());
  });
  if (!written) {
    if (written.error().kind() == ErrorKind::kUnknown) LAPWING_CHECK(reread(address));
    return fail(store_failure(written.error()));
  }
  const std::unique_lock lock(mutex_);
  Entry& in = topics_.find(address.topic.key())->second;
  in.topic = counted;
  show(in, address.id, after);
  return after;
}

Result<SubscriptionPtr> Catalog::change(const SubscriptionAddress& address, SubscriptionChange body,
                                        Also also) {
  const std::scoped_lock lock(changing_);
  LAPWING_TRY(const TopicPtr topic, get(address.topic));
  const SubscriptionPtr before = find(address);
  LAPWING_TRY(SubscriptionPtr after, body(*topic, before));
  const bool same = after == before || (after != nullptr && after == find(after->address()));
  if (same) return after;
  return write(topic, after != nullptr ? after->address() : address, before, after, also);
}

Result<SubscriptionPtr> Catalog::change(const SubscriptionAddress& address,
                                        SubscriptionChange body) {
  return change(address, body, [](store::Txn&, const Subscription*) { return Status(); });
}

std::vector<SubscriptionPtr> Catalog::token_ended(std::int64_t now_ms) const {
  std::vector<SubscriptionAddress> ended;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [end, address] : token_ends_) {
      if (end.first > now_ms) break;
      ended.push_back(address);
    }
  }
  std::vector<SubscriptionPtr> out;
  for (const SubscriptionAddress& address : ended) {
    if (SubscriptionPtr found = find(address)) out.push_back(std::move(found));
  }
  return out;
}

std::optional<std::int64_t> Catalog::next_token_end_ms() const {
  const std::shared_lock lock(mutex_);
  if (token_ends_.empty()) return std::nullopt;
  return token_ends_.begin()->first.first;
}

Status Catalog::reread(const TopicAddress& address) {
  TopicPtr there;
  bool left = false;
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto topic, Topics::find(reader, address.key()));
    LAPWING_TRY(const auto removal, Removals::find(reader, address.key()));
    there = topic ? std::make_shared<const Topic>(std::move(topic->record)) : nullptr;
    left = removal.has_value();
    return {};
  }));
  show(address, std::move(there));
  const std::unique_lock lock(mutex_);
  if (left) removing_.emplace(address.key(), address);
  return {};
}

Status Catalog::reread(const SubscriptionAddress& address) {
  SubscriptionPtr there;
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto stored, Subscriptions::find(reader, address.key()));
    there = nullptr;
    if (!stored) return {};
    LAPWING_CHECK(compile_filter(stored->record));
    there = std::make_shared<const Subscription>(std::move(stored->record));
    return {};
  }));
  LAPWING_CHECK(reread(address.topic));
  const std::unique_lock lock(mutex_);
  const auto in = topics_.find(address.topic.key());
  if (in != topics_.end()) show(in->second, address.id, std::move(there));
  return {};
}

}  // namespace lapwing::sns
