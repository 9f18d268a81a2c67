// What environments need from the rest of the process.
//
// Thread-safety: as each part says; everything outlives the environments.
#pragma once

#include "http/server.hpp"
#include "net/loop.hpp"
#include "os/unique_fd.hpp"
#include "ports/log_sink.hpp"
#include "runtime/api/response_stream.hpp"
#include "runtime/function_version.hpp"
#include "runtime/language/catalogue.hpp"
#include "runtime/snapshot/snapshot.hpp"
#include "runtime/start/environment_variables.hpp"
#include "runtime/start/starter.hpp"

namespace lapwing {
class Logger;
class Random;
}  // namespace lapwing

namespace lapwing::runtime {

class SandboxPlanner;

// Mints credentials of a function's execution role; an error where that cannot be assumed: then no
// environment of it starts. Any thread.
class RoleCredentialSource {
 public:
  virtual ~RoleCredentialSource() = default;
  virtual Result<RoleCredentials> mint(const FunctionVersion& function) = 0;
};

// Serves connections that functions make to Lapwing's own API; `origin` names the function and
// holds the connection's place. The loop's thread.
class EndpointServer {
 public:
  virtual ~EndpointServer() = default;
  virtual void serve(net::Loop& loop, os::UniqueFd connection, http::Origin origin) = 0;
  // Those of functions that may not make any: every request is answered with why.
  virtual void refuse(net::Loop& loop, os::UniqueFd connection, http::Origin origin) = 0;
};

// What environments need from the rest of the process; everything outlives them.
struct EnvironmentHost {
  StarterGroup* starters = nullptr;
  const SandboxPlanner* planner = nullptr;
  const Catalogue* catalogue = nullptr;
  ports::LogSink* logs = nullptr;
  RoleCredentialSource* credentials = nullptr;
  EndpointServer* endpoint = nullptr;
  http::ConnectionBudget* connections = nullptr;  // of all listeners
  http::Memory* memory = nullptr;                 // what large replies count in
  SnapshotStore* snapshots = nullptr;
  Random* random = nullptr;
  Logger* logger = nullptr;
  Duration init_timeout = std::chrono::seconds(10);
  StreamLimits stream;
};

}  // namespace lapwing::runtime
