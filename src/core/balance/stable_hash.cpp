#include "core/balance/stable_hash.hpp"

namespace fairlead::balance {

std::uint64_t stable_hash(std::string_view bytes) {
  constexpr std::uint64_t offset_basis = 0xcbf29ce484222325ULL;
  constexpr std::uint64_t prime = 0x00000100000001b3ULL;
  std::uint64_t hash = offset_basis;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * prime;
  }
  return hash;
}

}  // namespace fairlead::balance
