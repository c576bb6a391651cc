#pragma once

// Errors as values. Every fallible call of this project returns Result<T>; exceptions of libraries
// are caught in the file that calls the library. The reasons mirror `Status.reason` of the
// Kubernetes API (k8s.io/apimachinery/pkg/apis/meta/v1/types.go) plus the ones that only a client
// can see.

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace base {

enum class ErrorCode {
  kInvalid,          // 400, 422: the object itself is wrong; the same request fails again
  kDenied,           // admission (a policy, Pod Security, a webhook) does not want this object
  kUnauthorized,     // 401
  kForbidden,        // 403: a right is missing, a quota is used up, a proxy says no
  kNotFound,         // 404
  kAlreadyExists,    // 409 on create
  kConflict,         // 409: a precondition (uid, resourceVersion, field owner) does not hold
  kGone,             // 410: the resourceVersion is too old
  kTooManyRequests,  // 429
  kUnavailable,      // 5xx
  kTimeout,          // no answer in time; see Error::outcome_unknown
  kConnection,       // resolve, connect, TLS or broken connection
  kCancelled,        // the caller asked for it
  kFenced,           // not sent: this process may no longer write (lease)
  kProtocol,         // an answer that is not HTTP or not what the API promises
  kTooLarge,         // an answer over its bound, or a request over the server's
  kInternal,         // a defect of ours
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string reason;   // machine-readable: Status.reason or a name of ours
  std::string message;  // for a person; says what, where and why
  // Set from `Retry-After`, at most 60 s. Nothing is sent again before it has passed.
  std::optional<std::chrono::seconds> retry_after;
  // True when a write may have been carried out though its answer was lost.
  bool outcome_unknown = false;

  // The same request can succeed later without anyone changing the object: whatever does not say
  // that the object is wrong. A missing right, an expired credential, a full quota and a proxy
  // without its server all pass.
  bool retryable() const { return code != ErrorCode::kInvalid && code != ErrorCode::kDenied; }
};

inline Error MakeError(ErrorCode code, std::string reason, std::string message) {
  return Error{code, std::move(reason), std::move(message), std::nullopt, false};
}

// Holds a T or an Error. Reading the side that is not held is a defect and aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return Checked<0>(state_); }
  const T& value() const& { return Checked<0>(state_); }
  T&& value() && { return std::move(Checked<0>(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return Checked<1>(state_); }
  Error&& error() && { return std::move(Checked<1>(state_)); }

 private:
  template <std::size_t I, typename V>
  static auto& Checked(V& state) {
    if (state.index() != I) std::abort();
    return *std::get_if<I>(&state);
  }

  std::variant<T, Error> state_;
};

// A Result without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: by design

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    if (!error_) std::abort();
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace base
