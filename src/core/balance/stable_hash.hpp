// FNV-1a of 64 bits (RFC 9923): the same bytes give the same number in every process, on every machine and in every
// version, without a seed, because all instances must send a key to the same backend. No secret: whoever chooses the
// bytes can choose the number. Used for keys of requests and for URLs of backends; pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::balance {

/// Its high bits say little for short texts: mix it before it is scaled or compared.
std::uint64_t stable_hash(std::string_view bytes);

}  // namespace fairlead::balance
