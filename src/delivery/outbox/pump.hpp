// The pump takes postings as they come, batch by batch, makes the first attempt at once where the
// destination is quick, and puts the rest into lanes.
//
// Thread-safety: the outbox's loop, but for start().
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/outbox/bells.hpp"
#include "delivery/outbox/core.hpp"
#include "delivery/outbox/courier.hpp"
#include "delivery/outbox/lanes.hpp"
#include "delivery/outbox/ledger.hpp"

namespace lapwing::delivery {

inline constexpr std::string_view kPlainQueue = "outbox";
inline constexpr std::string_view kOrderedQueue = "outbox.ordered";

class Pump {
 public:
  Pump(Core& core, Bells& bells, Courier& courier, Lanes& lanes, Ledger& ledger);

  // By the thread that starts: what a crash held is given back, and commits are heard.
  Status start();
  void begin(const HoldPtr& hold);
  void close();

 private:
  class Line;
  struct Batch;

  void look(Line& line, const HoldPtr& hold);
  net::Task<void> work(std::shared_ptr<Line> line, HoldPtr hold);
  // False where the outbox was drained under it. `plan`: what is still to be committed.
  net::Task<bool> deliver(const Line& line, Batch& batch, std::shared_ptr<Plan>& plan,
                          HoldPtr& hold);
  net::Task<bool> deliver_round(const Line& line, Batch& batch,
                                const std::vector<std::size_t>& round, std::shared_ptr<Plan>& plan,
                                HoldPtr& hold);
  void decided(Plan& plan, const Attempt& attempt);
  net::Task<bool> commit(std::shared_ptr<Plan>& plan, HoldPtr& hold);

  Core& core_;
  Courier& courier_;
  Lanes& lanes_;
  Ledger& ledger_;
  std::shared_ptr<Line> plain_;
  std::shared_ptr<Line> ordered_;
};

}  // namespace lapwing::delivery
