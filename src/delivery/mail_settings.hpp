// What may be set of mail that leaves the machine.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/settings.hpp"
#include "delivery/smtp.hpp"

namespace lapwing::delivery {

struct MailSettings {
  std::string host;  // empty: no mail leaves
  std::int64_t port = 25;
  std::string from = "no-reply@lapwing.localhost";
  std::string tls = "none";
  std::string user;
  std::string password;

  void visit(SettingVisitor& to) {
    to.text("smtp.host", host,
            {.help = "the mail server that e-mail goes to; empty: it is only kept, for "
                     "`GET /_lapwing/outbox`",
             .example = "\"mail.example.com\""});
    to.number("smtp.port", port, {.help = "its port", .low = 1, .high = 65535});
    to.text("smtp.from", from, {.help = "the address that e-mail is from"});
    to.text("smtp.tls", tls,
            {.help = "how the connection is protected: none, starttls, or tls from the beginning",
             .choices = "none|starttls|tls"});
    to.text("smtp.user", user,
            {.help = "who signs in there; empty: nobody. Only with TLS", .example = "\"lapwing\""});
    to.text("smtp.password", password, {.help = "the password of smtp.user"});
  }
  Status check() const {
    const auto invalid = [](std::string text) {
      return fail(make_error(ErrorKind::kInvalid, std::move(text)));
    };
    if (!is_mail_address(from)) return invalid("smtp.from is no address");
    if (!user.empty() && tls == "none") {
      return invalid(
          "smtp.user needs smtp.tls=starttls or smtp.tls=tls: a password is not sent in "
          "the clear");
    }
    return {};
  }
  MailTls protection() const {
    if (tls == "none") return MailTls::kNone;
    return tls == "tls" ? MailTls::kTls : MailTls::kStartTls;
  }
};

}  // namespace lapwing::delivery
