#include <errno.h>
#include <fcntl.h>

#include <fmt/core.h>

#include "os/disk_space.hpp"
#include "os/unique_fd.hpp"
#include "store/sqlite/database_internal.hpp"

namespace lapwing::store::sqlite {

Statement::~Statement() {
  if (raw_ == nullptr) return;
  sqlite3_reset(raw_);
  sqlite3_clear_bindings(raw_);
}

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(raw_, next_++, value);
  return *this;
}

Statement& Statement::bind(std::string_view bytes) {
  // A null pointer would bind NULL instead of no bytes.
  const char* data = bytes.empty() ? "" : bytes.data();
  sqlite3_bind_blob64(raw_, next_++, data, bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(raw_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(db_->error(code));
}

Status Statement::run() {
  while (true) {
    LAPWING_TRY(const bool row, step());
    if (!row) return {};
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(raw_, column); }

std::string Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(raw_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_, column));
  return data == nullptr ? std::string() : std::string(data, size);
}

bool Statement::null(int column) const { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode) {
  std::unique_ptr<Database> db(new Database(path));
  // SQLITE_OPEN_NOMUTEX: each connection has one user at a time.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                              : SQLITE_OPEN_READONLY);
  // State holds secrets (environment variables of functions), and SQLite would make its files
  // readable to all; -wal and -shm take their mode from the file.
  if (mode == Mode::kReadWrite) {
    const os::UniqueFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  }
  const int code = sqlite3_open_v2(path.c_str(), &db->raw_, flags, nullptr);
  if (code != SQLITE_OK) return fail(db->error(code));
  // Readers wait only while another connection recovers the WAL.
  sqlite3_busy_timeout(db->raw_, 5000);
  return db;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(raw_);
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code =
        sqlite3_prepare_v3(raw_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return fail(error(code).context(sql));
  }
  return Statement(*this, statement);
}

Status Database::exec(const char* sql) {
  const int code = sqlite3_exec(raw_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return {};
}

Status Database::run(const char* sql) {
  LAPWING_TRY(Statement statement, prepare(sql));
  return statement.run();
}

Result<std::int64_t> Database::number(const char* sql) {
  LAPWING_TRY(Statement statement, prepare(sql));
  LAPWING_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

bool Database::transaction_lost() const { return sqlite3_get_autocommit(raw_) != 0; }

std::uint64_t Database::changed_rows() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(raw_));
}

Error Database::error(int code) const {
  const int system = raw_ == nullptr ? 0 : sqlite3_system_errno(raw_);
  const std::string detail =
      fmt::format("{}: {} (code {}, errno {})", path_,
                  raw_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(raw_), code, system);
  const auto make = [&](ErrorKind kind, std::string message) {
    return make_error(kind, std::move(message)).with_detail(detail);
  };
  switch (code & 0xff) {
    case SQLITE_FULL:
      return os::disk_full_error(fmt::format("The disk is full: {} cannot grow.", path_))
          .with_detail(detail);
    case SQLITE_IOERR:
      if (system == ENOSPC || system == EDQUOT) {
        return os::disk_full_error(fmt::format("The disk is full: {} cannot be written.", path_))
            .with_detail(detail);
      }
      return make(ErrorKind::kUnavailable, fmt::format("Reading or writing {} failed.", path_));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make(ErrorKind::kInternal,
                  fmt::format("The file {} is damaged. Stop Lapwing and restore a backup, or move "
                              "the file away to start empty.",
                              path_));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return make(ErrorKind::kUnavailable,
                  fmt::format("The file {} cannot be opened for writing.", path_));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make(ErrorKind::kUnavailable, fmt::format("The file {} is in use.", path_));
    default:
      return internal_error(detail);
  }
}

}  // namespace lapwing::store::sqlite
