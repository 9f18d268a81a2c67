// The services of this server: services.cpp is the only file that names them all.
//
// Thread-safety: as hosting::Service.
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "hosting/service.hpp"
#include "services/lambda/service.hpp"
#include "services/logs/service.hpp"
#include "services/sqs/options.hpp"

namespace lapwing::server {

// What single services are given beside what all are.
struct ServiceOptions {
  logs::LogLimits logs;
  lambda::Options lambda;
  sqs::Options sqs;
};

class Services {
 public:
  // Everything given outlives it.
  Services(const hosting::Dependencies& given, const lambda::EngineSide& engine,
           ServiceOptions options);

  ~Services() { stop(); }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // In order, the first failure ends it: also that of a service whose table does not cover its
  // model (a bug of ours that no client should find).
  Status start();
  void drain();
  // In reverse. Once more does nothing.
  void stop();

  const std::vector<std::unique_ptr<hosting::Service>>& all() const { return all_; }
  // For those who use more of them than their API.
  logs::Service& logs() const { return *logs_; }
  lambda::Service& lambda() const { return *lambda_; }

 private:
  template <class S, class... Arguments>
  S* add(Arguments&&... arguments) {
    auto made = std::make_unique<S>(std::forward<Arguments>(arguments)...);
    S* out = made.get();
    all_.push_back(std::move(made));
    return out;
  }

  std::vector<std::unique_ptr<hosting::Service>> all_;
  logs::Service* logs_ = nullptr;
  lambda::Service* lambda_ = nullptr;
};

}  // namespace lapwing::server
