#include "services/sns/words.hpp"

#include <fmt/core.h>

#include "gen/sns/errors.hpp"
#include "resources/store_failure.hpp"

namespace lapwing::sns {

Error invalid(std::string_view what) {
  return gen::sns::errors::invalid_parameter(fmt::format("Invalid parameter: {}", what));
}

Error no_such_topic() { return gen::sns::errors::not_found("Topic does not exist"); }
Error no_such_subscription() { return gen::sns::errors::not_found("Subscription does not exist"); }

Error store_failure(Error error) {
  return resources::store_failure(std::move(error),
                                  {.throttled = gen::sns::errors::throttled("Rate exceeded"),
                                   .too_large = invalid("a value is larger than can be kept")});
}

}  // namespace lapwing::sns
