// Names that nobody else has: instances, epochs. Any thread.
#pragma once

#include <string>

namespace fairlead::fleet {

/// 64 random bits from the system as 16 hexadecimal digits.
std::string random_id();

}  // namespace fairlead::fleet
