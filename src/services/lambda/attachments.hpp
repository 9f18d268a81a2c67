// What is attached to functions, in memory in front of its records: for those who deliver events
// (may this service invoke that function?), who invoke asynchronously (how often is it tried?), and
// who look for loops. A question takes a lock for a moment and reads no disk.
//
// Thread-safety: any thread. change() blocks until the change is on disk; changes are made one
// after another.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/function_ref.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "policy/document.hpp"
#include "ports/destination.hpp"
#include "services/lambda/attachment.hpp"
#include "services/lambda/records.hpp"

namespace lapwing::lambda {

class Repository;

struct Attached {
  Attachment record;
  std::optional<policy::Document> policy;  // the record's, read
};
// Of one function, by qualifier; "" is the function as such.
using AttachedSet = std::map<std::string, Attached, std::less<>>;

class Attachments {
 public:
  // Both outlive it.
  Attachments(Repository& functions, Logger& logger) : functions_(functions), logger_(logger) {}

  Status load();

  // Null: nothing is attached. What is answered stays as it is.
  std::shared_ptr<const AttachedSet> of(const FunctionKey& key) const;

  // Whether who sends may invoke it (ports/acting.hpp); the policy that is asked is that of exactly
  // that ARN, with its qualifier or without. Of an ARN that is none of a function: no.
  bool allows(std::string_view function_arn, const ports::OnBehalf& as) const;
  // Of what was invoked by that qualifier; "" is $LATEST. None: it has none.
  std::optional<EventInvokeConfig> event_invoke(const FunctionKey& key,
                                                std::string_view qualifier) const;
  // Whether loops through the function are to run on (RecursiveLoop is Allow).
  bool loop_allowed(const FunctionKey& key) const;

  // One transaction: reads what is attached there, an empty one where nothing is, changes it and
  // writes it. `change` may run more than once; its error undoes everything.
  using Change = FunctionRef<Status(RecordTxn& txn, Attachment& attachment)>;
  Status change(const FunctionKey& key, std::string_view qualifier, Change change);

  // Takes over what the store says, after a commit that touched it by another way: always, or
  // where anything was attached.
  Status reload(const FunctionKey& key);
  Status refresh(const FunctionKey& key);

 private:
  Status reload_locked(const FunctionKey& key);
  Attached read(Attachment record) const;

  Repository& functions_;
  Logger& logger_;
  std::mutex changing_;
  mutable std::shared_mutex mutex_;
  std::map<FunctionKey, std::shared_ptr<const AttachedSet>> sets_;  // guarded by mutex_
};

}  // namespace lapwing::lambda
