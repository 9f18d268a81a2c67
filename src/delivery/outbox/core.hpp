// What the parts of an outbox share.
//
// Thread-safety: what is not atomic or constant belongs to the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "delivery/outbox.hpp"
#include "net/loop.hpp"
#include "net/task_group.hpp"

namespace lapwing::delivery {

// Kept by all that one wake has set going.
using HoldPtr = std::shared_ptr<background::Hold>;

inline HoldPtr hold(background::Runner& runner) {
  background::Hold taken = runner.hold();
  return taken ? std::make_shared<background::Hold>(std::move(taken)) : nullptr;
}

struct Counters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> failed_attempts{0};
  std::atomic<std::uint64_t> dead_letters{0};
  std::atomic<std::uint64_t> dropped{0};
};

struct Core {
  Core(std::string name_of, const Needs& given, Sender& of)
      : name(std::move(name_of)),
        needs(given),
        sender(of),
        loop(given.loops.next()),
        dead(given.space, "delivery.dead"),
        tasks(loop) {}

  Duration since(std::int64_t ms) const { return needs.clock.wall() - wall_from_unix_ms(ms); }
  std::int64_t now_ms() const { return unix_ms(needs.clock.wall()); }

  const std::string name;
  const Needs needs;
  Sender& sender;
  net::Loop& loop;  // where everything happens
  Counters counts;
  DeadEvents dead;
  std::atomic<bool> draining{false};
  net::TaskGroup tasks;
};

}  // namespace lapwing::delivery
