#include "runtime/snapshot/snapshot_capture.hpp"

#include <algorithm>
#include <cstring>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <fmt/core.h>

#include "net/loop.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"
#include "runtime/limits.hpp"
#include "runtime/log/output_pipe.hpp"
#include "sandbox/checkpoint/image.hpp"

namespace lapwing::runtime {
namespace {

constexpr char kCheckpointLibrary[] = "/var/runtime/checkpoint.so";

// Nothing that reads a snapshot may change it.
Result<os::UniqueFd> for_reading(const os::UniqueFd& file) {
  return os::open_at(os::kCwd, fmt::format("/proc/self/fd/{}", file.get()), O_RDONLY);
}

}  // namespace

void add_snapshot_variables(std::vector<std::pair<std::string, std::string>>& environment) {
  std::string preload = kCheckpointLibrary;
  for (auto& [key, value] : environment) {
    if (key != "LD_PRELOAD" || value.empty()) continue;
    preload += ":" + value;  // which the library leaves for what the function starts
    value = preload;
    preload.clear();
  }
  if (!preload.empty()) environment.emplace_back("LD_PRELOAD", preload);
  environment.emplace_back(sandbox::kCheckpointVariable, "1");
  environment.emplace_back("_LAPWING_SNAPSHOT_FDS",
                           fmt::format("{}:{}", sandbox::kCheckpointControlFd, kSnapshotFilesFd));
}

Result<std::vector<sandbox::InheritedFd>> snapshot_ends(const Snapshot& snapshot) {
  std::vector<sandbox::InheritedFd> out;
  const auto add = [&out](const os::UniqueFd& file, int target) {
    out.push_back({target, os::UniqueFd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 3))});
    return out.back().fd.valid();
  };
  if (!add(snapshot.image, sandbox::kRestoreImageFd) || !add(snapshot.files, kRestoredFilesFd)) {
    return fail(errno_error("dup"));
  }
  return out;
}

Result<std::unique_ptr<SnapshotCapture>> SnapshotCapture::make(net::Loop& loop, net::Event& changed,
                                                               const SnapshotStore& store,
                                                               const FunctionVersion& function,
                                                               std::string token) {
  std::unique_ptr<SnapshotCapture> made(new SnapshotCapture(loop, changed));
  made->token_ = std::move(token);
  LAPWING_TRY(os::FdPair control, os::make_socketpair(os::SocketKind::kSeqPacket, false));
  net::FdWatcher::make_non_blocking(control.first.get());
  made->control_ = std::make_unique<net::FdWatcher>(loop, std::move(control.first));
  made->inherited_.push_back({sandbox::kCheckpointControlFd, std::move(control.second)});
  LAPWING_CHECK(made->open(made->image_, store,
                           std::uint64_t{function.memory_mb} * kMiB + kSnapshotOverheadBytes,
                           sandbox::kCheckpointImageFd));
  LAPWING_CHECK(
      made->open(made->files_, store,
                 std::uint64_t{function.ephemeral_storage_mb} * kMiB + kSnapshotOverheadBytes,
                 kSnapshotFilesFd));
  return made;
}

Status SnapshotCapture::open(Stream& stream, const SnapshotStore& store, std::uint64_t bytes_max,
                             int target) {
  stream.bytes_max = bytes_max;
  store_ = &store;
  LAPWING_TRY(stream.file, store.make_file());
  LAPWING_TRY(PipeEnds pipe, make_output_pipe());
  net::FdWatcher::make_non_blocking(pipe.read.get());
  stream.pipe = std::make_unique<net::FdWatcher>(*loop_, std::move(pipe.read));
  inherited_.push_back({target, std::move(pipe.write)});
  return {};
}

void SnapshotCapture::begin() {
  tasks_.spawn(listen());
  tasks_.spawn(receive(image_));
  tasks_.spawn(receive(files_));
}

void SnapshotCapture::close_one() {
  if (--open_ == 0) changed_->set();
}

Status SnapshotCapture::check_room(Stream& stream) {
  if (stream.bytes <= stream.room_until) return {};
  LAPWING_CHECK(store_->check_room(kSnapshotRoomStepBytes));
  stream.room_until = stream.bytes + kSnapshotRoomStepBytes;
  return {};
}

net::Task<void> SnapshotCapture::receive(Stream& stream) {
  std::vector<std::byte> buffer(kSnapshotChunkBytes);
  while (true) {
    const Result<std::size_t> got = co_await stream.pipe->read_some(buffer);
    if (!got || *got == 0) break;
    stream.bytes += *got;
    if (stream.bytes > stream.bytes_max) {
      trouble_ = "it is larger than the function's memory and storage";
      break;
    }
    if (const Status room = check_room(stream); !room) {
      trouble_ = room.error().message();
      break;
    }
    const Status written = os::write_all(stream.file.get(), as_text(std::span(buffer).first(*got)));
    if (!written) {
      trouble_ = written.error().to_log();
      break;
    }
    co_await loop_->yield();
  }
  stream.pipe.reset();  // a writer beyond the limit gets an error, not our patience
  close_one();
}

net::Task<void> SnapshotCapture::listen() {
  while (true) {
    auto message = os::receive_message(control_->fd(), sizeof(sandbox::CheckpointReport));
    if (!message && message.error().kind() == ErrorKind::kUnavailable) {
      if (!co_await control_->readable()) break;
      continue;
    }
    if (!message || message->end) break;
    if (message->bytes.size() != sizeof(sandbox::CheckpointReport)) continue;
    sandbox::CheckpointReport report;
    std::memcpy(&report, message->bytes.data(), sizeof report);
    if (report.kind == sandbox::CheckpointReportKind::kTaken) {
      taken_ = true;
      continue;
    }
    report.text[sizeof report.text - 1] = '\0';
    refusal_ = report.text;
    // Of the function's doing in the end: what is not plain text stays out of logs.
    for (char& c : refusal_) {
      if (c < ' ' || c > '~') c = '?';
    }
    if (report.error != 0) refusal_ += fmt::format(": {}", ::strerrordesc_np(report.error));
    if (refusal_.empty()) refusal_ = "no reason was given";
  }
  close_one();
}

SnapshotResult SnapshotCapture::result() {
  SnapshotResult out;
  out.kind = SnapshotResult::Kind::kUnfit;
  out.text = trouble_.empty() ? refusal_ : trouble_;
  if (!taken()) return out;
  auto made = std::make_shared<Snapshot>();
  auto image = for_reading(image_.file);
  auto files = for_reading(files_.file);
  if (!image || !files) {
    out.kind = SnapshotResult::Kind::kPlatform;
    out.text = (!image ? image : files).error().to_log();
    return out;
  }
  made->image = *std::move(image);
  made->files = *std::move(files);
  made->token = token_;
  made->bytes = image_.bytes + files_.bytes;
  out.kind = SnapshotResult::Kind::kTaken;
  out.snapshot = std::move(made);
  return out;
}

}  // namespace lapwing::runtime
