#pragma once

// How many objects a page of a list is asked to hold: as many as are wanted, fewer where objects
// are so large that a page would take too much memory or time. Not thread-safe.
//
//   wanted 500; 64 MiB are too large -> 250 -> 125 -> 62, which come as 18 MiB -> 31, 9 MiB: stays

#include <cstddef>

namespace kube {

class PageSize {
 public:
  explicit PageSize(int wanted) : wanted_(wanted), limit_(wanted) {}

  int limit() const { return limit_; }

  // A page of so many bytes came.
  void Took(std::size_t bytes);
  // It did not come, for its size. False when one object alone is too much.
  bool Shrink();

 private:
  // A page of this size is not asked for again, and of less than a quarter, twice as much is: so it
  // comes to rest between the two.
  static constexpr std::size_t kLarge = 16u << 20;

  const int wanted_;
  int limit_;
};

}  // namespace kube
