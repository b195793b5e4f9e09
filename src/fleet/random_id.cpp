#include "fleet/random_id.hpp"

#include <random>

namespace fairlead::fleet {

std::string random_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 16; ++i) {
    id.push_back("0123456789abcdef"[device() % 16]);
  }
  return id;
}

}  // namespace fairlead::fleet
