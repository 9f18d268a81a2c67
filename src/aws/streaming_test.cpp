// Operations that stream, through the pipeline, over a wire that a test holds.
#include "aws/streaming.hpp"

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/event_stream.hpp"
#include "aws/service.hpp"
#include "aws/testing/pipeline.hpp"
#include "base/testing/captured_log.hpp"
#include "gen/toy/errors.hpp"
#include "gen/toy/types.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"

namespace lapwing::aws {
namespace {

namespace toy = gen::toy;
using net::Loop;
using net::Task;

class Pieces final : public BodySource {
 public:
  explicit Pieces(std::vector<std::string> pieces, std::optional<Error> end = {})
      : pieces_(std::move(pieces)), end_(std::move(end)) {}
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  Task<Result<std::string_view>> next() override {
    if (at_ < pieces_.size()) co_return std::string_view(pieces_[at_++]);
    if (end_) co_return fail(*end_);
    co_return std::string_view();
  }

 private:
  std::vector<std::string> pieces_;
  std::optional<Error> end_;
  std::size_t at_ = 0;
};

// What a client has been sent. It takes as many writes as it is let, and then no more until then.
class Client final : public AnswerWire {
 public:
  explicit Client(Loop& loop, std::size_t takes = 1'000'000) : more_(loop), takes_(takes) {}

  Task<Status> respond(Response whole) override {
    head = std::move(whole);
    finished = true;
    co_return Status();
  }
  Task<Status> begin(Response response) override {
    EXPECT_EQ(response.body, "");
    head = std::move(response);
    co_return Status();
  }
  Task<Status> write(std::string_view bytes) override {
    while (takes_ == 0) {
      more_.reset();
      co_await more_.wait();
    }
    if (gone) co_return fail(make_error(ErrorKind::kCancelled, "the client has gone"));
    --takes_;
    body += bytes;
    co_return Status();
  }
  Task<Status> finish() override {
    finished = true;
    co_return Status();
  }
  void take(std::size_t writes) {
    takes_ += writes;
    more_.set();
  }

  // "type: payload" of each event.
  std::vector<std::string> events() const {
    EventDecoder decoder;
    decoder.feed(body);
    std::vector<std::string> out;
    for (;;) {
      const auto message = decoder.next();
      EXPECT_TRUE(message);
      if (!message || !*message) break;
      std::string type((*message)->header(":event-type"));
      type += (*message)->header(":exception-type");
      type += (*message)->header(":error-code");
      out.push_back(std::string((*message)->header(":message-type")) + " " + type + ": " +
                    (*message)->payload);
    }
    EXPECT_EQ(decoder.left_over(), 0U);
    return out;
  }

  Response head;
  std::string body;
  bool finished = false;
  bool gone = false;

 private:
  net::Event more_;
  std::size_t takes_;
};

// -- the service
// -------------------------------------------------------------------------------------

struct Core {
  std::size_t made = 0;  // events
  bool left = false;     // the coroutine that made them is gone
};

Task<Status> upload(Core&, Loop& loop, const Call&, toy::UploadInput in, BodySource& body,
                    AnswerSink& answer) {
  std::int64_t bytes = 0;
  for (;;) {
    LAPWING_CO_TRY(const std::string_view piece, co_await body.next());
    if (piece.empty()) break;
    bytes += static_cast<std::int64_t>(piece.size());
    co_await loop.yield();
  }
  if (in.key == "refused") co_return fail(toy::errors::toy_gone("it went"));
  co_return co_await answer.answer(toy::UploadOutput{.bytes = bytes, .kind = in.kind},
                                   {.status = 201, .headers = {{"X-More", "1"}}});
}

Task<Status> download(Core&, Loop&, const Call&, toy::DownloadInput in, BodySource&,
                      AnswerSink& answer) {
  if (in.key == "missing") co_return fail(toy::errors::toy_gone("it went"));
  if (in.key == "silent") co_return Status();
  std::optional<std::uint64_t> length;
  if (in.key != "long") length = 6;
  LAPWING_CO_CHECK(co_await answer.begin(toy::DownloadOutput{.kind = "text/x"}, length));
  EXPECT_EQ((co_await answer.begin(toy::DownloadOutput())).error().kind(), ErrorKind::kConflict);
  EXPECT_EQ((co_await answer.send(toy::WatchEvents())).error().kind(), ErrorKind::kConflict);
  LAPWING_CO_CHECK(co_await answer.write("abc"));
  if (in.key == "broken") co_return fail(internal_error("the disk is gone"));
  if (in.key == "thrown") throw std::logic_error("a bug");
  co_return co_await answer.write("def");
}

Task<Status> watch(Core& core, Loop&, const Call&, toy::WatchInput in, BodySource&,
                   AnswerSink& answer) {
  struct Leaving {
    Core& core;
    ~Leaving() { core.left = true; }
  } leaving{core};
  LAPWING_CO_CHECK(co_await answer.begin(toy::WatchOutput{.kind = "k"}));
  for (std::int32_t i = 0; i < in.ticks.value_or(0); ++i) {
    ++core.made;
    LAPWING_CO_CHECK(
        co_await answer.send(toy::WatchEvents{.tick = toy::WatchTick{.number = i, .text = {}}}));
  }
  LAPWING_CO_CHECK(co_await answer.send(toy::WatchEvents{
      .bytes = toy::WatchBytes{.data = std::string("\0\1", 2), .flag = true, .number = -2}}));
  LAPWING_CO_CHECK(co_await answer.send(toy::WatchEvents{.end = toy::WatchEnd{}}));
  if (in.ticks == 1) co_return fail(toy::errors::toy_gone("it went"));
  if (in.ticks == 2) co_return fail(internal_error("the disk is gone"));
  co_return Status();
}

constexpr std::size_t kLarge = std::size_t{1024} * 1024;

Task<Status> answer_large(Core&, Loop&, const Call&, toy::KindsStruct, BodySource&,
                          AnswerSink& answer) {
  toy::KindsStruct out;
  out.text = std::string(kLarge, 'x');
  co_return co_await answer.answer(out);
}

Task<Status> send_large(Core&, Loop&, const Call&, toy::WatchInput, BodySource&,
                        AnswerSink& answer) {
  LAPWING_CO_CHECK(co_await answer.begin(toy::WatchOutput()));
  co_return co_await answer.send(
      toy::WatchEvents{.tick = toy::WatchTick{.number = 1, .text = std::string(kLarge, 'x')}});
}

class StreamingTest : public ::testing::Test {
 protected:
  OperationTable table() {
    OperationTable out(toy::kModel);
    out.add<toy::Upload>(core_, upload, {.access = Access::kWrite, .resource = kNoResource});
    out.add<toy::Download>(core_, download, {.access = Access::kRead, .resource = kNoResource});
    out.add<toy::Watch>(core_, watch, {.access = Access::kRead, .resource = kNoResource});
    return out;
  }
  std::shared_ptr<Exchange> ask(std::string_view operation, Request request,
                                Protocol protocol = Protocol::kRestJson) {
    Call call;
    call.caller.request_id = RequestId("req-9");
    return std::make_shared<Exchange>(toy::kModel.find_operation(operation), protocol, request,
                                      call);
  }
  // The whole of it, to a client that takes everything.
  Status serve(std::shared_ptr<Exchange> exchange, Client& client, BodySource& body) {
    Status out;
    loop_.run([](const Service& on, Loop& loop, std::shared_ptr<Exchange> asked, BodySource& source,
                 Client& to, Status& outcome) -> Task<void> {
      outcome = co_await on.stream(loop, asked, source, to);
    }(service_, loop_.get(), std::move(exchange), body, client, out));
    return out;
  }
  const OperationCounts& counts(std::string_view operation) const {
    return *service_.table().entry(toy::kModel.find_operation(operation)->index).counts;
  }

  lapwing::testing::CapturedLog output_;
  ManualClock clock_;
  Logger log_{output_, clock_, LogLevel::kInfo};
  testing::TestPipeline pipeline_{clock_, log_};
  Core core_;
  Service service_{table(), pipeline_};
  net::testing::TestLoop loop_;
  Client client_{loop_.get()};
  NoBody nothing_;
};

TEST_F(StreamingTest, TheTableSaysWhatStreams) {
  const auto named = [](std::string_view name) -> const OperationRow& {
    return *toy::kModel.find_operation(name);
  };
  EXPECT_TRUE(service_.streams(named("Upload")));
  EXPECT_TRUE(service_.takes_body(named("Upload")));
  EXPECT_TRUE(service_.waits(named("Watch")));
  EXPECT_TRUE(service_.streams(named("Watch")));
  EXPECT_FALSE(service_.takes_body(named("Watch")));
  EXPECT_FALSE(service_.streams(named("Kinds")));
}

// -- bodies
// ------------------------------------------------------------------------------------------

TEST_F(StreamingTest, TakesABodyAsItComes) {
  Pieces body({"ab", "c", "defg"});
  const HeaderView headers[] = {{"x-kind", "k"}};
  EXPECT_TRUE(serve(ask("Upload", {.method = "PUT", .raw_path = "/up/a%2Fb", .headers = headers}),
                    client_, body));
  EXPECT_EQ(client_.head.status, 201);
  EXPECT_EQ(client_.head.body, R"({"Bytes":7})");
  EXPECT_EQ(client_.head.header("x-kind"), "k");
  EXPECT_EQ(client_.head.header("x-more"), "1");
  EXPECT_EQ(client_.head.header("x-amzn-requestid"), "req-9");
  EXPECT_EQ(counts("Upload").calls, 1U);
  EXPECT_EQ(counts("Upload").refused, 0U);
  EXPECT_EQ(counts("Upload").left, 0U);
}

TEST_F(StreamingTest, ABodyThatFailsIsTheAnswer) {
  Pieces body({"ab"}, Error(ErrorKind::kTooLarge, "TooLarge", "too much").with_status(413));
  EXPECT_TRUE(serve(ask("Upload", {.method = "PUT", .raw_path = "/up/a"}), client_, body));
  EXPECT_EQ(client_.head.status, 413);
  EXPECT_EQ(client_.head.header("x-amzn-errortype"), "TooLarge");
  EXPECT_EQ(counts("Upload").refused, 1U);
}

TEST_F(StreamingTest, WhatTheHeadSaysIsChecked) {
  Pieces body({});
  EXPECT_TRUE(serve(ask("Upload", {.method = "PUT", .raw_path = "/up/%zz"}), client_, body));
  EXPECT_EQ(client_.head.status, 400);
}

// -- answers
// -----------------------------------------------------------------------------------------

TEST_F(StreamingTest, AnswersBytesOfAKnownLength) {
  EXPECT_TRUE(serve(ask("Download", {.method = "GET", .raw_path = "/down/a"}), client_, nothing_));
  EXPECT_EQ(client_.head.status, 200);
  EXPECT_EQ(client_.head.header("content-length"), "6");
  EXPECT_EQ(client_.head.header("x-kind"), "text/x");
  EXPECT_EQ(client_.head.header("content-type"), "application/octet-stream");
  EXPECT_EQ(client_.body, "abcdef");
  EXPECT_TRUE(client_.finished);
}

TEST_F(StreamingTest, AnswersBytesOfAnUnknownLength) {
  EXPECT_TRUE(
      serve(ask("Download", {.method = "GET", .raw_path = "/down/long"}), client_, nothing_));
  EXPECT_FALSE(client_.head.header("content-length"));
  EXPECT_EQ(client_.body, "abcdef");
  EXPECT_TRUE(client_.finished);
}

TEST_F(StreamingTest, AnErrorBeforeTheHeadIsAnAnswerOfItsOwn) {
  EXPECT_TRUE(
      serve(ask("Download", {.method = "GET", .raw_path = "/down/missing"}), client_, nothing_));
  EXPECT_EQ(client_.head.status, 410);
  EXPECT_EQ(client_.head.body, R"({"Type":"User","message":"it went"})");
  EXPECT_EQ(output_.text(), "");
}

// Nobody takes a part for the whole.
TEST_F(StreamingTest, AnErrorAmongBytesIsNeverFinished) {
  for (const std::string_view path : {"/down/broken", "/down/thrown"}) {
    Client client(loop_.get());
    EXPECT_FALSE(serve(ask("Download", {.method = "GET", .raw_path = path}), client, nothing_));
    EXPECT_EQ(client.body, "abc");
    EXPECT_FALSE(client.finished);
  }
  EXPECT_EQ(counts("Download").failed, 2U);
  EXPECT_NE(output_.text().find("the disk is gone"), std::string::npos);
}

TEST_F(StreamingTest, NoAnswerIsABug) {
  EXPECT_TRUE(
      serve(ask("Download", {.method = "GET", .raw_path = "/down/silent"}), client_, nothing_));
  EXPECT_EQ(client_.head.status, 500);
}

TEST_F(StreamingTest, EventsOfTheModel) {
  EXPECT_TRUE(
      serve(ask("Watch", {.method = "POST", .raw_path = "/watch", .body = R"({"Ticks":3})"}),
            client_, nothing_));
  EXPECT_EQ(client_.head.status, 200);
  EXPECT_EQ(client_.head.header("content-type"), kEventStreamContentType);
  EXPECT_EQ(client_.head.header("x-kind"), "k");
  EXPECT_EQ(client_.events(),
            (std::vector<std::string>{R"(event Tick: {"Number":0})", R"(event Tick: {"Number":1})",
                                      R"(event Tick: {"Number":2})",
                                      std::string("event Bytes: \0\1", 15), "event End: "}));
  EXPECT_TRUE(client_.finished);

  EventDecoder decoder;
  decoder.feed(client_.body);
  for (int i = 0; i < 3; ++i) (void)decoder.next();
  const EventMessage bytes = **decoder.next();
  EXPECT_EQ(bytes.header(":content-type"), "application/octet-stream");
  EXPECT_EQ(bytes.header("Number"), std::string(7, '\xff') + "\xfe");
  EXPECT_TRUE(std::ranges::any_of(bytes.headers, [](const EventHeader& header) {
    return header.name == "Flag" && header.type == EventValueType::kTrue;
  }));
}

// RPC protocols have the rest of the output in an event of their own; their input is the body.
TEST_F(StreamingTest, AnRpcProtocolBeginsWithItsOutput) {
  const auto asked = ask("Watch", {.method = "POST", .raw_path = "/", .body = R"({"Ticks":3})"},
                         Protocol::kJson11);
  EXPECT_TRUE(serve(asked, client_, nothing_));
  const std::vector<std::string> events = client_.events();
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0], "event initial-response: {}");
  EXPECT_EQ(events[1], R"(event Tick: {"Number":0})");
}

TEST_F(StreamingTest, EventsAreDocumentsOfTheProtocol) {
  EXPECT_TRUE(serve(ask("Watch", {.method = "POST", .raw_path = "/", .body = "\xa1\x65Ticks\x03"},
                        Protocol::kCbor),
                    client_, nothing_));
  EXPECT_EQ(client_.events().at(0), "event initial-response: \xa1\x64Kind\x61k");
  EXPECT_EQ(client_.events().at(2), "event Tick: \xa1\x66Number\x01");

  Client other(loop_.get());
  EXPECT_TRUE(serve(ask("Watch",
                        {.method = "POST",
                         .raw_path = "/watch",
                         .body = "<WatchInput><Ticks>3</Ticks></WatchInput>"},
                        Protocol::kRestXml),
                    other, nothing_));
  EXPECT_EQ(other.events().at(0), "event Tick: <WatchTick><Number>0</Number></WatchTick>");
}

TEST_F(StreamingTest, AnErrorAmongEventsIsTheLast) {
  EXPECT_TRUE(
      serve(ask("Watch", {.method = "POST", .raw_path = "/watch", .body = R"({"Ticks":1})"}),
            client_, nothing_));
  EXPECT_EQ(client_.events().back(), R"(exception Gone: {"message":"it went"})");
  EXPECT_TRUE(client_.finished);
  EXPECT_EQ(counts("Watch").refused, 1U);

  Client other(loop_.get());
  EXPECT_TRUE(
      serve(ask("Watch", {.method = "POST", .raw_path = "/watch", .body = R"({"Ticks":2})"}), other,
            nothing_));
  EXPECT_EQ(other.events().back(), "error ToyFault: ");
  EXPECT_EQ(other.body.find("disk"), std::string::npos);
  EXPECT_NE(output_.text().find("the disk is gone"), std::string::npos);
}

// -- pace
// --------------------------------------------------------------------------------------------

// While the only worker is busy, what is large waits for it, and leaves the loop to others.
TEST_F(StreamingTest, WhatIsLargeIsWrittenOnAWorker) {
  OperationTable large(toy::kModel);
  large.add<toy::Kinds>(core_, answer_large, {.access = Access::kRead, .resource = kNoResource});
  large.add<toy::Watch>(core_, send_large, {.access = Access::kRead, .resource = kNoResource});
  const Service service(std::move(large), pipeline_);
  const Pipeline& pipeline = pipeline_;
  const auto kinds = ask("Kinds", {.method = "POST", .raw_path = "/kinds", .body = "{}"});
  const auto events = ask("Watch", {.method = "POST", .raw_path = "/watch", .body = "{}"});
  Client other(loop_.get());
  loop_.run([](const Service& on, net::WorkerPool& workers, Loop& loop,
               std::shared_ptr<Exchange> whole, std::shared_ptr<Exchange> pieces, BodySource& body,
               Client& first, Client& second) -> Task<void> {
    std::promise<void> release;
    net::TaskGroup tasks(loop);
    tasks.spawn([](net::WorkerPool& pool, Loop& at, std::future<void> until) -> Task<void> {
      (void)co_await pool.run(at, [&until] { until.wait(); });
    }(workers, loop, release.get_future()));
    const auto serve_one = [](const Service& to, Loop& at, std::shared_ptr<Exchange> exchange,
                              BodySource& source, Client& client) -> Task<void> {
      EXPECT_TRUE(co_await to.stream(at, exchange, source, client));
    };
    tasks.spawn(serve_one(on, loop, whole, body, first));
    tasks.spawn(serve_one(on, loop, pieces, body, second));
    for (int i = 0; i < 100; ++i) co_await loop.yield();
    EXPECT_EQ(first.head.body.size(), 0U);
    EXPECT_EQ(second.body.size(), 0U);
    release.set_value();
    while (!first.finished || !second.finished) co_await loop.yield();
  }(service, pipeline.workers, loop_.get(), kinds, events, nothing_, client_, other));
  EXPECT_GT(client_.head.body.size(), kLarge);
  EXPECT_GT(other.body.size(), kLarge);
}

// A client that does not read holds the operation, and nothing is made for it meanwhile.
TEST_F(StreamingTest, ASlowClientHoldsTheOperation) {
  Client client(loop_.get(), 0);
  loop_.run([](const Service& on, Loop& loop, std::shared_ptr<Exchange> asked, BodySource& body,
               Client& to, Core& core)
                -> Task<void> {
    net::TaskGroup tasks(loop);
    tasks.spawn([](const Service& service, Loop& l, std::shared_ptr<Exchange> exchange,
                   BodySource& source, Client& wire) -> Task<void> {
      EXPECT_TRUE(co_await service.stream(l, exchange, source, wire));
    }(on, loop, asked, body, to));
    for (const std::size_t taken : {0U, 1U, 5U}) {
      to.take(taken);
      for (int i = 0; i < 50; ++i) co_await loop.yield();
    }
    EXPECT_EQ(core.made, 7U);  // six are taken, one waits
    EXPECT_FALSE(core.left);
    to.take(1'000'000);
    while (!to.finished) co_await loop.yield();
  }(service_, loop_.get(),
                ask("Watch", {.method = "POST", .raw_path = "/watch", .body = R"({"Ticks":1000})"}),
                nothing_, client, core_));
  EXPECT_EQ(core_.made, 1000U);
}

TEST_F(StreamingTest, AClientThatLeavesEndsTheOperationWhereItWaits) {
  Client client(loop_.get(), 3);
  loop_.run([](const Service& on, Loop& loop, std::shared_ptr<Exchange> asked, BodySource& body,
               Client& to, Core& core)
                -> Task<void> {
    {
      net::TaskGroup tasks(loop);
      tasks.spawn([](const Service& service, Loop& l, std::shared_ptr<Exchange> exchange,
                     BodySource& source, Client& wire) -> Task<void> {
        (void)co_await service.stream(l, exchange, source, wire);
      }(on, loop, asked, body, to));
      while (core.made < 4) co_await loop.yield();
      EXPECT_FALSE(core.left);
    }
    EXPECT_TRUE(core.left);
  }(service_, loop_.get(),
                ask("Watch", {.method = "POST", .raw_path = "/watch", .body = R"({"Ticks":1000})"}),
                nothing_, client, core_));
  EXPECT_EQ(core_.made, 4U);
  EXPECT_EQ(counts("Watch").calls, 1U);
  EXPECT_EQ(counts("Watch").left, 1U);
}

// One that is found out by a write: the operation hears of it, and nothing is written any more.
TEST_F(StreamingTest, AWriteToAClientThatHasGoneFails) {
  client_.gone = true;
  const Status outcome =
      serve(ask("Watch", {.method = "POST", .raw_path = "/watch", .body = R"({"Ticks":9})"}),
            client_, nothing_);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(core_.made, 1U);
  EXPECT_EQ(output_.text(), "");
  EXPECT_EQ(counts("Watch").calls, 1U);
  EXPECT_EQ(counts("Watch").left, 1U);
}

TEST_F(StreamingTest, IsNotPerformedWithoutHttp) {
  loop_.run([](const Service& on, Loop& loop) -> Task<void> {
    EXPECT_EQ((co_await on.perform(loop, "Watch", "{}", {})).error().code(), "NotImplemented");
  }(service_, loop_.get()));
}

}  // namespace
}  // namespace lapwing::aws
