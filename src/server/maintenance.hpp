// What a server does beside its requests: unused packages and blobs go away, and what makes
// cold starts shorter is made once per interpreter: the byte code of the Python bootstraps and of
// the SDK (the sandbox's copy is read-only, and compiling the bootstraps at every cold start would
// cost some 20 ms, boto3 a second), the archive of the classes of AWS's Java client.
//
// Thread-safety: one background thread of its own between start() and stop().
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "runtime/catalogue.hpp"
#include "services/lambda/service.hpp"
#include "store/engine.hpp"

namespace lapwing::server {

struct MaintenanceParts {
  lambda::Service* lambda = nullptr;
  store::Engine* store = nullptr;
  const runtime::Catalogue* catalogue = nullptr;
  std::string bootstrap_dir;
  std::string python_sdk;  // "" for none
  Logger* logger = nullptr;
};

class Maintenance {
 public:
  explicit Maintenance(MaintenanceParts parts) : parts_(std::move(parts)) {}
  ~Maintenance() { stop(); }

  void start();
  void stop();

  // One round, on the caller's thread.
  void sweep();
  void precompile();
  void archive_classes();

 private:
  void run();
  bool stopping();
  bool precompile(const runtime::Interpreter& python, const std::string& package);
  // Runs a command to its end, or to stop(); false unless it succeeded.
  bool run_command(const std::vector<std::string>& command);
  // False when stop() was called.
  bool wait(std::chrono::seconds time);

  MaintenanceParts parts_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  pid_t child_ = 0;        // guarded by mutex_: a command that runs
  std::thread thread_;
};

}  // namespace lapwing::server
