// java_standby LIBJVM OPTION... CLASS: a JVM that is started before its function is known.
//
// It makes the JVM as the `java` command does, of the same options, on a thread of its own with
// the stack that command would give it, and loads what every function needs. Then it reads the
// pipe named by _LAPWING_STANDBY_FD to its end: KEY=value parts, each ended by a zero byte, are
// its whole environment from then on, and CLASS.main is called with the value of _HANDLER. An
// end without any content ends the process.
//
// Java keeps the environment it finds when it first asks, so nothing asks before that. How the
// process ends is as with `java`: main() that returns waits for other threads, an exception from
// it is printed and the status is 1.
//
// No C++ runtime, no JDK at build time.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "runtime/java_standby/jni.hpp"
#include "runtime/java_standby/warm_up.hpp"

namespace lapwing::runtime {
namespace {

constexpr int kOptionsMax = 64;
// The variables of a function and what the platform adds (4 KB and some); far above both.
constexpr std::size_t kConfigurationBytesMax = 1U << 20U;
constexpr std::size_t kVariablesMax = 4096;
constexpr char kWorkingDirectory[] = "/var/task";
constexpr char kPipeVariable[] = "_LAPWING_STANDBY_FD=";

using CreateVm = std::int32_t (*)(jni::Table** vm, jni::Table** env, jni::InitArgs* args);
using DefaultArgs = std::int32_t (*)(void* args);

// The process is this one JVM, and the JVM's thread gets one pointer.
struct Start {
  CreateVm create = nullptr;
  jni::InitArgs args;
  const char* main_class = nullptr;
  int pipe = -1;
  int status = 1;
};

[[noreturn]] void leave(const char* why) {
  std::fprintf(stderr, "java_standby: %s\n", why);
  ::_exit(1);
}

char* joined(const char* first, const char* second) {
  const std::size_t length = std::strlen(first) + std::strlen(second) + 1;
  char* text = static_cast<char*>(std::malloc(length));
  if (text == nullptr) leave("no memory");
  std::snprintf(text, length, "%s%s", first, second);
  return text;
}

// What the `java` command makes of its command line.
jni::InitArgs init_args(int count, char** words, const char* main_class) {
  static jni::Option options[kOptionsMax + 2];
  jni::InitArgs args;
  args.version = jni::kVersion;
  args.options = options;
  for (int i = 0; i < count; ++i) {
    if (args.count == kOptionsMax) leave("too many options");
    const bool class_path = std::strcmp(words[i], "-cp") == 0 && i + 1 < count;
    options[args.count++].text = class_path ? joined("-Djava.class.path=", words[++i]) : words[i];
  }
  options[args.count++].text = joined("-Dsun.java.command=", main_class);
  options[args.count++].text = "-Dsun.java.launcher=SUN_STANDARD";
  return args;
}

// Its content, the length in `length`.
char* read_pipe(int fd, std::size_t& length) {
  char* content = static_cast<char*>(std::malloc(kConfigurationBytesMax + 1));
  if (content == nullptr) leave("no memory");
  length = 0;
  for (;;) {
    if (length == kConfigurationBytesMax) leave("too many variables");
    const ssize_t got = ::read(fd, content + length, kConfigurationBytesMax - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) leave("the configuration cannot be read");
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  content[length] = '\0';
  return content;
}

// False when nobody has said what to become. The variables are put in place by one store:
// other threads of the JVM may be looking at the old ones.
bool become(int fd) {
  std::size_t length = 0;
  char* content = read_pipe(fd, length);
  ::close(fd);
  if (length == 0) return false;
  static char* variables[kVariablesMax + 1];
  std::size_t count = 0;
  for (char* at = content; at < content + length; at += std::strlen(at) + 1) {
    if (count == kVariablesMax) leave("too many variables");
    variables[count++] = at;
  }
  environ = variables;
  ::tzset();
  // The directory was covered by the function's after the process had entered it.
  if (::chdir(kWorkingDirectory) != 0) leave("no /var/task");
  return true;
}

// As the command line of `java` would have it, for tools that show it.
void set_command(jni::Env env, const char* main_class, jni::Object handler) {
  const jni::Class system = env.find_class("java/lang/System");
  const jni::Class string = env.find_class("java/lang/String");
  if (env.failed()) return;
  const jni::Method concat = env.method(string, "concat", "(Ljava/lang/String;)Ljava/lang/String;");
  const jni::Method set = env.static_method(
      system, "setProperty", "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;");
  if (env.failed()) return;
  const jni::Value space[] = {{.l = handler}};
  const jni::Object command = env.call(env.string(joined(main_class, " ")), concat, space);
  if (env.failed()) return;
  const jni::Value values[] = {{.l = env.string("sun.java.command")}, {.l = command}};
  env.call_static(system, set, values);
}

// Java's view of the variables decides how their bytes are read.
jni::Object handler_of(jni::Env env) {
  const jni::Class system = env.find_class("java/lang/System");
  if (env.failed()) return nullptr;
  const jni::Method get =
      env.static_method(system, "getenv", "(Ljava/lang/String;)Ljava/lang/String;");
  if (env.failed()) return nullptr;
  const jni::Value key[] = {{.l = env.string("_HANDLER")}};
  return env.call_static(system, get, key);
}

void run_main(jni::Env env, const char* main_class) {
  const jni::Object handler = handler_of(env);
  if (env.failed()) return;
  set_command(env, main_class, handler);
  if (env.failed()) return;
  char* name = joined(main_class, "");
  for (char* at = name; *at != '\0'; ++at) {
    if (*at == '.') *at = '/';
  }
  const jni::Class main = env.find_class(name);
  if (env.failed()) return;
  const jni::Method method = env.static_method(main, "main", "([Ljava/lang/String;)V");
  if (env.failed()) return;
  const jni::Value arguments[] = {{.l = env.array(1, env.find_class("java/lang/String"), handler)}};
  if (env.failed()) return;
  env.call_static_void(main, method, arguments);
}

void* jvm_thread(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  jni::Table* vm_table = nullptr;
  jni::Table* env_table = nullptr;
  if (start.create(&vm_table, &env_table, &start.args) != 0) return nullptr;
  jni::Vm vm(vm_table);
  jni::Env env(env_table);
  warm_up(env);
  if (!become(start.pipe)) ::_exit(0);
  run_main(env, start.main_class);
  start.status = env.failed() ? 1 : 0;
  vm.detach_current_thread();  // prints the exception, if there is one
  vm.destroy();                // waits for other threads
  return nullptr;
}

int pipe_from_environment() {
  for (char** each = environ; *each != nullptr; ++each) {
    if (std::strncmp(*each, kPipeVariable, sizeof kPipeVariable - 1) == 0) {
      return static_cast<int>(std::strtol(*each + sizeof kPipeVariable - 1, nullptr, 10));
    }
  }
  leave("_LAPWING_STANDBY_FD is not set");
}

// The symbol's type is documented; dlsym has only one of its own.
template <class Function>
Function symbol(void* library, const char* name) {
  void* found = ::dlsym(library, name);
  if (found == nullptr) leave(::dlerror());
  return std::bit_cast<Function>(found);
}

int run(int argc, char** argv) {
  if (argc < 3) leave("java_standby LIBJVM OPTION... CLASS");
  ::prctl(PR_SET_NAME, "java");
  void* library = ::dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) leave(::dlerror());
  Start start;
  start.create = symbol<CreateVm>(library, "JNI_CreateJavaVM");
  start.main_class = argv[argc - 1];
  start.args = init_args(argc - 3, argv + 2, start.main_class);
  start.pipe = pipe_from_environment();
  jni::InitArgs11 defaults;
  symbol<DefaultArgs>(library, "JNI_GetDefaultJavaVMInitArgs")(&defaults);

  // Java guards the stacks of its threads itself.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (defaults.java_stack_bytes > 0) {
    pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(defaults.java_stack_bytes));
  }
  pthread_attr_setguardsize(&attributes, 0);
  pthread_t thread{};
  if (pthread_create(&thread, &attributes, jvm_thread, &start) != 0) leave("no thread");
  pthread_join(thread, nullptr);
  return start.status;
}

}  // namespace
}  // namespace lapwing::runtime

int main(int argc, char** argv) { return lapwing::runtime::run(argc, argv); }
