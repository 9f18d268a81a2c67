#include "images/credentials.hpp"

#include <fmt/core.h>

#include "images/errors.hpp"
#include "images/limits.hpp"
#include "os/file.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"

namespace lapwing::images {
namespace {

// "https://index.docker.io/v1/" is how Docker Hub is called there.
bool is_for(std::string_view key, std::string_view registry) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  key = key.substr(0, key.find('/'));
  if (key == registry) return true;
  const bool hub = registry == "registry-1.docker.io" || registry == "docker.io";
  return hub && (key == "index.docker.io" || key == "docker.io");
}

}  // namespace

Result<std::optional<std::string>> find_credentials(const std::string& file,
                                                    std::string_view registry) {
  if (file.empty()) return std::nullopt;
  LAPWING_TRY(const std::string content, os::read_file(file, kCredentialFileBytesMax));
  const auto document = text::parse_json(content);
  if (!document) {
    return fail(errors::invalid("the file of registry credentials is no JSON")
                    .with_detail(fmt::format("{}: {}", file, document.error().message())));
  }
  if (const text::JsonValue* auths = document->root().find("auths")) {
    for (const text::JsonMember& member : auths->members()) {
      if (!is_for(member.key, registry)) continue;
      const text::JsonValue* auth = member.value.find("auth");
      if (auth == nullptr || auth->as_string().empty()) continue;
      const auto decoded = text::base64_decode(auth->as_string());
      if (!decoded || !decoded->contains(':')) {
        return fail(errors::invalid(fmt::format("the credentials of {} are damaged", registry))
                        .with_detail(file));
      }
      return std::string(auth->as_string());
    }
  }
  const text::JsonValue* helpers = document->root().find("credHelpers");
  if (helpers != nullptr && helpers->find(registry) != nullptr) {
    return fail(errors::unsupported(fmt::format(
        "the credentials of {} are left to a helper program: log in without one", registry)));
  }
  return std::nullopt;
}

}  // namespace lapwing::images
