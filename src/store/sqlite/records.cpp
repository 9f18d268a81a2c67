// Records: reading and scanning.
#include <algorithm>
#include <utility>

#include "store/checks.hpp"
#include "store/pages.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

// Greater than every key and term: longer than any may be, all bits set.
std::string beyond_all() { return std::string(kMaxKeyBytes + kMaxTermBytes, '\xff'); }

// The next byte string after `text` in bytewise order.
std::string after(std::string text) { return std::move(text) + '\0'; }

struct Bounds {
  std::pair<std::string, std::string> from;  // inclusive; (key, "") or (term, key)
  std::pair<std::string, std::string> to;    // exclusive
};

Result<Bounds> bounds_of(const ScanQuery& query) {
  Bounds bounds;
  bounds.from.first = query.prefix;
  bounds.to.first = query.match == Match::kExact ? after(query.prefix)
                                                 : prefix_end(query.prefix).value_or(beyond_all());
  if (query.after.empty()) return bounds;
  const bool ascending = query.order == Order::kAscending;
  std::pair<std::string, std::string> at{query.after, ""};
  if (!query.index.empty()) {
    LAPWING_TRY(IndexCursor cursor, decode_cursor(query.after));
    at = {std::move(cursor.term), std::move(cursor.key)};
    if (ascending) at.second = after(std::move(at.second));
  } else if (ascending) {
    at.first = after(std::move(at.first));
  }
  if (ascending) {
    bounds.from = std::max(bounds.from, at);
  } else {
    bounds.to = std::min(bounds.to, at);
  }
  return bounds;
}

constexpr char kScanKeysUp[] =
    "SELECT key, value, revision FROM record WHERE kind=? AND key>=? AND key<? "
    "ORDER BY key LIMIT ?";
constexpr char kScanKeysDown[] =
    "SELECT key, value, revision FROM record WHERE kind=? AND key>=? AND key<? "
    "ORDER BY key DESC LIMIT ?";
constexpr char kScanTermsUp[] =
    "SELECT t.key, r.value, r.revision, t.term FROM term t "
    "JOIN record r ON r.kind=t.kind AND r.key=t.key WHERE t.kind=? AND t.name=? "
    "AND (t.term, t.key)>=(?, ?) AND (t.term, t.key)<(?, ?) ORDER BY t.term, t.key LIMIT ?";
constexpr char kScanTermsDown[] =
    "SELECT t.key, r.value, r.revision, t.term FROM term t "
    "JOIN record r ON r.kind=t.kind AND r.key=t.key WHERE t.kind=? AND t.name=? "
    "AND (t.term, t.key)>=(?, ?) AND (t.term, t.key)<(?, ?) "
    "ORDER BY t.term DESC, t.key DESC LIMIT ?";

}  // namespace

Result<std::int64_t> counter_on(Database& db, Counter counter) {
  LAPWING_TRY(Statement get, db.prepare("SELECT value FROM counter WHERE id=?"));
  get.bind(static_cast<std::int64_t>(counter));
  LAPWING_TRY(const bool row, get.step());
  if (!row) return fail(internal_error("a counter is missing from " + db.path()));
  return get.integer(0);
}

Result<std::int64_t> raise_counter_on(Database& db, Counter counter) {
  LAPWING_TRY(Statement raise,
              db.prepare("UPDATE counter SET value=value+1 WHERE id=? RETURNING value"));
  raise.bind(static_cast<std::int64_t>(counter));
  LAPWING_TRY(const bool row, raise.step());
  if (!row) return fail(internal_error("a counter is missing from " + db.path()));
  return raise.integer(0);
}

Status note_time_on(Database& db, std::int64_t now_ns) {
  LAPWING_TRY(Statement note, db.prepare("UPDATE counter SET value=? WHERE id=4 AND value<?"));
  return note.bind(now_ns).bind(now_ns).run();
}

Result<std::optional<Record>> get_on(Database& db, std::string_view kind, std::string_view key) {
  LAPWING_CHECK(check_name(kind, key));
  LAPWING_TRY(Statement get,
              db.prepare("SELECT value, revision FROM record WHERE kind=? AND key=?"));
  LAPWING_TRY(const bool row, get.bind(kind).bind(key).step());
  if (!row) return std::nullopt;
  return Record{std::string(key), get.bytes(0), get.natural(1), {}};
}

Result<ScanPage> scan_on(Database& db, const ScanQuery& query) {
  LAPWING_CHECK(check_scan(query));
  LAPWING_TRY(const Bounds bounds, bounds_of(query));
  const bool up = query.order == Order::kAscending;
  const bool by_key = query.index.empty();
  LAPWING_TRY(Statement scan, db.prepare(by_key ? (up ? kScanKeysUp : kScanKeysDown)
                                                : (up ? kScanTermsUp : kScanTermsDown)));
  scan.bind(query.kind);
  if (by_key) {
    scan.bind(bounds.from.first).bind(bounds.to.first);
  } else {
    scan.bind(query.index).bind(bounds.from.first).bind(bounds.from.second);
    scan.bind(bounds.to.first).bind(bounds.to.second);
  }
  scan.bind(std::uint64_t{query.limit + 1});
  ScanPageBuilder page(query);
  while (true) {
    LAPWING_TRY(const bool row, scan.step());
    if (!row) break;
    if (!page.add({scan.bytes(0), scan.bytes(1), scan.natural(2),
                   by_key ? std::string() : scan.bytes(3)})) {
      break;
    }
  }
  return page.take();
}

}  // namespace lapwing::store::sqlite
