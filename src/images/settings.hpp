// What may be set of where container images come from.
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <vector>

#include "base/settings.hpp"
#include "images/registry.hpp"

namespace lapwing::images {

struct Settings {
  std::vector<std::string> layouts;
  std::vector<std::string> insecure;
  std::vector<std::string> mirrors;  // "FROM=TO"
  std::string credentials_file;
  std::string ca_file;

  void visit(SettingVisitor& to);
  Status check() const;
  RegistryOptions registries() const;
};

}  // namespace lapwing::images
