// Environment: becoming a snapshot, and coming from one.
#include <algorithm>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/random.hpp"
#include "net/loop.hpp"
#include "runtime/environment/environment.hpp"
#include "runtime/failure_text.hpp"
#include "runtime/limits.hpp"
#include "runtime/snapshot/snapshot_capture.hpp"
#include "sandbox/checkpoint/image.hpp"

namespace lapwing::runtime {
namespace {

constexpr std::size_t kTokenDigits = 64;

double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

SnapshotResult platform_failure(const Error& error) {
  SnapshotResult out;
  out.text = error.to_log();
  return out;
}

// An extension inside the process has its place in this environment's APIs alone.
bool has_internal(const ExtensionRegistry& extensions) {
  return std::ranges::any_of(extensions.extensions(),
                             [](const auto* extension) { return !extension->external; });
}

}  // namespace

net::Task<SnapshotResult> Environment::take_snapshot() {
  const MonoTime begun = loop_->now();
  auto capture = SnapshotCapture::make(*loop_, changed_, *host_->snapshots, *function_,
                                       random_hex(*host_->random, kTokenDigits));
  if (!capture) co_return platform_failure(capture.error());
  capture_ = *std::move(capture);
  begin_session();
  inside_->take_snapshot_into(*capture_);
  const Status launched = co_await bring_up("init", begun + init_timeout());
  deadline_timer_.disarm();
  const double took_ms = to_ms(loop_->now() - begun);
  inside_->drain_output();
  SnapshotResult result;
  auto reason = ShutdownReason::kSpindown;
  if (launched && !inside_->runtime().has_reply() && init_complete()) {
    log_init_end({took_ms, "init", {}, type_});
    inside_->telemetry().close();
    result = capture_->result();
    if (has_internal(inside_->extensions())) {
      result = {SnapshotResult::Kind::kUnfit, "", "an extension inside the runtime's process", {}};
    }
    if (result.kind == SnapshotResult::Kind::kUnfit) log_.snapshot_refused(result.text);
  } else {
    init_failure_ = init_failure(launched);
    log_init_end({took_ms, "init", init_failure_->status, type_});
    result = snapshot_failure();
    reason = timed_out_ ? ShutdownReason::kTimeout : ShutdownReason::kFailure;
  }
  co_await teardown(reason);
  capture_.reset();
  co_return result;
}

SnapshotResult Environment::snapshot_failure() const {
  const InitFailure& failure = *init_failure_;
  SnapshotResult out;
  if (interrupted_ || failure.kind == InitFailure::Kind::kPlatform) {
    out.text = failure.text;
    return out;
  }
  const std::string& type = failure.status.error_type;
  out.kind = SnapshotResult::Kind::kInitFailed;
  out.code = "FunctionError";
  if (failure.kind == InitFailure::Kind::kTimedOut) out.code += ".InitTimeout";
  if (type == "Runtime.OutOfMemory") out.code += ".InitResourceExhausted";
  if (type == kInvalidEntrypoint) out.code += ".InvalidEntryPoint";
  if (type == "Runtime.ExitError") out.code += ".RuntimeInitError";
  if (type.starts_with("Extension.")) out.code += ".ExtensionInitError";
  out.text = type.empty() ? "The initialization of the function timed out."
                          : fmt::format("The initialization of the function failed: {}.", type);
  return out;
}

net::Task<std::optional<bool>> Environment::restore(SnapshotPtr snapshot, MonoTime deadline) {
  const MonoTime begun = loop_->now();
  begin_session();
  inside_->restore_from(std::move(snapshot));
  const Status launched = co_await bring_up("init", std::min(begun + kRestoreMax, deadline));
  deadline_timer_.disarm();
  const MonoTime ended = loop_->now();
  inside_->drain_output();
  if (launched && init_complete()) {
    ready_ = true;
    host_->snapshots->note_restored();
    restored_ = Restored{to_ms(ended - begun), to_ms(ended - runtime_begun_)};
    const RestoreReport report{restored_->all_ms, {}};
    log_.restore_runtime_done(report);
    for (const ExtensionRegistry::Extension* one : inside_->extensions().extensions()) {
      log_.extension(*one);
    }
    log_.restore_report(report);
    inside_->telemetry().close();
    co_return true;
  }
  if (unreadable_snapshot(launched)) {
    // The function is not to blame, and must not suffer: it starts as it would without.
    host_->logger->warn("runtime", "a snapshot could not be restored",
                        {{"function", function_->arn},
                         {"version", function_->version},
                         {"error", launched ? "the image" : launched.error().to_log()}});
    // Another would not be better; what could not be launched is no fault of the image's.
    if (launched) host_->snapshots->give_up(*function_);
    co_await teardown(ShutdownReason::kFailure);
    co_return std::nullopt;
  }
  co_await fail_restore(to_ms(ended - begun), launched);
  co_return false;
}

bool Environment::unreadable_snapshot(const Status& launched) const {
  if (interrupted_ || timed_out_ || failed_extension() || inside_->runtime().has_reply()) {
    return false;
  }
  const auto& exit = inside_->exit();
  return !launched || (exit && !exit->signalled && exit->code == sandbox::kRestoreFailedStatus);
}

net::Task<void> Environment::fail_restore(double took_ms, const Status& launched) {
  init_failure_ = init_failure(launched);
  look_at_memory();
  const bool timeout = init_failure_->kind == InitFailure::Kind::kTimedOut;
  if (init_failure_->kind != InitFailure::Kind::kPlatform) {
    init_failure_->restore = timeout ? Outcome::Restore::kTimedOut : Outcome::Restore::kFailed;
  }
  const RestoreReport report{took_ms, init_failure_->status};
  if (!interrupted_) {
    log_.restore_runtime_done(report);
    log_.restore_report(report);
  }
  co_await teardown(timeout ? ShutdownReason::kTimeout : ShutdownReason::kFailure);
}

}  // namespace lapwing::runtime
