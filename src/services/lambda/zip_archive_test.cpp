#include "services/lambda/zip_archive.hpp"

#include <gtest/gtest.h>

#include "services/lambda/limits.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::build_zip;
using testing::ZipInput;

// Our reason for refusing `zip`, "" when it is accepted.
std::string refusal(const std::string& zip) {
  const auto archive = ZipArchive::open(zip);
  if (archive) {
    for (const ZipEntry& entry : archive->entries()) {
      const auto done = archive->extract(entry, [](std::string_view) -> Status { return {}; });
      if (!done) return done.error().detail();
    }
    return "";
  }
  return archive.error().detail().empty() ? archive.error().message() : archive.error().detail();
}

std::string content(const ZipArchive& archive, const ZipEntry& entry) {
  std::string out;
  EXPECT_TRUE(archive.extract(entry, [&](std::string_view piece) -> Status {
    out += piece;
    return {};
  }));
  return out;
}

TEST(ZipArchive, ReadsWhatPythonMade) {
  const std::string zip = testing::python_made_zip();
  const auto archive = ZipArchive::open(zip);
  ASSERT_TRUE(archive) << archive.error().to_log();
  const auto& entries = archive->entries();
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[0].path, "lambda_function.py");
  EXPECT_EQ(entries[0].mode, 0644u);
  EXPECT_EQ(entries[1].kind, ZipEntry::Kind::kDirectory);
  EXPECT_EQ(entries[1].path, "bin");
  EXPECT_EQ(entries[2].mode, 0755u) << "set-uid is dropped";
  EXPECT_EQ(entries[3].kind, ZipEntry::Kind::kLink);
  EXPECT_EQ(entries[3].target, "tool");
  EXPECT_EQ(entries[4].mode, 0600u);
  EXPECT_EQ(content(*archive, entries[4]), std::string(5000, 'x'));
}

TEST(ZipArchive, AcceptsOddButHonestArchives) {
  EXPECT_EQ(refusal(build_zip({{.name = "./a//b.py", .content = "x"}})), "");
  EXPECT_EQ(refusal(build_zip({{.name = "a.py", .content = "x", .deflate = true}})), "");
  EXPECT_EQ(refusal(build_zip({{.name = "a.py", .content = "x"}}, "a comment PK\5\6")), "");
  EXPECT_EQ(refusal("#!/bin/sh\nexit\n" + build_zip({{.name = "a.py", .content = "x"}})), "");
  EXPECT_EQ(refusal(build_zip({{.name = "a/", .mode = 040755}, {.name = "a/", .mode = 040755}})),
            "");
  EXPECT_EQ(
      refusal(build_zip({{.name = "big", .content = std::string(200'000, 'q'), .deflate = true}})),
      "");
}

TEST(ZipArchive, ModesWhenNoneAreRecorded) {
  const std::string zip = build_zip({{.name = "a.py", .mode = 0}, {.name = "d/", .mode = 0}});
  const auto archive = ZipArchive::open(zip);
  ASSERT_TRUE(archive);
  EXPECT_EQ(archive->entries()[0].mode, 0644u);
  EXPECT_EQ(archive->entries()[1].mode, 0755u);
}

struct Refused {
  std::string why;
  std::vector<ZipInput> inputs;
};

TEST(ZipArchive, RefusesHostileEntries) {
  const auto link = [](std::string name, std::string to) {
    return ZipInput{.name = std::move(name), .content = std::move(to), .mode = 0120777};
  };
  const std::string deep = [] {
    std::string path;
    for (std::size_t i = 0; i <= kMaxEntryDepth; ++i) path += "d/";
    return path + "f";
  }();
  const std::vector<Refused> cases = {
      {"entry '/etc/passwd': an absolute path", {{.name = "/etc/passwd"}}},
      {"entry 'C:\\x': an absolute path", {{.name = "C:\\x"}}},
      {"entry '\\x': an absolute path", {{.name = "\\x"}}},
      {"entry '../x': '..' in a path", {{.name = "../x"}}},
      {"entry 'a/../../x': '..' in a path", {{.name = "a/../../x"}}},
      {"entry '..\\x': '..' in a path", {{.name = "..\\x"}}},
      {std::string("entry 'a\0b': NUL in a path", 26), {{.name = std::string("a\0b", 3)}}},
      {"entry '': it has no name", {{.name = ""}}},
      {"entry '" + std::string(kMaxShownNameBytes, 'n') + "': a name too long",
       {{.name = std::string(256, 'n')}}},
      {"entry '" + std::string(kMaxShownNameBytes, 'n') + "': a path too long",
       {{.name = std::string(kMaxEntryPathBytes + 1, 'n')}}},
      {"entry '" + deep.substr(0, kMaxShownNameBytes) + "': nested too deep", {{.name = deep}}},
      {"entry 'a/': a directory and something else of the same name",
       {{.name = "a"}, {.name = "a/", .mode = 040755}}},
      {"entry './a': a directory and something else of the same name",
       {{.name = "a/", .mode = 040755}, link("./a", "b")}},
      {"entry 'a/b': it lies below 'a', which is no directory", {{.name = "a"}, {.name = "a/b"}}},
      {"entry 'a/b/c': it lies below 'a', which is no directory",
       {link("a", "b"), {.name = "a/b/c"}}},
      {"entry 'a': other entries lie below it, and it is no directory",
       {{.name = "a/b"}, link("a", "/tmp")}},
      // What comes last counts, and a link before must not matter.
      {"entry 'a/b': it lies below 'a', which is no directory",
       {{.name = "a"}, {.name = "a/b"}, link("a", "/tmp")}},
      {"entry 'a': a device, pipe or socket", {{.name = "a", .mode = 0020666}}},
      {"entry 'a': a device, pipe or socket", {{.name = "a", .mode = 0010666}}},
      {"entry 'a/': a directory with content", {{.name = "a/", .content = "x", .mode = 040755}}},
      {"entry 'a': a link without a target", {link("a", "")}},
      {"entry 'a': NUL in a link", {link("a", std::string("b\0c", 3))}},
      {"entry 'a': a link's target too long",
       {link("a", std::string(kMaxLinkTargetBytes + 1, 'l'))}},
      {"entry 'a': encryption", {{.name = "a", .flags = 1}}},
      {"entry 'a': encryption", {{.name = "a", .flags = 0x2000}}},
      {"entry 'a': a compression method beyond deflate", {{.name = "a", .method = 12}}},
      {"entry 'a': a stored entry with two sizes",
       {{.name = "a", .content = "xy", .claimed_size = 1}}},
      {"entry 'a': more is declared than the data can hold",
       {{.name = "a", .content = "x", .deflate = true, .claimed_size = 1'000'000}}},
      {"entry 'a': it holds more than it declares",
       {{.name = "a", .content = "xyz", .deflate = true, .claimed_size = 2}}},
      {"entry 'a': it holds less than it declares",
       {{.name = "a", .content = "xyz", .deflate = true, .claimed_size = 9}}},
      {"entry 'a': its checksum is wrong", {{.name = "a", .content = "x", .claimed_crc = 7}}},
      {"entry 'a': local header: another name", {{.name = "a", .local_name = "b"}}},
      {"entry 'a': an entry's data lie outside the file",
       {{.name = "a", .claimed_size = 5000, .claimed_compressed = 5000}}},
      {"entry 'a': its data overlap those of 'a'",
       {{.name = "a", .content = "x"}, {.name = "a", .content = "x", .claimed_offset = 0}}},
      {"entry 'a': no local header where one is named", {{.name = "a", .claimed_offset = 1}}},
      {"Uploaded file must be a non-empty zip", {}},
  };
  for (const Refused& refused : cases) {
    EXPECT_EQ(refusal(build_zip(refused.inputs)), refused.why);
  }
}

TEST(ZipArchive, TheCallerIsToldWhichEntryAndWhy) {
  const auto archive = ZipArchive::open(build_zip({{.name = "dev\xff/null", .mode = 0020666}}));
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().message(),
            "Could not unzip uploaded file. Please check your file, then try to upload again. "
            "Reason: entry 'dev\xef\xbf\xbd/null': a device, pipe or socket.");
  const auto text = ZipArchive::open("just some text, and long enough");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message(),
            "Could not unzip uploaded file. Please check your file, then try to upload again.");
}

// Where they lead is decided in the sandbox; here they are bytes.
TEST(ZipArchive, LinksToAnywhereAreKept) {
  const std::string longest(kMaxLinkTargetBytes, 'l');
  for (const auto& [name, to] :
       std::vector<std::pair<std::string, std::string>>{{"a", "b"},
                                                        {"d/a", "../b"},
                                                        {"d/a", ".././b/c"},
                                                        {"a", "/var/task/b"},
                                                        {"a", "/tmp/cache"},
                                                        {"a", "../../packages/shared"},
                                                        {"bin/python", "/usr/bin/python3"},
                                                        {"d/a", "b/../x"},
                                                        {"a", "/"},
                                                        {"a", ".."},
                                                        {"a", "a"},
                                                        {"a", longest}}) {
    const std::string zip = build_zip({{.name = name, .content = to, .mode = 0120777}});
    const auto archive = ZipArchive::open(zip);
    ASSERT_TRUE(archive) << to << archive.error().to_log();
    EXPECT_EQ(archive->entries().front().kind, ZipEntry::Kind::kLink);
    EXPECT_EQ(archive->entries().front().target, to);
  }
}

// Maven's archiver writes 0177777 where it knows no mode, Java's own jar nothing at all.
TEST(ZipArchive, ANameThatEndsInASlashIsADirectory) {
  for (const std::uint32_t mode : {0177777u, 0u, 0100644u, 0120777u, 0020666u, 0040000u}) {
    const std::string zip =
        build_zip({{.name = "META-INF/maven/", .mode = mode}, {.name = "META-INF/maven/pom.xml"}});
    const auto archive = ZipArchive::open(zip);
    ASSERT_TRUE(archive) << archive.error().to_log();
    EXPECT_EQ(archive->entries().front().kind, ZipEntry::Kind::kDirectory) << mode;
    EXPECT_EQ(archive->entries().front().mode, 0755u) << mode;
  }
  const std::string file = build_zip({{.name = "pom.xml", .content = "x", .mode = 0177777}});
  const auto archive = ZipArchive::open(file);
  ASSERT_TRUE(archive) << archive.error().to_log();
  EXPECT_EQ(archive->entries().front().kind, ZipEntry::Kind::kFile);
  EXPECT_EQ(archive->entries().front().mode, 0644u);
}

TEST(ZipArchive, OfOneNameTheLastCounts) {
  const std::string zip =
      build_zip({{.name = "META-INF/LICENSE", .content = "first, and longer"},
                 {.name = "b", .content = "other"},
                 {.name = "./META-INF//LICENSE", .content = "last", .mode = 0100600},
                 {.name = "c", .content = "x"},
                 {.name = "c", .content = "/tmp", .mode = 0120777},
                 {.name = "d/", .mode = 0040755},
                 {.name = "d/", .mode = 0040700}});
  const auto archive = ZipArchive::open(zip);
  ASSERT_TRUE(archive) << archive.error().to_log();
  const auto& entries = archive->entries();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(content(*archive, entries[0]), "last");
  EXPECT_EQ(entries[0].mode, 0600u);
  EXPECT_EQ(entries[2].target, "/tmp");
  EXPECT_EQ(entries[3].mode, 0700u);
  EXPECT_EQ(archive->unpacked_bytes(), 4u + 5u + 4u) << "what is not unpacked does not count";
}

TEST(ZipArchive, TimesAreTheEntrys) {
  // UTC, from the extended timestamp field; only of the access there is none.
  const std::string modified("UT\5\0\1\0\xf1\x53\x65", 9);
  const std::string accessed("UT\5\0\2\0\xf1\x53\x65", 9);
  const std::string behind = std::string("\xfe\xca\0\0", 4) + modified;
  const std::string before_1970("UT\5\0\1\xff\xff\xff\xff", 9);
  const std::vector<std::pair<std::int64_t, ZipInput>> cases = {
      {1704067200, {.name = "a"}},
      {1704067200 + 13 * 3600 + 37 * 60 + 42, {.name = "a", .time = 13 << 11 | 37 << 5 | 21}},
      {1700000000, {.name = "a", .extra = modified}},
      {1700000000, {.name = "a", .extra = behind}},
      {-1, {.name = "a", .extra = before_1970}},
      {1704067200, {.name = "a", .extra = accessed}},
      {1704067200, {.name = "a", .extra = std::string("UT\1\0\1", 5)}},
      {1704067200, {.name = "a", .extra = std::string("\1\2\xff\xff", 4)}},
      {315532800, {.name = "a", .date = 0}},
      {4354819198, {.name = "a", .date = 127 << 9 | 12 << 5 | 31, .time = 0xbf7d}}};
  for (const auto& [wanted, input] : cases) {
    const std::string zip = build_zip({input});
    const auto archive = ZipArchive::open(zip);
    ASSERT_TRUE(archive) << archive.error().to_log();
    EXPECT_EQ(archive->entries().front().modified_s, wanted);
  }
}

TEST(ZipArchive, RefusesWhatIsNoZip) {
  EXPECT_EQ(refusal(""), "Uploaded file must be a non-empty zip");
  EXPECT_EQ(refusal("not a zip at all, but long enough to be one"), "no end of central directory");
}

TEST(ZipArchive, OtherBytesMayFollow) {
  const std::string zip = testing::hello_zip();
  EXPECT_EQ(refusal(zip + "x"), "");
  EXPECT_EQ(refusal("#!/bin/sh\n" + zip + std::string(1000, '\0')), "");
  const std::size_t most = kMaxTrailingBytes;
  EXPECT_EQ(refusal(zip + std::string(most, 'x')), "");
  EXPECT_EQ(refusal(zip + std::string(most + 1, 'x')), "no end of central directory");
  // A signature among them, with no directory before it.
  EXPECT_EQ(refusal(zip + "PK\5\6" + std::string(40, 'x')), "");
  // An end record whose comment ends the file goes before one that bytes follow.
  const auto archive = ZipArchive::open(zip + testing::build_zip({{.name = "b"}}));
  ASSERT_TRUE(archive);
  EXPECT_EQ(archive->entries().front().path, "b");
}

// Every prefix and every single damaged byte: refused or read, never a crash or an overrun
// (the sanitizer build sees).
TEST(ZipArchive, SurvivesTruncationAndDamage) {
  const std::string whole = testing::python_made_zip();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal(whole.substr(0, size)), "") << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      static_cast<void>(refusal(damaged));
    }
  }
}

TEST(ZipArchive, TotalUnpackedSizeIsLimited) {
  // 300 entries that each claim 1 MiB in a few KiB: refused by the sum, before unpacking.
  std::vector<ZipInput> inputs;
  for (int i = 0; i < 300; ++i) {
    inputs.push_back({.name = "f" + std::to_string(i),
                      .content = std::string(2000, 'z'),
                      .deflate = true,
                      .claimed_size = 1 << 20});
  }
  EXPECT_EQ(refusal(build_zip(inputs)), "Unzipped size must be smaller than 262144000 bytes");
}

TEST(ZipArchive, ZippedSizeIsLimited) {
  const std::string huge(kMaxZippedBytes + 1, 'z');
  const auto archive = ZipArchive::open(huge);
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().code(), "RequestEntityTooLargeException");
  EXPECT_EQ(archive.error().http_status(), 413);
}

}  // namespace
}  // namespace lapwing::lambda
