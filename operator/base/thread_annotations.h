#pragma once

// Names for clang's thread-safety analysis; empty under other compilers.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html

#if defined(__clang__)
#define DISAGG_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define DISAGG_THREAD_ANNOTATION(x)
#endif

#define GUARDED_BY(x) DISAGG_THREAD_ANNOTATION(guarded_by(x))
