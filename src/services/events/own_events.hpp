// Events of services, put on default buses.
//
// Thread-safety: as ports::OwnEvents.
#pragma once

#include "ports/own_events.hpp"

namespace lapwing::events {

struct Core;

class OwnEvents final : public ports::OwnEvents {
 public:
  // Outlives it; before its service's start nothing is wanted.
  explicit OwnEvents(Core& core) : core_(core) {}

  bool wanted(const aws::Scope& scope) const override;
  net::Task<Status> put(net::Loop& loop, ports::OwnEvent event) override;

 private:
  Core& core_;
};

// Whether sources of this name are services' alone.
inline bool is_own_source(std::string_view source) { return source.starts_with("aws."); }

}  // namespace lapwing::events
