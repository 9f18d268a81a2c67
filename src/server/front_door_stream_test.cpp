// Operations that stream, from a socket through the front door to a service and back.
#include <chrono>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "aws/event_stream.hpp"
#include "aws/streaming.hpp"
#include "aws/testing/pipeline.hpp"
#include "base/testing/captured_log.hpp"
#include "crypto/sha256.hpp"
#include "gen/toy/types.hpp"
#include "net/sync.hpp"
#include "net/testing/run.hpp"
#include "server/front_door.hpp"

namespace lapwing::server {
namespace {

namespace toy = gen::toy;
using aws::AnswerSink;
using aws::BodySource;
using net::Loop;
using net::Stream;
using net::Task;

constexpr std::size_t kUploadMax = 100;
constexpr std::size_t kEventBytes = 10'000;

struct Core {
  std::size_t events = 0;
  bool waiting = false;
  bool left = false;
};

Task<Status> upload(Core&, Loop&, const aws::Call&, toy::UploadInput, BodySource& body,
                    AnswerSink& answer) {
  std::string all;
  for (;;) {
    LAPWING_CO_TRY(const std::string_view piece, co_await body.next());
    if (piece.empty()) break;
    all += piece;
  }
  co_return co_await answer.answer(
      toy::UploadOutput{.bytes = static_cast<std::int64_t>(all.size()), .kind = all.substr(0, 8)});
}

Task<Status> download(Core&, Loop&, const aws::Call&, toy::DownloadInput in, BodySource&,
                      AnswerSink& answer) {
  std::optional<std::uint64_t> length;
  if (in.key != "long") length = 6;
  LAPWING_CO_CHECK(co_await answer.begin(toy::DownloadOutput(), length));
  LAPWING_CO_CHECK(co_await answer.write("abc"));
  if (in.key == "broken") co_return fail(internal_error("the disk is gone"));
  co_return co_await answer.write("def");
}

Task<Status> watch(Core& core, Loop&, const aws::Call&, toy::WatchInput, BodySource&,
                   AnswerSink& answer) {
  struct Leaving {
    Core& core;
    ~Leaving() { core.left = true; }
  } leaving{core};
  LAPWING_CO_CHECK(co_await answer.begin(toy::WatchOutput()));
  for (;;) {
    ++core.events;
    LAPWING_CO_CHECK(co_await answer.send(
        toy::WatchEvents{.bytes = toy::WatchBytes{.data = std::string(kEventBytes, 'x')}}));
  }
}

Task<Result<toy::KindsStruct>> wait_for_ever(Core& core, Loop& loop, const aws::Call&,
                                             toy::KindsStruct) {
  struct Leaving {
    Core& core;
    ~Leaving() { core.left = true; }
  } leaving{core};
  core.waiting = true;
  net::Event never(loop);
  co_await never.wait();
  co_return toy::KindsStruct();
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(toy::kModel);
  table.add<toy::Upload>(
      core, upload,
      {.access = aws::Access::kWrite, .resource = aws::kNoResource, .body_bytes_max = kUploadMax});
  table.add<toy::Download>(core, download,
                           {.access = aws::Access::kRead, .resource = aws::kNoResource});
  table.add<toy::Kinds>(core, wait_for_ever,
                        {.access = aws::Access::kRead, .resource = aws::kNoResource});
  table.add<toy::Watch>(core, watch, {.access = aws::Access::kRead, .resource = aws::kNoResource});
  return table;
}

class FrontDoorStream : public ::testing::Test {
 protected:
  FrontDoorStream() { door_.add(service_); }

  Stream dial() {
    auto fds = net::socket_pair().value();
    connections_.serve(Stream::adopt(loop_.get(), std::move(fds.first)).value());
    return Stream::adopt(loop_.get(), std::move(fds.second)).value();
  }
  // Everything that is answered until the connection ends.
  std::string ask(std::string request) {
    std::string out;
    loop_.run([](Stream stream, std::string bytes, std::string& all) -> Task<void> {
      EXPECT_TRUE(co_await stream.write_all(bytes));
      char buffer[4096];
      while (true) {
        const auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
        if (!count || *count == 0) co_return;
        all.append(buffer, *count);
      }
    }(dial(), std::move(request), out));
    return out;
  }

  // How many lines of the access log say this outcome of this operation.
  std::size_t logged(std::string_view outcome, std::string_view operation) const {
    return output_.count(fmt::format(R"("msg":"{}")", outcome),
                         fmt::format(R"("operation":"{}")", operation));
  }
  const aws::OperationCounts& counts(std::string_view operation) const {
    return *service_.table().entry(toy::kModel.find_operation(operation)->index).counts;
  }

  Core core_;
  SystemClock clock_;
  lapwing::testing::CapturedLog output_;
  Logger log_{output_, clock_, LogLevel::kDebug};
  SeededRandom random_{7};
  aws::testing::TestPipeline pipeline_{clock_};
  aws::Service service_{make_table(core_), pipeline_};
  aws::MemoryCredentialStore keys_{nullptr};
  aws::Authenticator authenticator_{aws::AuthMode::kOff, keys_, clock_};
  HostGuard guard_{{}};
  const aws::ServiceModel* models_[1] = {&toy::kModel};
  aws::Router router_{models_};
  Admin admin_{AdminParts{.version = "test", .clock = &clock_}};
  net::WorkerPool workers_{1};
  FrontDoor door_{{.guard = &guard_,
                   .authenticator = &authenticator_,
                   .router = &router_,
                   .admin = &admin_,
                   .hashers = &workers_,
                   .random = &random_,
                   .logger = &log_}};
  net::testing::TestLoop loop_;
  http::ServiceShared shared_{{}, [this](http::RequestContext& context) {
                                return door_.handle(context, aws::Origin::kClient);
                              }};
  http::Connections connections_{loop_.get(), shared_};
};

std::string head(std::string_view line, std::string_view more) {
  return std::string(line) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
         std::string(more) + "\r\n";
}

TEST_F(FrontDoorStream, ABodyGoesToItsOperationAsItArrives) {
  const std::string whole = ask(head("PUT /up/a", "Content-Length: 5\r\n") + "hello");
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 ")) << whole;
  EXPECT_NE(whole.find("X-Kind: hello\r\n"), std::string::npos) << whole;
  EXPECT_TRUE(whole.ends_with(R"({"Bytes":5})")) << whole;
  const std::string chunked =
      ask(head("PUT /up/a", "Transfer-Encoding: chunked\r\n") + "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.ends_with(R"({"Bytes":5})")) << chunked;
}

TEST_F(FrontDoorStream, ABodyBeyondItsLimitIsRefused) {
  const std::string at_the_limit = std::string(kUploadMax, 'x');
  EXPECT_TRUE(ask(head("PUT /up/a", "Content-Length: 100\r\n") + at_the_limit)
                  .ends_with(R"({"Bytes":100})"));
  const std::string announced =
      ask(head("PUT /up/a", "Content-Length: 101\r\n") + at_the_limit + "x");
  EXPECT_TRUE(announced.starts_with("HTTP/1.1 413 ")) << announced;
  EXPECT_NE(announced.find("RequestEntityTooLargeException"), std::string::npos) << announced;
  const std::string chunked = ask(head("PUT /up/a", "Transfer-Encoding: chunked\r\n") + "65\r\n" +
                                  at_the_limit + "x\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413 ")) << chunked;
}

TEST_F(FrontDoorStream, ABodyIsHeldToItsHash) {
  const auto send = [&](std::string_view body, std::string_view said) {
    return ask(head("PUT /up/a", "Content-Length: " + std::to_string(body.size()) +
                                     "\r\nx-amz-content-sha256: " + std::string(said) + "\r\n") +
               std::string(body));
  };
  EXPECT_TRUE(send("hello", crypto::sha256_hex("hello")).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(send("hello", "UNSIGNED-PAYLOAD").starts_with("HTTP/1.1 200 "));
  const std::string other = send("hallo", crypto::sha256_hex("hello"));
  EXPECT_TRUE(other.starts_with("HTTP/1.1 400 ")) << other;
  EXPECT_NE(other.find("XAmzContentSHA256Mismatch"), std::string::npos) << other;
}

TEST_F(FrontDoorStream, AnAnswerGoesOutInPieces) {
  const std::string known = ask(head("GET /down/a", ""));
  EXPECT_NE(known.find("Content-Length: 6\r\n"), std::string::npos) << known;
  EXPECT_TRUE(known.ends_with("\r\n\r\nabcdef")) << known;
  const std::string unknown = ask(head("GET /down/long", ""));
  EXPECT_NE(unknown.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << unknown;
  EXPECT_TRUE(unknown.ends_with("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")) << unknown;
  const std::string broken = ask(head("GET /down/broken", ""));
  EXPECT_TRUE(broken.ends_with("\r\n\r\nabc")) << broken;
  EXPECT_EQ(logged("answered", "Download"), 3U);
  EXPECT_EQ(logged("left", "Download"), 0U);
  EXPECT_EQ(counts("Download").left, 0U);
}

TEST_F(FrontDoorStream, AClientThatLeavesWhatWaitsIsRecorded) {
  loop_.run([](Loop& loop, Stream stream, Core& core) -> Task<void> {
    EXPECT_TRUE(co_await stream.write_all(
        "POST /kinds HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"));
    while (!core.waiting) co_await loop.yield();
    {
      Stream gone = std::move(stream);
    }
    while (!core.left) co_await loop.yield();
    for (int i = 0; i < 100; ++i) co_await loop.yield();
  }(loop_.get(), dial(), core_));
  EXPECT_EQ(logged("left", "Kinds"), 1U) << output_.text();
  EXPECT_EQ(logged("answered", "Kinds"), 0U);
  EXPECT_EQ(counts("Kinds").calls, 1U);
  EXPECT_EQ(counts("Kinds").left, 1U);
}

// What a client does not read is not made: the sockets' buffers and one event, however long it
// waits. When it leaves, so does the operation.
TEST_F(FrontDoorStream, AClientThatDoesNotReadHoldsItsOperationAndOneThatLeavesEndsIt) {
  loop_.run([](Loop& loop, Stream stream, Core& core) -> Task<void> {
    EXPECT_TRUE(co_await stream.write_all(
        "POST /watch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"));
    std::size_t before = 0;
    do {
      before = core.events;
      for (int i = 0; i < 200; ++i) co_await loop.yield();
    } while (core.events == 0 || core.events > before);
    EXPECT_LT(core.events * kEventBytes, 4U * 1024 * 1024);
    EXPECT_FALSE(core.left);
    // What is read makes room for as much.
    std::string all;
    char buffer[4096];
    while (all.size() < 1'000'000) {
      const auto count = co_await stream.read_some(std::as_writable_bytes(std::span(buffer)));
      if (!count || *count == 0) break;
      all.append(buffer, *count);
    }
    EXPECT_GT(core.events, before);
    EXPECT_NE(all.find(aws::kEventStreamContentType), std::string::npos);
    {
      Stream gone = std::move(stream);
    }
    while (!core.left) co_await loop.yield();
    for (int i = 0; i < 100; ++i) co_await loop.yield();
  }(loop_.get(), dial(), core_));
  EXPECT_TRUE(core_.left);
  EXPECT_EQ(logged("left", "Watch"), 1U) << output_.text();
  EXPECT_EQ(counts("Watch").calls, 1U);
  EXPECT_EQ(counts("Watch").left, 1U);
}

}  // namespace
}  // namespace lapwing::server
