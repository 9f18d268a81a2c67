#include "services/lambda/settings.hpp"

#include "engine/settings.hpp"
#include "images/settings.hpp"

namespace lapwing::lambda {

Options options_of(const SettingValues& values) {
  Options out;
  const auto images = values.read<images::Settings>();
  out.registries = images.registries();
  out.image_layouts = images.layouts;
  out.refuse_retired = values.read<ServiceSettings>().retired == "refuse";
  out.concurrency_limit = static_cast<std::uint32_t>(values.read<engine::Settings>().concurrency);
  return out;
}

}  // namespace lapwing::lambda
