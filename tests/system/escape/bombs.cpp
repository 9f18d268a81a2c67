#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "probe.hpp"

namespace escape {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

int exhaust_descriptors() {
  int count = 0;
  while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) ++count;
  std::printf("%d\n", count);
  return errno == EMFILE ? 0 : 1;
}

// Children wait for the end of a pipe, so all exist at once.
int exhaust_processes() {
  int hold[2];
  if (::pipe(hold) != 0) return 1;
  int count = 0;
  for (; count < 100'000; ++count) {
    const pid_t child = ::fork();
    if (child < 0) break;
    if (child == 0) {
      char byte = 0;
      ::close(hold[1]);
      (void)!::read(hold[0], &byte, 1);
      ::_exit(0);
    }
  }
  std::printf("%d\n", count);
  ::close(hold[1]);
  while (::wait(nullptr) > 0) {
  }
  return 0;
}

// All wait for the end; the kernel counts them like processes.
int exhaust_threads() {
  std::vector<pthread_t> made;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 64 * 1024);
  const auto wait = [](void*) -> void* {
    ::pause();
    return nullptr;
  };
  pthread_t thread{};
  while (made.size() < 100'000 && ::pthread_create(&thread, &attributes, wait, nullptr) == 0) {
    made.push_back(thread);
  }
  std::printf("%zu\n", made.size());
  std::fflush(stdout);
  ::_exit(0);
}

int exhaust_files() {
  int count = 0;
  for (; count < 1'000'000; ++count) {
    const int fd =
        ::open(("/tmp/" + std::to_string(count)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) break;
    ::close(fd);
  }
  std::printf("%d\n", count);
  return errno == ENOSPC ? 0 : 1;
}

// A real bomb: everybody forks, nobody waits. Ends only by being killed.
[[noreturn]] void fork_forever() {
  for (;;) (void)!::fork();
}

// The kernel kills it; what it prints before shows how far it came.
int exhaust_memory() {
  for (std::size_t mib = 0; mib < 16'384; ++mib) {
    void* block = ::mmap(nullptr, kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) break;
    std::memset(block, 1, kMiB);
    std::printf("%zu\n", mib + 1);
  }
  return 0;
}

int exhaust_space(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::vector<char> block(kMiB, 'x');
  std::size_t bytes = 0;
  for (;;) {
    const ssize_t put = ::write(fd, block.data(), block.size());
    if (put <= 0) break;
    bytes += static_cast<std::size_t>(put);
  }
  std::printf("%zu\n", bytes / kMiB);
  return errno == ENOSPC ? 0 : 1;
}

// Ignores every signal it can and burns a processor.
[[noreturn]] void spin() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_IGN);
  std::printf("spinning\n");
  for (volatile unsigned long turns = 0;; turns = turns + 1) {
  }
}

}  // namespace

int run_bomb(const std::string& name) {
  if (name == "descriptors") return exhaust_descriptors();
  if (name == "processes") return exhaust_processes();
  if (name == "threads") return exhaust_threads();
  if (name == "files") return exhaust_files();
  if (name == "forks") fork_forever();
  if (name == "memory") return exhaust_memory();
  if (name == "tmp") return exhaust_space("/tmp/bomb");
  if (name == "spin") spin();
  std::fprintf(stderr, "unknown bomb %s\n", name.c_str());
  return 2;
}

}  // namespace escape
