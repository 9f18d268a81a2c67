// What of Java's invocation interface and native interface the standby program needs, by the
// indexes that their specification documents for all versions (JNI specification, chapters 4
// and 5): no JDK takes part in the build, and any serves.
//
// Thread-safety: an Env belongs to the thread that got it.
#pragma once

#include <bit>
#include <cstdint>

namespace lapwing::runtime::jni {

using Object = void*;  // a local reference
using Class = Object;
using Method = void*;
using Boolean = std::uint8_t;

union Value {
  Boolean z;
  std::int32_t i;
  std::int64_t j;
  double d;
  Object l;
};

struct Option {
  const char* text = nullptr;
  void* extra = nullptr;
};

struct InitArgs {
  std::int32_t version = 0;
  std::int32_t count = 0;
  Option* options = nullptr;
  Boolean ignore_unrecognized = 0;
};

// Of version 1.1, which is asked only for the stack of the main thread.
struct InitArgs11 {
  std::int32_t version = 0x00010001;
  char** properties = nullptr;
  std::int32_t check_source = 0;
  std::int32_t native_stack_bytes = 0;
  std::int32_t java_stack_bytes = 0;
  std::int32_t min_heap_bytes = 0;
  std::int32_t max_heap_bytes = 0;
  std::int32_t verify_mode = 0;
  char* class_path = nullptr;
  void* hooks[3] = {};
  std::int32_t flags[4] = {};
  std::int32_t debug_port = 0;
};

inline constexpr std::int32_t kVersion = 0x00010008;

// A JavaVM* or JNIEnv*: a pointer to a table of functions.
struct Table {
  void* const* functions;
  template <class Function>
  Function at(int index) const {
    return std::bit_cast<Function>(functions[index]);
  }
};

class Vm {
 public:
  explicit Vm(Table* vm) : vm_(vm) {}
  void destroy() { vm_->at<std::int32_t (*)(Table*)>(3)(vm_); }
  void detach_current_thread() { vm_->at<std::int32_t (*)(Table*)>(5)(vm_); }

 private:
  Table* vm_;
};

// Every call but the first three may leave an exception, after which only they may follow.
class Env {
 public:
  explicit Env(Table* env) : env_(env) {}

  bool failed() { return env_->at<Boolean (*)(Table*)>(228)(env_) != 0; }
  void clear() { env_->at<void (*)(Table*)>(17)(env_); }
  void release(Object local) { env_->at<void (*)(Table*, Object)>(23)(env_, local); }

  bool push_frame(std::int32_t capacity) {
    return env_->at<std::int32_t (*)(Table*, std::int32_t)>(19)(env_, capacity) == 0;
  }
  void pop_frame() { env_->at<Object (*)(Table*, Object)>(20)(env_, nullptr); }

  Class find_class(const char* name) {
    return env_->at<Class (*)(Table*, const char*)>(6)(env_, name);
  }
  Method method(Class of, const char* name, const char* signature) {
    return find_method(33, of, name, signature);
  }
  Method static_method(Class of, const char* name, const char* signature) {
    return find_method(113, of, name, signature);
  }
  Object make(Class of, Method constructor, const Value* values) {
    return env_->at<Object (*)(Table*, Class, Method, const Value*)>(30)(env_, of, constructor,
                                                                         values);
  }
  Object call(Object on, Method method, const Value* values) {
    return env_->at<Object (*)(Table*, Object, Method, const Value*)>(36)(env_, on, method, values);
  }
  void call_void(Object on, Method method, const Value* values) {
    env_->at<void (*)(Table*, Object, Method, const Value*)>(63)(env_, on, method, values);
  }
  Object call_static(Class on, Method method, const Value* values) {
    return env_->at<Object (*)(Table*, Class, Method, const Value*)>(116)(env_, on, method, values);
  }
  void call_static_void(Class on, Method method, const Value* values) {
    env_->at<void (*)(Table*, Class, Method, const Value*)>(143)(env_, on, method, values);
  }
  Object string(const char* text) {
    return env_->at<Object (*)(Table*, const char*)>(167)(env_, text);
  }
  Object array(std::int32_t length, Class of, Object filled_with) {
    return env_->at<Object (*)(Table*, std::int32_t, Class, Object)>(172)(env_, length, of,
                                                                          filled_with);
  }

 private:
  Method find_method(int index, Class of, const char* name, const char* signature) {
    return env_->at<Method (*)(Table*, Class, const char*, const char*)>(index)(env_, of, name,
                                                                                signature);
  }

  Table* env_;
};

}  // namespace lapwing::runtime::jni
