// What connections authorise with: sealed where it is kept, opened where it is used; and the tokens
// of those that get one from an authorization server (OAuth client credentials).
//
// A connection of that kind is AUTHORIZING until a first token came; then AUTHORIZED, or
// DEAUTHORIZED with the reason. Tokens are kept in memory, until they end or are refused, or their
// connection is changed or goes. They are fetched once for all who wait for one.
//
// Thread-safety: seal(), open() and changed() from any thread; token() on any loop.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "background/runner.hpp"
#include "base/due_source.hpp"
#include "crypto/aes_gcm.hpp"
#include "delivery/http_caller.hpp"
#include "gen/events/shape/create_connection_auth_request_parameters.hpp"
#include "hosting/service.hpp"
#include "net/owned_tasks.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "services/events/shelf.hpp"
#include "services/events/tables.hpp"

namespace lapwing::events {

using AuthParameters = gen::events::CreateConnectionAuthRequestParameters;

class Connections final : public DueSource {
 public:
  Connections(const hosting::Dependencies& given, Shelf<ConnectionTable>& connections);
  ~Connections() override;

  void begin();
  void stop();

  std::string seal(const Connection& connection, const AuthParameters& parameters) const;
  // kInternal: it is not to be read (sealed by another server).
  Result<AuthParameters> open(const Connection& connection) const;

  // A connection was made, changed or deleted.
  void changed() { task_.notify(); }

  // Watches the shelf of connections.
  void changed(const ConnectionPtr& before, const ConnectionPtr& after);

  // What to send behind "Bearer ". `refused`: one that was sent so and not accepted; empty: none
  // was.
  net::Task<Result<std::string>> token(net::Loop& loop, ConnectionPtr connection,
                                       std::string refused = {});
  // How many there are.
  std::size_t tokens() const;

  // kUnavailable where there is no way out.
  net::Task<Result<http::Response>> send(net::Loop& loop, delivery::HttpCall call);

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  struct Token {
    std::string text;
    std::int64_t modified_ms = 0;  // of the connection it is for
    WallTime ends;
  };
  // A connection's id, and when it was changed.
  using Key = std::pair<std::string, std::int64_t>;
  using Waiter = net::OneShotSender<Result<std::string>>;
  struct Ended {
    ConnectionPtr connection;
    std::string failure;  // empty: there is a token
  };

  net::Task<void> authorise(ConnectionPtr connection, background::Hold hold);
  // From the authorization server, or from who is asking it already.
  net::Task<Result<std::string>> fetched(net::Loop& loop, ConnectionPtr connection);
  net::Task<void> fetch_for_all(ConnectionPtr connection);
  net::Task<Result<Token>> fetch(net::Loop& loop, ConnectionPtr connection);
  // Only where the connection still stands.
  void keep(const Connection& connection, Token token);
  std::vector<Waiter> take_waiters(const Key& key);

  const hosting::Dependencies given_;
  const crypto::AesKey key_;
  Shelf<ConnectionTable>& connections_;
  background::Task task_;
  net::OwnedTasks tasks_;  // that fetch tokens
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::vector<Ended> ended_;
  std::set<Key> under_way_;                           // that are authorised
  std::map<Key, std::vector<Waiter>> waiting_;        // for a token that is fetched
  std::map<std::string, Token, std::less<>> tokens_;  // by the connection's id
};

}  // namespace lapwing::events
