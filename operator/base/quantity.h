#pragma once

// Kubernetes quantities ("12", "500m", "120Gi", "1e3"), as in k8s.io/apimachinery/pkg/api/resource.
// Integers only: a quantity is held as thousandths in 128 bits, so that 999 GPUs times 2Ti stay
// exact.

#include <optional>
#include <string>
#include <string_view>

namespace base {

class Quantity {
 public:
  Quantity() = default;
  static Quantity OfInteger(long long value);

  // Nothing for a text that the API server would refuse, or that is finer than a thousandth or
  // larger than 2^63 - 1.
  static std::optional<Quantity> Parse(std::string_view text);

  // Keeps the suffix family in which the quantity was written: 120Gi times 8 is 960Gi. An exponent
  // is of the decimal family: 1e3 is 1k.
  Quantity Times(int factor) const;
  Quantity Plus(const Quantity& other) const;

  // The canonical text: no fraction, the largest suffix of its family that leaves none. "0.5" is
  // "500m", "1024Mi" is "1Gi".
  std::string ToString() const;

  // Whole units, rounded up.
  long long Ceil() const;
  bool positive() const { return thousandths_ > 0; }

  friend bool operator==(const Quantity& a, const Quantity& b) {
    return a.thousandths_ == b.thousandths_;
  }
  friend bool operator<(const Quantity& a, const Quantity& b) {
    return a.thousandths_ < b.thousandths_;
  }

 private:
  __extension__ using Wide = __int128;
  Wide thousandths_ = 0;
  bool binary_ = false;
};

}  // namespace base
