// The front of an Instance: who may come in, and the ways of requests.
//
// Thread-safety: made, begun and stopped by one thread.
#pragma once

#include <memory>
#include <string>

#include "aws/route.hpp"
#include "http/server.hpp"
#include "server/admin.hpp"
#include "server/config.hpp"
#include "server/endpoint.hpp"
#include "server/front_door.hpp"
#include "server/host_guard.hpp"
#include "server/invoke_door.hpp"
#include "server/platform.hpp"
#include "server/service_part.hpp"
#include "server/sign_in.hpp"

namespace lapwing::server {

// All outlive the part.
struct FrontNeeds {
  const Config& config;
  const Clock& clock;
  Random& random;
  Logger& logger;
  const os::DiskSpace* disk = nullptr;
  net::LoopGroup& loops;
  net::WorkerPool& workers;
  net::WorkerPool& hashers;
  http::Memory& memory;
  http::ConnectionBudget& connections;
  http::Budget& waits;
  SignIn& sign_in;
  Endpoint& endpoint;
  Machine& machine;
  ServicePart& services;
  engine::Dispatcher& dispatcher;
};

// Whether a server could listen there now; else why not, and what to do.
Status check_listen(const std::string& address);

class FrontPart {
 public:
  explicit FrontPart(const FrontNeeds& needs);

  // The bound "HOST:PORT".
  Result<std::string> listen(const std::string& address);
  void stop(Duration grace) { http_.stop(grace); }

 private:
  http::Handler served(aws::Origin from);

  delivery::HttpReach& reach_;
  runtime::Catalogue none_;  // where the machine has none
  HostGuard guard_;
  aws::Router router_;
  Admin admin_;
  std::unique_ptr<InvokeDoor> invoke_door_;  // null where there is no Lambda
  FrontDoor front_door_;
  http::Server http_;
};

}  // namespace lapwing::server
