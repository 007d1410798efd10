# Helpers shared by every folder: one library a folder, settings on targets, never global.

# Line tables are enough to debug by, and a third cheaper to compile than full debug information.
if(CMAKE_CXX_FLAGS_DEBUG STREQUAL "-g")
  set(CMAKE_CXX_FLAGS_DEBUG "-g1")
endif()
if(CMAKE_CXX_FLAGS_RELWITHDEBINFO STREQUAL "-O2 -g -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
endif()

# Warnings and sanitizers of our own code; linked privately, so that no consumer inherits them.
add_library(ssb_settings INTERFACE)
target_compile_features(ssb_settings INTERFACE cxx_std_20)
target_compile_options(ssb_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum)
# Warnings are errors where they do not depend on the optimizer: GCC 12 sees uninitialized and unallocated bytes in std::optional and
# std::variant that are not there, once it optimizes or instruments.
if(CMAKE_BUILD_TYPE STREQUAL Debug AND NOT SSB_SANITIZE)
  target_compile_options(ssb_settings INTERFACE -Werror)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(ssb_settings INTERFACE -Wno-maybe-uninitialized -Wno-free-nonheap-object)
endif()
if(SSB_SANITIZE)
  target_compile_options(ssb_settings INTERFACE
    -fsanitize=${SSB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(ssb_settings INTERFACE -fsanitize=${SSB_SANITIZE})
  if(SSB_SANITIZE_EXCEPT)
    target_compile_options(ssb_settings INTERFACE -fno-sanitize=${SSB_SANITIZE_EXCEPT})
  endif()
endif()

# ssb_library(NAME FOLDER [DEPENDS target...]): the sources of one folder, not of its subfolders.
function(ssb_library name folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
  if(sources)
    add_library(${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:ssb_settings>)
    target_compile_features(${name} PUBLIC cxx_std_20)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(${name} ${scope} ${ARG_DEPENDS})
  string(REPLACE "ssb_" "" short ${name})
  add_library(ssb::${short} ALIAS ${name})
endfunction()
