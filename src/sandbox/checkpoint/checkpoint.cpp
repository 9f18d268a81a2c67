// Preloaded into an interpreter, this turns one fork() into a checkpoint of the process: the
// interpreter loads its function, calls fork() with _LAPWING_CHECKPOINT_NOW set, and its memory is
// written to the server. In the process itself that fork() never returns; it returns 0, as in a
// child, in every process that restore.cpp makes of the image later, each in a sandbox of its own.
//
// A real fork() comes first and its child is what is written: what a library does around fork()
// (locks, worker threads, generators of random numbers) is done, and one thread alone is left.
// Threads of the function's own would be lost, and child processes: then there is no checkpoint.
//
// What is not memory is the interpreter's business (open files, /tmp); signals are kept here.
//
// No C++ runtime and no allocation once it has begun: the memory is being looked at. x86-64 and
// the GNU C library; others are refused.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/checkpoint/image.hpp"
#include "sandbox/checkpoint/writer.hpp"

namespace lapwing::sandbox {
namespace {

using Fork = pid_t (*)();

constexpr int kSignals = 64;
constexpr std::uint64_t kThreadNumberAt = 0x2d0;  // in the GNU C library's thread descriptor
constexpr std::uint64_t kThreadNumberFrom = 0x200;
constexpr std::uint64_t kThreadNumberTo = 0x600;
constexpr std::uint32_t kRseqBytes = 32;
constexpr std::uint32_t kRseqSignature = 0x53053053;
// Numbers that processes of the snapshot's own sandbox use up, so that a restored process, which
// is among the first of its sandbox, has another number than the one it was.
constexpr int kNumbersUsedUp = 300;

// As the kernel has it; the C library's own structure differs.
struct KernelSignal {
  std::uint64_t handler, flags, restorer, mask;
};

// What the kernel knows of the process besides its memory.
struct Rest {
  KernelSignal signals[kSignals];
  std::uint64_t mask;
  stack_t alternate;
  void* robust_list;
  std::size_t robust_bytes;
  std::uint64_t thread_number;  // where the C library keeps it
  std::uint64_t rseq;           // 0: not used
  mode_t umask;
  char name[16];
};

// The state of the library: the interpreter knows nothing of it, so it has nowhere else to be.
bool wanted = false;
Fork real_fork = nullptr;
Rest rest;
Context context;

// The C library keeps the thread's number where only it knows.
std::uint64_t find_thread_number(std::uint64_t base) {
  const auto thread = static_cast<int>(::syscall(SYS_gettid));
  const auto at = [base](std::uint64_t offset) {
    return *reinterpret_cast<const int*>(base + offset);
  };
  if (at(kThreadNumberAt) == thread) return base + kThreadNumberAt;
  std::uint64_t found = 0;
  for (std::uint64_t offset = kThreadNumberFrom; offset < kThreadNumberTo; offset += sizeof(int)) {
    if (at(offset) != thread) continue;
    if (found != 0) return 0;
    found = base + offset;
  }
  return found;
}

void keep_rest() {
  for (int signal = 1; signal <= kSignals; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, nullptr, &rest.signals[signal - 1], 8);
  }
  ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &rest.mask, 8);
  ::sigaltstack(nullptr, &rest.alternate);
  ::syscall(SYS_get_robust_list, 0, &rest.robust_list, &rest.robust_bytes);
  rest.thread_number = find_thread_number(fs_base());
  if (rest.thread_number == 0) refuse("a C library that is not known here");
  rest.umask = ::umask(0);
  ::umask(rest.umask);
  ::prctl(PR_GET_NAME, rest.name, 0, 0, 0);
}

// In the restored process: as it was, but with its own number.
void put_rest_back() {
  ::close(kRestoreImageFd);
  ::munmap(reinterpret_cast<void*>(kReaderBase), kReaderEnd - kReaderBase);
  *reinterpret_cast<int*>(rest.thread_number) = static_cast<int>(::syscall(SYS_gettid));
  ::syscall(SYS_set_tid_address, rest.thread_number);
  ::syscall(SYS_set_robust_list, rest.robust_list, rest.robust_bytes);
  if (rest.rseq != 0) {
    auto* area = reinterpret_cast<std::uint32_t*>(rest.rseq);
    area[0] = 0;
    area[1] = ~0u;  // not registered, until it is
    *reinterpret_cast<std::uint64_t*>(area + 2) = 0;
    ::syscall(SYS_rseq, area, kRseqBytes, 0, kRseqSignature);
  }
  if ((rest.alternate.ss_flags & SS_DISABLE) == 0) {
    rest.alternate.ss_flags = 0;
    ::sigaltstack(&rest.alternate, nullptr);
  }
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    ::syscall(SYS_rt_sigaction, signal, &rest.signals[signal - 1], nullptr, 8);
  }
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &rest.mask, nullptr, 8);
  ::umask(rest.umask);
  ::prctl(PR_SET_NAME, rest.name, 0, 0, 0);
}

}  // namespace

// Twice like setjmp: 0 now, 1 in the restored process.
extern "C" [[gnu::returns_twice, gnu::visibility("hidden")]] int lapwing_save(Context* into);
asm(".hidden lapwing_save\n"
    ".globl lapwing_save\n"
    ".type lapwing_save, @function\n"
    "lapwing_save:\n"
    "  mov %rbx, 0(%rdi)\n"
    "  mov %rbp, 8(%rdi)\n"
    "  mov %r12, 16(%rdi)\n"
    "  mov %r13, 24(%rdi)\n"
    "  mov %r14, 32(%rdi)\n"
    "  mov %r15, 40(%rdi)\n"
    "  lea 8(%rsp), %rax\n"
    "  mov %rax, 48(%rdi)\n"
    "  mov (%rsp), %rax\n"
    "  mov %rax, 56(%rdi)\n"
    "  stmxcsr 64(%rdi)\n"
    "  fnstcw 68(%rdi)\n"
    "  xor %eax, %eax\n"
    "  ret\n"
    ".size lapwing_save, . - lapwing_save\n");

namespace {

void refuse_children() {
  siginfo_t info;
  if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
    refuse("its initialisation left a child process");
  }
}

void use_up_numbers() {
  for (int i = 0; i < kNumbersUsedUp; ++i) {
    const pid_t made = ::vfork();
    if (made == 0) ::_exit(0);
    if (made > 0) ::waitpid(made, nullptr, 0);
  }
}

int own_threads() {
  Lines lines("/proc/self/status");
  while (char* line = lines.next()) {
    if (!starts_with(line, "Threads:")) continue;
    line += 8;
    return static_cast<int>(number(line, 10));
  }
  return 0;
}

// The process that called fork(): waits for its child's work and says how it went.
[[noreturn]] void see_through(pid_t child, int gate) {
  // After what libraries do before a fork(): some stop their threads then.
  const int threads = own_threads();
  if (threads != 1) {
    ::kill(child, SIGKILL);
    refuse("its initialisation left threads running");
  }
  (void)!::write(gate, "g", 1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) {
    send(CheckpointReport());
  } else if (WIFSIGNALED(status)) {
    refuse(WTERMSIG(status) == SIGKILL ? "not enough memory" : "the writer crashed");
  }
  ::_exit(status == 0 ? 0 : 1);
}

}  // namespace

[[gnu::noinline]] pid_t take_checkpoint() {
  make_tables();
  refuse_children();
  use_up_numbers();
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) refuse_errno("pipe");
  const pid_t child = real_fork();
  if (child < 0) refuse_errno("fork");
  if (child > 0) see_through(child, gate[1]);
  char go = 0;
  while (::read(gate[0], &go, 1) < 0 && errno == EINTR) {
  }
  keep_rest();
  if (lapwing_save(&context) == 0) write_image(context);
  put_rest_back();
  return 0;
}

namespace {

[[gnu::constructor]] void load() {
  real_fork = reinterpret_cast<Fork>(::dlsym(RTLD_NEXT, "fork"));  // how dlsym hands out functions
  if (::getenv(kCheckpointVariable) == nullptr) return;
  wanted = true;
  ::unsetenv(kCheckpointVariable);
  // What the function preloads itself comes after us.
  const char* preload = ::getenv("LD_PRELOAD");
  const char* others = preload == nullptr ? nullptr : std::strchr(preload, ':');
  if (others == nullptr) {
    ::unsetenv("LD_PRELOAD");
  } else {
    ::setenv("LD_PRELOAD", others + 1, 1);
  }
  ::fcntl(kCheckpointControlFd, F_SETFD, FD_CLOEXEC);
  ::fcntl(kCheckpointImageFd, F_SETFD, FD_CLOEXEC);
  const auto* offset = static_cast<const std::ptrdiff_t*>(::dlsym(RTLD_DEFAULT, "__rseq_offset"));
  const auto* size = static_cast<const unsigned*>(::dlsym(RTLD_DEFAULT, "__rseq_size"));
  if (offset != nullptr && size != nullptr && *size > 0) {
    rest.rseq = fs_base() + static_cast<std::uint64_t>(*offset);
  }
}

}  // namespace

pid_t checkpointed_fork() {
  if (!wanted || ::getenv(kCheckpointNowVariable) == nullptr) return real_fork();
  ::unsetenv(kCheckpointNowVariable);
  wanted = false;  // in the restored process fork() is an ordinary one
  return take_checkpoint();
}

}  // namespace lapwing::sandbox

extern "C" [[gnu::visibility("default")]] pid_t fork() {
  return lapwing::sandbox::checkpointed_fork();
}
