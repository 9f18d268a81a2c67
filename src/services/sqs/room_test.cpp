// How much of the disk messages may take, with files on a disk.
#include "services/sqs/room.hpp"

#include <cstdlib>
#include <filesystem>

#include "services/sqs/testing/queues.hpp"
#include "store/sqlite/sqlite_engine.hpp"

namespace lapwing::sqs {
namespace {

using testing::Answer;
using testing::Queues;

constexpr std::uint64_t kLimit = 4 * kMiB;

class QueuesOnDisk final : public Queues {
 public:
  QueuesOnDisk() {
    end_service();
    std::string made = ::testing::TempDir() + "lapwing-room-XXXXXX";
    directory_ = mkdtemp(made.data());
    files_ = *store::open_sqlite_engine({.data_dir = directory_}, clock, null_logger());
    const hosting::Dependencies given = dependencies();
    service_ = std::make_unique<Service>(
        hosting::Dependencies{*files_, given.clock, given.real_clock, given.random, given.log,
                              given.background, given.loops, given.pipeline, given.keys,
                              given.ports},
        Settings{.mb = kLimit / kMiB});
    EXPECT_TRUE(service_->start());
  }
  ~QueuesOnDisk() override {
    end_service();
    files_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::uint64_t used() { return *(*files_->space("sqs"))->used_bytes(); }

 private:
  std::string directory_;
  std::unique_ptr<store::Engine> files_;
};

TEST(SqsRoom, MessagesTakeAllButAReserveAndDeletingGoesOn) {
  QueuesOnDisk q;
  ASSERT_TRUE(q.create("a").ok());
  const std::string body(100'000, 'x');
  std::size_t sent = 0;
  Answer last;
  while ((last = q.send("a", body)).ok()) ASSERT_LT(++sent, 100u);
  EXPECT_EQ(last.error, "ServiceUnavailable");
  EXPECT_EQ(last.text,
            "The service cannot take messages now: messages take all of the 4 MiB of the disk that "
            "they may (sqs.mb). Receiving, deleting and purging go on.");
  EXPECT_GT(sent, 30u);
  EXPECT_LE(q.used(), kLimit);
  EXPECT_EQ(
      q.call("SendMessageBatch",
             Queues::with("a", fmt::format(R"("Entries":[{{"Id":"x","MessageBody":"{}"}}])", body)))
          .error,
      "ServiceUnavailable");
  EXPECT_TRUE(q.send("a", "small").ok()) << "there is room for one that is smaller";

  // What makes room, and changes of queues, go on.
  EXPECT_TRUE(q.create("b").ok());
  const Answer got = q.receive("a", R"("MaxNumberOfMessages":2,"VisibilityTimeout":100)");
  ASSERT_EQ(got.size("Messages"), 2u);
  EXPECT_TRUE(q.hide("a", got.at("Messages.0.ReceiptHandle"), 10).ok());
  EXPECT_TRUE(q.erase("a", got.at("Messages.0.ReceiptHandle")).ok());
  EXPECT_TRUE(q.erase("a", got.at("Messages.1.ReceiptHandle")).ok());
  EXPECT_TRUE(q.send("a", body).ok());
  EXPECT_EQ(q.send("b", body + body).error, "ServiceUnavailable");
  ASSERT_TRUE(q.call("PurgeQueue", Queues::with("a")).ok());
}

// Where nothing is kept on a disk, too.
TEST(SqsRoom, MessagesInMemoryCount) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  Room room(*engine, nullptr, kLimit);
  ASSERT_TRUE(engine->store().transact([](store::Txn& txn) -> Status {
    for (int i = 0; i < 7; ++i) {
      LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = std::string(500'000, 'x')}));
    }
    return {};
  }));
  EXPECT_FALSE(room.check("000000000000", kMiB));
  EXPECT_TRUE(room.check("000000000000", 1));
}

// Another account comes when one has taken nearly all: what it leaves is shared from there on.
TEST(SqsRoom, OneAccountLeavesRoomToAnother) {
  QueuesOnDisk q;
  ASSERT_TRUE(q.create("a").ok());
  aws::Caller other;
  other.account = AccountId("111111111111");
  ASSERT_TRUE(q.call_as(other, "CreateQueue", R"({"QueueName":"b"})").ok());
  const auto send_other = [&](const std::string& body) {
    return q.call_as(other, "SendMessage",
                     fmt::format(R"({{"QueueUrl":"http://localhost:4566/111111111111/b",)"
                                 R"("MessageBody":"{}"}})",
                                 body));
  };
  q.advance(kRoomCountEvery);
  ASSERT_TRUE(send_other("first").ok());
  const std::string body(50'000, 'x');
  std::size_t sent = 0;
  Answer last;
  while ((last = q.send("a", body)).ok()) ASSERT_LT(++sent, 100u);
  EXPECT_EQ(last.error, "ServiceUnavailable");
  EXPECT_EQ(last.text,
            "The service cannot take messages now: this account's messages take their part of the "
            "4 MiB of the disk that those of all may (sqs.mb). Receiving, deleting and purging go "
            "on.");
  EXPECT_GT(sent, 25u);
  EXPECT_LE(q.used(), kLimit * 3 / 4);
  // The other has as much again of what is left.
  std::size_t others = 0;
  while (send_other(body).ok()) ASSERT_LT(++others, 100u);
  EXPECT_GT(others, 10u);
  // What it frees it may use, once that was counted.
  ASSERT_TRUE(q.call("PurgeQueue", Queues::with("a")).ok());
  q.advance(kRoomCountEvery);
  EXPECT_TRUE(q.send("a", body).ok());
}

TEST(SqsRoom, TheDisksReserveIsNotForMessages) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  const os::DiskSpace full("/", ~std::uint64_t{0} / 2);
  Room none(*engine, &full, 0);
  EXPECT_EQ(none.check("000000000000", 1).error().message(),
            "The service cannot take messages now: the disk is full. Receiving, deleting and "
            "purging go on.");
  Room all(*engine, nullptr, 0);
  EXPECT_TRUE(all.check("000000000000", ~std::size_t{0} / 2));
  EXPECT_EQ(Room::for_messages(16 * kMiB), 15 * kMiB);
  EXPECT_EQ(Room::for_messages(100 * kGiB), 100 * kGiB - 64 * kMiB);
}

}  // namespace
}  // namespace lapwing::sqs
