#include "http/h1_codec.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/clean.hpp"
#include "source_dir.hpp"

namespace lapwing::http {
namespace {

struct Case {
  std::string name;
  std::string bytes;
  int status = 0;            // expected error, 0 for none
  std::size_t requests = 0;  // complete ones before it
};

// In the data file '\n' ends a line of the file only; what goes on the wire is spelled \r \n
// \t \0 \xHH.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    switch (text[++i]) {
      case 'r':
        out.push_back('\r');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 't':
        out.push_back('\t');
        break;
      case '0':
        out.push_back('\0');
        break;
      case 'x':
        out.push_back(
            static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
        i += 2;
        break;
      default:
        out.push_back(text[i]);
    }
  }
  return out;
}

std::vector<Case> load_cases() {
  std::ifstream file(std::string(kSourceDir) + "/src/http/h1_requests.txt");
  std::vector<Case> cases;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '=') {
      Case& next = cases.emplace_back();
      std::istringstream head(line.substr(1));
      head >> next.status >> next.requests;
      std::getline(head >> std::ws, next.name);
    } else {
      cases.back().bytes += unescape(line);
    }
  }
  return cases;
}

TEST(H1Codec, RequestsOfTheDataFile) {
  const std::vector<Case> cases = load_cases();
  ASSERT_GE(cases.size(), 60u);
  HeadLimits limits;
  limits.target_bytes = 512;
  limits.head_bytes = 2048;
  limits.header_count = 20;
  for (const Case& test : cases) {
    const ParsedAll all = parse_all(test.bytes, limits);
    EXPECT_EQ(all.error_status, test.status) << test.name;
    EXPECT_EQ(all.requests, test.requests) << test.name;
  }
}

TEST(H1Codec, ArrivingByteByByteChangesNothing) {
  HeadLimits limits;
  limits.target_bytes = 512;
  limits.head_bytes = 2048;
  limits.header_count = 20;
  for (const Case& test : load_cases()) {
    const ParsedAll whole = parse_all(test.bytes, limits);
    for (std::size_t piece : {1u, 2u, 7u}) {
      const ParsedAll pieces = parse_all(test.bytes, limits, piece);
      EXPECT_EQ(pieces.error_status, whole.error_status) << test.name << " by " << piece;
      EXPECT_EQ(pieces.requests, whole.requests) << test.name << " by " << piece;
      EXPECT_EQ(pieces.body_bytes, whole.body_bytes) << test.name << " by " << piece;
    }
  }
}

// Eight at a time finds what one at a time finds, whatever stands around it.
TEST(H1Codec, ControlCharactersAreFoundAnywhere) {
  for (const char around : {'a', '\t', '\x20', '\x7e', '\x80', '\xff'}) {
    for (std::size_t size = 1; size <= 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        for (int c = 0; c < 256; ++c) {
          std::string text(size, around);
          text[at] = static_cast<char>(c);
          const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
          ASSERT_EQ(control_at(text, 0), control ? at : size)
              << c << " at " << at << " of " << size << " around " << int{around};
          ASSERT_EQ(control_at(text, at), control ? at : size);
          ASSERT_EQ(control_at(text, at + 1), size);
        }
      }
    }
  }
}

TEST(H1Codec, RequestAsParsed) {
  HeadLimits limits;
  HeadParser parser(limits);
  Request request;
  HeadInfo info;
  const std::string_view bytes =
      "\r\nPOST /2015-03-31/functions/f%20x/invocations?a=%2F&b HTTP/1.1\r\nHost: a:1\r\n"
      "X-Empty:\r\nX-Two: 1\r\nx-two: \t2 \r\nConnection: Keep-Alive, X\r\n"
      "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
  ASSERT_EQ(parser.parse_request(bytes, request, info), ParseState::kDone)
      << parser.error().message;
  EXPECT_EQ(parser.consumed(), bytes.size() - 3);
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.target, "/2015-03-31/functions/f%20x/invocations?a=%2F&b");
  EXPECT_EQ(request.path(), "/2015-03-31/functions/f%20x/invocations");
  EXPECT_EQ(request.query(), "a=%2F&b");
  EXPECT_EQ(request.headers.get("host"), "a:1");
  EXPECT_EQ(request.headers.get("x-empty"), "");
  EXPECT_EQ(request.headers.all("X-TWO"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(request.headers.get("nope"), std::nullopt);
  EXPECT_EQ(info.framing, BodyFraming::kLength);
  EXPECT_EQ(info.content_length, 3u);
  EXPECT_TRUE(info.keep_alive);
  EXPECT_TRUE(info.expects_continue);
  // A copy keeps its fields; so does what is moved.
  Headers moved = std::move(request.headers);
  EXPECT_EQ(moved.get("X-Two"), "1");
}

TEST(H1Codec, AbsoluteFormReplacesHost) {
  HeadLimits limits;
  HeadParser parser(limits);
  Request request;
  HeadInfo info;
  ASSERT_EQ(
      parser.parse_request("GET http://b.example:8?q HTTP/1.1\r\nHost: a\r\n\r\n", request, info),
      ParseState::kDone);
  EXPECT_EQ(request.target, "/?q");
  EXPECT_EQ(request.headers.all("host"), (std::vector<std::string_view>{"b.example:8"}));
}

TEST(H1Codec, ResponsesAndTheirFraming) {
  struct Expect {
    std::string_view bytes;
    BodyFraming framing;
    bool keep_alive;
    bool answers_head = false;
  };
  const std::vector<Expect> expected = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", BodyFraming::kLength, true},
      {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n", BodyFraming::kLength, true},
      {"HTTP/1.1 200 OK\r\n\r\n", BodyFraming::kUntilClose, false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", BodyFraming::kChunked, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", BodyFraming::kNone, true},
      {"HTTP/1.1 304 \r\n\r\n", BodyFraming::kNone, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", BodyFraming::kNone, true, true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", BodyFraming::kLength, false},
  };
  HeadLimits limits;
  for (const Expect& want : expected) {
    HeadParser parser(limits);
    Response response;
    HeadInfo info;
    ASSERT_EQ(parser.parse_response(want.bytes, response, info, want.answers_head),
              ParseState::kDone)
        << want.bytes;
    EXPECT_EQ(info.framing, want.framing) << want.bytes;
    EXPECT_EQ(info.keep_alive, want.keep_alive) << want.bytes;
  }
  for (std::string_view bad :
       {"HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    HeadParser parser(limits);
    Response response;
    HeadInfo info;
    EXPECT_EQ(parser.parse_response(bad, response, info, false), ParseState::kError) << bad;
  }
}

TEST(H1Codec, ChunkedBodyWithTrailers) {
  BodyDecoder decoder;
  HeadInfo info;
  info.framing = BodyFraming::kChunked;
  decoder.start(info);
  std::string_view rest =
      "3\r\nabc\r\n1E;ext=\"1\"\r\n123456789012345678901234567890\r\n0\r\nA: 1\r\nB:2 \r\n\r\nNEXT";
  std::string body;
  while (!decoder.done()) {
    const BodyDecoder::Step step = decoder.decode(rest);
    ASSERT_NE(step.state, ParseState::kError);
    body.append(step.data);
    rest.remove_prefix(step.consumed);
  }
  EXPECT_EQ(body, "abc123456789012345678901234567890");
  EXPECT_EQ(rest, "NEXT");
  EXPECT_EQ(decoder.trailers().get("a"), "1");
  EXPECT_EQ(decoder.trailers().get("b"), "2");
}

TEST(H1Codec, TrailersHaveALimit) {
  BodyDecoder decoder;
  HeadInfo info;
  info.framing = BodyFraming::kChunked;
  decoder.start(info);
  std::string bytes = "0\r\n";
  for (std::size_t i = 0; i < HeadLimits().trailer_bytes / 16; ++i)
    bytes += "Trailer-Name: abcdef\r\n";
  bytes += "\r\n";
  std::string_view rest = bytes;
  ParseState state = ParseState::kNeedMore;
  while (state == ParseState::kNeedMore) {
    const BodyDecoder::Step step = decoder.decode(rest);
    rest.remove_prefix(step.consumed);
    state = step.state;
  }
  EXPECT_EQ(state, ParseState::kError);
}

TEST(H1Codec, BodyUntilCloseAndEarlyEnd) {
  BodyDecoder decoder;
  HeadInfo info;
  info.framing = BodyFraming::kUntilClose;
  decoder.start(info);
  EXPECT_EQ(decoder.decode("abc").data, "abc");
  EXPECT_FALSE(decoder.done());
  EXPECT_EQ(decoder.end_of_input(), ParseState::kDone);
  EXPECT_TRUE(decoder.done());
  info.framing = BodyFraming::kLength;
  info.content_length = 5;
  decoder.start(info);
  EXPECT_EQ(decoder.decode("abc").data, "abc");
  EXPECT_EQ(decoder.remaining(), 2u);
  EXPECT_EQ(decoder.end_of_input(), ParseState::kError);
}

TEST(H1Codec, NobodyCanWriteALineBreakIntoAHead) {
  Response response(200);
  response.headers.add("X-Evil", "a\r\nSet-Cookie: b\n\0c");
  response.headers.add("X\r\nY", "1");
  response.headers.add("Content-Length", "999");
  ResponseFraming framing;
  framing.framing = BodyFraming::kLength;
  framing.content_length = 2;
  std::string out;
  write_response_head(out, response, framing);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nX-Evil: a  Set-Cookie: b \r\nX  Y: 1\r\nContent-Length: 2\r\n\r\n");
}

TEST(Headers, ChangeAndViewsOfThemselves) {
  Headers headers{{"A", "1"}, {"B", "x, Y ,z"}};
  headers.add("a", "2");
  EXPECT_TRUE(headers.has_token("b", "y"));
  EXPECT_FALSE(headers.has_token("b", "x, y"));
  headers.set("A", *headers.get("B"));
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.get("a"), "x, Y ,z");
  for (int i = 0; i < 100; ++i) headers.add("Copy", *headers.get("a"));
  EXPECT_EQ(headers.all("copy").back(), "x, Y ,z");
  EXPECT_TRUE(headers.remove("copy"));
  EXPECT_FALSE(headers.remove("copy"));
  EXPECT_EQ(headers.size(), 2u);
}

}  // namespace
}  // namespace lapwing::http
