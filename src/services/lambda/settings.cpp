#include "services/lambda/settings.hpp"

#include "engine/control_plane.hpp"
#include "engine/settings.hpp"
#include "images/settings.hpp"

namespace lapwing::lambda {

Options options_of(const hosting::Dependencies& given) {
  Options out;
  out.data_dir = given.data_dir;
  out.disk = given.disk;
  const auto images = given.read<images::Settings>();
  out.registries = images.registries();
  out.image_layouts = images.layouts;
  out.refuse_retired = given.read<ServiceSettings>().retired == "refuse";
  out.concurrency_limit = static_cast<std::uint32_t>(given.read<engine::Settings>().concurrency);
  out.catalogue = given.ports.engine->catalogue;
  out.network_modes = given.ports.engine->network_modes;
  return out;
}

}  // namespace lapwing::lambda
