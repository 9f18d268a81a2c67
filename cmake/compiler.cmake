# Compiler, flags, linker, cache. g++ 12 miscompiles coroutines with aggregate
# temporaries (double destruction), so it is refused rather than trusted.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines. Use a preset (clang++-19) or g++ 13 or newer.")
endif()

find_program(LAPWING_CCACHE ccache)
if(LAPWING_CCACHE)
  # Hits must survive another checkout path (CI clones, worktrees): relative paths
  # below the source tree, no directory in the hash. A precompiled header holds the paths it
  # was made from, so it is told by a sum of our own (cmake/lapwing.cmake writes it), and named
  # by an option whose path ccache knows to make relative (CMake's own way is -Xclang).
  set(launcher ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${LAPWING_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

find_program(LAPWING_MOLD mold)
if(LAPWING_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
add_compile_options(-fPIE)
add_link_options(-pie)

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror
  -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
if(LAPWING_SANITIZE STREQUAL "address")
  # Optimised code takes almost twice as long to compile.
  add_compile_options(-O0 -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(LAPWING_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
else()
  add_compile_definitions(_FORTIFY_SOURCE=2)
  # What nothing calls is left out, and equal functions are there once (what is generated for each
  # operation of each service has many), so that the code of a call lies closer together.
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
  if(LAPWING_MOLD)
    add_link_options(-Wl,--icf=safe)
  endif()
endif()
if(LAPWING_FUZZ STREQUAL "coverage")
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
include_directories(${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
