#include "delivery/hand_over.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "net/testing/run.hpp"

namespace lapwing::delivery {
namespace {

using ports::Delivered;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class Odd final : public ports::Destination {
 public:
  enum class Way { kLess, kMore, kThrows, kHangs };
  explicit Odd(Way way) : way_(way) {}
  net::Task<std::vector<Delivered>> deliver(net::Loop& loop,
                                            const std::vector<ports::Parcel>& parcels) override {
    if (way_ == Way::kThrows) throw std::runtime_error("a bug");
    if (way_ == Way::kHangs) co_await loop.sleep(60s);
    co_return std::vector<Delivered>(way_ == Way::kLess ? 1 : parcels.size() + 1,
                                     Delivered{.answer = "id"});
  }

 private:
  const Way way_;
};

TEST(HandOver, OneOutcomeAParcelWhateverIsAnswered) {
  net::testing::TestLoop loop;
  auto main = [](net::Loop& l) -> net::Task<void> {
    const auto codes = [&](Odd::Way way) -> net::Task<std::string> {
      Odd destination(way);
      std::vector<ports::Parcel> parcels(3);
      const HandedOver got =
          co_await hand_over(l, null_logger(), "test", destination, std::move(parcels), 20ms);
      EXPECT_EQ(got.hung, way == Odd::Way::kHangs);
      std::string out;
      for (const Delivered& each : got.delivered) {
        out += each.kind == Delivered::Kind::kTaken ? "taken " : each.code + " ";
      }
      co_return out;
    };
    EXPECT_EQ(co_await codes(Odd::Way::kLess), "taken InternalFailure InternalFailure ");
    EXPECT_EQ(co_await codes(Odd::Way::kMore), "taken taken taken ");
    EXPECT_EQ(co_await codes(Odd::Way::kThrows),
              "InternalFailure InternalFailure InternalFailure ");
    EXPECT_EQ(co_await codes(Odd::Way::kHangs), "Timeout Timeout Timeout ");
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::delivery
