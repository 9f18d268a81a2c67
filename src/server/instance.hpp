// Instance: a whole running server, made from a Config. The one place where everything is
// wired together; each part is built by a function of its own in instance.cpp, in the order
// of dependence, and torn down in reverse.
//
//   main: Launcher::start (before any thread) -> Instance::create -> start -> wait -> stop
//
// Thread-safety: create, start and stop on the main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "os/disk_space.hpp"
#include "sandbox/launcher.hpp"
#include "server/config.hpp"

namespace lapwing::server {

inline constexpr char kVersion[] = "0.1.0";

class Instance {
 public:
  // Opens the data directory, builds everything and starts the services' background work;
  // nothing listens yet. `disk` (the data directory's) outlives the instance, as the launcher
  // uses it, too.
  static Result<std::unique_ptr<Instance>> create(const Config& config,
                                                  std::unique_ptr<sandbox::Launcher> launcher,
                                                  const os::DiskSpace& disk, Logger& logger);
  ~Instance();

  // The API listens. Answers the bound "HOST:PORT".
  Result<std::string> start();
  // Drains: no new connections, requests in flight finish within `grace`, environments end,
  // everything is written.
  void stop(Duration grace);

 private:
  struct Parts;
  explicit Instance(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lapwing::server
