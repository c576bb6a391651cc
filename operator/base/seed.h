#pragma once

// The one place that chance comes from: generators are seeded here, or by whoever wants every run
// to be the same.

#include <cstdint>
#include <random>

namespace base {

inline std::uint64_t RandomSeed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

// 0 asks for a seed of chance.
inline std::uint64_t SeedOr(std::uint64_t seed) { return seed != 0 ? seed : RandomSeed(); }

}  // namespace base
