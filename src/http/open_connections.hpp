// The open connections of one loop, and which of them is closed for another at the limit: the one
// whose end costs least. For http/*.cpp only.
//
// Those that have not brought one whole request are kept apart, so that they are found among many
// that have.
//
// Thread-safety: the loop's thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "http/connection_budget.hpp"

namespace lapwing::http {

// What a connection is at that may be closed, the cheapest end first.
enum class Idleness {
  kLingers,  // it has its answer, and is closing
  kLong,     // brings no request, or none whole, for a long time
  kYoung,    // the same, but new: closed only where its caller has many
  kKept,     // between two requests; where its caller has many, after the young ones
  kDrips,    // a body comes too slowly; where its caller has many, as kLong
  kAtWork,   // a body comes, or waits for room; an answer is not taken
};

struct Waiting {
  Idleness idleness = Idleness::kKept;
  MonoTime since{};
};

class OpenConnections;

// A connection, or one that is being made (TLS).
class OpenConnection {
 public:
  OpenConnection() = default;
  OpenConnection(const OpenConnection&) = delete;
  OpenConnection& operator=(const OpenConnection&) = delete;
  virtual ~OpenConnection() = default;

  // Nothing where it must not be closed.
  virtual std::optional<Waiting> waiting() const = 0;
  virtual void close_now() = 0;
  // The server stops.
  virtual void close_if_idle() = 0;
  virtual void request_stop() = 0;

 protected:
  // It has brought its first request, whole.
  void has_asked();
  bool asked() const { return asked_; }

 private:
  friend class OpenConnections;
  OpenConnections* list_ = nullptr;
  const ConnectionPlace* place_ = nullptr;
  std::size_t at_ = 0;  // in the list
  bool asked_ = false;
  bool leaves_ = false;  // closed for another, and not gone yet; of those that have not asked
};

class OpenConnections {
 public:
  // Its place among the list's, for as long as it lives.
  class Membership {
   public:
    // `place` and `connection` outlive it.
    Membership(OpenConnections& list, OpenConnection& connection, const ConnectionPlace& place);
    ~Membership() { list_.remove(connection_); }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

   private:
    OpenConnections& list_;
    OpenConnection& connection_;
  };

  const std::vector<OpenConnection*>& all() const { return all_; }
  // Closes the one, of some, whose end costs least; null where none may be closed. Of those that
  // cost the same, one of the caller that has most, and then the one that has waited longest.
  // `many`: more than this of one caller are many. While some that have not asked are leaving, none
  // that is kept is closed: their successors will not have asked either, and go first.
  OpenConnection* close_cheapest(std::size_t many);

 private:
  friend class OpenConnection;
  void remove(OpenConnection& connection);
  void put(OpenConnection& connection, std::size_t at);
  void swap(OpenConnection& one, OpenConnection& other);
  void has_asked(OpenConnection& connection);

  std::vector<OpenConnection*> all_;  // those that have not asked first
  std::size_t unasked_ = 0;
  std::size_t leaving_ = 0;
  std::size_t look_unasked_ = 0;
  std::size_t look_asked_ = 0;
};

}  // namespace lapwing::http
