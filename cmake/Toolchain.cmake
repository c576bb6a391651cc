# Language, warnings, hardening, and the tools that make rebuilds cheap.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
# A false alarm of GCC 12 in std::string operator+ (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105651).
add_compile_options(-Wno-restrict)
add_compile_options(-fstack-protector-strong)
# Lines for stack traces; full debug information would double the time of a build.
add_compile_options(-g1 "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_link_options(-Wl,-z,relro,-z,now)

find_program(CCACHE ccache)
if(CCACHE)
  # Paths inside the checkout and the working directory are no part of the key: a second clone finds what the first compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE}")
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Tests, and the programs they start, run with DISAGG_SANITIZER_ENVIRONMENT. The exit code is one that no program of ours
# uses, so that none is taken for the failure that a test expects.
set(DISAGG_SANITIZER_ENVIRONMENT)
set(DISAGG_SANITIZER "" CACHE STRING "address (with undefined) or thread")
if(DISAGG_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  set(DISAGG_SANITIZER_ENVIRONMENT
    "ASAN_OPTIONS=exitcode=66:detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1"
    "UBSAN_OPTIONS=exitcode=66:print_stacktrace=1")
elseif(DISAGG_SANITIZER STREQUAL "thread")
  # Atomic fences are unknown to this sanitizer; Boost.Asio falls back to a mutex under the definition.
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -Wno-tsan)
  add_link_options(-fsanitize=thread)
  set(DISAGG_SANITIZER_ENVIRONMENT "TSAN_OPTIONS=exitcode=66:second_deadlock_stack=1")
endif()
