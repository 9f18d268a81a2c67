// Takes over the output of functions without ever touching the disk on the caller's thread.
//
// append() packs events into the stream's open chunk in memory and returns. One background
// thread writes what has gathered at most kFlushAfterMs later, streams taking turns of
// half a mebibyte, so that a flood on one stream delays another by its turns only. Groups and
// streams are made as they are met. A reader first calls flush() for what it is about to
// read, on its own thread, so it sees everything taken over before.
//
// When the disk refuses, events are kept and tried again; producers see backlog_bytes()
// grow beyond its limit and wait. Nothing within the limits is dropped.
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
#include "services/logs/chunk.hpp"
#include "services/logs/deletion_gate.hpp"
#include "services/logs/event_log.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/repository.hpp"

namespace lapwing::logs {

class SinkWriter final : public ports::LogSink {
 public:
  SinkWriter(Repository& repository, EventLog& events, DeletionGate& deletion, const Clock& clock,
             Logger& log);
  ~SinkWriter() override;

  void start();
  // Writes what is there, then ends the thread. What the disk refuses even now is reported
  // in the log with its size.
  void stop();

  void append(const ports::LogStreamRef& stream, std::vector<ports::LogEvent> events) override;
  std::size_t backlog_bytes() const override { return backlog_; }
  std::size_t backlog_limit_bytes() const override { return kBacklogBytesMax; }

  // Writes everything taken over so far for the group (and stream, if given).
  Status flush(const Scope& scope, std::string_view group,
               std::optional<std::string_view> stream = {});
  Status flush_all();
  // Streams of this group must be looked up anew. Call with the gate closed.
  void forget(std::string_view group_uid);

 private:
  struct Buffer {
    explicit Buffer(StreamName stream) : name(std::move(stream)) {}
    const StreamName name;

    std::mutex filling;  // open and sealed
    ChunkBuilder open;
    std::deque<store::LogInput> sealed;

    std::mutex writing;  // one writer at a time keeps the order; target
    std::optional<StreamTarget> target;

    // Under SinkWriter::mutex_.
    bool queued = false;
    MonoTime used{};
  };
  using BufferPtr = std::shared_ptr<Buffer>;

  BufferPtr buffer(const ports::LogStreamRef& stream);
  std::vector<BufferPtr> matching(const Scope* scope, std::string_view group,
                                  std::optional<std::string_view> stream);
  void run();
  // Gives each stream of the queue one turn; false when the disk refused one.
  bool take_turns();
  Status resolve(const std::vector<BufferPtr>& buffers);
  // Writes at most `bytes` of what has gathered; true when there is more.
  Result<bool> write(Buffer& buffer, std::size_t bytes);
  std::vector<store::LogInput> take(Buffer& buffer, std::size_t bytes, bool& more);
  void put_back(Buffer& buffer, std::vector<store::LogInput> chunks);
  void drop_idle();

  Repository* repository_;
  EventLog* events_;
  DeletionGate* deletion_;
  const Clock* clock_;
  Logger* log_;

  std::atomic<std::size_t> backlog_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<StreamName, BufferPtr> buffers_;
  std::deque<BufferPtr> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lapwing::logs
