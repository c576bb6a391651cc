#pragma once

// Names for clang's thread-safety analysis; empty under other compilers. They are checked by
// `make lint`, on the locks of operator/base/mutex.h: the analysis does not see those of the
// standard library.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html

#if defined(__clang__)
#define DISAGG_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define DISAGG_THREAD_ANNOTATION(x)
#endif

// Of a member: touched only while `x` is held.
#define GUARDED_BY(x) DISAGG_THREAD_ANNOTATION(guarded_by(x))

// Of a function or a lambda: called only while the locks are held (to write, to read), or are not.
#define REQUIRES(...) DISAGG_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) DISAGG_THREAD_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define EXCLUDES(...) DISAGG_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

// Of locks.
#define CAPABILITY(x) DISAGG_THREAD_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY DISAGG_THREAD_ANNOTATION(scoped_lockable)
#define ACQUIRE(...) DISAGG_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define ACQUIRE_SHARED(...) DISAGG_THREAD_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define RELEASE(...) DISAGG_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define RELEASE_SHARED(...) DISAGG_THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))
