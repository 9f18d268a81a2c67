// What a sender puts into its outbox: one event, and to whom it goes.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lapwing::delivery {

struct Posting {
  // Of this event, unique in the outbox: parcels' ids begin with it. A UUID.
  std::string id;
  // As its sender reads it again; bytes.
  std::string event;
  // The sender's names for them: "arn:aws:sns:...:topic:UUID". At most kAddresseesOfPosting.
  std::vector<std::string> addressees;
  // Where not empty, each addressee gets the events of a group in the order they were accepted. Of
  // the whole outbox: topics whose groups are not one write their name into it.
  std::string group = {};
  std::string trace = {};        // X-Amzn-Trace-Id
  std::int64_t accepted_ms = 0;  // since the epoch, by the server's clock: ages count from it
};

}  // namespace lapwing::delivery
