#include "services/events/connections.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "aws/arena.hpp"
#include "aws/json_codec.hpp"
#include "gen/events/enums.hpp"
#include "gen/events/model.hpp"
#include "services/events/http_parameters.hpp"
#include "services/events/limits.hpp"
#include "text/hex.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::events {
namespace {

using State = gen::events::ConnectionState;
using Type = gen::events::ConnectionAuthorizationType;

// A token that says nothing of its end is asked for again after this; one that does, so long
// before.
constexpr auto kTokenDefault = std::chrono::minutes(5);
constexpr auto kTokenEarly = std::chrono::seconds(30);
constexpr std::int64_t kTokenSecondsMax = 365LL * 86'400;

const aws::ShapeRow& parameters_shape() {
  const auto name = [](const aws::ShapeRow& shape) { return gen::events::kModel.text(shape.name); };
  return *std::ranges::find(gen::events::kModel.shapes,
                            std::string_view("CreateConnectionAuthRequestParameters"), name);
}

std::string json_of(const Pairs& pairs) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, value] : pairs) json.member(name, value);
  json.end_object();
  return out;
}

// What an authorization server is asked.
delivery::HttpCall token_call(const gen::events::CreateConnectionOAuthRequestParameters& oauth) {
  Pairs fields{{"client_id", oauth.client_parameters.client_id},
               {"client_secret", oauth.client_parameters.client_secret}};
  Pairs query;
  delivery::HttpCall call;
  bool json = false;
  if (oauth.o_auth_http_parameters) {
    const auto& more = *oauth.o_auth_http_parameters;
    for (auto& pair : pairs_of(more.body_parameters)) fields.push_back(std::move(pair));
    query = pairs_of(more.query_string_parameters);
    for (const auto& [name, value] : pairs_of(more.header_parameters)) {
      if (http::equal_ignoring_case(name, "Content-Type")) json = value.contains("json");
      call.headers.set(name, value);
    }
  }
  if (std::ranges::find(fields, "grant_type", [](const auto& pair) { return pair.first; }) ==
      fields.end()) {
    fields.emplace_back("grant_type", "client_credentials");
  }
  call.method = http::parse_method(oauth.http_method).value_or(http::Method::kPost);
  call.timeout = kApiTimeout;
  call.answer_bytes_max = kTokenBytesMax;
  if (call.method == http::Method::kGet) {
    for (auto& pair : fields) query.push_back(std::move(pair));
  } else {
    if (!call.headers.has("Content-Type")) {
      call.headers.add("Content-Type", "application/x-www-form-urlencoded");
    }
    call.body = json ? json_of(fields) : form_of(fields);
  }
  call.url = with_query(oauth.authorization_endpoint, query);
  return call;
}

}  // namespace

Connections::Connections(const hosting::Dependencies& given, Shelf<ConnectionTable>& connections)
    : given_(given),
      key_(given.key("events connections")),
      connections_(connections),
      tasks_(given.loops.next()) {}

Connections::~Connections() { stop(); }

void Connections::begin() {
  task_ = given_.background.when_due("events.connections", *this);
  task_.notify();
}

void Connections::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  task_.reset();
  tasks_.cancel();
  std::map<Key, std::vector<Waiter>> waiting;
  const std::lock_guard lock(mutex_);
  waiting.swap(waiting_);  // of fetches that had not begun
}

std::string Connections::seal(const Connection& connection,
                              const AuthParameters& parameters) const {
  aws::Arena arena;
  std::string plain;
  text::JsonWriter json(plain);
  aws::write_json(gen::events::kModel, parameters_shape(), to(parameters, arena), json,
                  aws::JsonNames::kModel);
  return text::hex_encode(crypto::aes_gcm_seal(key_, given_.random, plain, connection.id));
}

Result<AuthParameters> Connections::open(const Connection& connection) const {
  LAPWING_TRY(const std::string sealed, text::hex_decode(connection.sealed));
  LAPWING_TRY(const std::string plain, crypto::aes_gcm_open(key_, sealed, connection.id));
  aws::Arena arena;
  LAPWING_TRY(const aws::Value value, aws::read_json_text(gen::events::kModel, parameters_shape(),
                                                          plain, arena, aws::JsonNames::kModel));
  AuthParameters out;
  from(value, out);
  return out;
}

net::Task<Result<Connections::Token>> Connections::fetch(net::Loop& loop,
                                                         ConnectionPtr connection) {
  LAPWING_CO_TRY(const AuthParameters parameters, open(*connection));
  if (!parameters.o_auth_parameters) {
    co_return fail(make_error(ErrorKind::kInvalid, "The connection has no OAuth parameters."));
  }
  LAPWING_CO_TRY(const http::Response answer,
                 co_await send(loop, token_call(*parameters.o_auth_parameters)));
  if (answer.status / 100 != 2) {
    const bool passes = answer.status == 429 || answer.status / 100 == 5;
    co_return fail(
        make_error(passes ? ErrorKind::kUnavailable : ErrorKind::kDenied,
                   fmt::format("The authorization endpoint answered {}.", answer.status)));
  }
  const auto document = text::parse_json(answer.body);
  const text::JsonValue* const token =
      document && document->root().is_object() ? document->root().find("access_token") : nullptr;
  if (token == nullptr || !token->is_string() || token->as_string().empty()) {
    co_return fail(
        make_error(ErrorKind::kInvalid, "The authorization endpoint answered no access_token."));
  }
  Token out;
  out.text = token->as_string();
  out.modified_ms = connection->modified_ms;
  out.ends = given_.real_clock.wall() + kTokenDefault;
  if (const auto* const lasts = document->root().find("expires_in"); lasts != nullptr) {
    const auto seconds = lasts->as_int64().value_or(0);
    if (seconds > 0) {
      out.ends = given_.real_clock.wall() +
                 std::chrono::seconds(std::min(seconds, kTokenSecondsMax)) - kTokenEarly;
    }
  }
  co_return out;
}

net::Task<Result<http::Response>> Connections::send(net::Loop& loop, delivery::HttpCall call) {
  if (given_.ports.http == nullptr) {
    co_return fail(make_error(ErrorKind::kUnavailable, "Nothing sends HTTP requests here."));
  }
  co_return co_await given_.ports.http->send(loop, std::move(call));
}

void Connections::changed(const ConnectionPtr& before, const ConnectionPtr& after) {
  if (before == nullptr) return;
  if (after != nullptr && after->id == before->id && after->modified_ms == before->modified_ms) {
    return;
  }
  const std::lock_guard lock(mutex_);
  tokens_.erase(before->id);
}

std::size_t Connections::tokens() const {
  const std::lock_guard lock(mutex_);
  return tokens_.size();
}

net::Task<Result<std::string>> Connections::token(net::Loop& loop, ConnectionPtr connection,
                                                  std::string refused) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = tokens_.find(connection->id);
    if (found != tokens_.end() && found->second.modified_ms == connection->modified_ms &&
        found->second.ends > given_.real_clock.wall() && found->second.text != refused) {
      co_return found->second.text;
    }
  }
  co_return co_await fetched(loop, std::move(connection));
}

net::Task<Result<std::string>> Connections::fetched(net::Loop& loop, ConnectionPtr connection) {
  auto channel = net::one_shot<Result<std::string>>(loop);
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) co_return fail(make_error(ErrorKind::kUnavailable, "The server is stopping."));
    std::vector<Waiter>& waiters = waiting_[{connection->id, connection->modified_ms}];
    first = waiters.empty();
    waiters.push_back(std::move(channel.sender));
  }
  if (first) {
    tasks_.spawn([this, connection = std::move(connection)]() mutable {
      return fetch_for_all(std::move(connection));
    });
  }
  Result<Result<std::string>> answer = co_await channel.receiver;
  if (!answer) co_return fail(std::move(answer).error());
  co_return *std::move(answer);
}

net::Task<void> Connections::fetch_for_all(ConnectionPtr connection) {
  // Whatever way it ends, who waits is told, and the next may ask.
  struct Ending {
    Connections& of;
    const Key key;
    bool over = false;
    ~Ending() {
      if (!over) of.take_waiters(key);
    }
  };
  Ending ending{*this, {connection->id, connection->modified_ms}};
  Result<Token> made = co_await fetch(tasks_.loop(), connection);
  Result<std::string> text;
  if (made) {
    text = made->text;
    keep(*connection, *std::move(made));
  } else {
    text = fail(std::move(made).error());
  }
  ending.over = true;  // who comes from here on asks again
  for (Waiter& each : take_waiters(ending.key)) each.send(text);
}

void Connections::keep(const Connection& connection, Token token) {
  const std::lock_guard lock(mutex_);
  // Looked at with the mutex: what is changed after it is heard of after it.
  const ConnectionPtr there = connections_.find(connection.key());
  if (there == nullptr || there->id != connection.id ||
      there->modified_ms != connection.modified_ms) {
    return;
  }
  tokens_.insert_or_assign(connection.id, std::move(token));
}

std::vector<Connections::Waiter> Connections::take_waiters(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return {};
  std::vector<Waiter> out = std::move(found->second);
  waiting_.erase(found);
  return out;
}

net::Task<void> Connections::authorise(ConnectionPtr connection, background::Hold hold) {
  const auto made = co_await fetched(tasks_.loop(), connection);
  {
    const std::lock_guard lock(mutex_);
    under_way_.erase({connection->id, connection->modified_ms});
    ended_.push_back({std::move(connection), made ? std::string() : made.error().message()});
    if (!stopped_) task_.notify();
  }
  hold.reset();
}

Result<std::optional<MonoTime>> Connections::next_due() {
  const std::lock_guard lock(mutex_);
  if (!ended_.empty()) return given_.clock.mono();
  const auto waits = connections_.list("", {}, 1, [&](const Connection& each) {
    return each.state == State::kAuthorizing && !under_way_.contains({each.id, each.modified_ms});
  });
  if (waits.empty()) return std::nullopt;
  return given_.clock.mono();
}

Status Connections::run_due() {
  std::vector<Ended> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::exchange(ended_, {});
  }
  Status first;  // of what went wrong: the others go on, and that is tried again
  for (const Ended& each : ended) {
    const auto written = connections_.change(
        each.connection->key(), [&](const ConnectionPtr& there) -> Result<ConnectionPtr> {
          if (there == nullptr || there->id != each.connection->id ||
              there->modified_ms != each.connection->modified_ms ||
              there->state != State::kAuthorizing) {
            return there;
          }
          auto next = std::make_shared<Connection>(*there);
          next->state = each.failure.empty() ? State::kAuthorized : State::kDeauthorized;
          next->state_reason = each.failure.substr(0, 512);
          if (each.failure.empty()) next->authorized_ms = unix_ms(given_.clock.wall());
          return next;
        });
    if (written) continue;
    if (first) first = fail(written.error());
    const std::lock_guard lock(mutex_);
    ended_.push_back(each);
  }
  const auto waiting = connections_.list(
      "", {}, SIZE_MAX, [](const Connection& each) { return each.state == State::kAuthorizing; });
  for (const ConnectionPtr& each : waiting) {
    {
      const std::lock_guard lock(mutex_);
      if (!under_way_.insert({each->id, each->modified_ms}).second) continue;
    }
    tasks_.spawn([this, each = ConnectionPtr(each), hold = given_.background.hold()]() mutable {
      return authorise(std::move(each), std::move(hold));
    });
  }
  return first;
}

}  // namespace lapwing::events
