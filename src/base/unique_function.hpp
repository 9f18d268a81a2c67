// UniqueFunction<R(Args...)>: a callable with one owner, which may own move-only things.
// std::move_only_function would do, but <functional> costs too much in a header. Callables
// up to three pointers live inside; larger ones are allocated.
//
// Calling an empty one is a bug (it aborts). Thread-safety: a plain value.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace lapwing {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  UniqueFunction(F&& callable) {
    using Callable = std::decay_t<F>;
    if constexpr (fits<Callable>()) {
      new (&storage_) Callable(std::forward<F>(callable));
      table_ = &kInline<Callable>;
    } else {
      new (&storage_) Callable*(new Callable(std::forward<F>(callable)));
      table_ = &kHeap<Callable>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  ~UniqueFunction() { clear(); }

  explicit operator bool() const { return table_ != nullptr; }
  R operator()(Args... args) {
    if (table_ == nullptr) std::abort();
    return table_->call(&storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInlineBytes = 3 * sizeof(void*);
  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to);  // leaves `from` destroyed
    void (*destroy)(void*);
  };
  template <class F>
  static constexpr bool fits() {
    return sizeof(F) <= kInlineBytes && alignof(F) <= alignof(void*) &&
           std::is_nothrow_move_constructible_v<F>;
  }
  // The casts are safe: each table is paired with what its constructor placed in storage_.
  template <class F>
  static constexpr Table kInline{
      [](void* at, Args&&... args) -> R {
        return (*std::launder(static_cast<F*>(at)))(std::forward<Args>(args)...);
      },
      [](void* from, void* to) {
        F* old = std::launder(static_cast<F*>(from));
        new (to) F(std::move(*old));
        old->~F();
      },
      [](void* at) { std::launder(static_cast<F*>(at))->~F(); }};
  template <class F>
  static constexpr Table kHeap{[](void* at, Args&&... args) -> R {
                                 return (**static_cast<F**>(at))(std::forward<Args>(args)...);
                               },
                               [](void* from, void* to) { new (to) F*(*static_cast<F**>(from)); },
                               [](void* at) { delete *static_cast<F**>(at); }};

  void take(UniqueFunction& other) noexcept {
    table_ = std::exchange(other.table_, nullptr);
    if (table_ != nullptr) table_->move(&other.storage_, &storage_);
  }
  void clear() {
    if (const Table* old = std::exchange(table_, nullptr)) old->destroy(&storage_);
  }

  const Table* table_ = nullptr;
  alignas(void*) std::byte storage_[kInlineBytes];
};

}  // namespace lapwing
