#include "delivery/smtp.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "delivery/limits.hpp"
#include "delivery/mail_destination.hpp"
#include "net/listener.hpp"
#include "net/stream.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"

namespace lapwing::delivery {
namespace {

using ports::Delivered;
using std::chrono_literals::operator""s;
using Strings = std::vector<std::string>;

// Says what it is told to, by the command's first word ("." ends a mail), and keeps what it heard.
struct PostOffice {
  explicit PostOffice(net::Loop& on) : loop(on), tasks(on) {
    listener.emplace(*net::Listener::listen(loop, net::Address::parse("127.0.0.1:0").value()));
    port = listener->address().port();
    tasks.spawn(accept());
  }
  net::Task<void> accept() {
    while (true) {
      auto fd = co_await listener->accept();
      if (!fd) co_return;
      auto stream = net::Stream::adopt(loop, *std::move(fd));
      if (stream) tasks.spawn(serve(*std::move(stream)));
    }
  }
  net::Task<void> serve(net::Stream stream) {
    ++open;
    most_open = std::max(most_open, open);
    co_await talk(stream);
    --open;
  }
  net::Task<void> talk(net::Stream& stream) {
    if (!co_await stream.write_all(says.at("hello"))) co_return;
    std::string read;
    bool in_mail = false;
    while (true) {
      const std::size_t end = read.find("\r\n");
      if (end == std::string::npos) {
        std::byte buffer[512];
        const auto got = co_await stream.read_some(buffer);
        if (!got || *got == 0) co_return;
        read += as_text(ByteView(buffer, *got));
        continue;
      }
      const std::string line = read.substr(0, end);
      read.erase(0, end + 2);
      if (in_mail && line != ".") {
        mail += line + "\n";
        continue;
      }
      heard.push_back(line);
      const std::string word = line.substr(0, line.find(' '));
      const auto answer = says.find(word);
      const std::string said = answer != says.end() ? answer->second : "250 fine\r\n";
      in_mail = word == "DATA" && said.starts_with("354");
      if (slow) co_await loop.sleep(std::chrono::milliseconds(2));
      if (!co_await stream.write_all(said)) co_return;
    }
  }

  net::Loop& loop;
  std::map<std::string, std::string> says{{"hello", "220-a\r\n220 b\r\n"}, {"DATA", "354 go\r\n"}};
  Strings heard;
  std::string mail;
  bool slow = false;
  int open = 0;
  int most_open = 0;
  std::uint16_t port = 0;
  std::optional<net::Listener> listener;
  net::TaskGroup tasks;
};

template <class T>
T result_of(net::testing::TestLoop& loop, net::Task<T> task) {
  std::optional<T> out;
  loop.run([](net::Task<T> of, std::optional<T>& into) -> net::Task<void> {
    into.emplace(co_await std::move(of));
  }(std::move(task), out));
  return *std::move(out);
}

Result<SmtpAnswer> send(net::testing::TestLoop& loop, PostOffice& office) {
  SmtpServer server{.address = net::Address::ip("127.0.0.1", office.port).value(),
                    .host = "localhost",
                    .tls = MailTls::kNone};
  return result_of(
      loop, send_mail(loop.get(), server, {"me@a.test", "you@b.test", "H: x\r\n\r\n.point\r\n"},
                      loop.get().now() + 5s));
}

TEST(Smtp, HandsAMailOver) {
  net::testing::TestLoop loop;
  PostOffice office(loop.get());
  const auto answer = send(loop, office);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->code, 250);
  EXPECT_TRUE(answer->taken());
  ASSERT_GE(office.heard.size(), 5u);
  EXPECT_EQ(Strings(office.heard.begin(), office.heard.begin() + 5),
            (Strings{"EHLO lapwing.localhost", "MAIL FROM:<me@a.test>", "RCPT TO:<you@b.test>",
                     "DATA", "."}));
  EXPECT_EQ(office.mail, "H: x\n\n..point\n");
}

TEST(Smtp, SaysWhoWasRefusedAndWhetherItMayPass) {
  struct Case {
    const char* word;
    const char* says;
    int code;
    bool of_recipient;
  };
  for (const Case& each :
       {Case{"hello", "421 busy\r\n", 421, false}, Case{"EHLO", "550 who\r\n", 550, false},
        Case{"MAIL", "530 sign in\r\n", 530, false},
        Case{"RCPT", "550-no such\r\n550 user\r\n", 550, true},
        Case{"DATA", "250 what\r\n", 451, false}, Case{".", "452 full\r\n", 452, true}}) {
    net::testing::TestLoop loop;
    PostOffice office(loop.get());
    office.says[each.word] = each.says;
    const auto answer = send(loop, office);
    ASSERT_TRUE(answer.has_value()) << each.word;
    EXPECT_EQ(answer->code, each.code) << each.word;
    EXPECT_EQ(answer->of_recipient, each.of_recipient) << each.word;
    EXPECT_EQ(answer->may_pass(), each.code / 100 == 4) << each.word;
    EXPECT_FALSE(answer->taken());
  }
}

TEST(Smtp, WhatIsNoMailServerIsAnError) {
  for (const std::string& hello :
       {std::string("HTTP/1.1 400 Bad Request\r\n"), std::string("2\r\n"),
        std::string(2 * kSmtpLineBytesMax, 'x'), std::string(kSmtpLineBytesMax, '2') + "\r\n"}) {
    net::testing::TestLoop loop;
    PostOffice office(loop.get());
    office.says["hello"] = hello;
    const auto answer = send(loop, office);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().kind(), ErrorKind::kInvalid);
  }
}

TEST(Smtp, AMailIsWrittenSoThatNothingOfItIsAHeader) {
  const std::string mail = write_mail({.id = "1",
                                       .from = "me@a.test",
                                       .to = "you@b.test",
                                       .subject = "one\r\nBcc: all@c.test",
                                       .body = std::string(100, 'x'),
                                       .time = WallTime()});
  EXPECT_TRUE(mail.contains("\r\nSubject: one  Bcc: all@c.test\r\n")) << mail;
  EXPECT_TRUE(mail.starts_with("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
  for (std::size_t at = 0; at < mail.size();) {
    const std::size_t end = mail.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 78u);
    at = end + 2;
  }
  const std::string other = write_mail({.subject = std::string("\xc3\xa4\xc3\xb6") + "=?"});
  EXPECT_TRUE(other.contains("Subject: =?utf-8?B?w6TDtj0/?=\r\n")) << other;
}

TEST(Smtp, AnAddressHoldsNoCommand) {
  EXPECT_TRUE(is_mail_address("a.b+c@d.test"));
  for (const char* const bad : {"", "a", "a@b c", "a@b>", "a@b\r\nDATA", "\xc3\xa4@b"}) {
    EXPECT_FALSE(is_mail_address(bad)) << bad;
  }
}

TEST(MailDestination, TellsWhatCameOfItAndIsNoFloodToItsServer) {
  net::testing::TestLoop loop;
  PostOffice office(loop.get());
  office.slow = true;
  net::WorkerPool names(1);
  ManualClock clock;
  MailSettings settings;
  settings.host = "127.0.0.1";
  settings.port = office.port;
  MailDestination mail(settings, clock, names);
  const auto deliver = [&](std::string to) {
    std::vector<ports::Parcel> parcels(1);
    parcels[0] = {.id = "p:1", .target = "mailto:" + to, .body = "text", .subject = "s"};
    return result_of(loop, mail.deliver(loop.get(), parcels)).at(0);
  };
  EXPECT_EQ(deliver("you@b.test").kind, Delivered::Kind::kTaken);
  EXPECT_TRUE(office.mail.contains("Message-ID: <p.1@lapwing.localhost>")) << office.mail;
  EXPECT_EQ(deliver("nobody").kind, Delivered::Kind::kRefused);
  office.says["RCPT"] = "550 unknown\r\n";
  const Delivered refused = deliver("you@b.test");
  EXPECT_EQ(refused.kind, Delivered::Kind::kRefused);
  EXPECT_EQ(refused.code, "550");
  office.says["RCPT"] = "451 greylisted\r\n";
  EXPECT_EQ(deliver("you@b.test").kind, Delivered::Kind::kLater);
  office.says.erase("RCPT");
  office.says["MAIL"] = "530 sign in\r\n";
  EXPECT_EQ(deliver("you@b.test").kind, Delivered::Kind::kLater);  // a matter of settings
  office.says.erase("MAIL");

  std::vector<ports::Parcel> parcels(1);
  parcels[0] = {.id = "p", .target = "mailto:you@b.test", .body = "text"};
  loop.run([](MailDestination& by, net::Loop& on,
              const std::vector<ports::Parcel>& all) -> net::Task<void> {
    net::TaskGroup group(on);
    for (int i = 0; i < 40; ++i) {
      group.spawn([](MailDestination& to, net::Loop& here,
                     const std::vector<ports::Parcel>& what) -> net::Task<void> {
        (void)co_await to.deliver(here, what);
      }(by, on, all));
    }
    co_await group.join();
  }(mail, loop.get(), parcels));
  // It hears of the end of one after the next has begun.
  EXPECT_LE(office.most_open, 2 * static_cast<int>(kMailsAtOnce));
  EXPECT_GE(office.most_open, 2);
  settings.port = 1;  // nobody there
  MailDestination nowhere(settings, clock, names);
  parcels[0].id = "q";
  EXPECT_EQ(result_of(loop, nowhere.deliver(loop.get(), parcels)).at(0).code, "ConnectionFailed");
}

}  // namespace
}  // namespace lapwing::delivery
