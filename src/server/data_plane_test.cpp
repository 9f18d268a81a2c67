// Ways in that services own: which requests come to them, and which do not.
#include "hosting/data_plane.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "net/testing/run.hpp"
#include "server/front_door.hpp"
#include "server/testing/test_server.hpp"

namespace lapwing::server {
namespace {

using testing::TestServer;

// A request as the front door looks at it before anything is read.
class FakeContext final : public http::RequestContext {
 public:
  FakeContext(net::Loop& loop, std::string target, std::string_view host) : loop_(loop) {
    request_.target = std::move(target);
    request_.headers.add("Host", host);
  }
  void from_another_site() { request_.headers.add("Origin", "http://evil.test"); }

  const http::Request& request() const override { return request_; }
  net::Loop& loop() const override { return loop_; }
  net::Task<Status> respond(http::Response response) override {
    answer = std::move(response);
    co_return Status();
  }
  bool answered() const override { return answer.has_value(); }

  const std::optional<net::Address>& peer() const override { return nobody_; }
  bool is_tls() const override { return false; }
  std::optional<std::uint64_t> content_length() const override { return 0; }
  http::BodyReader& body() override { throw std::logic_error("no body"); }
  net::Task<Status> respond_with_next(const http::Response& response) override {
    return respond(response);
  }
  net::Task<Result<http::BodyWriter*>> respond_stream(http::Response) override {
    throw std::logic_error("no stream");
  }
  bool client_gone() const override { return false; }
  std::stop_token stop_token() override { return {}; }
  net::Interrupt& gone() override { return gone_; }
  void close_after() override {}
  void claim(std::uint64_t) override {}
  void charge_to(std::uint64_t) override {}
  void charge_answer_to(std::uint64_t) override {}
  http::CallerId caller() override { return {}; }
  http::Charge take_body_charge() override { return {}; }
  void rest() override {}
  bool answers_stalled() override { return false; }

  std::optional<http::Response> answer;

 private:
  net::Loop& loop_;
  http::Request request_;
  std::optional<net::Address> nobody_;
  net::Interrupt gone_;
};

class Urls final : public hosting::DataPlane {
 public:
  bool owns_host(std::string_view host) const override { return host.ends_with(".urls.localhost"); }
  bool owns_path(std::string_view path) const override { return path.starts_with("/own/"); }
  net::Task<void> handle(http::RequestContext& context, hosting::Arrival arrival) override {
    EXPECT_FALSE(arrival.request_id.empty());
    co_await context.respond(http::Response(299, "text/plain", "mine"));
  }
};

class Planes : public ::testing::Test {
 protected:
  Planes() { door_.add(urls_); }
  int status(std::string target, std::string_view host, bool other_site = false) {
    net::testing::TestLoop loop;
    FakeContext context(loop.get(), std::move(target), host);
    if (other_site) context.from_another_site();
    loop.run(door_.handle(context, aws::Origin::kClient));
    return context.answer ? context.answer->status : 0;
  }

 private:
  HostGuard guard_{{}};
  SeededRandom random_{7};
  FrontDoor door_{{.guard = &guard_, .random = &random_, .logger = &null_logger()}};
  Urls urls_;
};

TEST_F(Planes, AHostNameIsAskedForBeforeTheServersOwnRules) {
  EXPECT_EQ(status("/", "a.urls.localhost"), 299);
  EXPECT_EQ(status("/", "a.urls.localhost:4566"), 299);
  EXPECT_EQ(status("/", "a.urls.localhost:4566", true), 299);
  EXPECT_EQ(status("/", "a.urls.localhost.evil.test"), 403);
}

TEST_F(Planes, APathIsAskedForBehindThem) {
  EXPECT_EQ(status("/own/x", "localhost:4566"), 299);
  EXPECT_EQ(status("/own/x", "[::1]:4566"), 299);
  EXPECT_EQ(status("/own/x", "[::1]"), 299);
  EXPECT_EQ(status("/own/x", "evil.test"), 403);
  EXPECT_EQ(status("/own/x", "localhost", true), 403);
}

TEST(CodeDownloads, AreLambdasPath) {
  TestServer with({.services = {"lambda"}});
  const auto wrong = with.request("GET", "/_lapwing/code/000000000000/us-east-1/f/00?Expires=1");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_NE(wrong.body.find("The signature of this code location is wrong."), std::string::npos);
  EXPECT_EQ(with.request("POST", "/_lapwing/code/x").status, 405);
  TestServer without({.services = {"sqs"}});
  EXPECT_EQ(without.request("GET", "/_lapwing/code/x").status, 404);
}

}  // namespace
}  // namespace lapwing::server
