#include "delivery/smtp.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "delivery/limits.hpp"
#include "net/stream.hpp"
#include "text/base64.hpp"
#include "text/time_format.hpp"
#include "text/utf8.hpp"

namespace lapwing::delivery {
namespace {

constexpr std::size_t kLineBytes = 76;  // of base64, RFC 2045
constexpr std::string_view kDomain = "lapwing.localhost";

Error no_smtp(std::string what) { return make_error(ErrorKind::kInvalid, std::move(what)); }

class Talk {
 public:
  explicit Talk(net::Stream stream) : stream_(std::move(stream)) {}

  net::Task<Result<SmtpAnswer>> command(std::string line) {
    line += "\r\n";
    LAPWING_CO_CHECK(co_await stream_.write_all(line));
    co_return co_await answer();
  }
  net::Task<Status> write(const std::string& text) { co_return co_await stream_.write_all(text); }

  // Lines "250-more" and a last one "250 end".
  net::Task<Result<SmtpAnswer>> answer() {
    SmtpAnswer out;
    while (true) {
      LAPWING_CO_TRY(const std::string line, co_await this->line());
      const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), out.code);
      if (error != std::errc() || rest != line.data() + 3 || line.size() > kSmtpLineBytesMax) {
        co_return fail(no_smtp("The mail server does not answer as one."));
      }
      if (out.text.size() < kFailureTextMax && line.size() > 4) {
        if (!out.text.empty()) out.text += ' ';
        out.text += line.substr(4);
      }
      if (line.size() < 4 || line[3] == ' ') co_return out;
      if (++lines_ > kSmtpLinesMax) {
        co_return fail(no_smtp("The mail server says too much."));
      }
    }
  }

  // What was read before TLS counts for nothing: somebody else may have written it.
  net::Task<Status> begin_tls(const SmtpServer& server, MonoTime deadline) {
    read_.clear();
    auto stream =
        co_await net::tls_connect(std::move(stream_), *server.trusted, server.host, deadline);
    if (!stream) co_return fail(stream.error());
    stream_ = *std::move(stream);
    stream_.set_read_deadline(deadline);
    co_return Status();
  }

 private:
  net::Task<Result<std::string>> line() {
    while (true) {
      const std::size_t end = read_.find('\n');
      if (end != std::string::npos) {
        std::string out = read_.substr(0, end);
        read_.erase(0, end + 1);
        if (out.ends_with('\r')) out.pop_back();
        co_return out;
      }
      if (read_.size() > kSmtpLineBytesMax) {
        co_return fail(no_smtp("The mail server does not answer as one."));
      }
      char buffer[1024];
      LAPWING_CO_TRY(const std::size_t got, co_await stream_.read_some(as_writable(buffer)));
      if (got == 0) {
        co_return fail(make_error(ErrorKind::kUnavailable, "The mail server hung up."));
      }
      read_.append(buffer, got);
    }
  }
  static MutableBytes as_writable(char (&buffer)[1024]) {
    return std::as_writable_bytes(std::span(buffer));
  }

  net::Stream stream_;
  std::string read_;
  std::size_t lines_ = 0;
};

std::string login(const SmtpServer& server) {
  std::string plain;
  plain += '\0';
  plain += server.user;
  plain += '\0';
  plain += server.password;
  return text::base64_encode(plain);
}

// Lines that begin with a point begin with two: one alone ends the mail.
std::string stuffed(const std::string& text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && c == '.') out += '.';
    out += c;
    line_begins = c == '\n';
  }
  return out + (line_begins ? ".\r\n" : "\r\n.\r\n");
}

net::Task<Result<SmtpAnswer>> hello(Talk& talk) {
  return talk.command(fmt::format("EHLO {}", kDomain));
}

// Up to where mail is taken; an answer that is not 2xx ends it.
net::Task<Result<SmtpAnswer>> open(Talk& talk, const SmtpServer& server, MonoTime deadline) {
  if (server.tls == MailTls::kTls) LAPWING_CO_CHECK(co_await talk.begin_tls(server, deadline));
  LAPWING_CO_TRY(SmtpAnswer answer, co_await talk.answer());
  if (!answer.taken()) co_return answer;
  LAPWING_CO_TRY(answer, co_await hello(talk));
  if (!answer.taken()) co_return answer;
  if (server.tls == MailTls::kStartTls) {
    LAPWING_CO_TRY(answer, co_await talk.command("STARTTLS"));
    if (!answer.taken()) co_return answer;
    LAPWING_CO_CHECK(co_await talk.begin_tls(server, deadline));
    LAPWING_CO_TRY(answer, co_await hello(talk));
    if (!answer.taken()) co_return answer;
  }
  if (server.user.empty()) co_return answer;
  co_return co_await talk.command("AUTH PLAIN " + login(server));
}

net::Task<Result<SmtpAnswer>> converse(Talk& talk, const SmtpServer& server, const Mail& mail,
                                       MonoTime deadline) {
  LAPWING_CO_TRY(SmtpAnswer answer, co_await open(talk, server, deadline));
  if (!answer.taken()) co_return answer;
  LAPWING_CO_TRY(answer, co_await talk.command(fmt::format("MAIL FROM:<{}>", mail.from)));
  if (!answer.taken()) co_return answer;
  LAPWING_CO_TRY(answer, co_await talk.command(fmt::format("RCPT TO:<{}>", mail.to)));
  answer.of_recipient = true;
  if (!answer.taken()) co_return answer;
  LAPWING_CO_TRY(answer, co_await talk.command("DATA"));
  if (answer.code != 354) {
    // Nothing was taken, whatever it says.
    if (answer.taken()) answer.code = 451;
    co_return answer;
  }
  LAPWING_CO_CHECK(co_await talk.write(stuffed(mail.text)));
  LAPWING_CO_TRY(answer, co_await talk.answer());
  answer.of_recipient = true;
  // Whether it says goodbye does not matter.
  if (answer.taken()) (void)co_await talk.write("QUIT\r\n");
  co_return answer;
}

bool is_ascii_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// RFC 2047, where it is needed; line breaks become blanks.
std::string header_text(std::string text) {
  for (char& c : text) {
    if (c == '\r' || c == '\n' || c == '\t') c = ' ';
  }
  if (is_ascii_text(text) && !text.contains("=?")) return text;
  // Words of 75 characters at most, each of whole characters.
  constexpr std::size_t kBytesOfWord = 42;
  std::string out;
  for (std::string_view left = text; !left.empty();) {
    const std::string_view word = text::truncate_utf8(left, kBytesOfWord);
    if (!out.empty()) out += "\r\n ";
    out += fmt::format("=?utf-8?B?{}?=", text::base64_encode(word));
    left.remove_prefix(word.size());
  }
  return out;
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const bool plain =
      std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '<' && c != '>'; });
  return plain && text.size() <= kMailAddressBytesMax && text.contains('@');
}

std::string write_mail(const MailText& mail) {
  std::string out = fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n",
      text::format_http_date(mail.time), mail.from, mail.to, header_text(mail.subject), mail.id,
      kDomain);
  const std::string body = text::base64_encode(mail.body);
  for (std::size_t at = 0; at < body.size(); at += kLineBytes) {
    out += std::string_view(body).substr(at, kLineBytes);
    out += "\r\n";
  }
  return out;
}

net::Task<Result<SmtpAnswer>> send_mail(net::Loop& loop, SmtpServer server, Mail mail,
                                        MonoTime deadline) {
  LAPWING_CO_TRY(net::Stream stream, co_await net::Stream::connect(loop, server.address, deadline));
  stream.set_read_deadline(deadline);
  stream.set_write_timeout(kMailTimeout);
  Talk talk(std::move(stream));
  co_return co_await converse(talk, server, mail, deadline);
}

}  // namespace lapwing::delivery
