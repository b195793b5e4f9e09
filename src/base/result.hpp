// Result<T>: a value or an Error, shaped like C++23's std::expected so that an alias can replace it one day.
// Used by every layer; no exception crosses a fairlead function.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "base/error.hpp"

namespace fairlead {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit, as std::expected
  Result(Error error) : state_(std::in_place_index<1>, error) {}         // NOLINT: implicit, for `return Error{...}`

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  [[nodiscard]] T& value() & {
    check(has_value(), "value of a failed Result");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    check(has_value(), "value of a failed Result");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    check(has_value(), "value of a failed Result");
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] const Error& error() const {
    check(!has_value(), "error of a successful Result");
    return *std::get_if<1>(&state_);
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? *std::get_if<0>(&state_) : static_cast<T>(std::forward<U>(other));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(error), failed_(true) {}  // NOLINT: implicit, for `return Error{...}`

  [[nodiscard]] bool has_value() const { return !failed_; }
  explicit operator bool() const { return !failed_; }
  void value() const { check(!failed_, "value of a failed Result"); }
  [[nodiscard]] const Error& error() const {
    check(failed_, "error of a successful Result");
    return error_;
  }

 private:
  Error error_{};
  bool failed_ = false;
};

}  // namespace fairlead
