#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe.hpp"

namespace escape {
namespace {

// The raw calls below have no wrappers, or wrappers that would hide the kernel's answer.

std::string loads_module() {
  if (::syscall(SYS_init_module, "", 0, "") == 0 || errno == ENOEXEC) return "init_module";
  if (::syscall(SYS_finit_module, 0, "", 0) == 0 || errno == ENOEXEC) return "finit_module";
  return {};
}

std::string uses_keyrings() {
  if (::syscall(SYS_add_key, "user", "escape", "x", 1, KEY_SPEC_PROCESS_KEYRING) >= 0) {
    return "add_key";
  }
  if (::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0) {
    return "keyctl";
  }
  return ::syscall(SYS_request_key, "user", "x", nullptr, 0) >= 0 ? "request_key" : "";
}

std::string uses_bpf() {
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  return ::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0 ? "bpf" : "";
}

std::string uses_perf() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_CPU_CLOCK;
  attributes.exclude_kernel = 1;
  return ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) >= 0 ? "perf_event_open" : "";
}

std::string uses_userfaultfd() {
  return ::syscall(SYS_userfaultfd, 1 /* user mode only */) >= 0 ? "userfaultfd" : "";
}

std::string uses_io_uring() {
  io_uring_params parameters{};
  return ::syscall(SYS_io_uring_setup, 1, &parameters) >= 0 ? "io_uring_setup" : "";
}

std::string reads_kernel_log() { return ::klogctl(10, nullptr, 0) >= 0 ? "syslog" : ""; }

std::string sets_clock() {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  return ::settimeofday(&now, nullptr) == 0 ? "settimeofday" : "";
}

std::string sets_hostname() { return ::sethostname("escaped", 7) == 0 ? "sethostname" : ""; }

std::string swaps() { return ::swapoff("/none") != 0 && errno != EPERM ? error_text() : ""; }

std::string accounts() { return ::syscall(SYS_acct, nullptr) == 0 ? "switched accounting" : ""; }

std::string uses_ports() {
#if defined(__x86_64__)
  if (::syscall(SYS_iopl, 3) == 0) return "iopl";
  if (::syscall(SYS_ioperm, 0x80, 1, 1) == 0) return "ioperm";
#endif
  return {};
}

std::string types_into_terminal() {
  const char byte = 'x';
  // The high half is cut off by the kernel, so a filter must look at the low half alone.
  for (const unsigned long request : {0x5412ul, 0x100005412ul}) {
    errno = 0;
    ::syscall(SYS_ioctl, 0, request, &byte);
    if (errno != EPERM) return "TIOCSTI is not refused: " + error_text();
  }
  return {};
}

std::string changes_personality() {
  return ::syscall(SYS_personality, READ_IMPLIES_EXEC) >= 0 ? "personality" : "";
}

std::string loads_kernel() {
  return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0) == 0 ? "kexec_load" : "";
}

// Pages that the machine's owner set aside. Without a reservation the call needs no page yet.
std::string takes_huge_pages() {
  constexpr std::size_t kBytes = std::size_t{2} << 20;
  void* block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
  if (block != MAP_FAILED) return "mmap";
  if (::memfd_create("huge", MFD_HUGETLB) >= 0) return "memfd_create";
  return ::shmget(IPC_PRIVATE, kBytes, IPC_CREAT | SHM_HUGETLB | SHM_NORESERVE | 0600) >= 0
             ? "shmget"
             : "";
}

// How long writing to a page takes would tell whether another sandbox holds the same.
std::string merges_pages() {
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  void* block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (::madvise(block, kBytes, MADV_MERGEABLE) == 0) return "madvise";
  return ::prctl(67 /* PR_SET_MEMORY_MERGE */, 1, 0, 0, 0) == 0 ? "prctl" : "";
}

std::string compacts_memory() {
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  void* block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(block, 1, kBytes);
  errno = 0;
  const int done = ::madvise(block, kBytes, 25 /* MADV_COLLAPSE */);
  if (done == 0 || errno != EINVAL) return "MADV_COLLAPSE: " + error_text();
  return ::syscall(SYS_process_madvise, -1, nullptr, 0, 0, 0) == 0 || errno != ENOSYS
             ? "process_madvise"
             : "";
}

std::string gets_descriptors() {
  const long pidfd = ::syscall(SYS_pidfd_open, 1, 0);
  if (pidfd < 0) return {};
  const long stolen = ::syscall(SYS_pidfd_getfd, pidfd, 0, 0);
  ::close(static_cast<int>(pidfd));
  return stolen >= 0 ? "took a descriptor of the first process" : "";
}

}  // namespace

std::vector<Attempt> kernel_attempts() {
  return {{"load a module", loads_module},
          {"use keyrings", uses_keyrings},
          {"use bpf", uses_bpf},
          {"use perf", uses_perf},
          {"use userfaultfd", uses_userfaultfd},
          {"use io_uring", uses_io_uring},
          {"read the kernel's log", reads_kernel_log},
          {"set the clock", sets_clock},
          {"set the host name", sets_hostname},
          {"switch swap", swaps},
          {"switch accounting", accounts},
          {"use I/O ports", uses_ports},
          {"type into a terminal", types_into_terminal},
          {"change personality", changes_personality},
          {"load a kernel", loads_kernel},
          {"take descriptors", gets_descriptors},
          {"take huge pages", takes_huge_pages},
          {"merge pages", merges_pages},
          {"compact memory", compacts_memory}};
}

}  // namespace escape
