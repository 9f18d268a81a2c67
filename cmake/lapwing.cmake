# One static library, one test binary and one micro-benchmark binary a folder:
#   lapwing_library(DEPS base os PKGS OpenSSL::Crypto)
# takes every *.cpp below the calling folder; *_test.cpp and *_bench.cpp go to
# lapwing_<name>_test and lapwing_<name>_bench, testing/*.cpp to the test binary.
# <name> is the folder below src/ with '/' as '_'.
# SHARED_TESTING: testing/*.cpp is lapwing_<name>_testing instead, for other folders' TEST_DEPS.
# Tests that read files of the source tree include "source_dir.hpp" (kSourceDir).
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/source_dir.hpp CONTENT
"#pragma once\ninline constexpr char kSourceDir[] = \"${CMAKE_SOURCE_DIR}\";\n")

file(WRITE ${CMAKE_BINARY_DIR}/pch_stub.cpp.in "// Carries the precompiled header.\n")
configure_file(${CMAKE_BINARY_DIR}/pch_stub.cpp.in ${CMAKE_BINARY_DIR}/pch_stub.cpp COPYONLY)
add_library(lapwing_pch OBJECT ${CMAKE_BINARY_DIR}/pch_stub.cpp)
target_precompile_headers(lapwing_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
target_link_libraries(lapwing_pch PRIVATE fmt::fmt)
if(LAPWING_TESTS)
  add_library(lapwing_test_pch OBJECT ${CMAKE_BINARY_DIR}/pch_stub.cpp)
  target_precompile_headers(lapwing_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp <gtest/gtest.h>)
  target_link_libraries(lapwing_test_pch PRIVATE fmt::fmt GTest::gtest)
endif()

# What a precompiled header is made of, for ccache: our list, the compiler and its flags, the
# versions of the C++ library, fmt and GoogleTest.
function(lapwing_pch_sum target)
  set(facts ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE}
    ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_RELEASE} ${CMAKE_CXX_FLAGS_DEBUG} ${LAPWING_SANITIZE}
    ${LAPWING_FUZZ})
  get_directory_property(options COMPILE_OPTIONS)
  list(APPEND facts ${options})
  foreach(header ${CMAKE_SOURCE_DIR}/cmake/pch.hpp /usr/include/fmt/core.h
      /usr/include/gtest/gtest.h /usr/include/gnu/lib-names-64.h)
    if(EXISTS ${header})
      file(SHA256 ${header} hash)
      list(APPEND facts ${hash})
    endif()
  endforeach()
  file(GLOB configs /usr/include/*/c++/*/bits/c++config.h /usr/include/*/gnu/stubs-64.h)
  foreach(header IN LISTS configs)
    file(SHA256 ${header} hash)
    list(APPEND facts ${hash})
  endforeach()
  string(SHA256 sum "${target} ${facts}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum
    CONTENT "${sum}\n")
endfunction()
lapwing_pch_sum(lapwing_pch)
if(LAPWING_TESTS)
  lapwing_pch_sum(lapwing_test_pch)
endif()

# The sources in the list named `list`, or a few that include them (cmake/batches.py).
function(lapwing_batches target list)
  if(NOT LAPWING_BATCHES)
    return()
  endif()
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/cmake/batches.py make
      ${CMAKE_BINARY_DIR}/batches/${target} ${LAPWING_BATCHES} ${${list}}
    OUTPUT_VARIABLE made COMMAND_ERROR_IS_FATAL ANY)
  set(${list} ${made} PARENT_SCOPE)
endfunction()

function(lapwing_library)
  cmake_parse_arguments(ARG "SHARED_TESTING" "" "DEPS;PKGS;TEST_DEPS;EXCLUDE" ${ARGN})
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" name ${folder})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${ARG_EXCLUDE}")
  endif()
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "(_test\\.cpp|/testing/[^/]*\\.cpp)$")
  if(ARG_SHARED_TESTING)  # a library of its own, lapwing_<name>_testing
    list(FILTER tests EXCLUDE REGEX "/testing/[^/]*\\.cpp$")
  endif()
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test\\.cpp|_bench\\.cpp|/testing/[^/]*\\.cpp)$")
  list(TRANSFORM ARG_DEPS PREPEND lapwing_)
  list(TRANSFORM ARG_TEST_DEPS PREPEND lapwing_)

  if(sources)
    lapwing_batches(lapwing_${name} sources)
    add_library(lapwing_${name} STATIC ${sources})
    target_link_libraries(lapwing_${name} PUBLIC ${ARG_DEPS} fmt::fmt PRIVATE ${ARG_PKGS})
    target_precompile_headers(lapwing_${name} REUSE_FROM lapwing_pch)
  else()
    add_library(lapwing_${name} INTERFACE)
    target_link_libraries(lapwing_${name} INTERFACE ${ARG_DEPS} fmt::fmt)
  endif()
  if(LAPWING_TESTS AND ARG_SHARED_TESTING)
    file(GLOB shared CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/testing/*.cpp)
    add_library(lapwing_${name}_testing STATIC EXCLUDE_FROM_ALL ${shared})
    target_link_libraries(lapwing_${name}_testing PUBLIC lapwing_${name} GTest::gtest)
    target_precompile_headers(lapwing_${name}_testing REUSE_FROM lapwing_test_pch)
  endif()
  set_property(GLOBAL APPEND PROPERTY LAPWING_LIBRARIES ${name})

  if(LAPWING_TESTS AND tests)
    lapwing_batches(lapwing_${name}_test tests)
    add_executable(lapwing_${name}_test ${tests})
    target_link_libraries(lapwing_${name}_test PRIVATE
      lapwing_${name} ${ARG_TEST_DEPS} GTest::gtest GTest::gtest_main Threads::Threads)
    target_precompile_headers(lapwing_${name}_test REUSE_FROM lapwing_test_pch)
    add_test(NAME ${name} COMMAND lapwing_${name}_test)
    set_property(GLOBAL APPEND PROPERTY LAPWING_TEST_BINARIES lapwing_${name}_test)
  endif()
  if(LAPWING_BENCH AND benches)
    add_executable(lapwing_${name}_bench ${benches})
    target_link_libraries(lapwing_${name}_bench PRIVATE
      lapwing_${name} benchmark::benchmark benchmark::benchmark_main)
  endif()
endfunction()
