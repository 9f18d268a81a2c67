#include "services/scheduler/testing/host.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>

#include "schedule/testing/tzif.hpp"

namespace lapwing::scheduler::testing {

std::string Host::make_zones() {
  std::string path = (std::filesystem::temp_directory_path() / "zones.XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no directory for zones");
  std::filesystem::create_directories(path + "/Europe");
  std::ofstream(path + "/Europe/Berlin", std::ios::binary)
      << schedule::testing::tzif(3600, {}, "CET-1CEST,M3.5.0,M10.5.0/3");
  return path;
}

void Host::remove(const std::string& directory) { std::filesystem::remove_all(directory); }

}  // namespace lapwing::scheduler::testing
