#include <algorithm>
#include <set>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "crypto/aes_gcm.hpp"
#include "crypto/certificate.hpp"
#include "crypto/constant_time.hpp"
#include "crypto/crc32.hpp"
#include "crypto/md5.hpp"
#include "crypto/random.hpp"
#include "crypto/rsa.hpp"
#include "crypto/sha256.hpp"

namespace lapwing::crypto {
namespace {

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), kEmptySha256Hex);
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST(Sha256, PiecesGiveTheHashOfTheWholeAndTheObjectStartsAfresh) {
  const std::string data(100'000, 'x');
  Sha256 hash;
  for (std::size_t i = 0; i < data.size(); i += 777) hash.update(data.substr(i, 777));
  EXPECT_EQ(to_hex(hash.finish()), sha256_hex(data));
  hash.update(std::string_view("abc"));
  EXPECT_EQ(to_hex(hash.finish()), sha256_hex("abc"));
}

// RFC 4231, cases 1, 2 and 6 (a key longer than a block).
TEST(Hmac, KnownAnswers) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(std::string_view("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Md5, KnownAnswers) {
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(Crc32, KnownAnswersAndPieces) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32("56789", crc32("1234")), 0xCBF43926u);
}

TEST(AesGcm, OpensWhatItSealed) {
  SeededRandom random(1);
  AesKey key;
  random.fill(key);
  const std::string sealed = aes_gcm_seal(key, random, "a secret", "for whom");
  EXPECT_EQ(sealed.size(), 8 + kAesOverheadBytes);
  EXPECT_EQ(aes_gcm_open(key, sealed, "for whom").value(), "a secret");
  EXPECT_EQ(aes_gcm_open(key, aes_gcm_seal(key, random, "")).value(), "");
}

TEST(AesGcm, RefusesWhatWasChanged) {
  SeededRandom random(2);
  AesKey key;
  random.fill(key);
  const std::string sealed = aes_gcm_seal(key, random, "a secret", "for whom");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(aes_gcm_open(key, changed, "for whom").has_value()) << i;
  }
  EXPECT_FALSE(aes_gcm_open(key, sealed, "for others").has_value());
  EXPECT_FALSE(aes_gcm_open(key, sealed.substr(0, kAesOverheadBytes - 1), "").has_value());
  AesKey other = key;
  other[0] ^= std::byte{1};
  EXPECT_FALSE(aes_gcm_open(other, sealed, "for whom").has_value());
}

// NIST SP 800-38D test case 13: empty text, all-zero key and nonce.
TEST(AesGcm, KnownAnswer) {
  const AesKey key{};
  const unsigned char tag[] = {0x53, 0x0f, 0x8a, 0xfb, 0xc7, 0x45, 0x36, 0xb9,
                               0xa9, 0x63, 0xb4, 0xf1, 0xc4, 0xcb, 0x73, 0x8b};
  std::string sealed(12, '\0');
  for (const unsigned char c : tag) sealed += static_cast<char>(c);
  EXPECT_EQ(aes_gcm_open(key, sealed).value(), "");
}

TEST(SystemRandom, FillsAndDiffers) {
  SystemRandom random;
  EXPECT_NE(make_uuid(random), make_uuid(random));
  random.fill({});
}

// More than a page's worth of pieces that do not divide it, and one that takes no page.
TEST(SystemRandom, NeverHandsOutTwice) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_hex(random, 46)).second);
  std::string large(100'000, '\0');
  random.fill(std::as_writable_bytes(std::span(large)));
  EXPECT_LT(std::ranges::count(large, '\0'), 1000);
}

TEST(SystemRandom, AForkedChildDoesNotRepeatItsParent) {
  SystemRandom random;
  random_hex(random, 8);  // there is a page by now
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string said = random_hex(random, 32);
    ::_exit(::write(ends[1], said.data(), said.size()) == 32 ? 0 : 1);
  }
  std::string theirs(32, '\0');
  EXPECT_EQ(::read(ends[0], theirs.data(), theirs.size()), 32);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(random_hex(random, 32), theirs);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Rsa, WhatAKeySignsItsCertificateVerifies) {
  const RsaKey key = RsaKey::generate(2048);
  const std::string certificate = key.certificate("name", wall_from_unix_ms(1'700'000'000'000), 10);
  const auto facts = read_certificate(certificate);
  ASSERT_TRUE(facts);
  EXPECT_EQ(unix_ms(facts->not_before), 1'700'000'000'000);
  EXPECT_EQ(facts->not_after - facts->not_before, std::chrono::hours(240));
  EXPECT_EQ(match_private_key(certificate, key.pem()), KeyMatch::kMatches);
  const auto again = RsaKey::read(key.pem());
  ASSERT_TRUE(again);
  for (const RsaDigest digest : {RsaDigest::kSha1, RsaDigest::kSha256}) {
    const std::string signature = key.sign(digest, "text");
    EXPECT_EQ(signature.size(), 256u);
    EXPECT_EQ(again->sign(digest, "text"), signature);
    EXPECT_TRUE(rsa_verify(certificate, digest, "text", signature));
    EXPECT_FALSE(rsa_verify(certificate, digest, "texts", signature));
  }
  EXPECT_FALSE(
      rsa_verify(certificate, RsaDigest::kSha256, "text", key.sign(RsaDigest::kSha1, "text")));
  EXPECT_FALSE(rsa_verify("no certificate", RsaDigest::kSha1, "text", ""));
  EXPECT_FALSE(RsaKey::read("no key"));
  EXPECT_FALSE(RsaKey::read(certificate));
}

TEST(ConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_constant_time("same", "same"));
  EXPECT_FALSE(equal_constant_time("same", "sane"));
  EXPECT_FALSE(equal_constant_time("same", "same "));
  EXPECT_TRUE(equal_constant_time("", ""));
}

}  // namespace
}  // namespace lapwing::crypto
