// What `fairlead version` and fairlead_build_info say; in step with project(VERSION) of CMakeLists.txt.
#pragma once

#include <string_view>

namespace fairlead::app {

inline constexpr std::string_view version = FAIRLEAD_VERSION;

}  // namespace fairlead::app
