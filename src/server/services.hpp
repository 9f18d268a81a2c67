// The services of this server: services.cpp is the only file that names them all.
//
// Thread-safety: as hosting::Service.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/settings.hpp"
#include "hosting/service.hpp"

namespace lapwing::server {

class ServiceCalls;

class Services {
 public:
  // Of the named ones ("sqs"), all where none is named; those that others cannot do without are
  // always there (IAM). Everything given outlives it; `ports` is what `given` shows of it, and
  // takes what they publish.
  Services(const hosting::Dependencies& given, hosting::Ports& ports,
           const std::vector<std::string>& names = {});

  ~Services() { stop(); }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // In order, the first failure ends it: also that of a service whose table does not cover its
  // model (a bug of ours that no client should find). Each can be called once it has started.
  Status start(ServiceCalls& calls);
  void drain();
  void cancel();
  // In reverse. Once more does nothing.
  void stop();
  Status sweep();

  const std::vector<std::unique_ptr<hosting::Service>>& all() const { return all_; }

 private:
  std::vector<std::unique_ptr<hosting::Service>> all_;
};

// The settings that services declare.
void visit_services(SettingValues& values, SettingVisitor& to);
Status check_services(const SettingValues& values);

}  // namespace lapwing::server
