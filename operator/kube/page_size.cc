#include "operator/kube/page_size.h"

#include <algorithm>

namespace kube {

void PageSize::Took(std::size_t bytes) {
  if (bytes > kLarge) {
    Shrink();
  } else if (bytes < kLarge / 4) {
    limit_ = std::min(limit_ * 2, wanted_);
  }
}

bool PageSize::Shrink() {
  if (limit_ <= 1) return false;
  limit_ /= 2;
  return true;
}

}  // namespace kube
