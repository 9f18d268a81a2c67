#include "images/reference.hpp"

#include <gtest/gtest.h>

#include "images/limits.hpp"

namespace lapwing::images {
namespace {

const std::string kHex(64, 'a');

TEST(Reference, OfRegistries) {
  const auto ecr =
      parse_reference("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/my_app:v1.2-x");
  ASSERT_TRUE(ecr);
  EXPECT_EQ(ecr->registry, "123456789012.dkr.ecr.eu-west-1.amazonaws.com");
  EXPECT_EQ(ecr->repository, "team/my_app");
  EXPECT_EQ(ecr->tag, "v1.2-x");
  EXPECT_FALSE(ecr->digest);

  const auto both = parse_reference("localhost:5000/app:v1@sha256:" + kHex);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->registry, "localhost:5000");
  EXPECT_EQ(both->digest->hex(), kHex);
  EXPECT_EQ(both->with_digest(*both->digest), "localhost:5000/app@sha256:" + kHex);
  EXPECT_TRUE(parse_reference("[::1]:5000/app:v1"));
}

TEST(Reference, OfLayouts) {
  const auto layout = parse_reference("oci:/srv/images/app/:v1");
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->kind, ReferenceKind::kLayout);
  EXPECT_EQ(layout->path, "/srv/images/app");
  EXPECT_EQ(layout->tag, "v1");
  const auto archive = parse_reference("oci-archive:/srv/a.tar@sha256:" + kHex);
  ASSERT_TRUE(archive);
  EXPECT_EQ(archive->kind, ReferenceKind::kArchive);
  EXPECT_EQ(archive->path, "/srv/a.tar");
  EXPECT_EQ(archive->tag, "");
  EXPECT_EQ(archive->name(), "oci-archive:/srv/a.tar");
}

TEST(Reference, WhatIsNone) {
  const std::string refused[] = {"",
                                 "app:v1",              // no registry
                                 "team/app:v1",         // likewise
                                 "localhost:5000/app",  // neither tag nor digest
                                 "localhost:5000/App:v1",
                                 "localhost:5000/a..b:v1",
                                 "localhost:5000/../b:v1",
                                 "localhost:5000/a/:v1",
                                 "localhost:5000/-a:v1",
                                 "localhost:0/a:v1",
                                 "localhost:99999/a:v1",
                                 "localhost:/a:v1",
                                 "user@localhost:5000/a:v1",
                                 "local host:5000/a:v1",
                                 "[::1/a:v1",
                                 "localhost:5000/a:.v1",
                                 "localhost:5000/a:" + std::string(129, 'v'),
                                 "localhost:5000/a@sha256:" + std::string(63, 'a'),
                                 "localhost:5000/a@sha256:" + std::string(64, 'A'),
                                 "localhost:5000/a@md5:" + kHex,
                                 "localhost:5000/a?x=y:v1",
                                 "http://localhost:5000/a:v1",
                                 "oci:relative",
                                 "oci:/a/../b",
                                 "oci:/",
                                 "oci:",
                                 "localhost:5000/" + std::string(kReferenceBytesMax, 'a') + ":v1"};
  for (const std::string& text : refused) {
    const auto reference = parse_reference(text);
    EXPECT_FALSE(reference) << text;
    if (!reference) EXPECT_EQ(reference.error().kind(), ErrorKind::kInvalid) << text;
  }
}

}  // namespace
}  // namespace lapwing::images
