#include "images/settings.hpp"

#include <fmt/core.h>

namespace lapwing::images {

void Settings::visit(SettingVisitor& to) {
  to.list("images.layouts", layouts,
          {.help = "directories below which functions may name OCI layouts (oci:, oci-archive:)",
           .example = "[\"/var/lib/images\"]"});
  to.list("images.insecure", insecure,
          {.help = "registries (HOST:PORT) asked over plain HTTP, as those on loopback always are",
           .example = "[\"10.0.0.5:5000\"]"});
  to.list(
      "images.mirrors", mirrors,
      {.help = "FROM=TO: the registry TO is asked for the images of FROM, in which * stands for "
               "anything",
       .example = "[\"*.dkr.ecr.*.amazonaws.com=localhost:5000\"]"});
  to.text("images.credentials_file", credentials_file,
          {.help = "config.json of Docker's tools with the logins of registries",
           .example = "\"/root/.docker/config.json\""});
  to.text("images.ca_file", ca_file,
          {.help = "PEM file of authorities that registries' certificates may be of, besides the "
                   "system's",
           .example = "\"/etc/ssl/registry.pem\""});
}

Status Settings::check() const {
  for (const std::string& mirror : mirrors) {
    const auto equals = mirror.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == mirror.size()) {
      return fail(make_error(ErrorKind::kInvalid,
                             fmt::format("images.mirrors: {}: write FROM=TO", mirror)));
    }
  }
  return {};
}

RegistryOptions Settings::registries() const {
  RegistryOptions options;
  options.insecure = insecure;
  for (const std::string& mirror : mirrors) {
    const std::size_t equals = mirror.find('=');
    options.mirrors.emplace_back(mirror.substr(0, equals), mirror.substr(equals + 1));
  }
  options.credentials_file = credentials_file;
  options.ca_file = ca_file;
  return options;
}

}  // namespace lapwing::images
