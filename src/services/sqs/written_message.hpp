// A received message as its receiver asked for it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gen/sqs/shape/message.hpp"
#include "gen/sqs/shape/receive_message_request.hpp"
#include "services/sqs/message.hpp"
#include "services/sqs/queue.hpp"
#include "services/sqs/receipt_handle.hpp"
#include "store/queue_types.hpp"

namespace lapwing::sqs {

// Which attributes.
class Wanted {
 public:
  // Both lists of names of system attributes count together.
  explicit Wanted(const gen::sqs::ReceiveMessageRequest& in);

  bool system(std::string_view name) const { return all_system_ || system_.contains(name); }
  // By its name, "All", ".*", or a beginning: "foo.*".
  bool attribute(std::string_view name) const;

 private:
  bool all_system_ = false;
  std::set<std::string, std::less<>> system_;
  std::vector<std::string> attributes_;
};

Result<gen::sqs::Message> written_message(const Queue& queue, const store::Claimed& claimed,
                                          const Handle& handle, const Wanted& wanted);

}  // namespace lapwing::sqs
