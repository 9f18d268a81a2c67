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

// Queues by number, and a message in one row, with its payload unless that is large. `place` says
// where it stands (Place, queue_txn_internal.hpp) since or until when (at_ns), and is all that a
// claim has to change; what stands behind the first of an ordered group is in no order but that
// group's. The counts are of places: what has fallen due and was not moved yet is counted from
// msg_place. Its condition is written +place<5, here and in every statement that uses it: without
// the sign the planner takes it for the range to search, and sorts.
constexpr char kQueue3[] = R"sql(
INSERT INTO counter VALUES
  (5, max((SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name='message'),
          (SELECT coalesce(max(id), 0) FROM message)));
CREATE TABLE queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL, ready INTEGER NOT NULL,
  delayed INTEGER NOT NULL, in_flight INTEGER NOT NULL, dropped INTEGER NOT NULL);
CREATE UNIQUE INDEX queue_by_name ON queue (name) WHERE dropped=0;
CREATE INDEX queue_dropped ON queue (id) WHERE dropped=1;
INSERT INTO queue (name, ready, delayed, in_flight, dropped)
  SELECT queue, 0, sum(claimed=0), sum(claimed=1), 0 FROM message GROUP BY queue;

CREATE TABLE msg (
  id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, place INTEGER NOT NULL, at_ns INTEGER NOT NULL,
  claim INTEGER NOT NULL, attempts INTEGER NOT NULL, attempts_in_all INTEGER NOT NULL,
  first_claim_ns INTEGER NOT NULL, first_claim_ms INTEGER NOT NULL, aged INTEGER NOT NULL,
  enqueued_ns INTEGER NOT NULL, enqueued_ms INTEGER NOT NULL, ordered INTEGER NOT NULL,
  apart INTEGER NOT NULL, grp BLOB NOT NULL, payload BLOB NOT NULL);
INSERT INTO msg SELECT m.id, q.id, iif(claimed=1, 4, 3), visible_ns,
  iif(claimed=1, attempts, attempts+1), attempts, attempts,
  first_claim_ns, first_claim_ns/1000000, 1, enqueued_ns, enqueued_ns/1000000,
  iif(grp<>x'', 1, 0), 1, grp, x'' FROM message m JOIN queue q ON q.name=m.queue;
DROP TABLE message;
CREATE INDEX msg_place ON msg (queue, place, at_ns) WHERE +place<5;
CREATE INDEX msg_lane ON msg (queue, grp, at_ns) WHERE place=6;
CREATE INDEX msg_run ON msg (queue, grp) WHERE ordered=1;
CREATE INDEX msg_aged ON msg (queue, enqueued_ns) WHERE aged=1;
-- Fair groups that have messages.
CREATE TABLE lane (
  queue INTEGER NOT NULL, grp BLOB NOT NULL, ready INTEGER NOT NULL, in_flight INTEGER NOT NULL,
  served_ns INTEGER NOT NULL, PRIMARY KEY (queue, grp)) WITHOUT ROWID;
CREATE INDEX lane_turn ON lane (queue, in_flight, served_ns) WHERE ready>0;
ALTER TABLE dedup ADD COLUMN note BLOB NOT NULL DEFAULT x'';
)sql";

// The blobs that records name. An owner of older records has to say what they name before
// anything is collected; only Lambda's functions and layers named any.
constexpr char kBlobs4[] = R"sql(
CREATE TABLE record_blob (
  kind BLOB NOT NULL, key BLOB NOT NULL, blob BLOB NOT NULL,
  PRIMARY KEY (kind, key, blob)) WITHOUT ROWID;
CREATE INDEX record_blob_by_blob ON record_blob (blob);
CREATE TABLE blob_owner (name BLOB PRIMARY KEY) WITHOUT ROWID;
INSERT INTO blob_owner SELECT CAST('lambda' AS BLOB) WHERE EXISTS (SELECT 1 FROM record);
)sql";

}  // namespace

std::vector<const char*> state_migrations() { return {kState1, kLog1, kQueue3, kBlobs4}; }
std::vector<const char*> bulk_log_migrations() { return {kLog1}; }

}  // namespace lapwing::store::sqlite
