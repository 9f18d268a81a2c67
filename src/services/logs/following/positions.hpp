// How far streams of followed groups were read.
//
//   kind "logs.position"  key GROUP_UID/STREAM_UID   the sequence to read next
//
// A stream without one is read from its beginning: it came after the filter, for which the
// positions of all that were there had been noted.
//
// Thread-safety: any thread; blocks on the store.
#pragma once

#include <map>
#include <string>

#include "services/logs/repository.hpp"
#include "store/log.hpp"
#include "store/store.hpp"

namespace lapwing::logs {

class Positions {
 public:
  explicit Positions(store::Store& store) : store_(store) {}

  Result<store::LogSequence> find(const StreamTarget& target);
  // Of all streams of a group that have one, by uid.
  Result<std::map<std::string, store::LogSequence>> of_group(const std::string& group_uid);
  Status set(const StreamTarget& target, store::LogSequence next);
  static Status set(store::Txn& txn, const StreamTarget& target, store::LogSequence next);
  // All streams of a group count as read.
  Status begin_at_the_end(store::Log& log, const std::string& group_uid);
  // `mark` as of Repository::dropped(): a group or a stream.
  Status forget(const std::string& mark);

 private:
  store::Store& store_;
};

}  // namespace lapwing::logs
