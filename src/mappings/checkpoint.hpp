// How far a mapping is in each shard of its stream: records in the space of the mapping's service,
// written in the transaction that ends a batch.
//
// Who polls a mapping owns its checkpoints from own() on: what an earlier owner still writes is
// refused. A mapping's id has no slash.
//
// Thread-safety: as the store; functions that take a Txn only inside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "resources/table.hpp"
#include "store/store.hpp"

namespace lapwing::mappings {

// A tumbling window that has begun. Its state lies beside the record, as it may be larger than one.
struct OpenWindow {
  std::int64_t start_ms = 0;  // since the epoch
  bool early = false;         // ended before its time, as its state had become too large
  std::size_t parts = 0;      // that its state is kept in

  template <class Fields, class R>
  static void fields(Fields& f, R& window) {
    f("start_ms", window.start_ms);
    f("early", window.early);
    f("parts", window.parts);
  }
};

struct Checkpoint {
  std::string mapping;
  std::string shard;
  std::string sequence;  // up to it all is done; empty: nothing
  bool ended = false;    // the shard is closed, and all of it is done
  std::optional<OpenWindow> window;
};

struct CheckpointTable {
  using Record = Checkpoint;
  static constexpr std::string_view kKind = "mappings.checkpoint";
  static constexpr int kFormat = 1;
  static std::string key(const Checkpoint& record) { return record.mapping + '/' + record.shard; }

  template <class Fields, class R>
  static void fields(Fields& f, R& record) {
    f("mapping", record.mapping);
    f("shard", record.shard);
    f("sequence", record.sequence);
    f("ended", record.ended);
    f("window", record.window);
  }
};
using CheckpointRecords = resources::Table<CheckpointTable>;

struct OwnedCheckpoints {
  std::uint64_t owner = 0;  // who writes from now on
  std::map<std::string, Checkpoint> by_shard;
  std::map<std::string, std::string> states;  // JSON, of the windows that have begun
};

class Checkpoints {
 public:
  // Where a new mapping begins. Blocks.
  static Status begin(store::Store& store, const std::vector<Checkpoint>& all);
  // The mapping is gone. Blocks.
  static Status forget(store::Store& store, const std::string& mapping);
  // Those of mappings that are not kept go: what a crash has left. Blocks.
  static Status sweep(store::Store& store, FunctionRef<bool(const std::string& mapping)> kept);

  static net::Task<Result<OwnedCheckpoints>> own(net::Loop& loop, store::Store& store,
                                                 std::string mapping);
  // kConflict: somebody else owns the mapping by now. `state`: the window's, where it has changed.
  static Status put(store::Txn& txn, std::uint64_t owner, Checkpoint record,
                    const std::string* state);
  static Status erase(store::Txn& txn, std::uint64_t owner, const std::string& mapping,
                      const std::string& shard);
};

}  // namespace lapwing::mappings
