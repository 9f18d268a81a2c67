#include "services/lambda/attachments.hpp"

#include "aws/arn.hpp"
#include "ports/acting.hpp"
#include "services/lambda/repository.hpp"

namespace lapwing::lambda {
namespace {

constexpr std::string_view kInvokeAction = "lambda:InvokeFunction";

}  // namespace

std::string AttachmentTable::key(const Attachment& attachment) {
  return parts_prefix(attachment.key) + attachment.qualifier;
}

void AttachmentTable::terms(const Attachment& attachment, resources::Terms& terms) {
  if (attachment.code_signing_config.empty()) return;
  terms.push_back({std::string(kCodeSigningIndex), attachment.code_signing_config});
}

Attached Attachments::read(Attachment record) const {
  Attached out{std::move(record), std::nullopt};
  if (out.record.policy.empty()) return out;
  auto document = policy::parse(out.record.policy, policy::Use::kResource);
  if (document) {
    out.policy = *std::move(document);
  } else {  // checked before it was written: nothing is granted by it
    logger_.error("lambda", "a policy in the store cannot be read",
                  {{"function", function_arn(out.record.key, out.record.qualifier)},
                   {"why", document.error().message}});
  }
  return out;
}

Status Attachments::load() {
  const std::lock_guard changing(changing_);
  std::map<FunctionKey, AttachedSet> found;
  LAPWING_CHECK(functions_.for_each_attachment([&](Attachment& record) -> Status {
    const FunctionKey key = record.key;
    const std::string qualifier = record.qualifier;
    found[key].insert_or_assign(qualifier, read(std::move(record)));
    return {};
  }));
  const std::lock_guard lock(mutex_);
  sets_.clear();
  for (auto& [key, set] : found) {
    sets_.emplace(key, std::make_shared<const AttachedSet>(std::move(set)));
  }
  return {};
}

std::shared_ptr<const AttachedSet> Attachments::of(const FunctionKey& key) const {
  const std::shared_lock lock(mutex_);
  const auto found = sets_.find(key);
  return found == sets_.end() ? nullptr : found->second;
}

bool Attachments::allows(std::string_view arn, const ports::OnBehalf& as) const {
  const auto parsed = aws::Arn::parse(arn);
  if (!parsed || parsed->service != "lambda" || parsed->resource_type() != "function") {
    return false;
  }
  const std::string_view id = parsed->resource_id();
  const std::size_t colon = id.find(':');
  const std::string_view qualifier =
      colon == std::string_view::npos ? std::string_view() : id.substr(colon + 1);
  const policy::Document* document = nullptr;
  const auto set = of({parsed->account, parsed->region, FunctionName(id.substr(0, colon))});
  if (set) {
    const auto found = set->find(qualifier);
    if (found != set->end() && found->second.policy) document = &*found->second.policy;
  }
  return ports::may(as, {kInvokeAction, arn, parsed->account}, document);
}

std::optional<EventInvokeConfig> Attachments::event_invoke(const FunctionKey& key,
                                                           std::string_view qualifier) const {
  const auto set = of(key);
  if (!set) return std::nullopt;
  const auto found = set->find(qualifier.empty() ? kLatest : qualifier);
  return found == set->end() ? std::nullopt : found->second.record.event_invoke;
}

bool Attachments::loop_allowed(const FunctionKey& key) const {
  const auto set = of(key);
  if (!set) return false;
  const auto found = set->find("");
  return found != set->end() && found->second.record.loop_allowed;
}

Status Attachments::change(const FunctionKey& key, std::string_view qualifier, Change change) {
  const std::lock_guard changing(changing_);
  LAPWING_CHECK(functions_.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(Attachment attachment, txn.find_attachment(key, qualifier));
    LAPWING_CHECK(change(txn, attachment));
    return txn.put(attachment);
  }));
  return reload_locked(key);
}

Status Attachments::reload(const FunctionKey& key) {
  const std::lock_guard changing(changing_);
  return reload_locked(key);
}

// A change that is being made may have read before what is told here: it is waited for.
Status Attachments::refresh(const FunctionKey& key) {
  const std::lock_guard changing(changing_);
  return of(key) ? reload_locked(key) : Status();
}

Status Attachments::reload_locked(const FunctionKey& key) {
  std::vector<Attachment> records;
  LAPWING_CHECK(functions_.read([&](Records& reader) -> Status {
    LAPWING_TRY(records, reader.attachments_of(key));
    return {};
  }));
  auto set = std::make_shared<AttachedSet>();
  for (Attachment& record : records) {
    const std::string qualifier = record.qualifier;
    set->insert_or_assign(qualifier, read(std::move(record)));
  }
  const std::lock_guard lock(mutex_);
  if (set->empty()) {
    sets_.erase(key);
  } else {
    sets_.insert_or_assign(key, std::move(set));
  }
  return {};
}

}  // namespace lapwing::lambda
