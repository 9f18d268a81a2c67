// What archives hold: each is a stream of the space's log, by the time of its events. Old events
// go by the archive's retention, what deleted archives leave goes whole.
//
// Thread-safety: any thread; drop() and facts() may block.
#pragma once

#include <string>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "services/events/intake.hpp"
#include "services/events/shelf.hpp"
#include "services/events/tables.hpp"
#include "store/log.hpp"

namespace lapwing::events {

struct ArchiveFacts {
  std::int64_t events = 0;
  std::int64_t bytes = 0;
};

class Archives {
 public:
  Archives(const Clock& clock, store::Log& log, const Shelf<ArchiveTable>& archives)
      : clock_(clock), log_(log), archives_(archives) {}

  void begin(background::Runner& runner);
  void stop() { task_.reset(); }

  Result<ArchiveFacts> facts(const Archive& archive) const;
  Status drop(const Archive& archive) { return log_.drop_stream(archive.stream()); }

 private:
  Status trim();
  Status drop_forgotten();

  const Clock& clock_;
  store::Log& log_;
  const Shelf<ArchiveTable>& archives_;
  background::Task task_;
};

}  // namespace lapwing::events
