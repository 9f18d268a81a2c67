// What makes cold starts shorter, made once per interpreter beside the requests: the byte code of
// the Python bootstraps and of the SDK (the sandbox's copy is read-only, and compiling the
// bootstraps at every cold start would cost some 20 ms, boto3 a second), the archive of the classes
// of AWS's Java client.
//
// Thread-safety: one thread of its own, until everything is made or stop() is called.
#pragma once

#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "runtime/language/catalogue.hpp"

namespace lapwing::server {

struct MaintenanceParts {
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

  // On the caller's thread.
  void precompile();
  void archive_classes();

 private:
  bool stopping();
  bool precompile(const runtime::Interpreter& python, const std::string& package);
  // Runs a command to its end, or to stop(); false unless it succeeded.
  bool run_command(const std::vector<std::string>& command);

  MaintenanceParts parts_;
  std::mutex mutex_;
  bool stopping_ = false;  // guarded by mutex_
  pid_t child_ = 0;        // guarded by mutex_: a command that runs
  std::thread thread_;
};

}  // namespace lapwing::server
