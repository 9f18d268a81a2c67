// The services of this server: services.cpp is the only file that names them all.
//
// Thread-safety: as hosting::Service.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "crypto/aes_gcm.hpp"
#include "hosting/service.hpp"
#include "services/iam/service.hpp"
#include "services/lambda/service.hpp"
#include "services/logs/service.hpp"

namespace lapwing::server {

// What single services are given beside what all are.
struct Beside {
  const lambda::EngineSide& engine;
  const lambda::Options& lambda;
  const aws::SessionMint& sessions;
  const crypto::AesKey& server_key;
};

class Services {
 public:
  // Of the named ones ("sqs"), all where none is named. IAM is always there: the others ask it who
  // a role is. Everything given outlives it.
  Services(const hosting::Dependencies& given, const Beside& beside,
           const std::vector<std::string>& names = {});

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
  // For those who use more of them than their API. Null where they are not there.
  logs::Service* logs() const { return logs_; }
  lambda::Service* lambda() const { return lambda_; }
  iam::Service& iam() const { return *iam_; }

 private:
  std::vector<std::unique_ptr<hosting::Service>> all_;
  logs::Service* logs_ = nullptr;
  lambda::Service* lambda_ = nullptr;
  iam::Service* iam_ = nullptr;
};

// The settings that services declare.
void visit_services(SettingValues& values, SettingVisitor& to);
Status check_services(const SettingValues& values);

}  // namespace lapwing::server
