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

// Why a package could not be installed, as the API's reason codes say it.
Reason reason_of(const Error& error) {
  if (error.kind() == ErrorKind::kInvalid) return {"InvalidZipFileException", error.message()};
  return {"InternalError", "The function's package could not be installed."};
}

// False when the transition was overtaken: nothing to do.
bool apply(FunctionRecord& record, const std::string& settings_id, const Reason* failure) {
  if (record.settings.id != settings_id || !record.in_transition()) return false;
  const bool creating = record.state == State::kPending;
  if (failure == nullptr) {
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

}  // namespace

Transitions::Transitions(Repository& functions, Catalog& catalog, PackageStore& packages,
                         Executor& executor, Random& random, Logger& logger)
    : functions_(functions),
      catalog_(catalog),
      packages_(packages),
      executor_(executor),
      random_(random),
      logger_(logger),
      gate_(std::make_shared<Gate>()) {}

Transitions::~Transitions() { stop(); }

void Transitions::stop() { gate_->close(); }

void Transitions::post(UniqueFunction<void()> step) {
  executor_.post([gate = gate_, work = std::move(step)]() mutable {
    if (!gate->enter()) return;
    work();
    gate->leave();
  });
}

void Transitions::schedule(const FunctionKey& key, const std::string& settings_id) {
  post([this, key, settings_id] { finish(key, settings_id); });
}

void Transitions::schedule_sweep() {
  // One that has not begun yet will see this change too.
  if (sweep_waiting_.exchange(true)) return;
  post([this] {
    sweep_waiting_ = false;
    if (const auto swept = sweep(); !swept) {
      logger_.warn("lambda", "sweep of packages failed", {{"error", swept.error().to_log()}});
    }
  });
}

void Transitions::finish(const FunctionKey& key, const std::string& settings_id) {
  const auto record = functions_.find(key);
  if (!record) {
    logger_.error("lambda", "transition not finished",
                  {{"function", function_arn(key)}, {"error", record.error().to_log()}});
    return;
  }
  if (!*record || (*record)->settings.id != settings_id || !(*record)->in_transition()) return;
  // Held until the catalog holds it.
  const Result<PackageHoldPtr> installed = packages_.install((*record)->settings.code.sha256);
  if (!installed) {
    logger_.warn("lambda", "package not installed",
                 {{"function", function_arn(key)}, {"error", installed.error().to_log()}});
  }
  if (const Status done = settle(key, settings_id, installed); !done) {
    logger_.error("lambda", "transition not finished",
                  {{"function", function_arn(key)}, {"error", done.error().to_log()}});
  }
}

Status Transitions::settle(const FunctionKey& key, const std::string& settings_id,
                           const Result<PackageHoldPtr>& installed) {
  const std::string revision_id = make_uuid(random_);
  const Reason failure = installed ? Reason() : reason_of(installed.error());
  bool freed = false;
  const auto written = functions_.update(key, [&](FunctionRecord& record) -> Status {
    freed = record.serving && record.serving->code != record.settings.code;
    if (apply(record, settings_id, installed ? nullptr : &failure)) {
      record.revision_id = revision_id;
    }
    return {};
  });
  // Deleted meanwhile: nothing to settle.
  if (!written && written.error().kind() != ErrorKind::kNotFound) return fail(written.error());
  LAPWING_CHECK(catalog_.reload(key));
  if (freed || !written) schedule_sweep();
  return {};
}

Status Transitions::resume() {
  std::vector<std::pair<FunctionKey, std::string>> unfinished;
  LAPWING_CHECK(catalog_.load([&](const FunctionRecord& record) -> Status {
    if (record.in_transition()) unfinished.emplace_back(record.key, record.settings.id);
    const std::string& sha256 = record.served().code.sha256;
    if (record.state != State::kActive || packages_.hold(sha256)) return {};
    if (const auto installed = packages_.install(sha256); !installed) {
      logger_.error(
          "lambda", "package of an active function cannot be restored",
          {{"function", function_arn(record.key)}, {"error", installed.error().to_log()}});
    }
    return {};
  }));
  // Only now may a step run: loading takes over what it read a moment earlier.
  for (const auto& [key, settings_id] : unfinished) schedule(key, settings_id);
  return {};
}

Result<std::size_t> Transitions::sweep() {
  std::set<std::string> referenced;
  LAPWING_CHECK(functions_.for_each([&](FunctionRecord& record) -> Status {
    referenced.insert(record.settings.code.sha256);
    referenced.insert(record.served().code.sha256);
    return {};
  }));
  return packages_.sweep(referenced);
}

}  // namespace lapwing::lambda
