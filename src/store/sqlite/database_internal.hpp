// One SQLite connection and its prepared statements, speaking Result. Only sqlite/*.cpp
// includes this.
//
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::store::sqlite {

class Database;

// A prepared statement in use: bound, stepped, and reset when it goes. What is bound by
// view must live until then. Never two of the same text at once.
class Statement {
 public:
  Statement(Database& db, sqlite3_stmt* raw) : db_(&db), raw_(raw) {}
  Statement(Statement&& other) noexcept
      : db_(other.db_), raw_(std::exchange(other.raw_, nullptr)), next_(other.next_) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Parameters in order; all bytes are blobs, so that they compare bytewise.
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::string_view bytes);

  // True: there is a row to look at.
  Result<bool> step();
  // Steps to the end.
  Status run();

  std::int64_t integer(int column) const;
  std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string bytes(int column) const;
  bool null(int column) const;

 private:
  Database* db_;
  sqlite3_stmt* raw_;
  int next_ = 1;
};

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `sql` is a literal: it is kept by address.
  Result<Statement> prepare(const char* sql);
  // One or more statements without parameters or rows.
  Status exec(const char* sql);
  // One statement without parameters or rows, prepared once.
  Status run(const char* sql);
  // A pragma's or query's single number.
  Result<std::int64_t> number(const char* sql);
  // Whether SQLite has rolled the transaction back by itself.
  bool transaction_lost() const;
  std::uint64_t changed_rows() const;
  // Rows that were changed since it was opened.
  std::int64_t changes_in_all() const { return sqlite3_total_changes64(raw_); }
  sqlite3* raw() { return raw_; }
  const std::string& path() const { return path_; }

  // The error of a result code, with what to do about it.
  Error error(int code) const;

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}

  std::string path_;
  sqlite3* raw_ = nullptr;
  std::map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace lapwing::store::sqlite
