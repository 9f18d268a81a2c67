// Instance: a whole running server, made from a Config over a Platform. It has three parts, each
// in a file of its own, built in the order of dependence and torn down in reverse:
//
//   services   service_part.hpp: what operations mean, their time and background work
//   engine     engine_part.hpp: from an invocation to an environment of the platform's machine
//   front      front_part.hpp: who may come in, and the ways of requests
//
//   main: Launcher::start (before any thread) -> Platform -> Instance::create -> start -> stop
//
// Thread-safety: create, start and stop on one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/loop_group.hpp"
#include "server/config.hpp"
#include "server/platform.hpp"
#include "server/services.hpp"

namespace lapwing::hosting {
class ManualTime;
}
namespace lapwing::ports {
class AwsApi;
}

namespace lapwing::server {

inline constexpr char kVersion[] = "0.1.0";

class Instance {
 public:
  // Builds everything and starts the services' background work; nothing listens yet. What the
  // platform refers to outlives the instance. Of the named services, all where none is named.
  static Result<std::unique_ptr<Instance>> create(const Config& config, Platform platform,
                                                  const std::vector<std::string>& services = {});
  ~Instance();

  // The API listens. Answers the bound "HOST:PORT".
  Result<std::string> start();
  // Drains: no new connections, requests in flight finish within `grace`, environments end,
  // everything is written.
  void stop(Duration grace);

  Services& services();
  // Access keys of IAM's users that sign.
  std::size_t signing_keys();
  ports::AwsApi& api();
  net::LoopGroup& loops();
  // Null where the clock moves by itself.
  hosting::ManualTime* time();

 private:
  struct Parts;
  explicit Instance(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lapwing::server
