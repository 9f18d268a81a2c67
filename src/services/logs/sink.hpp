// Takes over the output of functions without ever touching the disk on the caller's thread.
//
// append() packs events into the stream's open chunk in memory and returns; who holds a stream
// open finds its buffer again without a search, unless it was idle and dropped. One background
// thread writes what has gathered at most kFlushAfter later (kFlushManyAfter for many streams),
// many streams in one commit and each taking turns of half a mebibyte, so that a flood on one
// stream delays another by its turns only. Groups and streams are made as they are met. A reader
// first calls flush() for what it is about to read, on its own thread, so it sees everything taken
// over before.
//
// When the disk refuses, events are kept and tried again; producers see backlog_bytes()
// grow beyond its limit and wait. What is over the budget (budget.hpp), or finds the disk full, is
// dropped and counted, and a line in its stream says how much, at once and then every
// kLossSaidEvery. Nothing within the limits is dropped.
//
// Who follows a group (FollowList) is told of what was written to it; where nobody follows any,
// that is one look at a number for each stream written.
//
// As Lambda's own log agent does, every event gets back the newline that ended its line.
//
// Thread-safety: everything from any thread. start() and stop() once each.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "ports/log_sink.hpp"
#include "services/logs/budget.hpp"
#include "services/logs/chunk.hpp"
#include "services/logs/deletion_gate.hpp"
#include "services/logs/event_log.hpp"
#include "services/logs/following/follow_list.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/repository.hpp"

namespace lapwing::logs {

class SinkWriter final : public ports::LogSink {
 public:
  SinkWriter(Repository& repository, EventLog& events, LogBudget& budget, DeletionGate& deletion,
             FollowList& follows, const Clock& clock, Logger& log);
  ~SinkWriter() override;

  void start();
  // Writes what is there, then ends the thread. What the disk refuses even now is reported
  // in the log with its size.
  void stop();

  std::unique_ptr<ports::LogStream> open(ports::LogStreamRef stream) override;
  std::size_t backlog_bytes() const override { return backlog_; }
  std::size_t backlog_limit_bytes() const override { return kBacklogBytesMax; }

  // Writes everything taken over so far for the group (and stream, if given).
  Status flush(const Scope& scope, std::string_view group,
               std::optional<std::string_view> stream = {});
  Status flush_all();
  // Streams that take memory: those written to in the last kStreamIdleAfter or so.
  std::size_t streams();
  // Streams of this group must be looked up again. Call with the gate closed.
  void forget(std::string_view group_uid);

 private:
  // What was dropped of a stream and not said in it yet.
  struct Lost {
    std::uint64_t bytes = 0;
    Loss why = Loss::kRate;
  };
  struct Buffer {
    Buffer(StreamName stream, bool records, GroupBudgetPtr part)
        : name(std::move(stream)), json(records), budget(std::move(part)) {}
    const StreamName name;
    const bool json;  // LogStreamRef::json
    const GroupBudgetPtr budget;

    std::mutex filling;  // open, sealed, dropped and lost
    ChunkBuilder open;
    std::deque<store::LogInput> sealed;
    Lost lost;
    std::optional<MonoTime> loss_said;
    bool closed_said = false;  // since the budget let nothing in
    bool dropped = false;      // no longer in buffers_: another one may have taken its place

    std::mutex writing;  // one writer at a time keeps the order; target
    std::optional<StreamTarget> target;

    std::atomic<bool> queued = false;  // in queue_, or about to be
    std::atomic<MonoTime> used{};
  };
  using BufferPtr = std::shared_ptr<Buffer>;
  // What is being written of one stream; others wait for its end.
  struct Turn {
    Buffer* buffer = nullptr;
    std::unique_lock<std::mutex> writing;
    std::vector<store::LogInput> chunks;
    std::size_t bytes = 0;
    Lost said;  // by one of the chunks
  };

  class Held;

  BufferPtr buffer(const StreamName& name, bool json);
  enum class Filled { kTaken, kLost, kGone };
  // kGone: the buffer was dropped meanwhile; the events are then as they were.
  Filled fill(Buffer& buffer, std::vector<ports::LogEvent>& events, std::string_view chain);
  void lose(Buffer& buffer, Loss why, std::uint64_t bytes);  // holds buffer.filling
  static bool still_to_say(const Buffer& buffer);
  // Whether it should say it now; `reading`: somebody is about to look.
  bool should_say(const Buffer& buffer, bool reading) const;
  std::string loss_line(const Buffer& buffer, const Lost& lost) const;
  void say_loss(Turn& turn);  // holds the buffer's `filling`
  void queue(const BufferPtr& buffer);
  std::vector<BufferPtr> matching(const Scope* scope, std::string_view group,
                                  std::optional<std::string_view> stream);
  void run();
  // Gives each stream of the queue one turn; false when the disk refused one.
  bool take_turns(bool last);
  void queue_what_is_left(const BufferPtr& buffer, bool last);
  Status resolve(const std::vector<BufferPtr>& buffers);
  // Writes everything that has gathered.
  Status write(Buffer& buffer);
  // At most `bytes` of what has gathered.
  Turn begin_turn(Buffer& buffer, std::size_t bytes, bool reading = false);
  void drop_turn(Turn& turn, Loss why);
  Status locate(Buffer& buffer);
  Status write_turn(Turn& turn);
  // One commit for all; each on its own where that is refused, so that none suffers for another.
  bool write_together(std::vector<Turn>& turns);
  // What was not written is kept, or dropped where no other try can help.
  Status end_turn(Turn& turn, Status written);
  void drop_idle();
  // A failure that is met many times a second is said once, and then seldom. The writer's thread.
  bool should_warn(std::optional<MonoTime>& warned) const;

  Repository* repository_;
  EventLog* events_;
  LogBudget* budget_;
  DeletionGate* deletion_;
  FollowList* follows_;
  const Clock* clock_;
  Logger* log_;

  std::atomic<std::size_t> backlog_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<StreamName, BufferPtr> buffers_;
  std::deque<BufferPtr> queue_;
  MonoTime looked_through_{};              // when idle streams were last dropped
  std::optional<MonoTime> unmade_warned_;  // of the writer's thread
  std::optional<MonoTime> unwritten_warned_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lapwing::logs
