// What the service goes by: what was set, and what the process gives; a test says it itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "images/image_store.hpp"
#include "os/disk_space.hpp"
#include "runtime/language/catalogue.hpp"
#include "services/lambda/limits.hpp"

namespace lapwing::lambda {

struct Options {
  std::string data_dir;  // unpacked packages live in data_dir/code, images in data_dir/images
  // Container images; their data_dir is the one above.
  images::RegistryOptions registries;
  std::vector<std::string> image_layouts;
  // What this machine runs; others are refused by name.
  std::vector<std::string> architectures = {"x86_64"};
  // Refuse runtimes that AWS refuses for new functions, though this machine may serve them.
  bool refuse_retired = false;
  // Refuse runtimes that nothing of it serves; null: none.
  const runtime::Catalogue* catalogue = nullptr;
  // What packages, layers and images must leave free; null: nothing.
  const os::DiskSpace* disk = nullptr;
  std::string url_scheme = "http";  // of Code.Location
  std::uint32_t concurrency_limit = kAccountConcurrency;
  // Values of the tag lapwing:network, and why they are refused; "" when they are not.
  std::map<std::string, std::string> network_modes = {{"none", ""}};
};

}  // namespace lapwing::lambda
