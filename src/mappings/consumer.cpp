#include "mappings/consumer.hpp"

namespace lapwing::mappings {

net::Task<std::vector<PlacePtr>> Consumer::hold(net::Loop&, std::uint32_t count) {
  co_return std::vector<PlacePtr>(count);
}

net::Task<Taken> Consumer::take_event(net::Loop&, std::string) {
  co_return Taken{
      .kind = Taken::Kind::kFailed, .counts = false, .reason = "It takes records of queues only."};
}

}  // namespace lapwing::mappings
