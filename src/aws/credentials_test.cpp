#include "aws/credentials.hpp"

#include <gtest/gtest.h>

namespace lapwing::aws {
namespace {

const WallTime kNow = wall_from_unix_ms(1'700'000'000'000);
const WallTime kLater = kNow + std::chrono::hours(1);
const Principal kRole{AccountId("123456789012"),
                      "arn:aws:sts::123456789012:assumed-role/lambda-ex/f", "AROAEXAMPLE:f"};

crypto::AesKey key_of(unsigned char fill) {
  crypto::AesKey key;
  key.fill(std::byte{fill});
  return key;
}

TEST(SessionMint, RecognisesItsSessionsAfterARestart) {
  SeededRandom random(1);
  const Credentials made = SessionMint(key_of(1), random).mint(kRole, kLater);
  EXPECT_TRUE(made.access_key_id.starts_with("ASIA"));
  EXPECT_EQ(made.access_key_id.size(), 20u);
  EXPECT_EQ(made.secret_access_key.size(), 40u);

  SeededRandom other_random(2);
  const SessionMint restarted(key_of(1), other_random);
  const auto known = restarted.open(made.access_key_id, made.session_token, kNow);
  ASSERT_TRUE(known) << known.error().message();
  EXPECT_EQ(known->secret_access_key, made.secret_access_key);
  EXPECT_EQ(known->principal, kRole);
}

TEST(SessionMint, SessionsEnd) {
  SeededRandom random(1);
  const SessionMint mint(key_of(1), random);
  const Credentials made = mint.mint(kRole, kLater);
  EXPECT_TRUE(mint.open(made.access_key_id, made.session_token, kLater - Duration(1'000'000)));
  EXPECT_EQ(mint.open(made.access_key_id, made.session_token, kLater).error().code(),
            "ExpiredTokenException");
}

TEST(SessionMint, RefusesForeignAndChangedTokens) {
  SeededRandom random(1);
  const SessionMint mint(key_of(1), random);
  const Credentials made = mint.mint(kRole, kLater);
  const Credentials other = mint.mint(kRole, kLater);
  const auto code = [&](std::string_view id, std::string_view token) {
    return mint.open(id, token, kNow).error().code();
  };
  EXPECT_EQ(code(other.access_key_id, made.session_token), "UnrecognizedClientException");
  EXPECT_EQ(code(made.access_key_id, "not base64!"), "UnrecognizedClientException");
  EXPECT_EQ(code(made.access_key_id, ""), "UnrecognizedClientException");
  std::string changed = made.session_token;
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(code(made.access_key_id, changed), "UnrecognizedClientException");
  const SessionMint stranger(key_of(2), random);
  EXPECT_FALSE(stranger.open(made.access_key_id, made.session_token, kNow));
}

TEST(MemoryCredentialStore, FindsStaticKeysAndSessions) {
  SeededRandom random(1);
  const SessionMint mint(key_of(1), random);
  MemoryCredentialStore store(&mint);
  store.add("AKIDEXAMPLE", "secret", {AccountId("123456789012"), "", ""});
  const auto key = store.find("AKIDEXAMPLE", "", kNow);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->secret_access_key, "secret");
  EXPECT_EQ(key->principal.arn, "arn:aws:iam::123456789012:root");
  EXPECT_EQ(store.find("AKIDOTHER", "", kNow).error().code(), "UnrecognizedClientException");
  const Credentials made = mint.mint(kRole, kLater);
  EXPECT_TRUE(store.find(made.access_key_id, made.session_token, kNow));
  EXPECT_FALSE(store.find(made.access_key_id, "", kNow));
  EXPECT_FALSE(store.find("AKIDEXAMPLE", made.session_token, kNow));
  store.remove("AKIDEXAMPLE");
  EXPECT_FALSE(store.find("AKIDEXAMPLE", "", kNow));
  EXPECT_FALSE(MemoryCredentialStore(nullptr).find(made.access_key_id, made.session_token, kNow));
}

class OneKey final : public CredentialStore {
 public:
  Result<KnownKey> find(std::string_view id, std::string_view, WallTime) const override {
    if (id != "AKIAFURTHER") return fail(unrecognized_key());
    return KnownKey{"further secret", kRole};
  }
  void used(std::string_view id, const KeyUse& use) const override {
    uses += std::string(id) + "/" + std::string(use.service) + "/" + std::string(use.region);
  }
  mutable std::string uses;
};

TEST(MemoryCredentialStore, AsksAnotherForWhatItDoesNotKnow) {
  MemoryCredentialStore store(nullptr);
  store.add("AKIDEXAMPLE", "secret", {AccountId("123456789012"), "", ""});
  const OneKey further;
  store.ask_further(further);
  EXPECT_EQ(store.find("AKIDEXAMPLE", "", kNow)->secret_access_key, "secret");
  EXPECT_EQ(store.find("AKIAFURTHER", "", kNow)->secret_access_key, "further secret");
  EXPECT_EQ(store.find("AKIAFURTHER", "", kNow)->principal, kRole);
  EXPECT_EQ(store.find("AKIAOTHER", "", kNow).error().code(), "UnrecognizedClientException");
  EXPECT_FALSE(store.find("AKIAFURTHER", "a token", kNow));
  store.used("AKIAFURTHER", {"sqs", "eu-west-1"});
  EXPECT_EQ(further.uses, "AKIAFURTHER/sqs/eu-west-1");
}

TEST(AssumedPrincipal, TwelveDigitsAreTheAccount) {
  EXPECT_EQ(assumed_principal("123456789012").account.str(), "123456789012");
  for (const char* other : {"test", "AKIAIOSFODNN7EXAMPLE", "", "1234567890123"}) {
    EXPECT_EQ(assumed_principal(other).account.view(), kDefaultAccount);
  }
  EXPECT_EQ(assumed_principal("test").arn, "arn:aws:iam::000000000000:root");
}

TEST(AuthMode, Names) {
  EXPECT_EQ(parse_auth_mode("off"), AuthMode::kOff);
  EXPECT_EQ(parse_auth_mode("verify"), AuthMode::kVerify);
  EXPECT_EQ(parse_auth_mode("enforce"), AuthMode::kEnforce);
  EXPECT_FALSE(parse_auth_mode("Off"));
}

class Identities final : public CredentialStore {
 public:
  Result<KnownKey> find(std::string_view, std::string_view, WallTime) const override {
    return fail(unrecognized_key());
  }
  bool has_identity(std::string_view id) const override { return id == there; }
  std::string there;
};

TEST(MemoryCredentialStore, SessionsAreGoneWithWhoTheyAreOf) {
  SeededRandom random(1);
  const SessionMint mint(key_of(1), random);
  MemoryCredentialStore store(&mint);
  Identities identities;
  store.ask_further(identities);
  Principal role = kRole;
  role.identity = "AROAONE";
  const Credentials made = mint.mint(role, kLater);
  const Credentials of_nobody = mint.mint(kRole, kLater);
  const auto gone = [&](const Credentials& of) {
    return store.find(of.access_key_id, of.session_token, kNow)->gone;
  };
  EXPECT_TRUE(gone(made));
  EXPECT_FALSE(gone(of_nobody));
  identities.there = "AROAONE";
  EXPECT_FALSE(gone(made));
  EXPECT_EQ(store.find(made.access_key_id, made.session_token, kNow)->principal, role);
  identities.there = "AROATWO";  // the same name again
  EXPECT_TRUE(gone(made));
}

TEST(MemoryCredentialStore, TheKeysAddedAndTheirSessionsAreTheOperators) {
  MemoryCredentialStore store(nullptr);
  store.add("AKIDEXAMPLE", "secret", {AccountId("123456789012"), "", ""});
  Caller caller;
  caller.access_key_id = "AKIDEXAMPLE";
  EXPECT_TRUE(store.added(caller));
  caller.access_key_id = "ASIASESSION";
  caller.principal_arn = "arn:aws:iam::123456789012:root";
  EXPECT_TRUE(store.added(caller));
  caller.principal_arn = "arn:aws:iam::123456789012:user/ann";
  EXPECT_FALSE(store.added(caller));
  store.add("AKIDANN", "secret", {AccountId("123456789012"), caller.principal_arn, ""});
  EXPECT_TRUE(store.added(caller));
  caller.identity = "AIDAANN";  // of IAM, with the same name
  EXPECT_FALSE(store.added(caller));
}

}  // namespace
}  // namespace lapwing::aws
