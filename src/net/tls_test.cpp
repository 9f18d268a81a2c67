#include "net/tls.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"
#include "net/tls_self_signed.hpp"

namespace lapwing::net {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::TestLoop;

struct Ends {
  Stream client;
  Stream server;
};
Ends make_ends(Loop& loop) {
  auto fds = socket_pair().value();
  return {Stream::adopt(loop, std::move(fds.first)).value(),
          Stream::adopt(loop, std::move(fds.second)).value()};
}

Task<void> echo_once(Stream plain, const TlsServerContext& context, Status& outcome) {
  auto stream = co_await tls_accept(std::move(plain), context);
  if (!stream) {
    outcome = fail(std::move(stream).error());
    co_return;
  }
  std::string all;
  char buffer[5000];
  while (true) {
    auto count = co_await stream->read_some(std::as_writable_bytes(std::span(buffer)));
    if (!count) outcome = fail(count.error());
    if (!count || *count == 0) break;
    all.append(buffer, *count);
  }
  EXPECT_TRUE(co_await stream->write_all(all));
  EXPECT_TRUE(co_await stream->shutdown_write());
}

Task<Result<std::string>> read_to_end(Stream& stream) {
  std::string all;
  char buffer[4096];
  while (true) {
    auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!count) co_return fail(std::move(count).error());
    if (*count == 0) co_return all;
    all.append(buffer, *count);
  }
}

TEST(Tls, RoundTripWithCleanEnds) {
  TestLoop loop;
  const auto made = make_self_signed({"localhost", "127.0.0.1"}).value();
  auto server = TlsServerContext::create(made.certificate_pem, made.key_pem);
  auto client = TlsClientContext::create_private(made.certificate_pem);
  ASSERT_TRUE(server && client);
  auto main = [&](Loop& l) -> Task<void> {
    for (const char* host : {"localhost", "127.0.0.1"}) {
      Ends ends = make_ends(l);
      TaskGroup group(l);
      Status outcome;
      group.spawn(echo_once(std::move(ends.server), *server, outcome));
      auto stream = co_await tls_connect(std::move(ends.client), *client, host);
      EXPECT_TRUE(stream) << stream.error().to_log();
      std::string big(1'000'000, 'x');
      const ByteView parts[] = {as_bytes("head"), as_bytes(big), as_bytes("tail")};
      EXPECT_TRUE(co_await stream->write_all(parts));
      EXPECT_TRUE(co_await stream->shutdown_write());
      auto back = co_await read_to_end(*stream);
      EXPECT_TRUE(back && *back == "head" + big + "tail");
      EXPECT_TRUE(outcome);
      EXPECT_FALSE(stream->release());
      co_await group.join();
    }
  };
  loop.run(main(loop.get()));
}

TEST(Tls, WrongNameAndUnknownIssuerAreRefused) {
  TestLoop loop;
  const auto made = make_self_signed({"localhost", "127.0.0.1"}).value();
  const auto other = make_self_signed({"localhost", "127.0.0.1"}).value();
  auto server = TlsServerContext::create(made.certificate_pem, made.key_pem);
  auto client = TlsClientContext::create_private(made.certificate_pem);
  auto stranger = TlsClientContext::create_private(other.certificate_pem);
  ASSERT_TRUE(server && client && stranger);
  auto main = [&](Loop& l) -> Task<void> {
    TaskGroup group(l);
    Status outcome;
    Ends ends = make_ends(l);
    group.spawn(echo_once(std::move(ends.server), *server, outcome));
    auto wrong_name = co_await tls_connect(std::move(ends.client), *client, "example.com");
    EXPECT_FALSE(wrong_name);
    EXPECT_EQ(wrong_name.error().kind(), ErrorKind::kDenied);
    ends = make_ends(l);
    group.spawn(echo_once(std::move(ends.server), *server, outcome));
    auto unknown = co_await tls_connect(std::move(ends.client), *stranger, "localhost");
    EXPECT_FALSE(unknown);
    co_await group.join();
    EXPECT_FALSE(outcome);
  };
  loop.run(main(loop.get()));
}

TEST(Tls, CutConnectionIsNotACleanEnd) {
  TestLoop loop;
  const auto made = make_self_signed({"localhost", "127.0.0.1"}).value();
  auto server = TlsServerContext::create(made.certificate_pem, made.key_pem);
  auto client = TlsClientContext::create_private(made.certificate_pem);
  auto main = [&](Loop& l) -> Task<void> {
    TaskGroup group(l);
    Status outcome;
    Ends ends = make_ends(l);
    group.spawn(echo_once(std::move(ends.server), *server, outcome));
    auto stream = co_await tls_connect(std::move(ends.client), *client, "localhost");
    EXPECT_TRUE(co_await stream->write_all("half"));
    stream->close();
    co_await group.join();
    EXPECT_FALSE(outcome);
  };
  loop.run(main(loop.get()));
}

TEST(Tls, SilentOrPlainClientsDoNotHoldTheHandshake) {
  TestLoop loop;
  const auto made = make_self_signed({"localhost", "127.0.0.1"}).value();
  auto server = TlsServerContext::create(made.certificate_pem, made.key_pem);
  auto main = [&](Loop& l) -> Task<void> {
    Ends silent = make_ends(l);
    auto late = co_await tls_accept(std::move(silent.server), *server, l.now() + 3ms);
    EXPECT_FALSE(late);
    EXPECT_EQ(late.error().kind(), ErrorKind::kTimeout);
    Ends plain = make_ends(l);
    EXPECT_TRUE(co_await plain.client.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    auto refused = co_await tls_accept(std::move(plain.server), *server);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kDenied);
  };
  loop.run(main(loop.get()));
}

TEST(Tls, BadPemIsInvalid) {
  const auto made = make_self_signed({"localhost", "127.0.0.1"}).value();
  const auto other = make_self_signed({"localhost", "127.0.0.1"}).value();
  EXPECT_FALSE(TlsServerContext::create("rubbish", made.key_pem));
  EXPECT_FALSE(TlsServerContext::create(made.certificate_pem, "rubbish"));
  EXPECT_FALSE(TlsServerContext::create(made.certificate_pem, other.key_pem));
  EXPECT_FALSE(TlsClientContext::create_private("rubbish"));
}

}  // namespace
}  // namespace lapwing::net
