// From a request's members to Settings: the checks the service makes beyond its model, in its
// words, and the refusal by name of values that are not built.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gen/lambda/types.hpp"
#include "services/lambda/function_record.hpp"
#include "services/lambda/options.hpp"

namespace lapwing::lambda {

bool is_image(const gen::lambda::CreateFunctionRequest& in);

// Everything but the code, the layers and the id.
Result<Settings> settings_from(const gen::lambda::CreateFunctionRequest& in,
                               const Options& options);
// Only what the request names changes; layers are the caller's.
Status change_settings(const gen::lambda::UpdateFunctionConfigurationRequest& in,
                       Settings& settings, const Options& options);

// The architecture named; `otherwise` when none is.
std::string architecture_from(const std::optional<std::vector<std::string>>& named,
                              const std::string& otherwise);
// Refused is what could not run here: a `bootstrap` made for another machine.
Status check_architecture(std::string_view operation, const Settings& settings,
                          const Options& options);

// What AWS says with VPC settings: which network the function is in. Part of no AWS request,
// so a tag carries it.
inline constexpr std::string_view kNetworkTag = "lapwing:network";
// Likewise whether the function reaches this server's API: "open" or "closed".
inline constexpr std::string_view kEndpointTag = "lapwing:endpoint";
// Whether this server takes the values of those tags, if they are among them.
Status check_reach_tags(const std::map<std::string, std::string>& tags, const Options& options);

// What there is after the change, in Lambda's words.
Status check_tags(const std::map<std::string, std::string>& tags);

}  // namespace lapwing::lambda
