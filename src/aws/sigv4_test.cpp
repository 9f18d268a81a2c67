#include "aws/sigv4.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/sigv4_canonical.hpp"
#include "aws/sigv4_signer.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"
#include "text/time_format.hpp"

namespace lapwing::aws {
namespace {

constexpr std::string_view kKeyId = "AKIDEXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const Credentials kCredentials{std::string(kKeyId), std::string(kSecret), ""};

WallTime at(std::string_view basic) { return text::parse_basic(basic).value(); }

// Knows one key, with any session token.
class OneKey final : public CredentialStore {
 public:
  Result<KnownKey> find(std::string_view id, std::string_view, WallTime) const override {
    if (id != kKeyId) return fail(make_error(ErrorKind::kDenied, "unknown key"));
    return KnownKey{std::string(kSecret), root_of(AccountId("123456789012"))};
  }
};

struct OwnedRequest {
  std::string method = "GET";
  std::string path = "/";
  std::string query;
  std::vector<HeaderField> headers;
  std::string body;
  std::vector<HeaderView> views;

  Request view() {
    views.clear();
    for (const HeaderField& header : headers) views.push_back({header.name, header.value});
    return {method, path, query, views, body};
  }
};

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(kSourceDir) + "/src/aws/data/" + name);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

std::string field(const text::JsonValue& object, std::string_view name) {
  const text::JsonValue* value = object.find(name);
  return value == nullptr ? "" : std::string(value->as_string());
}

OwnedRequest request_of(const text::JsonValue& test) {
  OwnedRequest request{field(test, "method"), field(test, "path"),
                       field(test, "query"),  {},
                       field(test, "body"),   {}};
  for (const text::JsonValue& header : test.find("headers")->items()) {
    request.headers.push_back(
        {std::string(header.items()[0].as_string()), std::string(header.items()[1].as_string())});
  }
  return request;
}

std::string outcome(const Authenticator& authenticator, OwnedRequest& request,
                    std::string_view service = {}) {
  const Request view = request.view();
  const auto head = authenticator.read(view);
  if (!head) return head.error().code() + ": " + head.error().message();
  const auto caller = authenticator.authenticate(view, *head, service);
  if (!caller) return caller.error().code() + ": " + caller.error().message();
  return caller->authenticated ? "ok" : "not authenticated";
}

class SigV4 : public ::testing::Test {
 protected:
  OneKey store;
  ManualClock clock{at("20150830T123600Z")};
  Authenticator authenticator{AuthMode::kVerify, store, clock};

  OwnedRequest signed_request(SigningOptions options = {}) {
    OwnedRequest request{"POST", "/2015-03-31/functions", "a=1", {{"Host", "localhost:4566"}}, "{}",
                         {}};
    for (auto& header :
         sign(request.view(), kCredentials, {"us-east-1", "lambda"}, clock.wall(), options)) {
      request.headers.push_back(std::move(header));
    }
    return request;
  }
  static std::string& header(OwnedRequest& request, std::string_view name) {
    for (HeaderField& one : request.headers) {
      if (equals_ignoring_case(one.name, name)) return one.value;
    }
    throw std::runtime_error("no such header");
  }
  static void replace(std::string& text, std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
  }
};

// The vectors AWS publishes with its signing libraries.
TEST_F(SigV4, PublishedSuiteInTheHeader) {
  const std::string file = read_file("sigv4_suite.json");
  const auto doc = text::parse_json(file).value();
  ASSERT_GT(doc.root().size(), 25u);
  for (const text::JsonValue& test : doc.root().items()) {
    OwnedRequest request = request_of(test);
    request.headers.push_back({"X-Amz-Date", "20150830T123600Z"});
    if (!request.body.empty()) {
      request.headers.push_back({"X-Amz-Content-Sha256", field(test, "payload_hash")});
    }
    if (const std::string token = field(test, "token"); !token.empty()) {
      request.headers.push_back({"X-Amz-Security-Token", token});
    }
    request.headers.push_back({"Authorization",
                               "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                               "aws4_request, SignedHeaders=" +
                                   field(test, "signed_headers") +
                                   ", Signature=" + field(test, "signature")});
    EXPECT_EQ(outcome(authenticator, request), "ok") << field(test, "name");
  }
}

TEST_F(SigV4, PublishedSuitePresigned) {
  const std::string file = read_file("sigv4_suite.json");
  const auto doc = text::parse_json(file).value();
  for (const text::JsonValue& test : doc.root().items()) {
    OwnedRequest request = request_of(test);
    request.query =
        field(test, "presigned_query") + "&X-Amz-Signature=" + field(test, "presigned_signature");
    EXPECT_EQ(outcome(authenticator, request), "ok") << field(test, "name");
  }
}

TEST_F(SigV4, AcceptsWhatBotocoreSigns) {
  ManualClock now(at("20261120T100000Z"));
  const Authenticator verifier(AuthMode::kVerify, store, now);
  const std::string file = read_file("sigv4_botocore.json");
  const auto doc = text::parse_json(file).value();
  ASSERT_GT(doc.root().size(), 30u);
  for (const text::JsonValue& test : doc.root().items()) {
    OwnedRequest request = request_of(test);
    const std::string service = field(test, "service");
    EXPECT_EQ(outcome(verifier, request, service), "ok") << field(test, "name");
    request.path += "x";
    EXPECT_TRUE(outcome(verifier, request, service).starts_with("InvalidSignatureException"))
        << field(test, "name");
  }
}

TEST_F(SigV4, SignerAndVerifierAgree) {
  OwnedRequest request = signed_request();
  EXPECT_EQ(outcome(authenticator, request, "lambda"), "ok");
  request = signed_request({.unsigned_payload = true});
  request.body = "another body is fine: it was not signed";
  EXPECT_EQ(outcome(authenticator, request), "ok");
  request = signed_request({.content_hash_header = true});
  EXPECT_EQ(outcome(authenticator, request), "ok");

  OwnedRequest link{"GET", "/a b", "x=%2F&x=", {{"Host", "h"}}, "", {}};
  link.query = presign(link.view(), {"AKIDEXAMPLE", std::string(kSecret), "to/ken=="},
                       {"us-east-1", "lambda"}, clock.wall(), 60);
  EXPECT_EQ(outcome(authenticator, link), "ok");
  clock.advance(std::chrono::seconds(60));
  EXPECT_EQ(outcome(authenticator, link), "ok");
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(
      outcome(authenticator, link).starts_with("InvalidSignatureException: Signature expi"));
}

TEST_F(SigV4, TheCallerIsWhoTheKeyBelongsTo) {
  OwnedRequest request = signed_request();
  const Request view = request.view();
  const SignatureHead head = authenticator.read(view).value();
  EXPECT_EQ(head.form, SignatureForm::kHeader);
  EXPECT_EQ(head.service, "lambda");
  const Caller caller = authenticator.authenticate(view, head, "lambda").value();
  EXPECT_EQ(caller.account.str(), "123456789012");
  EXPECT_EQ(caller.region.str(), "us-east-1");
  EXPECT_EQ(caller.access_key_id, kKeyId);
  EXPECT_EQ(caller.principal_arn, "arn:aws:iam::123456789012:root");
  EXPECT_EQ(caller.host, "localhost:4566");
}

TEST_F(SigV4, AnyChangeOfWhatIsSignedIsSeen) {
  const auto changed = [&](auto change) {
    OwnedRequest request = signed_request();
    change(request);
    return outcome(authenticator, request).substr(0, 45);
  };
  const std::string refused = "InvalidSignatureException: The request signat";
  EXPECT_EQ(changed([](OwnedRequest& r) { r.body += " "; }), refused);
  EXPECT_EQ(changed([](OwnedRequest& r) { r.method = "PUT"; }), refused);
  EXPECT_EQ(changed([](OwnedRequest& r) { r.path += "/"; }), refused);
  EXPECT_EQ(changed([](OwnedRequest& r) { r.query = "a=2"; }), refused);
  EXPECT_EQ(changed([](OwnedRequest& r) { header(r, "host") = "other"; }), refused);
  EXPECT_EQ(changed([](OwnedRequest& r) { header(r, "x-amz-date") = "20150830T123601Z"; }),
            refused);
  EXPECT_EQ(changed([](OwnedRequest& r) { header(r, "authorization").back() ^= 1; }), refused);
  EXPECT_EQ(changed([](OwnedRequest& r) { replace(header(r, "authorization"), "us-", "eu-"); }),
            refused);
}

TEST_F(SigV4, AMismatchShowsWhatShouldHaveBeenSigned) {
  OwnedRequest request = signed_request();
  request.body = "";
  const std::string message = outcome(authenticator, request);
  EXPECT_NE(message.find("The Canonical String for this request should have been\n"
                         "'POST\n/2015-03-31/functions\na=1\nhost:localhost:4566\n"
                         "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\ne3b0c44298fc1c14"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n"
                         "20150830T123600Z\n20150830/us-east-1/lambda/aws4_request\n"),
            std::string::npos);
}

TEST_F(SigV4, TheClockMayDifferByFiveMinutes) {
  OwnedRequest request = signed_request();
  clock.advance(std::chrono::seconds(300));
  EXPECT_EQ(outcome(authenticator, request), "ok");
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(outcome(authenticator, request),
            "InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than "
            "20150830T123601Z (20150830T124101Z - 5 min.)");
  clock.advance(-std::chrono::seconds(601));
  EXPECT_EQ(outcome(authenticator, request), "ok");
  clock.advance(-std::chrono::seconds(1));
  EXPECT_EQ(outcome(authenticator, request),
            "InvalidSignatureException: Signature not yet current: 20150830T123600Z is still later "
            "than 20150830T123559Z (20150830T123059Z + 5 min.)");
}

TEST_F(SigV4, ScopeMustFit) {
  const auto with = [&](std::string_view from, std::string_view to) {
    OwnedRequest request = signed_request();
    replace(header(request, "authorization"), from, to);
    return outcome(authenticator, request, "lambda");
  };
  EXPECT_EQ(with("/lambda/", "/s3/"),
            "InvalidSignatureException: Credential should be scoped to correct service: 'lambda'.");
  EXPECT_EQ(with("/us-east-1/", "/US EAST/"),
            "InvalidSignatureException: Credential should be scoped to a valid region.");
  EXPECT_EQ(with("/20150830/", "/20150829/"),
            "InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from "
            "ISO-8601 version of date from HTTP: '20150829' != '20150830', from "
            "'20150830T123600Z'.");
  EXPECT_EQ(with("aws4_request", "aws5_request"),
            "IncompleteSignatureException: Credential should be scoped with a valid terminator: "
            "'aws4_request', not 'aws5_request'.");
  EXPECT_EQ(with("/us-east-1/lambda", ""),
            "IncompleteSignatureException: Credential must have exactly 5 slash-delimited "
            "elements, e.g. keyid/date/region/service/term, got "
            "'AKIDEXAMPLE/20150830/aws4_request'");
  EXPECT_EQ(with("AKIDEXAMPLE", "AKIDUNKNOWN"), "denied: unknown key");
  EXPECT_EQ(with("=host;", "="),
            "InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the "
            "AWS Authorization.");
  EXPECT_EQ(with(";x-amz-date", ""),
            "InvalidSignatureException: 'X-Amz-Date' must be a 'SignedHeader' in the AWS "
            "Authorization.");
}

// In the same words, without the body and without whether the signature is right.
TEST_F(SigV4, WhatTheHeadDecidesIsKnownBeforeTheBody) {
  const auto of_head = [&](OwnedRequest& request) {
    const Request view = request.view();
    const auto head = authenticator.read(view);
    if (!head) return head.error().code() + ": " + head.error().message();
    const Status checked = authenticator.check_head(*head, "lambda");
    return checked ? std::string("ok") : checked.error().code() + ": " + checked.error().message();
  };
  OwnedRequest good = signed_request();
  good.body = "another body";
  EXPECT_EQ(of_head(good), "ok");
  EXPECT_NE(outcome(authenticator, good, "lambda"), "ok");
  OwnedRequest unsigned_one{"POST", "/", "", {{"Host", "localhost"}}, "", {}};
  OwnedRequest other_service = signed_request();
  replace(header(other_service, "Authorization"), "/lambda/", "/logs/");
  OwnedRequest other_key = signed_request();
  replace(header(other_key, "Authorization"), kKeyId, "AKIDANOTHER");
  OwnedRequest no_region = signed_request();
  replace(header(no_region, "Authorization"), "/us-east-1/", "/no where/");
  for (OwnedRequest* request : {&unsigned_one, &other_service, &other_key, &no_region}) {
    const std::string said = of_head(*request);
    EXPECT_NE(said, "ok");
    EXPECT_EQ(said, outcome(authenticator, *request, "lambda"));
  }
  OwnedRequest late = signed_request();
  clock.advance(std::chrono::minutes(6));
  EXPECT_EQ(of_head(late), outcome(authenticator, late, "lambda"));
  EXPECT_NE(of_head(late).find("Signature expired"), std::string::npos);
}

TEST_F(SigV4, WhatCannotBeReadIsIncomplete) {
  const auto with = [&](std::string_view authorization, bool date = true) {
    OwnedRequest request;
    request.headers = {{"Host", "h"}, {"Authorization", std::string(authorization)}};
    if (date) request.headers.push_back({"X-Amz-Date", "20150830T123600Z"});
    return outcome(authenticator, request);
  };
  EXPECT_EQ(with("AWS4-HMAC-SHA256", false),
            "IncompleteSignatureException: Authorization header requires 'Credential' parameter. "
            "Authorization header requires 'Signature' parameter. Authorization header requires "
            "'SignedHeaders' parameter. Authorization header requires existence of either a "
            "'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256");
  EXPECT_EQ(with("AWS4-HMAC-SHA256 nonsense"),
            "IncompleteSignatureException: 'nonsense' not a valid key=value pair (missing "
            "equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 nonsense'.");
  EXPECT_TRUE(with("AWS4-ECDSA-P256-SHA256 Credential=x").starts_with("NotImplemented: "));
  EXPECT_TRUE(with("AWS AKID:sig").starts_with("IncompleteSignatureException: "));
  EXPECT_EQ(with("Bearer token"),
            "MissingAuthenticationTokenException: Missing Authentication Token");
  OwnedRequest unsigned_request;
  EXPECT_EQ(outcome(authenticator, unsigned_request),
            "MissingAuthenticationTokenException: Missing Authentication Token");
}

TEST_F(SigV4, PresignedParametersAreChecked) {
  const auto with = [&](std::string_view from, std::string_view to) {
    OwnedRequest request{"GET", "/", "", {{"Host", "h"}}, "", {}};
    request.query =
        presign(request.view(), kCredentials, {"us-east-1", "lambda"}, clock.wall(), 604800);
    if (!from.empty()) replace(request.query, from, to);
    return outcome(authenticator, request);
  };
  EXPECT_EQ(with("", ""), "ok");
  EXPECT_EQ(with("X-Amz-Expires=604800", "X-Amz-Expires=604801"),
            "IncompleteSignatureException: X-Amz-Expires must be a number of seconds from 0 to "
            "604800");
  EXPECT_TRUE(with("X-Amz-Expires=604800", "X-Amz-Expires=-1").starts_with("IncompleteSig"));
  EXPECT_TRUE(with("X-Amz-Expires=604800", "X-Amz-Expires=9").starts_with("InvalidSignature"));
  EXPECT_EQ(with("&X-Amz-Date=20150830T123600Z", ""),
            "IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Date'. "
            "Re-examine the query-string parameters.");
}

TEST_F(SigV4, PayloadHashes) {
  OwnedRequest request = signed_request({.content_hash_header = true});
  request.body = "changed";
  EXPECT_EQ(outcome(authenticator, request),
            "InvalidSignatureException: The provided 'x-amz-content-sha256' header does not match "
            "what was computed.");
  OwnedRequest chunked = signed_request();
  chunked.headers.push_back({"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"});
  EXPECT_EQ(outcome(authenticator, chunked),
            "NotImplemented: Chunk-signed bodies (STREAMING-AWS4-HMAC-SHA256-PAYLOAD) are not "
            "supported");
}

TEST_F(SigV4, ManySignedHeadersAreRefused) {
  OwnedRequest request = signed_request();
  std::string names = "host;x-amz-date";
  for (std::size_t i = 2; i < kMaxSignedHeaders; ++i) names += ";h";
  replace(header(request, "authorization"), "host;x-amz-date", names);
  EXPECT_TRUE(outcome(authenticator, request).starts_with("InvalidSignatureException: The requ"));
  replace(header(request, "authorization"), "host;x", "host;h;x");
  EXPECT_EQ(outcome(authenticator, request),
            "InvalidSignatureException: Too many 'SignedHeaders'.");
}

// The cache forgets everything when full and must still be right afterwards.
TEST_F(SigV4, MoreKeysThanTheCacheHolds) {
  for (std::size_t i = 0; i < kMaxCachedSigningKeys + 10; ++i) {
    const std::string region = "r-" + std::to_string(i);
    OwnedRequest request{"GET", "/", "", {{"Host", "h"}}, "", {}};
    for (auto& header : sign(request.view(), kCredentials, {region, "lambda"}, clock.wall())) {
      request.headers.push_back(std::move(header));
    }
    ASSERT_EQ(outcome(authenticator, request), "ok") << i;
  }
}

TEST(SigV4Off, AnythingIsAcceptedAndTheAccountIsTaken) {
  SeededRandom random(1);
  const SessionMint mint(crypto::AesKey{}, random);
  const MemoryCredentialStore store(&mint);
  ManualClock clock;
  const Authenticator off(AuthMode::kOff, store, clock);
  const auto caller_of = [&](const Credentials& credentials, std::string_view region) {
    OwnedRequest request{"GET", "/", "", {{"Host", "h"}}, "", {}};
    for (auto& header : sign(request.view(), credentials, {region, "lambda"}, clock.wall())) {
      request.headers.push_back(std::move(header));
    }
    request.body = "not what was signed";
    const Request view = request.view();
    const SignatureHead head = off.read(view).value();
    return off.authenticate(view, head, "lambda").value();
  };
  Caller caller = caller_of({"123456789012", "x", ""}, "eu-west-1");
  EXPECT_EQ(caller.account.str(), "123456789012");
  EXPECT_EQ(caller.region.str(), "eu-west-1");
  EXPECT_FALSE(caller.authenticated);
  EXPECT_EQ(caller_of({"AKIAIOSFODNN7EXAMPLE", "x", "t"}, "us-east-1").account.view(),
            kDefaultAccount);
  const Principal role{AccountId("210987654321"), "arn:aws:sts::210987654321:assumed-role/r/f",
                       "AROA:f"};
  const Credentials minted = mint.mint(role, clock.wall() + std::chrono::hours(1));
  EXPECT_EQ(caller_of(minted, "us-east-1").principal_arn, role.arn);

  for (const char* authorization : {"", "Bearer x", "AWS4-HMAC-SHA256 broken"}) {
    OwnedRequest request;
    request.headers = {{"Host", "h"}, {"Authorization", authorization}};
    const Request view = request.view();
    const Caller plain = off.authenticate(view, off.read(view).value()).value();
    EXPECT_EQ(plain.account.view(), kDefaultAccount);
    EXPECT_EQ(plain.region.view(), kDefaultRegion);
  }
}

TEST(SigV4Canonical, Paths) {
  EXPECT_EQ(canonical_path("", false), "/");
  EXPECT_EQ(canonical_path("/a%2Fb c", false), "/a%252Fb%20c");
  EXPECT_EQ(canonical_path("/a//b/./c/../d/", false), "/a/b/d/");
  EXPECT_EQ(canonical_path("/../..", false), "/");
  EXPECT_EQ(canonical_path("/a%2fb+c:%7e//.", true), "/a%2Fb%2Bc%3A~//.");
}

TEST(SigV4Canonical, Queries) {
  EXPECT_EQ(canonical_query("b=2&a=1&a=0&c&X-Amz-Signature=x"), "a=0&a=1&b=2&c=");
  EXPECT_EQ(canonical_query("k=a+b%2b%7E/"), "k=a%20b%2B~%2F");
  EXPECT_EQ(canonical_query("tagKeys=b&tagKeys=B&tagKeys="), "tagKeys=&tagKeys=B&tagKeys=b");
}

TEST(SigV4Errors, NamesAndStatusesOfEachProtocol) {
  const auto rendered = [](std::string_view code, Protocol protocol) {
    const Error error = render_auth_error(
        Error(ErrorKind::kDenied, std::string(code), "m").with_status(403), protocol);
    return error.code() + " " + std::to_string(error.http_status());
  };
  EXPECT_EQ(rendered("InvalidSignatureException", Protocol::kQuery), "SignatureDoesNotMatch 403");
  EXPECT_EQ(rendered("UnrecognizedClientException", Protocol::kQuery), "InvalidClientTokenId 403");
  EXPECT_EQ(rendered("IncompleteSignatureException", Protocol::kQuery), "IncompleteSignature 400");
  EXPECT_EQ(rendered("UnrecognizedClientException", Protocol::kJson11),
            "UnrecognizedClientException 400");
  EXPECT_EQ(rendered("UnrecognizedClientException", Protocol::kRestJson),
            "UnrecognizedClientException 403");
  EXPECT_EQ(rendered("AccessDeniedException", Protocol::kQuery), "AccessDenied 403");
  EXPECT_EQ(rendered("AccessDeniedException", Protocol::kJson11), "AccessDeniedException 400");
  EXPECT_EQ(rendered("NotImplemented", Protocol::kQuery), "NotImplemented 403");
}

}  // namespace
}  // namespace lapwing::aws
