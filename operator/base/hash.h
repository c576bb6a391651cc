#pragma once

// Short content hashes for names and labels.

#include <cstdint>
#include <string>
#include <string_view>

namespace base {

// FNV-1a, 64 bit, with the finaliser of SplitMix64 so that every output bit depends on every input
// bit. Not cryptographic: whoever names things by it has to handle a collision.
std::uint64_t Hash64(std::string_view bytes);

// The low 40 bits of Hash64 as 8 characters of Crockford's base32 alphabet in lower case: no
// look-alikes (i, l, o) and no u, and any such text is a valid part of a DNS label and of a label
// value. The same bytes give the same 8 characters on every machine, for ever.
std::string ShortHash(std::string_view bytes);

}  // namespace base
