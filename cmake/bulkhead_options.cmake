# Compiler, warnings, hardening and sanitizers: the same for every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)  # TRY is a statement expression: src/base/result.h
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(BULKHEAD_TESTS "Build the tests" ON)
option(BULKHEAD_FUZZ "Build the fuzzers with libFuzzer" OFF)
set(BULKHEAD_SANITIZE "" CACHE STRING "Sanitizers for every target, as for -fsanitize=")

set(CMAKE_CXX_FLAGS_DEV "-O1 -g1")
set(CMAKE_C_FLAGS_DEV "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -D_FORTIFY_SOURCE=2")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -D_FORTIFY_SOURCE=2")

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers are compared by their content; macros of the date nobody uses.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wimplicit-fallthrough -Werror -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of g++ 12 in std::expected, std::variant and std::string at -O1 and above.
  add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread
                      -Wno-array-bounds -Wno-restrict -Wno-dangling-pointer
                      -Wno-free-nonheap-object -Wno-missing-field-initializers)
else()
  # g++'s -Wshadow also complains of locals that are named as a member.
  add_compile_options(-Wshadow -Wthread-safety -Wno-missing-designated-field-initializers
                      -Wno-missing-field-initializers)
  find_program(LLD ld.lld-19)
  if(LLD)
    add_link_options(-fuse-ld=lld-19)
  endif()
endif()
# A library that nothing of a program calls is not loaded with it.
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)

if(BULKHEAD_SANITIZE)
  add_compile_options(-fsanitize=${BULKHEAD_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BULKHEAD_SANITIZE})
  if(BULKHEAD_SANITIZE MATCHES address)
    add_library(sanitizer_defaults OBJECT ${CMAKE_CURRENT_LIST_DIR}/sanitizer_defaults.cpp)
    link_libraries(sanitizer_defaults)
  endif()
endif()
if(BULKHEAD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
