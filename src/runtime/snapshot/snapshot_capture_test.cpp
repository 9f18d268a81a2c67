#include "runtime/snapshot/snapshot_capture.hpp"

#include <cstdlib>
#include <cstring>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "net/loop.hpp"
#include "net/testing/run.hpp"
#include "os/file.hpp"
#include "runtime/limits.hpp"
#include "sandbox/checkpoint/image.hpp"

namespace lapwing::runtime {
namespace {

// The test is the process that becomes a snapshot.
class CaptureTest : public ::testing::Test {
 public:
  CaptureTest() {
    ::signal(SIGPIPE, SIG_IGN);  // as the server
    char path[] = "/tmp/lapwing-capture-XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    directory_ = path;
    function_.memory_mb = 1;
    function_.ephemeral_storage_mb = 1;
  }
  ~CaptureTest() override { EXPECT_TRUE(os::remove_tree(directory_)); }

  void begin() {
    store_ = std::make_unique<SnapshotStore>(directory_ + "/made", 1 << 30);
    auto made = SnapshotCapture::make(loop_.get(), changed_, *store_, function_, "token");
    ASSERT_TRUE(made) << made.error().to_log();
    capture_ = *std::move(made);
    for (sandbox::InheritedFd& end : capture_->take_inherited()) {
      if (end.target == sandbox::kCheckpointControlFd) control_ = std::move(end.fd);
      if (end.target == sandbox::kCheckpointImageFd) image_ = std::move(end.fd);
      if (end.target == kSnapshotFilesFd) files_ = std::move(end.fd);
    }
    capture_->begin();
  }
  void report(sandbox::CheckpointReportKind kind, std::string_view text = {}, int error = 0) {
    sandbox::CheckpointReport out;
    out.kind = kind;
    out.error = error;
    text.copy(out.text, sizeof out.text);
    EXPECT_EQ(::write(control_.get(), &out, sizeof out), static_cast<ssize_t>(sizeof out));
  }
  SnapshotResult end() {
    control_.reset();
    image_.reset();
    files_.reset();
    loop_.run(finish(*this));
    return capture_->result();
  }
  static net::Task<void> finish(CaptureTest& test) {
    while (!test.capture_->finished()) {
      test.changed_.reset();
      co_await test.changed_.wait();
    }
  }

  std::string directory_;
  FunctionVersion function_;
  net::testing::TestLoop loop_;
  net::Event changed_{loop_.get()};
  std::unique_ptr<SnapshotStore> store_;
  std::unique_ptr<SnapshotCapture> capture_;
  os::UniqueFd control_;
  os::UniqueFd image_;
  os::UniqueFd files_;
};

TEST_F(CaptureTest, KeepsWhatWasWritten) {
  begin();
  EXPECT_EQ(::write(image_.get(), "memory", 6), 6);
  EXPECT_EQ(::write(files_.get(), "files!!", 7), 7);
  report(sandbox::CheckpointReportKind::kTaken);
  const SnapshotResult result = end();
  ASSERT_EQ(result.kind, SnapshotResult::Kind::kTaken) << result.text;
  EXPECT_EQ(result.snapshot->bytes, 13u);
  EXPECT_EQ(result.snapshot->token, "token");
  char bytes[8] = {};
  EXPECT_EQ(::pread(result.snapshot->image.get(), bytes, 8, 0), 6);
  EXPECT_STREQ(bytes, "memory");
  // One who gets it can only read it; and it has no name.
  EXPECT_LT(::write(result.snapshot->image.get(), "x", 1), 0);
  EXPECT_TRUE(os::list_directory(directory_ + "/made")->empty());
}

TEST_F(CaptureTest, AProcessThatDiesHasLeftNoSnapshot) {
  begin();
  EXPECT_EQ(::write(image_.get(), "half", 4), 4);
  const SnapshotResult result = end();
  EXPECT_EQ(result.kind, SnapshotResult::Kind::kUnfit);
  EXPECT_FALSE(capture_->taken());
  EXPECT_FALSE(capture_->refused());
}

TEST_F(CaptureTest, ARefusalGivesItsReason) {
  begin();
  report(sandbox::CheckpointReportKind::kRefused, "threads:\n\x1b[31m 3", 12);
  const SnapshotResult result = end();
  EXPECT_EQ(result.kind, SnapshotResult::Kind::kUnfit);
  EXPECT_TRUE(capture_->refused());
  EXPECT_EQ(result.text, "threads:??[31m 3: Cannot allocate memory");
}

TEST_F(CaptureTest, TooMuchIsCutOff) {
  begin();
  const std::string much(1 << 20, 'x');
  ssize_t written = 0;
  loop_.run([](CaptureTest& test, const std::string& bytes, ssize_t& total) -> net::Task<void> {
    net::FdWatcher pipe(test.loop_.get(), std::move(test.image_));
    for (;;) {
      const auto got = co_await pipe.write_some(as_bytes(bytes));
      if (!got) co_return;
      total += static_cast<ssize_t>(*got);
    }
  }(*this, much, written));
  EXPECT_LT(written, static_cast<ssize_t>(kMiB + kSnapshotOverheadBytes + 4 * kMiB));
  report(sandbox::CheckpointReportKind::kTaken);
  const SnapshotResult result = end();
  EXPECT_EQ(result.kind, SnapshotResult::Kind::kUnfit);
  EXPECT_EQ(result.text, "it is larger than the function's memory and storage");
}

}  // namespace
}  // namespace lapwing::runtime
