# The Lua scripts become string literals of the fleet layer: <build>/generated/fleet/scripts.inc, made again when one
# changes. A script that counts opens with counts.lua, one of members with members.lua after it; before all of acquire
# stands one_by_one.lua.

function(fairlead_embed_scripts target)
  set(folder ${CMAKE_SOURCE_DIR}/src/fleet/scripts)
  file(READ ${folder}/counts.lua counts)
  file(READ ${folder}/members.lua members)
  file(READ ${folder}/one_by_one.lua one_by_one)
  set(text "")
  foreach(name acquire beat reset leave sync register edit forget inspect digest)
    file(READ ${folder}/${name}.lua script)
    if(name MATCHES "^(beat|reset|leave)$")
      string(PREPEND script "${members}")
    endif()
    if(NOT name MATCHES "^(register|edit|forget|inspect|digest)$")
      string(PREPEND script "${counts}")
    endif()
    if(name STREQUAL "acquire")
      string(PREPEND script "${one_by_one}")
    endif()
    string(APPEND text "constexpr std::string_view ${name}_text = R\"lua(${script})lua\";\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/${name}.lua)
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/counts.lua ${folder}/members.lua
                                                                 ${folder}/one_by_one.lua)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/fleet/scripts.inc CONTENT "@text@" @ONLY)
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/generated)
endfunction()
