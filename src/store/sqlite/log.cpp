#include <algorithm>
#include <utility>

#include "store/checks.hpp"
#include "store/pages.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

// Removing large records is bounded by their bytes too.
constexpr std::uint64_t kRemovalStepBytes = 4 * kMiB;
// Free pages a file keeps for what comes next; those beyond are given back.
constexpr std::int64_t kFreePagesKept = 1024;

struct ShardRow {
  std::int64_t id = 0;
  LogSequence next = 1;
  bool sealed = false;
};

Result<std::optional<ShardRow>> find_shard(Database& db, std::string_view stream,
                                           std::string_view shard) {
  LAPWING_TRY(Statement find, db.prepare("SELECT id, next, sealed FROM shard WHERE stream=? AND "
                                         "shard=? AND dropped=0"));
  LAPWING_TRY(const bool row, find.bind(stream).bind(shard).step());
  if (!row) return std::nullopt;
  return ShardRow{find.integer(0), find.natural(1), find.integer(2) != 0};
}

Result<ShardRow> need_shard(Database& db, std::string_view stream, std::string_view shard) {
  LAPWING_CHECK(check_shard_name(stream, shard));
  LAPWING_TRY(const auto found, find_shard(db, stream, shard));
  if (!found) return fail(no_shard_error(stream, shard));
  return *found;
}

constexpr char kDescribe[] =
    "SELECT shard, next, records, bytes, sealed, "
    "(SELECT min(time_ms) FROM log_record r WHERE r.shard=s.id), "
    "(SELECT max(time_ms) FROM log_record r WHERE r.shard=s.id) "
    "FROM shard s WHERE stream=? AND shard>? AND dropped=0 ORDER BY shard LIMIT ?";
constexpr char kDescribeOne[] =
    "SELECT shard, next, records, bytes, sealed, "
    "(SELECT min(time_ms) FROM log_record r WHERE r.shard=s.id), "
    "(SELECT max(time_ms) FROM log_record r WHERE r.shard=s.id) "
    "FROM shard s WHERE stream=? AND shard=? AND dropped=0";

ShardInfo info_of(const Statement& row) {
  ShardInfo info{row.bytes(0), row.natural(1),     row.natural(2), row.natural(3), {},
                 {},           row.integer(4) != 0};
  if (!row.null(5)) info.first_time_ms = row.integer(5);
  if (!row.null(6)) info.last_time_ms = row.integer(6);
  return info;
}

Result<LogPage> fill_page(Statement rows, std::size_t max_records, std::size_t max_bytes) {
  LogPageBuilder page(max_records, max_bytes);
  while (true) {
    LAPWING_TRY(const bool row, rows.step());
    if (!row || !page.add({rows.natural(0), rows.integer(1), rows.bytes(2)})) break;
  }
  return page.take();
}

struct Removal {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

// Removes the records that `found` names (sequence, size), up to one step.
Result<Removal> remove_step(Database& db, std::int64_t shard, Statement found) {
  Removal removed;
  std::vector<LogSequence> doomed;
  while (removed.records < kLogRemovalStep && removed.bytes < kRemovalStepBytes) {
    LAPWING_TRY(const bool row, found.step());
    if (!row) break;
    doomed.push_back(found.natural(0));
    removed.bytes += found.natural(1);
    ++removed.records;
  }
  for (const LogSequence sequence : doomed) {
    LAPWING_TRY(Statement remove, db.prepare("DELETE FROM log_record WHERE shard=? AND seq=?"));
    LAPWING_CHECK(remove.bind(shard).bind(sequence).run());
  }
  LAPWING_TRY(Statement count,
              db.prepare("UPDATE shard SET records=records-?, bytes=bytes-? WHERE id=?"));
  LAPWING_CHECK(count.bind(removed.records).bind(removed.bytes).bind(shard).run());
  return removed;
}

class SqliteLog final : public Log, private IdleWork {
 public:
  SqliteLog(DbFile& file, Signal& signal) : file_(&file), signal_(&signal) {
    file_->add_idle_work(*this);
  }

  Result<LogSequence> append(std::string_view stream, std::string_view shard,
                             std::span<const LogInput> records,
                             std::optional<LogSequence> expected_next,
                             const TransactOptions& options) override;
  Status append_all(std::span<const LogAppend> parts, const TransactOptions& options) override;
  Result<LogPage> read(const LogRead& read) override;
  Result<LogPage> read_by_time(const LogTimeRead& read) override;
  Result<ShardInfo> shard(std::string_view stream, std::string_view shard) override;
  Result<ShardPage> shards(std::string_view stream, std::string_view after,
                           std::size_t limit) override;
  Result<std::vector<std::string>> streams(std::string_view after, std::size_t limit) override;
  Result<std::uint64_t> trim_before(std::string_view stream, std::string_view shard,
                                    LogSequence sequence) override;
  Result<std::uint64_t> trim_before_time(std::string_view stream, std::string_view shard,
                                         std::int64_t time_ms) override;
  Status seal(std::string_view stream, std::string_view shard) override;
  Status drop_shard(std::string_view stream, std::string_view shard) override;
  Status drop_stream(std::string_view stream) override;
  Result<std::uint64_t> stream_bytes(std::string_view stream) override;
  Result<std::uint64_t> used_bytes() override { return file_->used_bytes(); }
  Result<bool> wait_for(std::string_view stream, std::string_view shard, LogSequence after,
                        Duration timeout) override;
  Subscription subscribe(Listener& listener) override { return signal_->subscribe(listener); }

 private:
  // Runs `sql`, which names (sequence, size) of records of a shard before a bound and below
  // a sequence, step after step until it names none.
  Result<std::uint64_t> trim(const char* sql, std::string_view stream, std::string_view shard,
                             std::int64_t bound);
  Result<bool> idle_step(Database& db) override;

  DbFile* file_;
  Signal* signal_;
};

Result<LogSequence> SqliteLog::append(std::string_view stream, std::string_view shard,
                                      std::span<const LogInput> records,
                                      std::optional<LogSequence> expected_next,
                                      const TransactOptions& options) {
  LAPWING_CHECK(check_append(stream, shard, records));
  LogSequence first = 0;
  LAPWING_CHECK(file_->write(
      [&](Database& db) -> Status {
        LAPWING_TRY(first, append_on(db, stream, shard, records, expected_next));
        return {};
      },
      options.deadline, Reserve::kMayNot));
  signal_->raise();
  return first;
}

Status SqliteLog::append_all(std::span<const LogAppend> parts, const TransactOptions& options) {
  LAPWING_CHECK(check_append_all(parts));
  LAPWING_CHECK(file_->write(
      [&](Database& db) -> Status {
        for (const LogAppend& part : parts) {
          LAPWING_CHECK(append_on(db, part.stream, part.shard, part.records, std::nullopt));
        }
        return {};
      },
      options.deadline, Reserve::kMayNot));
  signal_->raise();
  return {};
}

Result<LogPage> SqliteLog::read(const LogRead& read) {
  LAPWING_CHECK(check_log_page(read.max_records, read.max_bytes));
  LogPage page;
  LAPWING_CHECK(file_->read([&](Database& db) -> Status {
    LAPWING_TRY(const ShardRow shard, need_shard(db, read.stream, read.shard));
    LAPWING_TRY(Statement rows,
                db.prepare(read.direction == Direction::kForward
                               ? "SELECT seq, time_ms, data FROM log_record WHERE shard=? AND "
                                 "seq>=? ORDER BY seq LIMIT ?"
                               : "SELECT seq, time_ms, data FROM log_record WHERE shard=? AND "
                                 "seq<=? ORDER BY seq DESC LIMIT ?"));
    rows.bind(shard.id).bind(std::min(read.from, LogRead::kLatest));
    rows.bind(std::uint64_t{read.max_records + 1});
    LAPWING_TRY(page, fill_page(std::move(rows), read.max_records, read.max_bytes));
    return {};
  }));
  return page;
}

Result<LogPage> SqliteLog::read_by_time(const LogTimeRead& read) {
  LAPWING_CHECK(check_log_page(read.max_records, read.max_bytes));
  const bool forward = read.direction == Direction::kForward;
  // Sequences begin at 1, so (time, 0) stands before every record of that time.
  LogPlace beyond{read.start_ms, 0};
  LogPlace before{read.end_ms, 0};
  if (read.beyond && forward) beyond = std::max(beyond, *read.beyond);
  if (read.beyond && !forward) before = std::min(before, *read.beyond);
  LogPage page;
  LAPWING_CHECK(file_->read([&](Database& db) -> Status {
    LAPWING_TRY(const ShardRow shard, need_shard(db, read.stream, read.shard));
    LAPWING_TRY(Statement rows,
                db.prepare(forward ? "SELECT seq, time_ms, data FROM log_record WHERE shard=? AND "
                                     "(time_ms, seq)>(?, ?) AND (time_ms, seq)<(?, ?) "
                                     "ORDER BY time_ms, seq LIMIT ?"
                                   : "SELECT seq, time_ms, data FROM log_record WHERE shard=? AND "
                                     "(time_ms, seq)>(?, ?) AND (time_ms, seq)<(?, ?) "
                                     "ORDER BY time_ms DESC, seq DESC LIMIT ?"));
    rows.bind(shard.id).bind(beyond.time_ms).bind(beyond.sequence);
    rows.bind(before.time_ms).bind(before.sequence);
    rows.bind(std::uint64_t{read.max_records + 1});
    LAPWING_TRY(page, fill_page(std::move(rows), read.max_records, read.max_bytes));
    return {};
  }));
  return page;
}

Result<ShardInfo> SqliteLog::shard(std::string_view stream, std::string_view shard) {
  ShardInfo info;
  LAPWING_CHECK(file_->read([&](Database& db) -> Status {
    LAPWING_CHECK(check_shard_name(stream, shard));
    LAPWING_TRY(Statement row, db.prepare(kDescribeOne));
    LAPWING_TRY(const bool found, row.bind(stream).bind(shard).step());
    if (!found) return fail(no_shard_error(stream, shard));
    info = info_of(row);
    return {};
  }));
  return info;
}

Result<ShardPage> SqliteLog::shards(std::string_view stream, std::string_view after,
                                    std::size_t limit) {
  limit = std::min(limit, kMaxShardPage);
  ShardPage page;
  LAPWING_CHECK(file_->read([&](Database& db) -> Status {
    LAPWING_TRY(Statement rows, db.prepare(kDescribe));
    rows.bind(stream).bind(after).bind(std::uint64_t{limit + 1});
    while (true) {
      LAPWING_TRY(const bool row, rows.step());
      if (!row) return {};
      page.more = page.shards.size() == limit;
      if (page.more) return {};
      page.shards.push_back(info_of(rows));
    }
  }));
  return page;
}

Result<std::vector<std::string>> SqliteLog::streams(std::string_view after, std::size_t limit) {
  std::vector<std::string> out;
  LAPWING_CHECK(file_->read([&](Database& db) -> Status {
    LAPWING_TRY(Statement rows, db.prepare("SELECT DISTINCT stream FROM shard WHERE stream>? AND "
                                           "dropped=0 ORDER BY stream LIMIT ?"));
    rows.bind(after).bind(std::uint64_t{std::min(limit, kMaxShardPage)});
    while (true) {
      LAPWING_TRY(const bool row, rows.step());
      if (!row) return {};
      out.push_back(rows.bytes(0));
    }
  }));
  return out;
}

Result<std::uint64_t> SqliteLog::trim(const char* sql, std::string_view stream,
                                      std::string_view shard, std::int64_t bound) {
  std::uint64_t total = 0;
  std::optional<LogSequence> below;  // what is appended from now on stays
  while (true) {
    Removal removed;
    LAPWING_CHECK(file_->write([&](Database& db) -> Status {
      LAPWING_TRY(const ShardRow row, need_shard(db, stream, shard));
      if (!below) below = row.next;
      LAPWING_TRY(Statement found, db.prepare(sql));
      found.bind(row.id).bind(bound).bind(*below);
      LAPWING_TRY(removed, remove_step(db, row.id, std::move(found)));
      return {};
    }));
    total += removed.records;
    if (removed.records == 0) break;
  }
  if (total > 0) file_->wake_idle_work();
  return total;
}

Result<std::uint64_t> SqliteLog::trim_before(std::string_view stream, std::string_view shard,
                                             LogSequence sequence) {
  return trim(
      "SELECT seq, length(data) FROM log_record WHERE shard=? AND seq<? AND seq<? ORDER BY seq",
      stream, shard, static_cast<std::int64_t>(std::min(sequence, LogRead::kLatest)));
}

Result<std::uint64_t> SqliteLog::trim_before_time(std::string_view stream, std::string_view shard,
                                                  std::int64_t time_ms) {
  return trim(
      "SELECT seq, length(data) FROM log_record WHERE shard=? AND time_ms<? AND seq<? "
      "ORDER BY time_ms, seq",
      stream, shard, time_ms);
}

Status SqliteLog::seal(std::string_view stream, std::string_view shard) {
  return file_->write([&](Database& db) -> Status {
    LAPWING_TRY(const ShardRow row, need_shard(db, stream, shard));
    LAPWING_TRY(Statement seal, db.prepare("UPDATE shard SET sealed=1 WHERE id=?"));
    return seal.bind(row.id).run();
  });
}

Status SqliteLog::drop_shard(std::string_view stream, std::string_view shard) {
  LAPWING_CHECK(file_->write([&](Database& db) -> Status {
    LAPWING_TRY(const ShardRow row, need_shard(db, stream, shard));
    LAPWING_TRY(Statement drop, db.prepare("UPDATE shard SET dropped=1 WHERE id=?"));
    return drop.bind(row.id).run();
  }));
  file_->wake_idle_work();
  return {};
}

Status SqliteLog::drop_stream(std::string_view stream) {
  LAPWING_CHECK(file_->write([&](Database& db) -> Status {
    LAPWING_TRY(Statement drop,
                db.prepare("UPDATE shard SET dropped=1 WHERE stream=? AND dropped=0"));
    return drop.bind(stream).run();
  }));
  file_->wake_idle_work();
  return {};
}

Result<std::uint64_t> SqliteLog::stream_bytes(std::string_view stream) {
  std::uint64_t bytes = 0;
  LAPWING_CHECK(file_->read([&](Database& db) -> Status {
    LAPWING_TRY(Statement sum, db.prepare("SELECT coalesce(sum(bytes), 0) FROM shard WHERE "
                                          "stream=? AND dropped=0"));
    LAPWING_CHECK(sum.bind(stream).step());
    bytes = sum.natural(0);
    return {};
  }));
  return bytes;
}

Result<bool> SqliteLog::wait_for(std::string_view stream, std::string_view shard, LogSequence after,
                                 Duration timeout) {
  LAPWING_CHECK(check_shard_name(stream, shard));
  const MonoTime until = SystemClock().mono() + timeout;
  while (true) {
    const std::uint64_t seen = signal_->count();
    bool there = false;
    LAPWING_CHECK(file_->read([&](Database& db) -> Status {
      LAPWING_TRY(const auto row, find_shard(db, stream, shard));
      if (!row) return {};
      LAPWING_TRY(Statement any,
                  db.prepare("SELECT 1 FROM log_record WHERE shard=? AND seq>? LIMIT 1"));
      LAPWING_TRY(there, any.bind(row->id).bind(std::min(after, LogRead::kLatest)).step());
      return {};
    }));
    if (there) return true;
    const Duration left = until - SystemClock().mono();
    if (left <= Duration::zero() || signal_->closed()) return false;
    signal_->wait(seen, left);
  }
}

// Gives free pages at the end of the file back to the file system, in steps; pages in use there
// move to free places further ahead. False when there is nothing more to give.
Result<bool> shrink_step(Database& db) {
  LAPWING_TRY(const std::int64_t how, db.number("PRAGMA auto_vacuum"));
  if (how != kIncrementalVacuum) return false;
  LAPWING_TRY(const std::int64_t before, db.number("PRAGMA freelist_count"));
  if (before <= kFreePagesKept) return false;
  LAPWING_CHECK(db.exec("PRAGMA incremental_vacuum(1024)"));
  LAPWING_TRY(const std::int64_t after, db.number("PRAGMA freelist_count"));
  return after < before;
}

Result<bool> SqliteLog::idle_step(Database& db) {
  std::int64_t id = 0;
  {
    LAPWING_TRY(Statement find, db.prepare("SELECT id FROM shard WHERE dropped=1 LIMIT 1"));
    LAPWING_TRY(const bool row, find.step());
    if (!row) return shrink_step(db);
    id = find.integer(0);
  }
  LAPWING_TRY(Statement found,
              db.prepare("SELECT seq, length(data) FROM log_record WHERE shard=? ORDER BY seq"));
  found.bind(id);
  LAPWING_TRY(const Removal removed, remove_step(db, id, std::move(found)));
  if (removed.records == 0) {
    LAPWING_TRY(Statement remove, db.prepare("DELETE FROM shard WHERE id=?"));
    LAPWING_CHECK(remove.bind(id).run());
  }
  return true;
}

}  // namespace

Result<LogSequence> append_on(Database& db, std::string_view stream, std::string_view shard,
                              std::span<const LogInput> records,
                              std::optional<LogSequence> expected_next) {
  LAPWING_CHECK(check_append(stream, shard, records));
  LAPWING_TRY(std::optional<ShardRow> row, find_shard(db, stream, shard));
  if (row && row->sealed) return fail(sealed_error(shard));
  if (expected_next && *expected_next != (row ? row->next : 1)) {
    return fail(log_moved_error(shard));
  }
  if (!row) {
    LAPWING_TRY(Statement make,
                db.prepare("INSERT INTO shard (stream, shard, next, records, bytes, sealed, "
                           "dropped) VALUES (?, ?, 1, 0, 0, 0, 0) RETURNING id"));
    LAPWING_TRY(const bool made, make.bind(stream).bind(shard).step());
    if (!made) return fail(internal_error("a new shard has no id"));
    row = ShardRow{make.integer(0), 1, false};
  }
  const LogSequence first = row->next;
  std::uint64_t bytes = 0;
  for (const LogInput& record : records) {
    LAPWING_TRY(Statement add, db.prepare("INSERT INTO log_record VALUES (?, ?, ?, ?)"));
    LAPWING_CHECK(add.bind(row->id).bind(row->next++).bind(record.time_ms).bind(record.data).run());
    bytes += record.data.size();
  }
  LAPWING_TRY(Statement count, db.prepare("UPDATE shard SET next=?, records=records+?, "
                                          "bytes=bytes+? WHERE id=?"));
  count.bind(row->next).bind(std::uint64_t{records.size()}).bind(bytes).bind(row->id);
  LAPWING_CHECK(count.run());
  return first;
}

std::unique_ptr<Log> make_log(DbFile& file, Signal& signal) {
  return std::make_unique<SqliteLog>(file, signal);
}

}  // namespace lapwing::store::sqlite
