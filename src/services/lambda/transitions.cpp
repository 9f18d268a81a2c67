#include "services/lambda/transitions.hpp"

#include <condition_variable>
#include <mutex>
#include <set>
#include <vector>

namespace lapwing::lambda {

// Outlives the transitions in the steps that never got to run.
class Transitions::Gate {
 public:
  bool enter() {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --inside_;
    changed_.notify_all();
  }
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.wait(lock, [&] { return inside_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool closed_ = false;
};

namespace {

// Why an image is none for this function. The sentences without a colon are the service's.
Reason image_reason_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kDenied:
      return {"ImageAccessDenied",
              "The function does not have permission to access the specified image."};
    case ErrorKind::kNotFound:
      return {"ImageDeleted", "The function is trying to use a deleted image."};
    case ErrorKind::kInvalid:
    case ErrorKind::kTooLarge:
    case ErrorKind::kUnsupported:
      return {"InvalidImage", "The image is not valid: " + error.message()};
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
      return {"InternalError", "The image could not be pulled: " + error.message()};
    default:
      return {"InternalError", "The function's image could not be installed."};
  }
}

// Why a package could not be installed, as the API's reason codes say it.
Reason reason_of(const Error& error) {
  if (error.kind() == ErrorKind::kInvalid) return {"InvalidZipFileException", error.message()};
  if (os::is_disk_full(error)) return {"InternalError", error.message()};
  return {"InternalError", "The function's package could not be installed."};
}

// False when the transition was overtaken: nothing to do.
bool apply(FunctionRecord& record, const std::string& settings_id,
           const std::optional<Reason>& failure) {
  if (record.settings.id != settings_id || !record.in_transition()) return false;
  const bool creating = record.state == State::kPending;
  if (!failure) {
    record.state = State::kActive;
    record.state_reason = {};
    record.update = UpdateStatus::kSuccessful;
    record.update_reason = {};
    record.serving.reset();
  } else if (creating) {
    record.state = State::kFailed;
    record.state_reason = *failure;
  } else {
    record.update = UpdateStatus::kFailed;
    record.update_reason = *failure;
  }
  return true;
}

void log_failure(Logger& logger, const FunctionKey& key, std::uint64_t version,
                 const Status& done) {
  if (done) return;
  logger.error(
      "lambda", "transition not finished",
      {{"function", function_arn(key, version_name(version))}, {"error", done.error().to_log()}});
}

}  // namespace

Transitions::Transitions(Repository& functions, Catalog& catalog, const CodeStores& code,
                         engine::Snapshots& snapshots, engine::Executor& executor,
                         engine::Executor& slow, Random& random, Logger& logger)
    : functions_(functions),
      catalog_(catalog),
      code_(code),
      snapshots_(snapshots),
      executor_(executor),
      slow_(slow),
      random_(random),
      logger_(logger),
      gate_(std::make_shared<Gate>()) {}

Transitions::~Transitions() { stop(); }

void Transitions::stop() { gate_->close(); }

void Transitions::post(engine::Executor& executor, UniqueFunction<void()> step) {
  executor.post([gate = gate_, work = std::move(step)]() mutable {
    if (!gate->enter()) return;
    work();
    gate->leave();
  });
}

void Transitions::schedule(const FunctionKey& key, const std::string& settings_id,
                           std::vector<std::uint64_t> versions) {
  post(executor_, [this, key, settings_id, due = std::move(versions)] {
    for (const std::uint64_t version : due) {
      log_failure(logger_, key, version, begin(key, settings_id, version));
    }
  });
}

// What may have to wait for a registry goes where waiting holds up nobody else.
Status Transitions::begin(const FunctionKey& key, const std::string& settings_id,
                          std::uint64_t version) {
  LAPWING_TRY(const std::optional<FunctionRecord> record, functions_.find(key, version));
  if (!record || !record->settings.image || find_installed(code_, record->settings)) {
    return finish(key, settings_id, version);
  }
  post(slow_, [this, key, settings_id, version] {
    log_failure(logger_, key, version, finish(key, settings_id, version));
  });
  return {};
}

void Transitions::schedule_sweep() {
  // One that has not begun yet will see this change too.
  if (sweep_waiting_.exchange(true)) return;
  post(executor_, [this] {
    sweep_waiting_ = false;
    if (const auto swept = sweep(); !swept) {
      logger_.warn("lambda", "sweep of packages failed", {{"error", swept.error().to_log()}});
    }
  });
}

Status Transitions::finish(const FunctionKey& key, const std::string& settings_id,
                           std::uint64_t version) {
  LAPWING_TRY(const std::optional<FunctionRecord> record, functions_.find(key, version));
  if (!record || record->settings.id != settings_id || !record->in_transition()) return {};
  // Held until the catalog holds it.
  Result<InstalledCode> installed = install_code(code_, record->settings);
  // Taken up again by the next run.
  if (!installed && installed.error().kind() == ErrorKind::kCancelled) return {};
  if (installed && record->settings.snap_start && version != 0) {
    return take_snapshot(*record, *std::move(installed));
  }
  if (!installed) {
    logger_.warn("lambda", "package not installed",
                 {{"function", function_arn(key, version_name(version))},
                  {"error", installed.error().to_log()}});
  }
  End end;
  if (!installed) {
    end.failure =
        record->settings.image ? image_reason_of(installed.error()) : reason_of(installed.error());
  }
  return settle(key, settings_id, version, end);
}

Transitions::End Transitions::end_of(const runtime::SnapshotResult& snapshot) {
  using Kind = runtime::SnapshotResult::Kind;
  End end;
  end.optimized = snapshot.kind == Kind::kTaken;
  if (snapshot.kind == Kind::kInitFailed) end.failure = Reason{snapshot.code, snapshot.text};
  return end;
}

// The version stays Pending meanwhile. Where the function works and only the snapshot does not,
// it becomes active all the same, and starts as it would without SnapStart.
Status Transitions::take_snapshot(const FunctionRecord& record, InstalledCode code) {
  LAPWING_TRY(runtime::FunctionVersionPtr function, catalog_.preview(record));
  if (!function) return fail(internal_error("the package of a new version is missing"));
  snapshots_.make(function, [this, key = record.key, settings_id = record.settings.id,
                             version = record.version, held = std::move(code),
                             function](runtime::SnapshotResult result) mutable {
    post(executor_,
         [this, key, settings_id, version, function, kept = std::move(held), end = end_of(result)] {
           log_failure(logger_, key, version, settle(key, settings_id, version, end));
           // Deleted while the snapshot was taken.
           if (!catalog_.version(key, version)) snapshots_.drop(*function);
         });
  });
  return {};
}

// After a restart. Meanwhile, and if it cannot be taken any more, the version starts as it would
// without SnapStart.
void Transitions::retake(const FunctionKey& key, std::uint64_t version) {
  runtime::FunctionVersionPtr function = catalog_.version(key, version);
  if (!function) return;
  snapshots_.make(function, [this, key, version](const runtime::SnapshotResult& result) {
    post(executor_, [this, key, version, optimized = end_of(result).optimized] {
      const auto written = functions_.update(key, version, [&](FunctionRecord& record) -> Status {
        record.optimized = optimized;
        return {};
      });
      if (!written && written.error().kind() != ErrorKind::kNotFound) {
        log_failure(logger_, key, version, fail(written.error()));
      }
    });
  });
}

Status Transitions::settle(const FunctionKey& key, const std::string& settings_id,
                           std::uint64_t version, const End& end) {
  const std::string revision_id = make_uuid(random_);
  bool freed = false;
  const auto written = functions_.update(key, version, [&](FunctionRecord& record) -> Status {
    freed = record.serving && (record.serving->code != record.settings.code ||
                               record.serving->layers != record.settings.layers);
    if (apply(record, settings_id, end.failure)) {
      record.optimized = end.optimized;
      record.revision_id = revision_id;
    }
    return {};
  });
  // Deleted meanwhile: nothing to settle.
  if (!written && written.error().kind() != ErrorKind::kNotFound) return fail(written.error());
  LAPWING_CHECK(catalog_.reload(key, version));
  if (freed || !written) schedule_sweep();
  return {};
}

Status Transitions::resume() {
  struct Unfinished {
    FunctionKey key;
    std::string settings_id;
    std::uint64_t version;
  };
  std::vector<Unfinished> unfinished;
  std::vector<std::pair<FunctionKey, std::uint64_t>> missing;  // images
  std::vector<std::pair<FunctionKey, std::uint64_t>> lost;     // snapshots: none outlives a run
  std::optional<InstalledCode> installed;
  LAPWING_CHECK(catalog_.load([&](const FunctionRecord& record) -> Status {
    if (record.in_transition()) {
      unfinished.push_back({record.key, record.settings.id, record.version});
    } else if (record.settings.snap_start && record.version != 0) {
      lost.emplace_back(record.key, record.version);
    }
    if (record.state != State::kActive) return {};
    // Held until the catalog has it, which then need not look at the disk again.
    installed = find_installed(code_, record.served());
    if (installed) return {};
    if (record.served().image) {
      missing.emplace_back(record.key, record.version);
      return {};
    }
    if (const auto again = install_code(code_, record.served()); !again) {
      logger_.error("lambda", "package of an active function cannot be restored",
                    {{"function", function_arn(record.key, record.version_name())},
                     {"error", again.error().to_log()}});
    }
    return {};
  }));
  // Only now may a step run: loading takes over what it read a moment earlier.
  for (const Unfinished& step : unfinished) schedule(step.key, step.settings_id, {step.version});
  for (const auto& [key, version] : missing) {
    post(slow_,
         [this, key, version] { log_failure(logger_, key, version, restore(key, version)); });
  }
  for (const auto& [key, version] : lost) {
    post(executor_, [this, key, version] { retake(key, version); });
  }
  return {};
}

// An image that is not on disk, of a function that is active.
Status Transitions::restore(const FunctionKey& key, std::uint64_t version) {
  LAPWING_TRY(const std::optional<FunctionRecord> record, functions_.find(key, version));
  if (!record || record->state != State::kActive) return {};
  LAPWING_TRY(const InstalledCode held, install_code(code_, record->served()));
  return catalog_.reload(key, version);
}

Result<std::size_t> Transitions::sweep() {
  std::set<std::string> referenced;
  std::set<std::string> images;
  const auto add = [&](FunctionRecord& record) -> Status {
    const Settings* const used[] = {&record.settings, &record.served()};
    for (const Settings* settings : used) {
      add_directories(*settings, referenced);
      add_images(*settings, images);
    }
    return {};
  };
  // In this order: what a function leaves behind after it was read here has been published
  // before, and is found among the versions.
  LAPWING_CHECK(functions_.for_each(add));
  LAPWING_CHECK(functions_.for_each_version(add));
  LAPWING_TRY(const std::size_t packages, code_.packages.sweep(referenced));
  LAPWING_TRY(const std::size_t swept, code_.images.sweep(images));
  return packages + swept;
}

}  // namespace lapwing::lambda
