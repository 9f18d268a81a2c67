// API destinations: an event for one is an HTTP request, made with what its connection authorises.
//
// What a rule's target says of the request (path values, query, headers) is put together when the
// outbox asks for the shipment (complete()); what the connection says, secrets among it, at the
// attempt (deliver()). Between the two the target is "api-destination:CONNECTION URL".
//
// Who has no outbox (pipes) sends to "api-destination:ARN", with path values, query and headers in
// the parcel; it waits for its turn, as the destination's rate has it.
//
// Source: EventBridge user guide, "API destinations" and "Connections".
//
// Thread-safety: any thread; as ports::Destination.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/http_caller.hpp"
#include "hosting/service.hpp"
#include "ports/destination.hpp"
#include "services/events/connections.hpp"
#include "services/events/rules.hpp"
#include "services/events/shelf.hpp"
#include "services/events/tables.hpp"

namespace lapwing::events {

inline constexpr std::string_view kApiScheme = "api-destination";

class ApiCalls final : public ports::Destination, public TargetKinds {
 public:
  ApiCalls(const Shelf<ApiDestinationTable>& apis, const Shelf<ConnectionTable>& connections,
           Connections& authorisations)
      : apis_(apis), connections_(connections), authorisations_(authorisations) {}

  void complete(const Rule& rule, const gen::events::Target& target,
                delivery::Shipment& shipment) const override;

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;
  bool quick() const override { return false; }

  ConnectionPtr connection_of(std::string_view arn) const;

 private:
  // At the URL of the API destination; what it is answered where that is not there.
  std::optional<ports::Delivered> aim(std::string_view arn, ports::Parcel& parcel,
                                      double& a_second_max) const;
  // Waits for the next place that the rate leaves; false: that would be too long.
  net::Task<bool> in_turn(net::Loop& loop, const std::string& arn, double a_second_max);
  net::Task<ports::Delivered> deliver_one(net::Loop& loop, const ports::Parcel& parcel);

  const Shelf<ApiDestinationTable>& apis_;
  const Shelf<ConnectionTable>& connections_;
  Connections& authorisations_;
  std::mutex mutex_;
  std::map<std::string, MonoTime, std::less<>> next_;  // by ARN; guarded by mutex_
};

}  // namespace lapwing::events
