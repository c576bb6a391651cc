#include "operator/base/hash.h"

namespace base {

std::uint64_t Hash64(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ull;
  }
  hash ^= hash >> 30;
  hash *= 0xbf58476d1ce4e5b9ull;
  hash ^= hash >> 27;
  hash *= 0x94d049bb133111ebull;
  return hash ^ (hash >> 31);
}

std::string ShortHash(std::string_view bytes) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  static_assert(kAlphabet.size() == 32);
  std::uint64_t bits = Hash64(bytes);
  std::string text(8, '0');
  for (char& c : text) {
    c = kAlphabet[bits & 31];
    bits >>= 5;
  }
  return text;
}

}  // namespace base
