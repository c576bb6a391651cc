# Every library that the project stands on, with the oldest version it is known to work with.
# `make deps` installs them from Debian's packages; the names are in cmake/debian-packages.txt.

set(DISAGG_DEPS_HINT "run `make deps`, or install the packages listed in cmake/debian-packages.txt")

macro(disagg_require name)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "${name} ${ARGN} was not found: ${DISAGG_DEPS_HINT}")
  endif()
endmacro()

disagg_require(Threads)
disagg_require(Boost 1.74)
disagg_require(OpenSSL 3.0)
disagg_require(cpprestsdk 2.10)
disagg_require(nlohmann_json 3.11)
disagg_require(yaml-cpp 0.7)
disagg_require(spdlog 1.10)
disagg_require(simdjson 3.0)
disagg_require(CLI11 2.1)
disagg_require(LZ4 1.9)
disagg_require(prometheus-cpp)  # its package states no version
