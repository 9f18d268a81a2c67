#include "server/server_key.hpp"

#include <fstream>
#include <stdlib.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

namespace lapwing::server {
namespace {

TEST(ServerKey, IsMadeOnceKeptPrivateAndNeverReplaced) {
  char dir[] = "/tmp/lapwing-key-XXXXXX";
  const std::string data_dir = mkdtemp(dir);
  SeededRandom random(1);
  const auto first = load_server_key(data_dir, random);
  ASSERT_TRUE(first);
  EXPECT_EQ(load_server_key(data_dir, random).value(), *first);
  struct stat st{};
  ASSERT_EQ(stat((data_dir + "/server.key").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  std::ofstream(data_dir + "/server.key") << "short";
  EXPECT_NE(load_server_key(data_dir, random).error().message().find("restore it"),
            std::string::npos);
  [[maybe_unused]] const int rc = system(("rm -rf " + data_dir).c_str());
}

TEST(ServerKey, IsMissedWhereThereIsDataAlready) {
  char dir[] = "/tmp/lapwing-key-XXXXXX";
  const std::string data_dir = mkdtemp(dir);
  SeededRandom random(1);
  std::ofstream(data_dir + "/state.db") << "restored";
  const auto refused = load_server_key(data_dir, random);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find(data_dir + "/server.key is missing"), std::string::npos);
  EXPECT_NE(refused.error().message().find("Bring it from where the data comes from"),
            std::string::npos);
  // As the message says.
  std::ofstream(data_dir + "/server.key") << std::string(32, 'k');
  EXPECT_TRUE(load_server_key(data_dir, random));
  [[maybe_unused]] const int rc = system(("rm -rf " + data_dir).c_str());
}

}  // namespace
}  // namespace lapwing::server
