#include "runtime/java_standby/warm_up.hpp"

namespace lapwing::runtime {
namespace {

#define CLIENT "com/amazonaws/services/lambda/runtime/api/client/"
#define SERIALIZATION "com/amazonaws/services/lambda/runtime/serialization/"

// Initialised. Never those that ask for the environment when they are: AWSLambda,
// LambdaEnvironment, java.lang.ProcessEnvironment.
constexpr const char* kInitialised[] = {
    CLIENT "CustomerClassLoader",
    CLIENT "EventHandlerLoader",
    CLIENT "EventHandlerLoader$PojoHandlerAsStreamHandler",
    CLIENT "HandlerInfo",
    CLIENT "LambdaRequestHandler",
    CLIENT "PojoSerializerLoader",
    CLIENT "api/LambdaContext",
    CLIENT "logging/LambdaContextLogger",
    CLIENT "logging/LogFiltering",
    CLIENT "logging/StdOutLogSink",
    CLIENT "logging/TextLogFormatter",
    CLIENT "runtimeapi/LambdaRuntimeApiClientImpl",
    CLIENT "runtimeapi/NativeClient",
    CLIENT "runtimeapi/dto/InvocationRequest",
    CLIENT "util/EnvReader",
    CLIENT "util/LambdaOutputStream",
    CLIENT "util/UnsafeUtil",
    "com/amazonaws/services/lambda/runtime/LambdaRuntime",
    SERIALIZATION "events/LambdaEventSerializers",
    SERIALIZATION "util/ReflectUtil",
};
// Only loaded.
constexpr const char* kLoaded[] = {
    "com.amazonaws.services.lambda.runtime.api.client.AWSLambda",
    "com.amazonaws.services.lambda.runtime.api.client.LambdaEnvironment",
    "com.amazonaws.services.lambda.runtime.api.client.util.ConcurrencyConfig",
};

// A few calls whose objects go with it. After a failure the rest of them does nothing.
class Step {
 public:
  explicit Step(jni::Env env) : env_(env), alive_(env_.push_frame(kReferences)) {}
  ~Step() {
    if (env_.failed()) env_.clear();
    env_.pop_frame();
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  jni::Class of(const char* name) { return alive() ? env_.find_class(name) : nullptr; }
  jni::Object text(const char* content) { return alive() ? env_.string(content) : nullptr; }
  jni::Object array_of(const char* class_name, jni::Object element) {
    const jni::Class kind = of(class_name);
    return alive() ? env_.array(1, kind, element) : nullptr;
  }

  template <class... Values>
  jni::Object make(const char* class_name, const char* signature, Values... values) {
    const jni::Class kind = of(class_name);
    const jni::Method made = alive() ? env_.method(kind, "<init>", signature) : nullptr;
    const jni::Value all[] = {{.l = values}..., {}};
    return alive() ? env_.make(kind, made, all) : nullptr;
  }

  template <class... Values>
  jni::Object call_static(const char* class_name, const char* name, const char* signature,
                          Values... values) {
    const jni::Class kind = of(class_name);
    const jni::Method called = alive() ? env_.static_method(kind, name, signature) : nullptr;
    const jni::Value all[] = {{.l = values}..., {}};
    if (!alive()) return nullptr;
    if (!returns_nothing(signature)) return env_.call_static(kind, called, all);
    env_.call_static_void(kind, called, all);
    return nullptr;
  }

  template <class... Values>
  jni::Object call(jni::Object on, const char* class_name, const char* name, const char* signature,
                   Values... values) {
    const jni::Class kind = of(class_name);
    const jni::Method called = alive() ? env_.method(kind, name, signature) : nullptr;
    const jni::Value all[] = {{.l = values}..., {}};
    if (!alive() || on == nullptr) return nullptr;
    if (!returns_nothing(signature)) return env_.call(on, called, all);
    env_.call_void(on, called, all);
    return nullptr;
  }

 private:
  static constexpr int kReferences = 64;

  static bool returns_nothing(const char* signature) {
    while (*signature != ')') ++signature;
    return signature[1] == 'V';
  }
  bool alive() {
    alive_ = alive_ && !env_.failed();
    return alive_;
  }

  jni::Env env_;
  bool alive_;
};

void initialise_classes(jni::Env env) {
  // HotSpot's FindClass initialises what it finds.
  for (const char* name : kInitialised) Step(env).of(name);
}

void load_classes(jni::Env env) {
  for (const char* name : kLoaded) {
    Step step(env);
    const jni::Object loader = step.call_static("java/lang/ClassLoader", "getSystemClassLoader",
                                                "()Ljava/lang/ClassLoader;");
    const jni::Object no = nullptr;  // to initialise
    step.call_static("java/lang/Class", "forName",
                     "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;",
                     step.text(name), no, loader);
  }
}

// The client sets security properties first of all. Set to what it is, one stays as it is.
void set_security_property(jni::Env env) {
  Step step(env);
  const jni::Object key = step.text("jdk.tls.disabledAlgorithms");
  const jni::Object value = step.call_static("java/security/Security", "getProperty",
                                             "(Ljava/lang/String;)Ljava/lang/String;", key);
  if (value == nullptr) return;
  step.call_static("java/security/Security", "setProperty",
                   "(Ljava/lang/String;Ljava/lang/String;)V", key, value);
}

void format_text(jni::Env env) {
  Step step(env);
  step.call_static("java/lang/String", "format",
                   "(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;",
                   step.text("%s is %s."), step.array_of("java/lang/Object", step.text("it")));
}

// As javac writes `a + b` since version 9; java.base itself does it otherwise.
void join_text(jni::Env env) {
  Step step(env);
  const jni::Object pair =
      step.make("javax/management/Attribute", "(Ljava/lang/String;Ljava/lang/Object;)V",
                step.text("a"), step.text("b"));
  step.call(pair, "java/lang/Object", "toString", "()Ljava/lang/String;");
}

// It speaks the Runtime API, and does not begin to before it is told where.
void load_native_part(jni::Env env) {
  Step(env).call_static(CLIENT "runtimeapi/JniHelper", "load", "()V");
}

// As the function's own loader, over the client's directory instead of the function's.
void use_class_loader(jni::Env env) {
  Step step(env);
  const jni::Object directory = step.text("/var/runtime");
  const jni::Object parent = nullptr;
  const jni::Object loader =
      step.make(CLIENT "CustomerClassLoader",
                "(Ljava/lang/String;Ljava/lang/String;Ljava/lang/ClassLoader;)V", directory,
                directory, parent);
  step.call(loader, "java/lang/ClassLoader", "loadClass", "(Ljava/lang/String;)Ljava/lang/Class;",
            step.text("com.amazonaws.services.lambda.runtime.Context"));
  step.call(loader, "java/net/URLClassLoader", "close", "()V");
}

// Events and answers are read and written, once as maps and once as objects of the client's.
void use_json(jni::Env env, jni::Object (*type)(Step&), const char* json) {
  Step step(env);
  const jni::Object factory =
      step.call_static(SERIALIZATION "factories/JacksonFactory", "getInstance",
                       "()L" SERIALIZATION "factories/JacksonFactory;");
  const jni::Object serializer =
      step.call(factory, SERIALIZATION "factories/JacksonFactory", "getSerializer",
                "(Ljava/lang/reflect/Type;)L" SERIALIZATION "PojoSerializer;", type(step));
  const jni::Object bytes = step.call(step.text(json), "java/lang/String", "getBytes", "()[B");
  const jni::Object in = step.make("java/io/ByteArrayInputStream", "([B)V", bytes);
  const jni::Object value = step.call(serializer, SERIALIZATION "PojoSerializer", "fromJson",
                                      "(Ljava/io/InputStream;)Ljava/lang/Object;", in);
  step.call(serializer, SERIALIZATION "PojoSerializer", "toJson",
            "(Ljava/lang/Object;Ljava/io/OutputStream;)V", value,
            step.make("java/io/ByteArrayOutputStream", "()V"));
}

jni::Object map_type(Step& step) {
  // A type with parameters, as a handler's mostly is.
  return step.call(step.of("java/util/Properties"), "java/lang/Class", "getGenericSuperclass",
                   "()Ljava/lang/reflect/Type;");
}

jni::Object object_type(Step& step) { return step.of(CLIENT "runtimeapi/dto/ErrorRequest"); }

}  // namespace

void warm_up(jni::Env env) {
  initialise_classes(env);
  load_classes(env);
  set_security_property(env);
  format_text(env);
  join_text(env);
  load_native_part(env);
  use_class_loader(env);
  use_json(env, map_type, R"({"a":"b","c":[1,2.5,true],"d":{"e":"f"}})");
  use_json(env, object_type, R"({"errorMessage":"a","errorType":"b","stackTrace":["c"]})");
}

}  // namespace lapwing::runtime
