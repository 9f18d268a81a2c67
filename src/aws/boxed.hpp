// A value that may be absent and lies apart, for structures that contain one another: T may be
// incomplete where a Boxed<T> is a member.
//
// Thread-safety: as the value's.
#pragma once

#include <utility>

namespace lapwing::aws {

template <class T>
class Boxed {
 public:
  Boxed() = default;
  Boxed(T value) { hold(new T(std::move(value))); }  // implicit, as std::optional's
  Boxed(const Boxed& other) {
    if (other) hold(new T(*other));
  }
  Boxed(Boxed&& other) noexcept
      : value_(std::exchange(other.value_, nullptr)), destroy_(other.destroy_) {}
  Boxed& operator=(Boxed other) noexcept {
    std::swap(value_, other.value_);
    std::swap(destroy_, other.destroy_);
    return *this;
  }
  ~Boxed() {
    if (value_ != nullptr) destroy_(value_);
  }

  explicit operator bool() const { return value_ != nullptr; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_; }
  const T* operator->() const { return value_; }
  T& emplace() {
    *this = Boxed(T());
    return *value_;
  }

  friend bool operator==(const Boxed& a, const Boxed& b) {
    return a && b ? *a == *b : static_cast<bool>(a) == static_cast<bool>(b);
  }

 private:
  // The destructor must not need to know T, so what does is kept beside the value.
  void hold(T* value) {
    value_ = value;
    destroy_ = [](T* held) { delete held; };
  }

  T* value_ = nullptr;
  void (*destroy_)(T*) = nullptr;
};

}  // namespace lapwing::aws
