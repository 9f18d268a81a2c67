// Connections and API destinations, against a real server on loopback.
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "net/loop_group.hpp"
#include "services/events/http_parameters.hpp"
#include "services/events/testing/bus_host.hpp"

namespace lapwing::events {
namespace {

using testing::Answer;
using testing::BusHost;
using testing::in_quotes;
using testing::minutes;
using testing::seconds;

// What an endpoint was asked.
struct Asked {
  std::string line;  // "POST /a?b=c"
  http::Headers headers;
  std::string body;
};

// Answers what it was told, one after another, by path; then 200.
class Site {
 public:
  Site() : server_(loops_, {}, [this](http::RequestContext& context) { return answer(context); }) {
    loops_.start();
    EXPECT_TRUE(server_.listen(net::Address::parse("127.0.0.1:0").value()));
  }
  ~Site() {
    server_.stop(std::chrono::seconds(1));
    loops_.stop();
  }
  std::string url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}{}", server_.addresses().at(0).port(), path);
  }
  void answers(const std::string& path, std::vector<http::Response> script) {
    const std::lock_guard lock(mutex_);
    scripts_[path] = std::move(script);
  }
  // It takes its time for what is asked there.
  void slow(std::string_view path) {
    const std::lock_guard lock(mutex_);
    slow_ = path;
  }
  std::vector<Asked> asked(std::string_view path) const {
    const std::lock_guard lock(mutex_);
    std::vector<Asked> out;
    for (const auto& [at, each] : asked_) {
      if (at == path) out.push_back(each);
    }
    return out;
  }

 private:
  net::Task<void> answer(http::RequestContext& context) {
    auto body = co_await context.body().read_all(1'000'000);
    if (!body) co_return;
    const std::string path(context.request().path());
    http::Response out(200, "application/json", "{}");
    bool slow = false;
    {
      const std::lock_guard lock(mutex_);
      asked_.emplace_back(path, Asked{fmt::format("{} {}", to_string(context.request().method),
                                                  context.request().target),
                                      context.request().headers, *std::move(body)});
      slow = path == slow_;
      std::vector<http::Response>& script = scripts_[path];
      if (!script.empty()) {
        out = script.front();
        script.erase(script.begin());
      }
    }
    if (slow) co_await context.loop().sleep(std::chrono::milliseconds(50));
    (void)co_await context.respond(std::move(out));
  }

  SystemClock clock_;
  net::LoopGroup loops_{1, clock_, null_logger()};
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, Asked>> asked_;
  std::map<std::string, std::vector<http::Response>> scripts_;
  std::string slow_;
  http::Server server_;
};

class ApiHost : public BusHost {
 public:
  // `parameters`: of AuthParameters, JSON members.
  std::string connect(std::string_view type, std::string_view parameters) {
    const Answer made =
        call("CreateConnection",
             fmt::format(R"({{"Name":"c","AuthorizationType":"{}","AuthParameters":{{{}}}}})", type,
                         parameters));
    EXPECT_TRUE(made.ok()) << made.text;
    return made.at("ConnectionArn");
  }
  std::string destination(std::string_view connection, std::string_view url,
                          std::string_view method = "POST") {
    const Answer made = call(
        "CreateApiDestination",
        fmt::format(
            R"({{"Name":"d","ConnectionArn":"{}","HttpMethod":"{}","InvocationEndpoint":"{}"}})",
            connection, method, url));
    EXPECT_TRUE(made.ok()) << made.text;
    return made.at("ApiDestinationArn");
  }
  void to(std::string_view api, std::string_view more = "") {
    ASSERT_TRUE(rule("r", R"({"source":["app"]})").ok());
    const Answer put = target("r", "t", api,
                              fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}}{}{})", queue("dead"),
                                          more.empty() ? "" : ",", more));
    ASSERT_TRUE(put.ok()) << put.text;
  }
  std::string state() {
    return call("DescribeConnection", R"({"Name":"c"})").at("ConnectionState");
  }
};

constexpr const char* kBasic = R"("BasicAuthParameters":{"Username":"u","Password":"p"})";

TEST(ApiDestinations, SendWhatTheTargetAndTheConnectionSay) {
  Site site;
  ApiHost h;
  const std::string connection = h.connect(
      "BASIC",
      fmt::format(R"({},"InvocationHttpParameters":{{)"
                  R"("HeaderParameters":[{{"Key":"X-Both","Value":"connection"}}],)"
                  R"("QueryStringParameters":[{{"Key":"q","Value":"c d"}}],)"
                  R"("BodyParameters":[{{"Key":"extra","Value":"1","IsValueSecret":true}}]}})",
                  kBasic));
  h.to(h.destination(connection, site.url("/a/*?q=x&keep=1"), "PUT"),
       R"("InputPath":"$.detail","HttpParameters":{"PathParameterValues":["v/w"],)"
       R"("HeaderParameters":{"X-Both":"target","X-Own":"1"},)"
       R"("QueryStringParameters":{"t":"u"}})");
  h.put("app", R"({"n":1,"extra":0})");
  const auto asked = site.asked("/a/v%2Fw");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].line, "PUT /a/v%2Fw?keep=1&t=u&q=c%20d");
  EXPECT_EQ(asked[0].body, R"({"n":1,"extra":"1"})");
  EXPECT_EQ(asked[0].headers.get_or("X-Both"), "connection");
  EXPECT_EQ(asked[0].headers.get_or("X-Own"), "1");
  EXPECT_EQ(asked[0].headers.get_or("Authorization"), "Basic dTpw");
  EXPECT_EQ(asked[0].headers.get_or("User-Agent"), "Amazon/EventBridge/ApiDestinations");
  EXPECT_EQ(asked[0].headers.get_or("Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(asked[0].headers.get_or("Range"), "bytes=0-1048575");
}

// By who has no outbox and waits for the answer.
ports::Delivered send_at_once(ApiHost& h, const ports::Parcel& parcel) {
  auto promise = std::make_shared<std::promise<ports::Delivered>>();
  ports::Destination* const apis = h.ports.destinations->find(parcel.target);
  net::Loop& loop = h.loop();
  loop.post([&loop, apis, parcel, promise] {
    loop.spawn([](net::Loop& on, ports::Destination& to, ports::Parcel what,
                  std::shared_ptr<std::promise<ports::Delivered>> answer) -> net::Task<void> {
      const std::vector<ports::Parcel> one(1, what);
      answer->set_value((co_await to.deliver(on, one)).front());
    }(loop, *apis, parcel, promise));
  });
  return promise->get_future().get();
}

TEST(ApiDestinations, AnswerWhoSendsToThemAtOnce) {
  Site site;
  ApiHost h;
  const std::string api = h.destination(h.connect("BASIC", kBasic), site.url("/a/*"), "PUT");
  site.answers("/a/v%2Fw", {http::Response(200, "application/json", std::string(100'000, 'x')),
                            http::Response(503)});
  ports::Parcel parcel;
  parcel.target = "api-destination:" + api;
  parcel.body = "{}";
  EXPECT_EQ(send_at_once(h, parcel).code, "ResourceNotFoundException") << "nobody's";
  parcel.as.source_account = AccountId("111111111111");
  EXPECT_EQ(send_at_once(h, parcel).code, "ResourceNotFoundException") << "another account's";
  parcel.as.source_account = AccountId("000000000000");
  parcel.path_values = {"v/w"};
  parcel.query = {{"t", "u"}};
  parcel.headers = {{"X-Own", "1"}};
  parcel.answer_bytes_max = 200'000;
  const ports::Delivered taken = send_at_once(h, parcel);
  EXPECT_EQ(taken.kind, ports::Delivered::Kind::kTaken) << taken.message;
  EXPECT_EQ(taken.answer.size(), 100'000U);
  EXPECT_EQ(site.asked("/a/v%2Fw").at(0).line, "PUT /a/v%2Fw?t=u");
  EXPECT_EQ(site.asked("/a/v%2Fw").at(0).headers.get_or("Authorization"), "Basic dTpw");
  EXPECT_EQ(send_at_once(h, parcel).kind, ports::Delivered::Kind::kLater);
  parcel.target += "x";
  EXPECT_EQ(send_at_once(h, parcel).code, "ResourceNotFoundException");
}

TEST(ApiDestinations, AreTriedAgainAfter503AndNotAfter404) {
  Site site;
  ApiHost h;
  const std::string connection =
      h.connect("API_KEY", R"("ApiKeyAuthParameters":{"ApiKeyName":"X-Key","ApiKeyValue":"k"})");
  h.to(h.destination(connection, site.url("/a")));
  site.answers("/a", {http::Response(503), http::Response(429)});
  h.put("app", "{}");
  h.advance(minutes(5));
  ASSERT_EQ(site.asked("/a").size(), 3u);
  EXPECT_EQ(site.asked("/a")[2].headers.get_or("X-Key"), "k");
  site.answers("/a", {http::Response(404)});
  h.put("app", "{}");
  h.advance(minutes(5));
  EXPECT_EQ(site.asked("/a").size(), 4u);
  EXPECT_EQ(h.dead("dead", "ERROR_CODE"), "SDK_CLIENT_ERROR");
  EXPECT_EQ(h.dead("dead", "ERROR_MESSAGE"), "The endpoint answered 404 Not Found.");
}

TEST(ApiDestinations, ByOAuthFetchATokenAndAnotherWhenItIsRefused) {
  Site site;
  ApiHost h;
  site.answers("/token", {http::Response(200, "application/json", R"({"access_token":"one"})"),
                          http::Response(200, "application/json", R"({"access_token":"two"})")});
  const std::string connection = h.connect(
      "OAUTH_CLIENT_CREDENTIALS",
      fmt::format(R"("OAuthParameters":{{"AuthorizationEndpoint":"{}","HttpMethod":"POST",)"
                  R"("ClientParameters":{{"ClientID":"id","ClientSecret":"se cret"}},)"
                  R"("OAuthHttpParameters":{{"BodyParameters":[{{"Key":"scope","Value":"s"}}]}}}})",
                  site.url("/token")));
  h.settle();
  EXPECT_EQ(h.state(), "AUTHORIZED");
  EXPECT_EQ(site.asked("/token").at(0).body,
            "client_id=id&client_secret=se%20cret&scope=s&grant_type=client_credentials");
  h.to(h.destination(connection, site.url("/a")));
  h.put("app", "{}");
  ASSERT_EQ(site.asked("/a").size(), 1u);
  EXPECT_EQ(site.asked("/a")[0].headers.get_or("Authorization"), "Bearer one");
  site.answers("/a", {http::Response(401)});
  h.put("app", "{}");
  ASSERT_EQ(site.asked("/a").size(), 3u);
  EXPECT_EQ(site.asked("/a")[2].headers.get_or("Authorization"), "Bearer two");
  EXPECT_EQ(h.count("dead"), 0u);
}

TEST(Connections, OfOAuthSayWhenTheyAreRefused) {
  Site site;
  ApiHost h;
  site.answers("/token", {http::Response(400)});
  const std::string connection = h.connect(
      "OAUTH_CLIENT_CREDENTIALS",
      fmt::format(R"("OAuthParameters":{{"AuthorizationEndpoint":"{}","HttpMethod":"GET",)"
                  R"("ClientParameters":{{"ClientID":"id","ClientSecret":"s"}}}})",
                  site.url("/token?a=b")));
  h.settle();
  EXPECT_EQ(site.asked("/token").at(0).line,
            "GET /token?a=b&client_id=id&client_secret=s&grant_type=client_credentials");
  const Answer got = h.call("DescribeConnection", R"({"Name":"c"})");
  EXPECT_EQ(got.at("ConnectionState"), "DEAUTHORIZED");
  EXPECT_EQ(got.at("StateReason"), "The authorization endpoint answered 400.");
  h.destination(connection, site.url("/a"));
  EXPECT_EQ(h.call("DescribeApiDestination", R"({"Name":"d"})").at("ApiDestinationState"),
            "INACTIVE");
}

// Those that fetch tokens, alone.
class TokenHost : public BusHost {
 public:
  explicit TokenHost(const Site& site) {
    shelf.watch([this](const ConnectionPtr& before, const ConnectionPtr& after) {
      connections.changed(before, after);
    });
    EXPECT_TRUE(shelf.load());
    AuthParameters with;
    auto& oauth = with.o_auth_parameters.emplace();
    oauth.authorization_endpoint = site.url("/token");
    oauth.http_method = "POST";
    oauth.client_parameters.client_id = "id";
    oauth.client_parameters.client_secret = "s";
    auto made = std::make_shared<Connection>();
    made->scope = {AccountId("000000000000"), Region("us-east-1")};
    made->name = made->id = "c";
    made->modified_ms = 1;
    made->sealed = connections.seal(*made, with);
    put(made);
  }
  ~TokenHost() override { connections.stop(); }

  void put(ConnectionPtr to) {
    EXPECT_TRUE(shelf.change(connection->key(),
                             [&](const ConnectionPtr&) -> Result<ConnectionPtr> { return to; }));
    if (to != nullptr) connection = std::move(to);
  }
  std::future<std::string> ask(std::string refused = {}) {
    auto done = std::make_shared<std::promise<std::string>>();
    loop().post([this, done, refused, of = connection] { loop().spawn(asked(done, of, refused)); });
    return done->get_future();
  }

  ConnectionPtr connection = [] {
    auto out = std::make_shared<Connection>();
    out->scope = {AccountId("000000000000"), Region("us-east-1")};
    out->name = "c";
    return out;
  }();
  Shelf<ConnectionTable> shelf{engine->store()};
  Connections connections{dependencies(), shelf};

 private:
  net::Task<void> asked(std::shared_ptr<std::promise<std::string>> done, ConnectionPtr of,
                        std::string refused) {
    const auto got = co_await connections.token(loop(), std::move(of), std::move(refused));
    done->set_value(got ? *got : got.error().message());
  }
};

http::Response token_of(std::string_view text) {
  return http::Response(200, "application/json",
                        fmt::format(R"({{"access_token":"{}","expires_in":3600}})", text));
}

TEST(Connections, FetchOneTokenForAllWhoWait) {
  Site site;
  site.slow("/token");
  site.answers("/token", {token_of("one"), token_of("two"), token_of("three")});
  TokenHost h(site);
  const auto all = [&](const std::string& refused) {
    std::vector<std::future<std::string>> asked;
    for (int i = 0; i < 8; ++i) asked.push_back(h.ask(refused));
    std::set<std::string> out;
    for (auto& each : asked) out.insert(each.get());
    return out;
  };
  EXPECT_EQ(all(""), std::set<std::string>{"one"});
  EXPECT_EQ(site.asked("/token").size(), 1u);
  EXPECT_EQ(all("one"), std::set<std::string>{"two"});
  EXPECT_EQ(h.ask("one").get(), "two");  // who was refused with the one before
  EXPECT_EQ(site.asked("/token").size(), 2u);
}

TEST(Connections, KeepNoTokenOfOneThatWasChangedOrDeleted) {
  Site site;
  site.answers("/token", {token_of("one"), token_of("two"), token_of("three")});
  TokenHost h(site);
  EXPECT_EQ(h.ask().get(), "one");
  EXPECT_EQ(h.connections.tokens(), 1u);
  auto changed = std::make_shared<Connection>(*h.connection);
  changed->modified_ms = 2;
  h.put(changed);
  EXPECT_EQ(h.connections.tokens(), 0u);
  EXPECT_EQ(h.ask().get(), "two");
  EXPECT_EQ(h.connections.tokens(), 1u);
  site.slow("/token");
  std::future<std::string> under_way = h.ask("two");
  h.put(nullptr);
  EXPECT_EQ(h.connections.tokens(), 0u);
  EXPECT_EQ(under_way.get(), "three");
  EXPECT_EQ(h.connections.tokens(), 0u);
}

TEST(Connections, NeverShowWhatIsSecret) {
  ApiHost h;
  h.connect("BASIC", fmt::format(R"({},"InvocationHttpParameters":{{"HeaderParameters":[)"
                                 R"({{"Key":"a","Value":"seen"}},)"
                                 R"({{"Key":"b","Value":"hidden","IsValueSecret":true}}]}})",
                                 kBasic));
  h.restart();
  const Answer got = h.call("DescribeConnection", R"({"Name":"c"})");
  EXPECT_EQ(got.at("ConnectionState"), "AUTHORIZED");
  EXPECT_EQ(got.at("AuthParameters.BasicAuthParameters.Username"), "u");
  EXPECT_EQ(got.at("AuthParameters.InvocationHttpParameters.HeaderParameters.0.Value"), "seen");
  EXPECT_EQ(got.text.find("hidden"), std::string::npos);
  EXPECT_EQ(got.text.find("\"p\""), std::string::npos);
  store::Space& space = **h.engine->space("events");
  const auto kept = space.store().scan({.kind = "events.connection"});
  EXPECT_EQ(kept->records.at(0).value.find("hidden"), std::string::npos);
}

TEST(Connections, AreChangedDeauthorizedAndDeleted) {
  Site site;
  ApiHost h;
  const std::string connection = h.connect("BASIC", kBasic);
  h.to(h.destination(connection, site.url("/a")));
  EXPECT_EQ(h.call("CreateConnection", fmt::format(R"({{"Name":"c","AuthorizationType":"BASIC",)"
                                                   R"("AuthParameters":{{{}}}}})",
                                                   kBasic))
                .error,
            "ResourceAlreadyExistsException");
  EXPECT_EQ(h.call("CreateConnection", fmt::format(R"({{"Name":"x","AuthorizationType":"API_KEY",)"
                                                   R"("AuthParameters":{{{}}}}})",
                                                   kBasic))
                .error,
            "ValidationException");
  ASSERT_TRUE(h.call("UpdateConnection",
                     R"({"Name":"c","AuthParameters":{"BasicAuthParameters":{"Password":"q"}}})")
                  .ok());
  h.put("app", "{}");
  EXPECT_EQ(site.asked("/a").at(0).headers.get_or("Authorization"), "Basic dTpx");
  EXPECT_EQ(h.call("DeauthorizeConnection", R"({"Name":"c"})").at("ConnectionState"),
            "DEAUTHORIZING");
  EXPECT_EQ(h.state(), "DEAUTHORIZED");
  h.put("app", "{}");
  EXPECT_EQ(site.asked("/a").size(), 1u);
  EXPECT_EQ(h.count("dead"), 1u);
  EXPECT_EQ(h.call("DeleteConnection", R"({"Name":"c"})").at("ConnectionState"), "DELETING");
  EXPECT_EQ(h.call("DescribeConnection", R"({"Name":"c"})").text,
            "Failed to describe the connection(s). Connection 'c' does not exist.");
  EXPECT_EQ(h.call("ListConnections").size("Connections"), 0u);
  ASSERT_TRUE(
      h.call("UpdateApiDestination", R"({"Name":"d","InvocationRateLimitPerSecond":5})").ok());
  const Answer api = h.call("DescribeApiDestination", R"({"Name":"d"})");
  EXPECT_EQ(api.at("InvocationRateLimitPerSecond"), "5");
  EXPECT_EQ(api.at("ApiDestinationState"), "INACTIVE");
  EXPECT_EQ(h.call("ListApiDestinations").size("ApiDestinations"), 1u);
  ASSERT_TRUE(h.call("DeleteApiDestination", R"({"Name":"d"})").ok());
  EXPECT_EQ(h.call("DescribeApiDestination", R"({"Name":"d"})").text,
            "Failed to describe the api-destination(s). An api-destination 'd' does not exist.");
}

TEST(ApiDestinations, HaveUrls) {
  ApiHost h;
  const std::string connection = h.connect("BASIC", kBasic);
  for (const char* url : {"ftp://h/", "http://", "http://u@h/", "http://h:0/", "http://h:99999/"}) {
    const Answer got = h.call(
        "CreateApiDestination",
        fmt::format(
            R"({{"Name":"d","ConnectionArn":"{}","HttpMethod":"GET","InvocationEndpoint":"{}"}})",
            connection, url));
    EXPECT_EQ(got.error, "ValidationException") << url << got.text;
  }
}

TEST(HttpParameters, ReplaceThoseOfTheSameName) {
  EXPECT_EQ(with_query("http://h/?a=1&b=2", {{"b", "3"}}), "http://h/?a=1&b=3");
  EXPECT_EQ(with_query("http://h/", {{"b", "&"}}), "http://h/?b=%26");
  EXPECT_EQ(with_path_values("http://h/*/x/*?*", {"1", "2", "3"}), "http://h/1/x/2?*");
  EXPECT_EQ(with_path_values("http://h/*/*", {"1"}), "http://h/1/*");
  EXPECT_EQ(with_members(R"("text")", {{"a", "b"}}), R"("text")");
}

}  // namespace
}  // namespace lapwing::events
