#include "delivery/outbox/bells.hpp"

#include <utility>

namespace lapwing::delivery {

void Place::on_signal() noexcept {
  if (rung_.exchange(true)) return;
  if (auto self = weak_from_this().lock()) bells_.ring(std::move(self));
}

void Bells::ring(std::shared_ptr<Place> place) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  place->rung_ = true;
  rung_.push_back(std::move(place));
  if (hold_ == nullptr) hold_ = hold(core_.needs.background);
  if (std::exchange(posted_, true)) return;
  core_.loop.post([self = shared_from_this()] { self->take(); });
}

void Bells::take() {
  std::vector<std::shared_ptr<Place>> rung;
  HoldPtr hold;
  {
    const std::scoped_lock lock(mutex_);
    rung.swap(rung_);
    hold.swap(hold_);
    posted_ = false;
    if (closed_) return;
  }
  for (const std::shared_ptr<Place>& place : rung) {
    place->rung_ = false;  // before it looks, so that nothing is missed
    place->look(hold);
  }
}

bool Bells::closed() const {
  const std::scoped_lock lock(mutex_);
  return closed_;
}

void Bells::close() {
  std::vector<std::shared_ptr<Place>> rung;
  HoldPtr hold;
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  rung.swap(rung_);
  hold.swap(hold_);
}

}  // namespace lapwing::delivery
