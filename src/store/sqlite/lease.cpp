#include <algorithm>

#include "store/checks.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

struct Held {
  std::string owner;
  std::uint64_t epoch = 0;
  std::int64_t until_ns = 0;
};

Result<Held> find_lease(Database& db, std::string_view name) {
  LAPWING_TRY(Statement find, db.prepare("SELECT owner, epoch, until_ns FROM lease WHERE name=?"));
  LAPWING_TRY(const bool row, find.bind(name).step());
  return row ? Held{find.bytes(0), find.natural(1), find.integer(2)} : Held{};
}

Status set_until(Database& db, std::string_view name, std::int64_t until_ns) {
  LAPWING_TRY(Statement set, db.prepare("UPDATE lease SET until_ns=? WHERE name=?"));
  return set.bind(until_ns).bind(name).run();
}

class SqliteLease final : public Lease {
 public:
  explicit SqliteLease(const StateParts& parts) : parts_(parts) {}

  Result<LeaseGrant> acquire(std::string_view name, std::string_view owner, Duration ttl) override;
  Result<LeaseGrant> renew(std::string_view name, std::uint64_t epoch, Duration ttl) override {
    LAPWING_CHECK(check_lease(name, "-", ttl));
    LAPWING_CHECK(parts_.file.write([&](Database& db) -> Status {
      const std::int64_t now = parts_.time.now_ns();
      LAPWING_CHECK(guard_on(db, name, epoch, now));
      LAPWING_CHECK(set_until(db, name, now + ttl.count()));
      return note_time_on(db, now);
    }));
    return LeaseGrant{epoch, ttl};
  }
  Status release(std::string_view name, std::uint64_t epoch) override {
    return parts_.file.write([&](Database& db) -> Status {
      LAPWING_CHECK(guard_on(db, name, epoch, parts_.time.now_ns()));
      return set_until(db, name, 0);
    });
  }
  Result<std::vector<LeaseInfo>> list(std::string_view prefix) override;
  Result<std::uint64_t> acquire_amount(std::string_view name, std::string_view owner,
                                       std::uint64_t amount, std::uint64_t limit,
                                       Duration ttl) override;

 private:
  StateParts parts_;
};

Result<LeaseGrant> SqliteLease::acquire(std::string_view name, std::string_view owner,
                                        Duration ttl) {
  LAPWING_CHECK(check_lease(name, owner, ttl));
  std::uint64_t epoch = 0;
  LAPWING_CHECK(parts_.file.write([&](Database& db) -> Status {
    const std::int64_t now = parts_.time.now_ns();
    LAPWING_TRY(const Held held, find_lease(db, name));
    const bool current = held.until_ns > now;
    if (current && held.owner != owner) return fail(held_lease_error(name, held.owner));
    epoch = current ? held.epoch : held.epoch + 1;
    LAPWING_TRY(Statement set, db.prepare("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?)"));
    set.bind(name).bind(owner).bind(epoch).bind(std::int64_t{now + ttl.count()});
    LAPWING_CHECK(set.run());
    return note_time_on(db, now);
  }));
  return LeaseGrant{epoch, ttl};
}

Result<std::vector<LeaseInfo>> SqliteLease::list(std::string_view prefix) {
  std::vector<LeaseInfo> out;
  const std::int64_t now = parts_.time.now_ns();
  LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
    LAPWING_TRY(Statement rows, db.prepare("SELECT name, owner, epoch, until_ns FROM lease WHERE "
                                           "name>=? AND until_ns>? ORDER BY name"));
    rows.bind(prefix).bind(now);
    while (true) {
      LAPWING_TRY(const bool row, rows.step());
      if (!row) return {};
      LeaseInfo info{rows.bytes(0), rows.bytes(1), rows.natural(2),
                     Duration(rows.integer(3) - now)};
      if (!info.name.starts_with(prefix)) return {};
      out.push_back(std::move(info));
    }
  }));
  return out;
}

Result<std::uint64_t> SqliteLease::acquire_amount(std::string_view name, std::string_view owner,
                                                  std::uint64_t amount, std::uint64_t limit,
                                                  Duration ttl) {
  LAPWING_CHECK(check_lease(name, owner, ttl));
  std::uint64_t granted = 0;
  LAPWING_CHECK(parts_.file.write([&](Database& db) -> Status {
    const std::int64_t now = parts_.time.now_ns();
    {
      LAPWING_TRY(Statement forget,
                  db.prepare("DELETE FROM budget WHERE name=? AND (owner=? OR until_ns<=?)"));
      LAPWING_CHECK(forget.bind(name).bind(owner).bind(now).run());
    }
    LAPWING_TRY(Statement sum, db.prepare("SELECT sum(amount) FROM budget WHERE name=?"));
    LAPWING_CHECK(sum.bind(name).step());
    granted = std::min(amount, limit - std::min(limit, sum.natural(0)));
    if (granted == 0) return {};
    LAPWING_TRY(Statement keep, db.prepare("INSERT INTO budget VALUES (?, ?, ?, ?)"));
    keep.bind(name).bind(owner).bind(granted).bind(std::int64_t{now + ttl.count()});
    LAPWING_CHECK(keep.run());
    return note_time_on(db, now);
  }));
  return granted;
}

}  // namespace

Status guard_on(Database& db, std::string_view lease, std::uint64_t epoch, std::int64_t now_ns) {
  LAPWING_TRY(const Held held, find_lease(db, lease));
  if (held.epoch != epoch || held.until_ns <= now_ns) return fail(stale_lease_error(lease));
  return {};
}

std::unique_ptr<Lease> make_lease(const StateParts& parts) {
  return std::make_unique<SqliteLease>(parts);
}

}  // namespace lapwing::store::sqlite
