#include "store/sqlite/schema_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

constexpr char kState1[] = R"sql(
CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counter VALUES (1, 0), (2, 0), (3, 0), (4, 0);

CREATE TABLE record (
  id INTEGER PRIMARY KEY, kind BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  revision INTEGER NOT NULL);
CREATE UNIQUE INDEX record_by_key ON record (kind, key);
CREATE TABLE term (
  kind BLOB NOT NULL, name BLOB NOT NULL, term BLOB NOT NULL, key BLOB NOT NULL,
  PRIMARY KEY (kind, name, term, key)) WITHOUT ROWID;
CREATE INDEX term_by_record ON term (kind, key);

CREATE TABLE change (
  seq INTEGER NOT NULL, kind BLOB NOT NULL, key BLOB NOT NULL, revision INTEGER NOT NULL,
  erased INTEGER NOT NULL, PRIMARY KEY (seq, kind, key)) WITHOUT ROWID;
CREATE TABLE past (
  key BLOB PRIMARY KEY, seq INTEGER NOT NULL, outcome BLOB NOT NULL,
  until_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX past_by_time ON past (until_ns);

CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue BLOB NOT NULL, grp BLOB NOT NULL,
  visible_ns INTEGER NOT NULL, enqueued_ns INTEGER NOT NULL, first_claim_ns INTEGER NOT NULL,
  attempts INTEGER NOT NULL, claimed INTEGER NOT NULL);
CREATE INDEX message_due ON message (queue, visible_ns, id);
CREATE INDEX message_group ON message (queue, grp, id) WHERE grp <> x'';
CREATE INDEX message_age ON message (queue, enqueued_ns);
-- Apart from its message, so that a claim does not write the payload again.
CREATE TABLE payload (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE dedup (
  queue BLOB NOT NULL, dedup BLOB NOT NULL, message INTEGER NOT NULL,
  until_ns INTEGER NOT NULL, PRIMARY KEY (queue, dedup)) WITHOUT ROWID;
CREATE INDEX dedup_by_time ON dedup (until_ns);

CREATE TABLE lease (
  name BLOB PRIMARY KEY, owner BLOB NOT NULL, epoch INTEGER NOT NULL,
  until_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE budget (
  name BLOB NOT NULL, owner BLOB NOT NULL, amount INTEGER NOT NULL,
  until_ns INTEGER NOT NULL, PRIMARY KEY (name, owner)) WITHOUT ROWID;
)sql";

// In both files. A dropped shard keeps its row until its records are removed.
constexpr char kLog1[] = R"sql(
CREATE TABLE shard (
  id INTEGER PRIMARY KEY AUTOINCREMENT, stream BLOB NOT NULL, shard BLOB NOT NULL,
  next INTEGER NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL,
  sealed INTEGER NOT NULL, dropped INTEGER NOT NULL);
CREATE UNIQUE INDEX shard_by_name ON shard (stream, shard) WHERE dropped = 0;
CREATE INDEX shard_dropped ON shard (id) WHERE dropped = 1;
CREATE TABLE log_record (
  shard INTEGER NOT NULL, seq INTEGER NOT NULL, time_ms INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (shard, seq)) WITHOUT ROWID;
CREATE INDEX log_by_time ON log_record (shard, time_ms, seq);
)sql";

}  // namespace

std::vector<const char*> state_migrations() { return {kState1, kLog1}; }
std::vector<const char*> bulk_log_migrations() { return {kLog1}; }

}  // namespace lapwing::store::sqlite
