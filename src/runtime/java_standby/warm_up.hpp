// What a waiting JVM does ahead of its function: it loads and runs what of AWS's client, its JSON
// library and the JDK every function runs, as far as that reads no environment variable, opens
// no connection and leaves no state that a function could see.
//
// Thread-safety: on the thread of `env`.
#pragma once

#include "runtime/java_standby/jni.hpp"

namespace lapwing::runtime {

// What another version of the client or the JDK does not have is left out.
void warm_up(jni::Env env);

}  // namespace lapwing::runtime
