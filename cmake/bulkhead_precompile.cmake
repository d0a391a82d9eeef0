# The headers that most files include, parsed once for all: what it saves stands in
# docs/decisions/0006. Every file includes what it uses all the same: the presets
# gcc, asan-ubsan, tsan and fuzz build without this.
option(BULKHEAD_PRECOMPILE "Precompile the headers that most files include" OFF)
if(NOT BULKHEAD_PRECOMPILE)
  return()
endif()

set(BULKHEAD_COMMON_HEADERS
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <deque>
  <filesystem> <functional> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view>
  <thread> <unordered_map> <variant> <vector>
  <expected> <fmt/format.h>)
# Our own that half of all files include, and that seldom change.
foreach(header base/bytes base/error base/result json/value)
  list(APPEND BULKHEAD_COMMON_HEADERS ${CMAKE_SOURCE_DIR}/src/${header}.h)
endforeach()

# One for the libraries and one for the test programs, whose flags differ; tests bring a main().
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "")
add_library(precompiled STATIC ${CMAKE_BINARY_DIR}/precompiled.cpp)
target_include_directories(precompiled PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(precompiled PRIVATE fmt::fmt Threads::Threads)
target_precompile_headers(precompiled PRIVATE ${BULKHEAD_COMMON_HEADERS})
if(BULKHEAD_TESTS)
  add_executable(precompiled_test ${CMAKE_BINARY_DIR}/precompiled.cpp)
  set_target_properties(precompiled_test PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/precompiled)
  target_include_directories(precompiled_test PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(precompiled_test PRIVATE ${BULKHEAD_TEST_OPTIONS})
  target_link_libraries(precompiled_test PRIVATE fmt::fmt GTest::gmock GTest::gtest_main)
  target_precompile_headers(precompiled_test PRIVATE ${BULKHEAD_COMMON_HEADERS}
                            <gmock/gmock.h> <gtest/gtest.h>)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # ccache compares the precompiled file's content, not its time.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
