// E-mail addresses as destinations ("mailto:ADDRESS"): a parcel is a mail, its subject and body,
// handed to the mail server that is set. What the server refuses for good (5xx of the address or
// the mail) is refused; everything else may be tried again: it is not there, is busy, or does not
// let us in.
//
// Thread-safety: as ports::Destination.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "delivery/mail_settings.hpp"
#include "net/sync.hpp"
#include "net/worker_pool.hpp"
#include "ports/destination.hpp"

namespace lapwing::delivery {

class MailDestination final : public ports::Destination {
 public:
  // The name of the mail server is looked up on `names`. `extra_ca_pem`: trusted besides the
  // system's certificates. All outlive it.
  MailDestination(MailSettings settings, const Clock& clock, net::WorkerPool& names,
                  std::string extra_ca_pem = {})
      : settings_(std::move(settings)),
        clock_(clock),
        names_(names),
        extra_ca_pem_(std::move(extra_ca_pem)) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;
  bool quick() const override { return false; }

 private:
  // One of the connections there may be, given back where it ends.
  class Place {
   public:
    explicit Place(MailDestination* of) : of_(of) {}
    Place(Place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~Place() {
      if (of_ != nullptr) of_->give_back();
    }

   private:
    MailDestination* of_;
  };

  net::Task<Result<Place>> take(net::Loop& loop);
  void give_back();
  net::Task<Result<SmtpAnswer>> send(net::Loop& loop, Mail mail);
  Result<const net::TlsClientContext*> trusted();
  net::Task<ports::Delivered> deliver_one(net::Loop& loop, const ports::Parcel& parcel);

  const MailSettings settings_;
  const Clock& clock_;
  net::WorkerPool& names_;
  const std::string extra_ca_pem_;
  std::mutex mutex_;
  std::optional<net::TlsClientContext> tls_;  // made when it is first needed
  std::size_t taken_ = 0;
  std::deque<net::OneShotSender<Place>> waiting_;
};

}  // namespace lapwing::delivery
