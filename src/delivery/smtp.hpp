// One mail handed to an SMTP server: the client's half of RFC 5321, with STARTTLS (RFC 3207) or TLS
// from the beginning, and a login (AUTH PLAIN, RFC 4616), which is sent through TLS alone. A mail
// is one connection.
//
//   Result<SmtpAnswer> answer = co_await send_mail(loop, server, mail, deadline);
//
// Errors: kUnavailable and kTimeout of the way there, kInvalid for what does not speak SMTP. What
// the server refuses is no error, but an answer.
//
// Thread-safety: any loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/address.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace lapwing::delivery {

enum class MailTls : std::uint8_t { kNone, kStartTls, kTls };

// What it names outlives the task.
struct SmtpServer {
  net::Address address;
  std::string host;  // checked against its certificate
  MailTls tls = MailTls::kStartTls;
  const net::TlsClientContext* trusted = nullptr;  // where there is TLS
  std::string user = {};                           // empty: no login
  std::string password = {};
};

struct Mail {
  std::string from;  // an address
  std::string to;
  std::string text;  // headers and body, lines ended by CR LF
};

struct SmtpAnswer {
  int code = 0;  // 250: it is the server's now; of the command that was refused otherwise
  std::string text;
  bool of_recipient = false;  // what was refused is the mail or its address, not we
  bool taken() const { return code / 100 == 2; }
  bool may_pass() const { return code / 100 == 4; }
};

net::Task<Result<SmtpAnswer>> send_mail(net::Loop& loop, SmtpServer server, Mail mail,
                                        MonoTime deadline);

// A mail of text, for send_mail(): nothing in it is taken for a header.
struct MailText {
  std::string id = {};  // of the message, without "@"
  std::string from = {};
  std::string to = {};
  std::string subject = {};
  std::string body = {};  // UTF-8
  WallTime time = {};
};
std::string write_mail(const MailText& mail);

// Whether it may stand between "<" and ">" of a command: printable ASCII, an "@", no blanks.
bool is_mail_address(std::string_view text);

}  // namespace lapwing::delivery
