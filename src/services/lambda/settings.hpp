// What may be set of AWS Lambda's control plane, beside what the engine and the images declare.
//
// Thread-safety: plain values.
#pragma once

#include <string>

#include "base/settings.hpp"
#include "hosting/service.hpp"
#include "services/lambda/options.hpp"

namespace lapwing::lambda {

struct ServiceSettings {
  std::string retired = "accept";

  void visit(SettingVisitor& to) {
    to.text(
        "runtimes.retired", retired,
        {.help = "runtimes that AWS has retired: accept them where this machine serves them, or "
                 "refuse them in AWS's words for what is created or updated",
         .choices = "accept|refuse"});
  }
};

// What is set of all that the service uses, and what it is given.
Options options_of(const hosting::Dependencies& given);

}  // namespace lapwing::lambda
