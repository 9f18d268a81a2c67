// FunctionRef<R(Args...)>: a reference to something callable, for parameters that are
// called during the call only. It owns nothing and must not outlive what it refers to.
//
// Thread-safety: a plain value.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace lapwing {

template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  // Implicit on purpose: a lambda is written where the parameter stands.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
             std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& function)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* object, Args... args) -> R {
          // Safe: object_ was made from exactly this type, and outlives the reference.
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace lapwing
