#include "delivery/mail_destination.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "delivery/limits.hpp"
#include "net/timeout.hpp"

namespace lapwing::delivery {
namespace {

using ports::Delivered;

constexpr std::string_view kScheme = "mailto:";

Delivered outcome(const Result<SmtpAnswer>& answer) {
  if (!answer) {
    const bool late = answer.error().kind() == ErrorKind::kTimeout;
    return {.kind = Delivered::Kind::kLater,
            .code = late ? "Timeout" : "ConnectionFailed",
            .message = late ? "The mail server did not answer in time." : answer.error().message()};
  }
  Delivered out;
  out.answer = answer->text;
  if (answer->taken()) return out;
  // Not let in for good is a matter of settings, which may change.
  const bool refused = answer->of_recipient && !answer->may_pass();
  out.kind = refused ? Delivered::Kind::kRefused : Delivered::Kind::kLater;
  out.code = fmt::format("{}", answer->code);
  out.message = "The mail server answered: " + answer->text;
  return out;
}

}  // namespace

Result<const net::TlsClientContext*> MailDestination::trusted() {
  if (settings_.protection() == MailTls::kNone) return nullptr;
  const std::lock_guard lock(mutex_);
  if (!tls_) {
    LAPWING_TRY(net::TlsClientContext made, net::TlsClientContext::create(extra_ca_pem_));
    tls_.emplace(std::move(made));
  }
  return &*tls_;
}

net::Task<Result<MailDestination::Place>> MailDestination::take(net::Loop& loop) {
  auto channel = net::one_shot<Place>(loop);
  {
    const std::lock_guard lock(mutex_);
    if (taken_ < kMailsAtOnce) {
      ++taken_;
      co_return Place(this);
    }
    waiting_.push_back(std::move(channel.sender));
  }
  co_return co_await channel.receiver;
}

void MailDestination::give_back() {
  net::OneShotSender<Place> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      --taken_;
      return;
    }
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  // Where nobody takes it any more it comes back here.
  (void)next.send(Place(this));
}

net::Task<Result<SmtpAnswer>> MailDestination::send(net::Loop& loop, Mail mail) {
  SmtpServer server{.address = net::Address::ip("127.0.0.1", 0).value(),
                    .host = settings_.host,
                    .tls = settings_.protection(),
                    .trusted = nullptr,
                    .user = settings_.user,
                    .password = settings_.password};
  LAPWING_CO_TRY(server.trusted, trusted());
  const MonoTime deadline = loop.now() + kMailTimeout;
  LAPWING_CO_TRY(server.address, co_await net::with_timeout(
                                     loop, kMailTimeout,
                                     net::resolve(loop, names_, settings_.host,
                                                  static_cast<std::uint16_t>(settings_.port))));
  co_return co_await send_mail(loop, std::move(server), std::move(mail), deadline);
}

net::Task<Delivered> MailDestination::deliver_one(net::Loop& loop, const ports::Parcel& parcel) {
  const std::string to = parcel.target.substr(std::min(kScheme.size(), parcel.target.size()));
  if (!is_mail_address(to)) {
    co_return Delivered{.kind = Delivered::Kind::kRefused,
                        .code = "InvalidAddress",
                        .message = "This is no e-mail address."};
  }
  const auto place = co_await take(loop);
  if (!place) co_return outcome(fail(place.error()));
  std::string id = parcel.id;
  std::ranges::replace(id, ':', '.');  // which no message's id may hold
  co_return outcome(co_await send(loop, {.from = settings_.from,
                                         .to = to,
                                         .text = write_mail({.id = std::move(id),
                                                             .from = settings_.from,
                                                             .to = to,
                                                             .subject = parcel.subject,
                                                             .body = parcel.body,
                                                             .time = clock_.wall()})}));
}

net::Task<std::vector<Delivered>> MailDestination::deliver(
    net::Loop& loop, const std::vector<ports::Parcel>& parcels) {
  std::vector<Delivered> out;
  for (const ports::Parcel& parcel : parcels) {
    out.push_back(co_await deliver_one(loop, parcel));
  }
  co_return out;
}

}  // namespace lapwing::delivery
