// CBOR as the input of an operation with every kind of shape, and skipped as a whole.
#include "text/cbor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/cbor_codec.hpp"
#include "gen/sqs/model.hpp"

namespace lapwing {
namespace {

void run(std::string_view bytes) {
  const aws::ServiceModel& model = gen::sqs::kModel;
  for (const aws::OperationRow& operation : model.operations) {
    if (operation.input == aws::kNone) continue;
    aws::Arena arena;
    const auto input = aws::read_cbor(model, model.shape(operation.input), bytes, arena);
    if (!input) continue;
    std::string written;
    text::CborWriter out(written);
    aws::write_cbor(model, model.shape(operation.input), *input, out);
  }
  text::CborReader in(bytes);
  while (!in.at_end()) {
    const auto item = in.next();
    if (!item || !in.skip(*item)) return;
  }
}

}  // namespace
}  // namespace lapwing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias the bytes; the view lives as long as this call.
  lapwing::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
