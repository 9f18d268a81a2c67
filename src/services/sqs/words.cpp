#include "services/sqs/words.hpp"

#include <fmt/core.h>

#include "gen/sqs/errors.hpp"
#include "gen/sqs/model.hpp"
#include "resources/store_failure.hpp"
#include "text/utf8.hpp"

namespace lapwing::sqs {
namespace {

// Of what a caller sent, in an error.
constexpr std::size_t kShownBytesMax = 1024;

}  // namespace

Error invalid_value(std::string_view value, std::string_view parameter, std::string_view reason) {
  return gen::sqs::errors::invalid_parameter_value(
      fmt::format("Value {} for parameter {} is invalid. Reason: {}",
                  text::truncate_utf8(value, kShownBytesMax), parameter, reason));
}

Error no_such_queue() {
  return gen::sqs::errors::queue_does_not_exist("The specified queue does not exist.");
}

Error store_failure(Error error) {
  return resources::store_failure(
      std::move(error),
      {.throttled = gen::sqs::errors::request_throttled("Too many requests wait to be written."),
       .too_large =
           gen::sqs::errors::invalid_attribute_value("A value is larger than can be kept.")});
}

std::string query_code(const Error& error) {
  const aws::ShapeRow* const shape = gen::sqs::kModel.find_error(error.code());
  return shape == nullptr ? error.code() : std::string(gen::sqs::kModel.text(shape->query_code));
}

}  // namespace lapwing::sqs
