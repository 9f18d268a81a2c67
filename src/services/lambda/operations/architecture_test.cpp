// Architectures: refused is only what could not run here, by the programs themselves.
#include <gtest/gtest.h>

#include "services/lambda/native_files.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda::testing {
namespace {

std::string elf(char machine) {
  std::string out =
      "\x7f"
      "ELF\x02\x01\x01";
  out.resize(18, '\0');
  out += machine;
  out.resize(64, '\0');
  return out;
}
const std::string kX86 = elf(62);
const std::string kArm = elf(static_cast<char>(183));

std::string bootstrap(const std::string& content) {
  return build_zip({{.name = "bootstrap", .content = content, .mode = 0100755, .deflate = true}});
}

class ArchitectureTest : public Harness, public ::testing::Test {
 protected:
  Answer native(std::string_view name, const std::string& content, std::string_view architecture) {
    return create(
        name, bootstrap(content),
        R"("Runtime":"provided.al2023","Architectures":[")" + std::string(architecture) + "\"]");
  }
};

TEST(NativeFiles, AreKnownByTheirHeaders) {
  EXPECT_EQ(machine_of(kX86), "x86_64");
  EXPECT_EQ(machine_of(kArm), "arm64");
  EXPECT_EQ(machine_of(elf(8)), "other");
  EXPECT_EQ(machine_of("#!/bin/sh\nexit 0\n# and more"), "");
  EXPECT_EQ(machine_of("\x7f"
                       "ELF"),
            "");
  const std::string zip = build_zip({{.name = "a/x.so", .content = kX86},
                                     {.name = "b/x.so.1", .content = kArm},
                                     {.name = "c.node", .content = kArm},
                                     {.name = "d.so", .content = "text"}});
  const NativeFiles found = native_files(*ZipArchive::open(zip));
  EXPECT_EQ(found.bootstrap, "");
  ASSERT_EQ(found.modules.size(), 2u);
  EXPECT_EQ(found.modules[1].first, "b/x.so.1");
}

TEST_F(ArchitectureTest, ABootstrapForAnotherMachineIsRefused) {
  const Answer refused = native("f", kArm, "arm64");
  EXPECT_EQ(refused.status, 501) << refused.body;
  EXPECT_EQ(refused.message(),
            "Lapwing does not support the parameter Architectures arm64 of lambda CreateFunction: "
            "its bootstrap is made for arm64, this machine runs x86_64");
  EXPECT_EQ(get("f").status, 404);
  // One that runs here may say what it wants, and so may a script.
  EXPECT_EQ(native("a", kX86, "arm64").at("Architectures.0"), "arm64");
  EXPECT_EQ(native("b", "#!/bin/sh\n", "arm64").status, 201);
  executor.run_all();
  EXPECT_EQ(put_code("b", bootstrap(kArm)).status, 501);
  EXPECT_EQ(put_code("b", bootstrap(kArm), R"("DryRun":true)").status, 501);
  // As on AWS: what is said to be of this machine is tried.
  EXPECT_EQ(put_code("b", bootstrap(kArm), R"("Architectures":["x86_64"])").status, 200);
}

TEST_F(ArchitectureTest, AnInterpretedFunctionRunsWhateverArchitectureItNames) {
  const Answer made = create("f", bootstrap(kArm), R"("Architectures":["arm64"])");
  executor.run_all();
  EXPECT_EQ(made.at("Architectures.0"), "arm64") << made.body;
  EXPECT_TRUE(resolve("f"));
  // Its package stays what it is.
  EXPECT_EQ(put_configuration("f", R"({"Runtime":"provided.al2023"})").status, 501);
  restart();
  EXPECT_EQ(put_configuration("f", R"({"Runtime":"provided.al2023"})").status, 501);
}

TEST_F(ArchitectureTest, ModulesForAnotherMachineAreNamedInTheLog) {
  const std::string zip =
      build_zip({{.name = "f.py", .content = "x"}, {.name = "numpy/core.so", .content = kArm}});
  EXPECT_EQ(create("f", zip, R"("Architectures":["arm64"])").status, 201);
  EXPECT_NE(log.text().find("numpy/core.so"), std::string::npos) << log.text();
}

}  // namespace
}  // namespace lapwing::lambda::testing
