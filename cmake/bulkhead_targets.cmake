# A folder is a library is a namespace. Each folder's CMakeLists.txt calls one of these:
#
#   bulkhead_library(NAME [DEPENDS folders…] [LINK libraries…])
#   bulkhead_program(NAME [DEPENDS folders…] [LINK libraries…])     a library and its main.cpp
#
# All *.cpp of the folder and of its subfolders (but those that have a CMakeLists.txt themselves)
# belong to it, by the ends of their names:
# *_test.cpp to one test program NAME_test, each *_fuzz.cpp to a fuzzer of its own,
# *_benchmark.cpp to NAME_benchmark, main.cpp to the program, the rest to the library.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
if(BULKHEAD_TESTS)
  find_package(GTest REQUIRED)
  # What is tested is optimised, and can be traced by lines; the tests themselves run once and are
  # compiled in half the time.
  set(BULKHEAD_TEST_OPTIONS -O0 -g0)
endif()
include(bulkhead_precompile)
if(BULKHEAD_TESTS AND NOT BULKHEAD_FUZZ)
  add_library(fuzz_replay OBJECT ${CMAKE_SOURCE_DIR}/fuzz/replay_main.cpp)
endif()

function(bulkhead_collect)
  cmake_parse_arguments(A "" "NAME;PROGRAM" "DEPENDS;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  # A subfolder with a CMakeLists.txt of its own is a program of its own.
  file(GLOB_RECURSE others CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(other ${others})
    get_filename_component(other ${other} DIRECTORY)
    list(FILTER sources EXCLUDE REGEX "^${other}/")
  endforeach()
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benchmarks ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER benchmarks INCLUDE REGEX "_benchmark\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_benchmark|/main)\\.cpp$")

  if(sources)
    add_library(${A_NAME} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${A_NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${A_NAME} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${A_NAME} ${scope} ${A_DEPENDS} ${A_LINK} fmt::fmt Threads::Threads)
  if(sources AND BULKHEAD_PRECOMPILE)
    target_precompile_headers(${A_NAME} REUSE_FROM precompiled)
  endif()

  if(A_PROGRAM)
    add_executable(${A_PROGRAM} main.cpp)
    target_link_libraries(${A_PROGRAM} PRIVATE ${A_NAME})
  endif()

  if(BULKHEAD_TESTS AND tests)
    add_executable(${A_NAME}_test ${tests})
    target_link_libraries(${A_NAME}_test PRIVATE ${A_NAME} GTest::gmock GTest::gtest_main)
    target_compile_options(${A_NAME}_test PRIVATE ${BULKHEAD_TEST_OPTIONS})
    if(BULKHEAD_PRECOMPILE)
      target_precompile_headers(${A_NAME}_test REUSE_FROM precompiled_test)
    endif()
    # Only where it is asked for: a path in every command would spoil ccache between checkouts.
    foreach(test ${tests})
      file(STRINGS ${test} asks REGEX "BULKHEAD_(SOURCE|BINARY)_DIR" LIMIT_COUNT 1)
      if(asks)
        set_property(SOURCE ${test} APPEND PROPERTY COMPILE_DEFINITIONS
          BULKHEAD_SOURCE_DIR="${CMAKE_SOURCE_DIR}" BULKHEAD_BINARY_DIR="${CMAKE_BINARY_DIR}")
      endif()
    endforeach()
    gtest_discover_tests(${A_NAME}_test TEST_PREFIX "${A_NAME}." DISCOVERY_MODE PRE_TEST
                         DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120 LABELS unit)
  endif()

  foreach(fuzzer ${fuzzers})
    bulkhead_fuzzer(${A_NAME} ${fuzzer})
  endforeach()

  if(BULKHEAD_BENCHMARKS AND benchmarks)
    find_package(benchmark REQUIRED)
    add_executable(${A_NAME}_benchmark ${benchmarks})
    target_link_libraries(${A_NAME}_benchmark PRIVATE ${A_NAME} benchmark::benchmark_main)
  endif()
endfunction()

# With preset `fuzz` a libFuzzer program; with the tests a program that replays the corpus
# (fuzz/corpus/NAME/) and then a bounded number of seeded mutations of it: fuzz/replay_main.cpp.
function(bulkhead_fuzzer library source)
  get_filename_component(name ${source} NAME_WE)
  if(BULKHEAD_FUZZ)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${library} -fsanitize=fuzzer)
  elseif(BULKHEAD_TESTS)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${library} fuzz_replay)
    add_test(NAME fuzz.${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
  endif()
endfunction()

function(bulkhead_library name)
  bulkhead_collect(NAME ${name} ${ARGN})
endfunction()

# PROGRAM is the executable's name; the library keeps the folder's.
function(bulkhead_program name program)
  bulkhead_collect(NAME ${name} PROGRAM ${program} ${ARGN})
endfunction()
