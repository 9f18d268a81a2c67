// What may be set of HTTP requests that leave the machine.
#pragma once

#include <string>

#include "base/settings.hpp"

namespace lapwing::delivery {

struct HttpSettings {
  std::string loopback = "auto";

  void visit(SettingVisitor& to) {
    to.text("delivery.http_loopback", loopback,
            {.help = "whether events go to HTTP addresses of this machine (loopback, and those of "
                     "its interfaces): who may subscribe an address or make an API destination "
                     "reaches its services so. auto: while this server listens on loopback only. "
                     "Lapwing itself, link-local and metadata addresses are never called",
             .choices = "auto|allow|refuse"});
  }
  // `on_loopback`: the server listens there only.
  bool loopback_allowed(bool on_loopback) const {
    return loopback == "allow" || (loopback == "auto" && on_loopback);
  }
};

}  // namespace lapwing::delivery
